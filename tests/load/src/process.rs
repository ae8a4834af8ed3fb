//! The other processes: a server each, and clients that come and go.

use crate::measured::{Amount, Measured};
use crate::way::Way;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Where the programs are.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    /// libtirpc's `c-server` and `c-client`, and `peers`.
    pub(crate) folder: PathBuf,
    own: PathBuf,
}

/// Whose server or client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Written by hand over tokio.
    Floor,
    Ours,
    /// Our blocking client.
    Blocking,
    /// Standard sockets, written by hand.
    Drive,
    Libtirpc,
    Tarpc,
    Tonic,
}

impl Programs {
    pub(crate) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            own: std::env::current_exe().expect("the path of this program"),
        }
    }

    /// The command of a server.
    pub(crate) fn server(&self, side: Side) -> Command {
        let (program, args): (_, &[&str]) = match side {
            Side::Floor => (self.own.clone(), &["serve", "floor"]),
            Side::Ours => (self.own.clone(), &["serve", "ours"]),
            Side::Libtirpc => (self.folder.join("c-server"), &[]),
            Side::Tarpc => (self.folder.join("peers"), &["serve", "tarpc"]),
            Side::Tonic => (self.folder.join("peers"), &["serve", "tonic"]),
            Side::Blocking | Side::Drive => panic!("only a client: {side:?}"),
        };
        let mut command = Command::new(program);
        command.args(args);
        command
    }

    /// The command of a client.
    pub(crate) fn client(&self, side: Side) -> Command {
        let (program, args): (_, &[&str]) = match side {
            Side::Floor => (self.own.clone(), &["call", "raw"]),
            Side::Ours => (self.own.clone(), &["call", "ours"]),
            Side::Blocking => (self.own.clone(), &["call", "blocking"]),
            Side::Drive => (self.own.clone(), &["call", "drive"]),
            Side::Libtirpc => (self.folder.join("c-client"), &[]),
            Side::Tarpc => (self.folder.join("peers"), &["call", "tarpc"]),
            Side::Tonic => (self.folder.join("peers"), &["call", "tonic"]),
        };
        let mut command = Command::new(program);
        command.args(args);
        command
    }
}

/// A server in a process of its own.
#[derive(Debug)]
pub(crate) struct Served {
    child: Child,
    tcp: u16,
    udp: Option<u16>,
}

impl Served {
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let child = command.spawn();
        let mut child = child.unwrap_or_else(|e| panic!("{command:?}: {e} (tests/load/run)"));
        let output = child.stdout.take().expect("its output");
        let mut lines = BufReader::new(output);
        let mut port = || {
            let mut line = String::new();
            lines.read_line(&mut line).expect("its output");
            line.trim().parse().ok()
        };
        let tcp = port().expect("a port");
        // tarpc and tonic have no UDP, and print nothing more.
        let program = command.get_program().to_string_lossy().into_owned();
        let udp = (!program.ends_with("peers")).then(|| port().expect("a port"));
        Self { child, tcp, udp }
    }

    /// Runs a client against it to its end.
    pub(crate) fn call(&self, mut client: Command, way: Way, amount: Amount) -> Measured {
        let port = match way {
            Way::Udp => self.udp.expect("a server with UDP"),
            _ => self.tcp,
        };
        let words = [port.to_string(), self.child.id().to_string()];
        client.args(words).args([way.name(), &amount.to_string()]);
        let output = client.stderr(Stdio::inherit()).output();
        let output = output.unwrap_or_else(|e| panic!("{client:?}: {e} (tests/load/run)"));
        let said = String::from_utf8_lossy(&output.stdout);
        Measured::parse(&said).unwrap_or_else(|| panic!("{client:?} failed: {said}"))
    }

    /// Ends it by closing its input.
    pub(crate) fn end(mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
