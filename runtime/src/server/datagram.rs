//! A UDP socket: one task drains it, answers what is ready at once, and lets the rest finish beside it.

use super::call::{Call, Done, Start};
use super::{Peer, Phase, Shared};
use crate::Body;
use crate::proto::server::{Verdict, header_bytes, judge};
use bytes::{Bytes, BytesMut};
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Largest datagram.
const LARGEST: usize = 65_535;
/// A call is never shorter (RFC 5531 §9: ten words).
const SHORTEST_CALL: usize = 40;

/// Serves a socket until the server drains.
pub(crate) async fn serve(
    socket: UdpSocket,
    server: Arc<Shared>,
    mut phase: watch::Receiver<Phase>,
) {
    let mut running: JoinSet<(SocketAddr, Done)> = JoinSet::new();
    let mut buf = BytesMut::zeroed(LARGEST);
    let mut wanted = Phase::Drain;
    while wanted == Phase::Drain || !running.is_empty() {
        let may_read = wanted == Phase::Drain && running.len() < server.limits.per_connection;
        tokio::select! {
            biased;
            reached = wanted.reached(&mut phase) => match reached {
                Phase::Stop => return,
                _ => wanted = Phase::Stop,
            },
            Some(done) = running.join_next() => {
                if let Ok((peer, done)) = done {
                    send(&socket, peer, done.reply(server.limits.datagram_reply)).await;
                }
            }
            received = socket.recv_from(&mut buf), if may_read => {
                // Errors here report what became of earlier replies (ICMP); the socket itself lives on.
                let Ok((len, from)) = received else { continue };
                if len < SHORTEST_CALL || from.port() == 0 {
                    continue;
                }
                match receive(Bytes::copy_from_slice(&buf[..len]), from, &server).await {
                    Received::Reply(reply) => send(&socket, from, reply).await,
                    Received::Running(call) => {
                        let permits = Arc::clone(&server.permits);
                        running.spawn(async move {
                            let _permit = permits.acquire_owned().await;
                            (from, call.await)
                        });
                    }
                }
            }
        }
    }
}

enum Received {
    /// The reply, if the message gets one.
    Reply(Option<Body>),
    /// The handler was not ready at once.
    Running(Call),
}

async fn receive(message: Bytes, from: SocketAddr, server: &Arc<Shared>) -> Received {
    let programs = server.programs();
    let accepted = match judge(&message, &*programs, server.mode) {
        Verdict::Ignore(_) => return Received::Reply(None),
        Verdict::Reply(header) => return Received::Reply(Some(Body::from(header_bytes(&header)))),
        Verdict::Run(accepted) => accepted,
    };
    match Call::start(accepted, &Arc::new(Peer::Udp(from)), server) {
        Start::Replayed(reply) => Received::Reply(reply),
        Start::Duplicate => Received::Reply(None),
        Start::Running(mut call) => match poll_once(&mut call).await {
            Some(done) => Received::Reply(done.reply(server.limits.datagram_reply)),
            None => Received::Running(call),
        },
    }
}

/// Polls a call once: its output if it is ready at once.
async fn poll_once(call: &mut Call) -> Option<Done> {
    let mut call = Pin::new(call);
    poll_fn(|cx| match call.as_mut().poll(cx) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

async fn send(socket: &UdpSocket, to: SocketAddr, reply: Option<Body>) {
    let Some(reply) = reply else { return };
    // A lost reply is what the client's retransmission is for.
    if let Err(error) = socket.send_to(&reply.into_bytes(), to).await {
        tracing::debug!(peer = %to, %error, "reply not sent");
    }
}
