//! Replies on their way into a stream: small ones share a buffer, and one vectored write takes all there are.

use crate::Body;
use bytes::Buf;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::AsyncWrite;

/// Replies up to this size are copied behind one another: cheaper than a slice of their own.
const SMALL: usize = 1024;
/// Slices of one vectored write (Linux takes up to 1 024).
const SLICES: usize = 64;

/// The queue in front of a stream.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    queue: VecDeque<Body>,
    /// Small replies behind the last of `queue`.
    small: Vec<u8>,
    len: usize,
}

impl Outgoing {
    /// Appends a marked reply.
    pub(crate) fn push(&mut self, reply: Body) {
        self.len += reply.len();
        if reply.len() <= SMALL {
            reply
                .chunks()
                .for_each(|chunk| self.small.extend_from_slice(chunk));
        } else {
            self.flush_small();
            self.queue.push_back(reply);
        }
    }

    fn flush_small(&mut self) {
        if !self.small.is_empty() {
            self.queue
                .push_back(Body::from(std::mem::take(&mut self.small)));
        }
    }

    /// Bytes not written yet.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Writes as much as the stream takes; ready when the queue is empty. `progress` counts the bytes.
    pub(crate) fn poll_flush<S: AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
        cx: &mut Context<'_>,
        progress: &mut usize,
    ) -> Poll<io::Result<()>> {
        self.flush_small();
        while !self.queue.is_empty() {
            let n = {
                let mut slices = [IoSlice::new(&[]); SLICES];
                let mut used = 0;
                for body in &self.queue {
                    used += body.chunks_vectored(&mut slices[used..]);
                    if used == SLICES {
                        break;
                    }
                }
                ready!(Pin::new(&mut *stream).poll_write_vectored(cx, &slices[..used]))?
            };
            if n == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            *progress += n;
            self.advance(n);
        }
        Poll::Ready(Ok(()))
    }

    fn advance(&mut self, mut n: usize) {
        self.len -= n;
        while let Some(front) = self.queue.front_mut() {
            let take = n.min(front.len());
            front.advance(take);
            n -= take;
            if !front.is_empty() {
                return;
            }
            self.queue.pop_front();
        }
    }
}
