//! `rls-server [ADDRESS]`: lists any directory of this machine, so it listens on this machine only unless told.

use rls::dirprog::{DirV1, DirV1Server};
use rls::{Namenode, ReaddirRes};
use rpcgen_runtime::rpcbind::Rpcbind;
use rpcgen_runtime::{Context, Fault, Grace, List, Server, XdrString};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

struct Directories;

impl DirV1 for Directories {
    async fn readdir(&self, _cx: &Context, name: XdrString) -> Result<ReaddirRes, Fault> {
        let path = OsStr::from_bytes(name.as_bytes()).to_owned();
        // The disk may be slow: other calls go on meanwhile.
        let listed = tokio::task::spawn_blocking(move || list(&path)).await;
        match listed.map_err(|_| Fault::SystemErr)? {
            Ok(names) => Ok(ReaddirRes::Case0(names)),
            Err(error) => Ok(ReaddirRes::Other(error.raw_os_error().unwrap_or(5))),
        }
    }
}

fn list(path: &OsStr) -> std::io::Result<List<Namenode>> {
    std::fs::read_dir(path)?
        .map(|entry| {
            Ok(Namenode {
                name: entry?.file_name().as_bytes().into(),
            })
        })
        .collect()
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rls-server: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:0".into());
    let mut terminate = signal(SignalKind::terminate())?;
    let running = Server::new()
        .serve(DirV1Server(Directories))
        .tcp(&address)
        .udp(&address)
        .rpcbind(Rpcbind::best_effort())
        .start()
        .await?;
    let tcp = running.tcp().ok_or("no TCP address")?;
    let udp = running.udp().ok_or("no UDP address")?;
    println!("ready on tcp://{tcp} and udp://{udp}; stop with Ctrl-C");
    tokio::select! {
        _ = terminate.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    running.shutdown(Grace::secs(5)).await;
    Ok(())
}
