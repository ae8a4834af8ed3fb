//! `vxi11 HOST[:PORT] COMMAND…`: sends commands to an instrument and prints the answers to those that end with `?`.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;
use vxi11::device::Device;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("vxi11: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(host), commands) = (args.next(), args.collect::<Vec<_>>()) else {
        return Err("usage: vxi11 HOST[:PORT] COMMAND…".into());
    };
    let device = Device::open(&host, "inst0", Duration::from_secs(5)).await?;
    let mut out = std::io::stdout().lock();
    for command in commands {
        device.write(command.as_bytes()).await?;
        if command.trim_end().ends_with('?') {
            out.write_all(&device.read().await?)?;
        }
    }
    device.close().await?;
    Ok(())
}
