//! `vxi11-instrument [ADDRESS]`: an instrument that VXI-11 controllers find by rpcbind.

use rpcgen_runtime::Grace;
use rpcgen_runtime::rpcbind::Rpcbind;
use std::error::Error;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};
use vxi11::instrument::Instrument;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("vxi11-instrument: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:0".into());
    let instrument = Instrument::new();
    let mut terminate = signal(SignalKind::terminate())?;
    let running = instrument
        .server()
        .tcp(&address)
        .rpcbind(Rpcbind::best_effort())
        .start()
        .await?;
    let tcp = running.tcp().ok_or("no TCP address")?;
    instrument.set_abort_port(tcp.port());
    println!("ready on {tcp}; stop with Ctrl-C");
    tokio::select! {
        _ = terminate.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    running.shutdown(Grace::secs(1)).await;
    Ok(())
}
