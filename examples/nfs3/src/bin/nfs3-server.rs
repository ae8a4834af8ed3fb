//! `nfs3-server`: directories of this machine, or memory, as NFSv3 exports.

use clap::Parser;
use nfs3::backend::Backend;
use nfs3::directory::Directory;
use nfs3::memory::Memory;
use nfs3::mount3::mount_program::MountV3Server;
use nfs3::nfs3::nfs_program::NfsV3Server;
use nfs3::server::{Export, Mounts, Nfs, Options};
use rpcgen_runtime::rpcbind::Rpcbind;
use rpcgen_runtime::{Grace, Server};
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

/// Serves directories, or memory, by NFS version 3 and MOUNT version 3, over TCP and UDP on one port.
///
/// Whoever may reach the port may claim to be anybody (AUTH_SYS): listen on a network that you trust.
#[derive(Debug, Parser)]
#[command(version)]
struct Command {
    /// A directory to export, under its own path. May be given several times; not beyond its file system.
    #[arg(long, value_name = "DIR", required_unless_present = "memory")]
    export: Vec<PathBuf>,
    /// Export memory as /memory instead; it is lost at the end.
    #[arg(long, conflicts_with = "export")]
    memory: bool,
    /// The most that memory holds, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 1024)]
    memory_limit: u64,
    /// The address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    listen: String,
    /// The port of both programs.
    #[arg(long, default_value_t = 2049)]
    port: u16,
    /// Clients find the server by rpcbind (default: if one runs).
    #[arg(long, overrides_with = "no_rpcbind")]
    rpcbind: bool,
    /// Clients must know the port.
    #[arg(long)]
    no_rpcbind: bool,
    /// Nothing is changed.
    #[arg(long)]
    read_only: bool,
    /// Whoever claims to be root is nobody.
    #[arg(long)]
    squash_root: bool,
    /// New names are on the disk when the system likes, not before they are answered.
    #[arg(long)]
    no_sync: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Command::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("nfs3-server: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<(), Box<dyn Error>> {
    if command.memory {
        let backend = Memory::new(command.memory_limit.saturating_mul(1 << 20));
        let path = "/memory".into();
        return serve(&command, vec![Export { path, backend }]).await;
    }
    let mut exports = Vec::new();
    for dir in &command.export {
        let cannot = |error| format!("can't export {}: {error}", dir.display());
        let path = dir.canonicalize().map_err(cannot)?;
        let backend = Directory::open(&path, !command.no_sync).map_err(cannot)?;
        let path = path
            .to_str()
            .ok_or("an export's path must be UTF-8")?
            .into();
        exports.push(Export { path, backend });
    }
    serve(&command, exports).await
}

async fn serve<B: Backend>(
    command: &Command,
    exports: Vec<Export<B>>,
) -> Result<(), Box<dyn Error>> {
    let options = Options {
        read_only: command.read_only,
        squash_root: command.squash_root,
    };
    let paths: Vec<_> = exports.iter().map(|e| e.path.clone()).collect();
    let nfs = Nfs::new(exports, options);
    let address = if command.listen.contains(':') {
        format!("[{}]:{}", command.listen, command.port)
    } else {
        format!("{}:{}", command.listen, command.port)
    };
    let mut server = Server::new()
        .serve(MountV3Server(Mounts::new(&nfs)))
        .serve(NfsV3Server(nfs))
        .tcp(&address)
        .udp(&address);
    if command.rpcbind {
        server = server.rpcbind(Rpcbind::required());
    } else if !command.no_rpcbind {
        server = server.rpcbind(Rpcbind::best_effort());
    }
    let mut terminate = signal(SignalKind::terminate())?;
    let running = server.start().await?;
    let address = running.tcp().ok_or("no TCP address")?;
    for path in paths {
        println!("exporting {path}");
    }
    println!("ready on {address}");
    tokio::select! {
        _ = terminate.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    running.shutdown(Grace::secs(5)).await;
    Ok(())
}
