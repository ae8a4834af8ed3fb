//! A server that runs, and how it ends.

use super::endpoint::SocketFiles;
use super::listen::{self, Task};
use super::listeners::Listeners;
use super::{Dispatch, Peer, Phase, Shared, Stats};
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
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
    /// A unix socket; the path is empty where a socket that was handed in has none.
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
    server: Arc<Shared>,
    /// Gone when the server stops: it would count as unfinished work.
    task: Option<Task>,
    addresses: Vec<Address>,
    files: Option<SocketFiles>,
    phase: watch::Sender<Phase>,
    ended: mpsc::Receiver<()>,
}

impl Running {
    pub(super) fn new(
        task: Task,
        addresses: Vec<Address>,
        files: SocketFiles,
        phase: watch::Sender<Phase>,
        ended: mpsc::Receiver<()>,
    ) -> Self {
        Self {
            server: Arc::clone(&task.server),
            task: Some(task),
            addresses,
            files: Some(files),
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
        self.serve_stream_of(stream, Peer::Local);
    }

    /// The same, with what is known of the peer: a proxy may have told who is behind it.
    pub fn serve_stream_of<S>(&self, stream: S, peer: Peer)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        if let Some(task) = &self.task {
            listen::spawn(stream, peer, &None, task);
        }
    }

    /// Serves one more version of a program, in place of one with the same numbers, and registers it where the server
    /// registers at all.
    pub fn add(&self, program: impl Dispatch) {
        self.server
            .change(|all, wraps| all.insert(&None, Arc::new(program), wraps));
    }

    /// Serves a version of a program no longer, on no listener; whether it was served. Calls that run go on.
    pub fn remove(&self, program: u32, version: u32) -> bool {
        self.server.change(|all, _| all.remove(program, version))
    }

    /// The listeners of a name, to bind programs to them as [`Server::on`](crate::Server::on) does.
    #[must_use]
    pub fn on(&self, name: &str) -> Listeners<'_> {
        Listeners::new(&self.server, self.task.as_ref(), name)
    }

    /// The counters.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let (server, counters) = (&self.server, &self.server.counters);
        Stats {
            connections: server.connections.load(Ordering::Relaxed),
            in_flight: server
                .limits
                .in_flight
                .saturating_sub(server.permits.available_permits()),
            held: server.held.load(Ordering::Relaxed),
            remembered: server.replay().len(),
            accepted: counters.accepted.get(),
            refused: counters.refused.get(),
            calls: counters.calls.get(),
            denied: counters.denied.get(),
            duplicates: counters.duplicates.get(),
            dropped: counters.dropped.get(),
            throttled: counters.throttled.get(),
            truncated: counters.truncated.get(),
            garbage: counters.garbage.get(),
            deadlines: counters.deadlines.get(),
        }
    }

    /// Completes when there has been neither a connection nor a call for so long.
    pub async fn idle(&self, after: Duration) {
        loop {
            let busy = self.server.connections.load(Ordering::Relaxed) > 0
                || self.server.permits.available_permits() < self.server.limits.in_flight;
            let quiet = if busy {
                Duration::ZERO
            } else {
                self.server.activity.quiet()
            };
            let Some(left) = after.checked_sub(quiet).filter(|d| !d.is_zero()) else {
                return;
            };
            tokio::time::sleep(left).await;
        }
    }

    /// Stops: nothing new is accepted, what is in flight gets the grace time, then every connection is closed.
    pub async fn shutdown(mut self, grace: Grace) {
        self.phase.send_replace(Phase::Drain);
        self.task = None;
        let finished = tokio::time::timeout(grace.0, self.ended.recv()).await;
        if finished.is_err() {
            tracing::warn!("grace time is over: unfinished calls are dropped");
            self.phase.send_replace(Phase::Stop);
            self.ended.recv().await;
        }
        self.files = None;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.phase.send_replace(Phase::Stop);
    }
}
