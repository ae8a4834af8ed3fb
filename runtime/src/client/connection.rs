//! One connected socket and the bytes in flight on it: moves them between the socket and the core.

use super::dial::{Plan, Refusal};
use super::observe::Observer;
use super::socket::Socket;
use crate::error::RpcError;
use crate::net::{Behind, Incoming, Outgoing};
use crate::proto::client::{ClientCore, Transmit};
use bytes::Bytes;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::AsyncWrite;
use tokio::time::Instant;

/// A connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) socket: Socket,
    pub(crate) local: Option<SocketAddr>,
    /// Replies before there was this connection: when there are more, it has proved good.
    answered: u64,
    refusal: Refusal,
    observer: Option<Arc<dyn Observer>>,
    out: Outgoing,
    input: Incoming,
    /// Whether what is being written has batched calls in it.
    batch: bool,
    /// A datagram that could not be sent yet.
    unsent: Option<Transmit>,
    /// Holds one datagram of the largest accepted size and one byte more, which shows that it was cut off.
    datagram: Vec<u8>,
}

impl Connection {
    pub(crate) fn new(socket: Socket, plan: &Plan, answered: u64) -> Self {
        let options = &plan.options;
        let datagram = match socket {
            Socket::Udp(_) => vec![0; options.max_reply.min(65_535) + 1],
            _ => Vec::new(),
        };
        Self {
            local: socket.local_addr(),
            socket,
            answered,
            refusal: plan.refusal(),
            observer: options.observer.clone(),
            out: Outgoing::default(),
            input: Incoming::default(),
            batch: false,
            unsent: None,
            datagram,
        }
    }

    /// Whether a call has been answered on it: then its loss is news and not one more failed attempt.
    pub(crate) fn is_proven(&self, core: &ClientCore) -> bool {
        core.stats().answered > self.answered
    }

    /// Whether this error of a socket for datagrams means that the server must be looked up again.
    pub(crate) fn is_elsewhere(&self, e: &io::Error) -> bool {
        self.refusal == Refusal::Look && e.kind() == io::ErrorKind::ConnectionRefused
    }

    /// Whether bytes of a record are still to be written.
    pub(crate) fn is_writing(&self) -> bool {
        !self.out.is_empty()
    }

    /// Whether those bytes may be of batched calls.
    pub(crate) fn is_writing_batch(&self) -> bool {
        (self.is_writing() || self.unsent.is_some()) && self.batch
    }

    /// Whether the last read has brought the end of a large reply.
    pub(crate) fn has_read_large(&self) -> bool {
        self.input.has_read_large()
    }

    /// Gives back the memory of an idle connection.
    pub(crate) fn shrink(&mut self) {
        self.input.shrink();
    }

