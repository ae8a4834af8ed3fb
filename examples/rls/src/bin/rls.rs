//! `rls TARGET DIRECTORY`: lists a directory of another machine, for example `rls tcp://host /etc`.

use rls::ReaddirRes;
use rls::dirprog::DirV1Client;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rls: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args_os().skip(1);
    let (Some(target), Some(directory)) = (args.next(), args.next()) else {
        return Err("usage: rls TARGET DIRECTORY".into());
    };
    let target = target.to_str().ok_or("the target is no text")?;
    let server: DirV1Client = rpcgen_runtime::connect(target).await?;
    // A path is bytes, and need not be text.
    match server.readdir(directory.as_bytes()).await? {
        ReaddirRes::Case0(names) => {
            let mut out = std::io::stdout().lock();
            for node in &names {
                out.write_all(node.name.as_bytes())?;
                out.write_all(b"\n")?;
            }
            Ok(())
        }
        ReaddirRes::Other(errno) => {
            let error = std::io::Error::from_raw_os_error(errno);
            Err(format!("{}: {error}", directory.display()).into())
        }
    }
}
