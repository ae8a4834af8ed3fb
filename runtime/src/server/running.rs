//! A server that runs, and how it ends.

use super::listen::{self, Task};
use super::{Peer, Phase};
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, watch};

/// Time that calls in flight get to finish when a server stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grace(Duration);

impl Grace {
    /// So many seconds.
    #[must_use]
    pub const fn secs(secs: u64) -> Self {
        Self(Duration::from_secs(secs))
    }

    /// This duration.
    #[must_use]
    pub const fn new(duration: Duration) -> Self {
        Self(duration)
    }
}

/// An address that a server listens on, with the port that it got.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Address {
    /// TCP.
    Tcp(SocketAddr),
    /// UDP.
    Udp(SocketAddr),
    /// A unix socket.
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "tcp://{address}"),
            Self::Udp(address) => write!(f, "udp://{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// A running server. Dropping it stops the server at once, without grace.
#[derive(Debug)]
pub struct Running {
    task: Option<Task>,
    addresses: Vec<Address>,
    phase: watch::Sender<Phase>,
    ended: mpsc::Receiver<()>,
}

impl Running {
    pub(super) fn new(
        task: Task,
        addresses: Vec<Address>,
        phase: watch::Sender<Phase>,
        ended: mpsc::Receiver<()>,
    ) -> Self {
        Self {
            task: Some(task),
            addresses,
            phase,
            ended,
        }
    }

    /// The addresses listened on, in the order they were asked for.
    #[must_use]
    pub fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    /// The first TCP address.
    #[must_use]
    pub fn tcp(&self) -> Option<SocketAddr> {
        self.addresses.iter().find_map(|a| match a {
            Address::Tcp(address) => Some(*address),
            _ => None,
        })
    }

    /// The first UDP address.
    #[must_use]
    pub fn udp(&self) -> Option<SocketAddr> {
        self.addresses.iter().find_map(|a| match a {
            Address::Udp(address) => Some(*address),
            _ => None,
        })
    }

    /// Serves a stream that is connected already: one handed over by another process, or one end of an in-memory pipe.
    ///
    /// ```
    /// # use rpcgen_runtime::Server;
    /// # async fn f(running: rpcgen_runtime::server::Running) {
    /// let (ours, theirs) = tokio::io::duplex(64 << 10);
    /// running.serve_stream(theirs);
    /// # drop(ours); }
    /// ```
    pub fn serve_stream<S>(&self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        if let Some(task) = &self.task {
            listen::spawn(stream, Peer::Local, task);
        }
    }

    /// Stops: nothing new is accepted, what is in flight gets the grace time, then every connection is closed.
    pub async fn shutdown(mut self, grace: Grace) {
        self.phase.send_replace(Phase::Drain);
        self.task = None;
        if tokio::time::timeout(grace.0, self.ended.recv())
            .await
            .is_err()
        {
            tracing::warn!("grace time is over: unfinished calls are dropped");
            self.phase.send_replace(Phase::Stop);
            self.ended.recv().await;
        }
        #[cfg(unix)]
        for address in &self.addresses {
            if let Address::Unix(path) = address {
                let _ = std::fs::remove_file(path);
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.phase.send_replace(Phase::Stop);
    }
}
