//! Listening sockets: made, and accepted from until the server drains.

use super::admission::{Full, Place};
use super::bindings::On;
use super::connection::{self, End};
use super::noise::Noise;
use super::{Peer, Phase, Shared};
use crate::net::{self, Listener, Patient};
use std::io;
use std::sync::Arc;
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

/// Connections accepted in a row before the other tasks of the thread get their turn.
const ACCEPTED: usize = 8;

/// Accepts connections until the server drains.
pub(crate) async fn accept(listener: Listener, on: On, mut task: Task) {
    let mut pause = Duration::from_millis(10);
    let mut turn = ACCEPTED;
    loop {
        if turn == 0 {
            tokio::task::yield_now().await;
            turn = ACCEPTED;
        }
        turn -= 1;
        let accepted = tokio::select! {
            _ = Phase::Drain.reached(&mut task.phase) => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((net::Stream::Tcp(stream), peer)) => {
                pause = Duration::from_millis(10);
                spawn(Patient::new(stream), peer, &on, &task);
            }
            #[cfg(unix)]
            Ok((net::Stream::Unix(stream), peer)) => {
                pause = Duration::from_millis(10);
                spawn(stream, peer, &on, &task);
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
pub(crate) fn spawn<S>(stream: S, peer: Peer, on: &On, task: &Task)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Task {
        server,
        phase,
        alive,
    } = task.clone();
    let place = match Place::take(&server, &peer) {
        Ok(place) => place,
        Err(full) => return refuse(full, &peer, &server),
    };
    server.counters.accepted.add(1);
    let on = on.clone();
    tokio::spawn(async move {
        let name = peer.to_string();
        let end = connection::serve(stream, (peer, on), Arc::clone(&server), phase).await;
        drop(place);
        report(&end, &name, &server);
        drop(alive);
    });
}

/// Closes a connection at once, for there are too many.
fn refuse(full: Full, peer: &Peer, server: &Shared) {
    server.counters.refused.add(1);
    static NOISE: Noise = Noise::new();
    if let Some(more) = NOISE.line() {
        tracing::warn!(%peer, ?full, more, "too many connections");
    }
}

/// Counts and logs how a connection ended.
fn report(end: &End, peer: &str, server: &Shared) {
    let counters = &server.counters;
    match end {
        End::Orderly | End::Stopped => tracing::trace!(peer, "connection closed"),
        End::Record(error) => {
            counters.garbage.add(1);
            static NOISE: Noise = Noise::new();
            if let Some(more) = NOISE.line() {
                tracing::warn!(peer, %error, more, "connection closed");
            }
        }
        End::NotACall => {
            counters.garbage.add(1);
            tracing::debug!(peer, "not a call: connection closed");
        }
        End::Truncated => {
            counters.truncated.add(1);
            tracing::debug!(peer, "connection closed inside a record");
        }
        End::Deadline(which) => {
            counters.deadlines.add(1);
            tracing::debug!(peer, which, "deadline passed");
        }
        End::Memory => {
            static NOISE: Noise = Noise::new();
            if let Some(more) = NOISE.line() {
                let limit = server.limits.held;
                tracing::warn!(
                    peer,
                    limit,
                    more,
                    "too many bytes are held: a connection that waits for its peer is closed"
                );
            }
        }
        End::Io(error) => tracing::debug!(peer, %error, "connection lost"),
    }
}
