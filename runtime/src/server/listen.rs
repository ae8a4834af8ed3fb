//! Listening sockets: made, and accepted from until the server drains.

use super::connection::{self, End};
use super::noise::Noise;
use super::{Peer, Phase, Shared};
use crate::net::{self, Listener};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, watch};

/// What each task of a server holds.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) server: Arc<Shared>,
    pub(crate) phase: watch::Receiver<Phase>,
    /// Dropped when the task ends: the server is done when all are.
    pub(crate) alive: mpsc::Sender<()>,
}

/// Accepts connections until the server drains.
pub(crate) async fn accept(listener: Listener, mut task: Task) {
    let mut pause = Duration::from_millis(10);
    loop {
        let accepted = tokio::select! {
            _ = Phase::Drain.reached(&mut task.phase) => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((net::Stream::Tcp(stream), peer)) => {
                pause = Duration::from_millis(10);
                // One write is one record: waiting for more would cost a delayed acknowledgement.
                let _ = stream.set_nodelay(true);
                spawn(stream, peer, &task);
            }
            Ok((net::Stream::Unix(stream), peer)) => {
                pause = Duration::from_millis(10);
                spawn(stream, peer, &task);
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                // Out of descriptors or memory: what exists goes on, and the listener stays.
                static NOISE: Noise = Noise::new();
                if let Some(more) = NOISE.line() {
                    tracing::warn!(%error, more, "cannot accept connections for now");
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_millis(100));
            }
        }
    }
}

/// Errors of `accept` that concern the connection that was to be accepted, not the listener.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}

/// Serves a connection in a task of its own, if there is room for it.
pub(crate) fn spawn<S>(stream: S, peer: Peer, task: &Task)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Task {
        server,
        phase,
        alive,
    } = task.clone();
    if server.connections.fetch_add(1, Ordering::Relaxed) >= server.limits.connections {
        server.connections.fetch_sub(1, Ordering::Relaxed);
        static NOISE: Noise = Noise::new();
        if let Some(more) = NOISE.line() {
            let limit = server.limits.connections;
            tracing::warn!(%peer, limit, more, "too many connections");
        }
        return;
    }
    tokio::spawn(async move {
        let name = peer.to_string();
        let end = connection::serve(stream, peer, Arc::clone(&server), phase).await;
        server.connections.fetch_sub(1, Ordering::Relaxed);
        match end {
            End::Orderly | End::Stopped => tracing::trace!(peer = name, "connection closed"),
            End::Record(error) => {
                static NOISE: Noise = Noise::new();
                if let Some(more) = NOISE.line() {
                    tracing::warn!(peer = name, %error, more, "connection closed");
                }
            }
            End::Deadline(which) => tracing::debug!(peer = name, which, "deadline passed"),
            End::Truncated | End::NotACall => {
                tracing::debug!(peer = name, ?end, "connection closed");
            }
            End::Io(error) => tracing::debug!(peer = name, %error, "connection lost"),
        }
        drop(alive);
    });
}
