//! `nfs3`: files of an NFSv3 server without mounting it.

mod show;

use clap::{Parser, Subcommand};
use nfs3::client::{Client, Error, Object, Url, shown};
use nfs3::nfs3::Ftype3;
use std::fs::File;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Reads and writes the files of an NFSv3 server, as an ordinary program and without mounting anything.
///
/// A URL is nfs://HOST[:PORT]/EXPORT/PATH, with ?uid=N&gid=N to be somebody else and ?mountport=N where MOUNT has a
/// port of its own. Without a port, rpcbind on HOST is asked. In PATH, % and two hexadecimal digits stand for a byte; so
/// are names printed that are no text, that can't be printed, or that have a % or a ? in them.
#[derive(Debug, Parser)]
#[command(name = "nfs3", version)]
struct Command {
    /// Requests in flight at once.
    #[arg(long, global = true, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1024))]
    window: u16,
    /// Show the progress of transfers, also where standard error is not a terminal.
    #[arg(long, global = true)]
    progress: bool,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Lists a directory, or one file.
    Ls {
        /// With kind, mode, owner, size and time.
        #[arg(short)]
        long: bool,
        /// The directory.
        url: Url,
    },
    /// Copies a file to standard output.
    Cat {
        /// The file.
        url: Url,
    },
    /// Copies a file of this machine to the server.
    Put {
        /// The file of this machine.
        file: PathBuf,
        /// The new file, or the directory to put it in.
        url: Url,
    },
    /// Shows all that is known of an object.
    Stat {
        /// The object; a symbolic link is not followed.
        url: Url,
    },
    /// Lists a directory and all that is below it.
    Tree {
        /// The directory.
        url: Url,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Command::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("nfs3: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<(), Box<dyn std::error::Error>> {
    let window = usize::from(command.window);
    let mut out = std::io::stdout().lock();
    let mut progress = show::Bar::new(command.progress);
    match command.action {
        Action::Ls { long, url } => {
            let (client, path) = Client::mount(&url, window).await?;
            let object = client.find(&path, true).await?;
            for line in show::listing(&client, &object, &path, long).await? {
                writeln!(out, "{line}")?;
            }
        }
        Action::Cat { url } => {
            let (client, path) = Client::mount(&url, window).await?;
            let file = client.find(&path, true).await?;
            client
                .read_all(&file, &path, &mut out, &mut progress)
                .await?;
        }
        Action::Put { file, url } => {
            let (client, path) = Client::mount(&url, window).await?;
            let from = File::open(&file).map_err(|e| format!("{}: {e}", file.display()))?;
            let meta = from.metadata()?;
            if !meta.is_file() {
                return Err(format!("{}: only files can be put", file.display()).into());
            }
            let mode = meta.permissions().mode() & 0o777;
            let (object, path) = target(&client, &path, &file, mode).await?;
            client
                .write_all(&object, &path, from, &mut progress)
                .await?;
        }
        Action::Stat { url } => {
            let (client, path) = Client::mount(&url, window).await?;
            let object = client.find(&path, false).await?;
            write!(out, "{}", show::details(&client, &object, &path).await?)?;
        }
        Action::Tree { url } => {
            let (client, path) = Client::mount(&url, window).await?;
            let top = client.find(&path, true).await?;
            show::tree(&client, &top, &path, window, &mut out).await?;
        }
    }
    progress.end();
    out.flush()?;
    Ok(())
}

/// The file to put something into: made, or emptied if it is there.
async fn target(
    client: &Client,
    path: &[u8],
    file: &Path,
    mode: u32,
) -> Result<(Object, Vec<u8>), Box<dyn std::error::Error>> {
    let mut path = path.to_vec();
    let mut there = found(client, &path, true).await?;
    if there.as_ref().is_some_and(is_directory) {
        let name = file.file_name();
        let name = name.ok_or("the file has no name to put it under")?;
        if !path.ends_with(b"/") {
            path.push(b'/');
        }
        path.extend(name.as_bytes());
        there = found(client, &path, true).await?;
    }
    let why = |why: &str| format!("{}: {why}", client.full(&path));
    match there {
        Some(object) if object.attr.r#type == Ftype3::Nf3reg => {
            client.empty(&object, &path).await?;
            return Ok((object, path));
        }
        Some(object) if is_directory(&object) => return Err(why("it is a directory").into()),
        Some(_) => return Err(why("it is there, and no file").into()),
        None => {}
    }
    if let Some(link) = found(client, &path, false).await? {
        let target = shown(&client.link(&link.handle, &path).await?);
        return Err(why(&format!("a symbolic link to {target}, which is not there")).into());
    }
    let slash = path.iter().rposition(|byte| *byte == b'/');
    let slash = slash.ok_or("the URL names no file")?;
    let dir = client.find(&path[..slash], true).await?;
    let made = client.create(&dir, &path[slash + 1..], mode, &path).await?;
    Ok((made, path))
}

fn is_directory(object: &Object) -> bool {
    object.attr.r#type == Ftype3::Nf3dir
}

/// The object of a path, if there is one.
async fn found(client: &Client, path: &[u8], follow: bool) -> Result<Option<Object>, Error> {
    match client.find(path, follow).await {
        Ok(object) => Ok(Some(object)),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_missing(error: &Error) -> bool {
    error.nfs_status() == Some(nfs3::nfs3::Nfsstat3::Noent)
}