    /// Sends what the core has to send, as far as the socket takes it; with `hold` only what has been begun. The last
    /// call was begun at `used`.
    pub(crate) fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut ClientCore,
        used: Instant,
        hold: bool,
    ) -> Poll<io::Result<()>> {
        match self.socket {
            Socket::Udp(_) => self.poll_send_datagrams(cx, core, hold),
            _ => self.poll_send_records(cx, core, used, hold),
        }
    }

    fn note(&self, transmit: &Transmit) {
        if transmit.attempt > 1 {
            let (xid, attempt) = (transmit.id.xid(), transmit.attempt);
            tracing::debug!(xid, attempt, "sent again");
            if let Some(observer) = &self.observer {
                observer.sent_again(xid, attempt);
            }
        }
    }

    fn poll_send_records(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut ClientCore,
        used: Instant,
        hold: bool,
    ) -> Poll<io::Result<()>> {
        loop {
            // What is not taken from the core yet counts as not sent, should the connection break.
            self.batch = core.batched() > 0 || self.is_writing_batch();
            // Only datagrams are timed: the clock need not be asked once more.
            let now = used.into_std();
            while !hold
                && !self.out.is_full()
                && core.wants_transmit()
                && let Some(transmit) = core.poll_transmit(now)
            {
                self.note(&transmit);
                self.out.push(transmit.message);
            }
            if self.out.is_empty() {
                return Pin::new(&mut self.socket).poll_flush(cx);
            }
            match self.out.poll_flush(&mut self.socket, cx, &mut 0) {
                Poll::Ready(Ok(())) => {}
                other => return other,
            }
        }
    }

    fn poll_send_datagrams(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut ClientCore,
        hold: bool,
    ) -> Poll<io::Result<()>> {
        self.batch = core.batched() > 0 || self.is_writing_batch();
        loop {
            let next = match self.unsent.take() {
                None if !hold => core.poll_transmit(Instant::now().into_std()),
                unsent => unsent,
            };
            let Some(transmit) = next else {
                return Poll::Ready(Ok(()));
            };
            self.note(&transmit);
            let bytes = transmit.message.to_bytes();
            match self.socket.poll_send(cx, &bytes) {
                Poll::Ready(Ok(())) => {}
                Poll::Pending => {
                    self.unsent = Some(transmit);
                    return Poll::Pending;
                }
                // The error belongs to an earlier datagram: the kernel reports it at the next occasion and forgets it.
                Poll::Ready(Err(e)) if e.kind() == io::ErrorKind::ConnectionRefused => {
                    match self.refusal {
                        Refusal::Wait => self.unsent = Some(transmit),
                        Refusal::Look => {
                            core.give_back(transmit);
                            return Poll::Ready(Err(e));
                        }
                        Refusal::Fail => return Poll::Ready(Err(e)),
                    }
                }
                Poll::Ready(Err(e)) if is_too_large(&e) => core.fail(
                    transmit.id,
                    RpcError::CallTooLarge {
                        size: bytes.len() as u64,
                        limit: bytes.len() as u64 - 1,
                    },
                ),
                // No buffer, no route: it will be sent again, until the deadline.
                Poll::Ready(Err(e)) => tracing::debug!(error = %e, "datagram not sent"),
            }
        }
    }

    /// Reads what is there and gives it to the core.
    ///
    /// Ready with `Ok` after something was read; an end of the stream is an `UnexpectedEof`.
    pub(crate) fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut ClientCore,
    ) -> Poll<io::Result<()>> {
        match self.socket {
            Socket::Udp(_) => self.poll_receive_datagram(cx, core),
            _ => self.poll_receive_bytes(cx, core),
        }
    }

    fn poll_receive_bytes(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut ClientCore,
    ) -> Poll<io::Result<()>> {
        let missing = core.missing(&self.input.buf);
        let behind = match core.len() {
            ..=1 => Behind::Nothing,
            _ => Behind::More,
        };
        match self.socket.poll_read(cx, &mut self.input, missing, behind) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(e)) => Poll::Ready(Err(e)),
            Poll::Ready(Ok(0)) => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
            Poll::Ready(Ok(_)) => {
                let taken = core.handle_bytes(&mut self.input.buf);
                Poll::Ready(taken.map_err(io::Error::from))
            }
        }
    }

    fn poll_receive_datagram(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut ClientCore,
    ) -> Poll<io::Result<()>> {
        match self.socket.poll_recv(cx, &mut self.datagram) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(n)) => {
                let truncated = n == self.datagram.len();
                let message = Bytes::copy_from_slice(&self.datagram[..n]);
                core.handle_datagram(Instant::now().into_std(), message, truncated);
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(e)) if self.refusal == Refusal::Fail || self.is_elsewhere(&e) => {
                Poll::Ready(Err(e))
            }
            // Port unreachable, host unreachable: the server may be starting again.
            Poll::Ready(Err(e)) => {
                tracing::debug!(error = %e, "datagram not received");
                Poll::Ready(Ok(()))
            }
        }
    }
}

/// EMSGSIZE: the kernel takes no datagram of this size on this route.
pub(super) fn is_too_large(e: &io::Error) -> bool {
    const EMSGSIZE: i32 = if cfg!(target_os = "linux") { 90 } else { 40 };
    e.raw_os_error() == Some(EMSGSIZE)
}
