//! Messages on their way into a stream: small ones gathered into one piece, bulk data by reference.
//!
//! Whatever is pushed is written whole and in order, whether or not its caller still waits: a record cut short would
//! make the stream useless.

use crate::Body;
use bytes::Buf;
use std::cell::Cell;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::AsyncWrite;

/// Messages up to this size are copied together: one slice costs a system call more than a copy of it.
const SMALL: usize = 4096;
/// Size from which gathered messages are not added to.
const GATHER: usize = 64 << 10;
/// Slices in one write.
const SLICES: usize = 64;

/// Bytes waiting to be written.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    /// What goes first.
    pieces: VecDeque<Piece>,
    /// Small messages behind it.
    tail: Gathered,
    len: usize,
}

thread_local! {
    /// An empty buffer that was the last idle stream's.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

#[derive(Debug)]
enum Piece {
    Gathered(Gathered),
    Whole(Body),
}

/// Small messages in one buffer.
#[derive(Debug, Default)]
struct Gathered {
    buf: Vec<u8>,
    /// Bytes written already.
    at: usize,
}

impl Outgoing {
    /// Adds a message.
    pub(crate) fn push(&mut self, message: Body) {
        self.push_behind(&[], message);
    }

    /// Adds a message that is in one piece, if it is small; whether it is. The parts are given one by one: put together
    /// somewhere else they would cost as much as all the rest.
    #[inline]
    pub(crate) fn push_flat<const N: usize>(
        &mut self,
        mark: [u8; 4],
        header: &[u8; N],
        flat: &[u8],
    ) -> bool {
        let len = mark.len() + N + flat.len();
        let small = len <= SMALL;
        if small {
            self.len += len;
            let buf = self.gathered();
            buf.reserve(len);
            buf.extend_from_slice(&mark);
            buf.extend_from_slice(header);
            buf.extend_from_slice(flat);
        }
        small
    }

    /// Adds a message with something in front of it.
    #[inline]
    pub(crate) fn push_behind<const N: usize>(&mut self, front: &[u8; N], message: Body) {
        // Nearly all: small, and in one piece.
        match message.flat() {
            Some(flat) if N + flat.len() <= SMALL => {
                self.len += N + flat.len();
                let buf = self.gathered();
                buf.extend_from_slice(front);
                if !flat.is_empty() {
                    buf.extend_from_slice(flat);
                }
            }
            _ => self.push_pieces(front, message),
        }
    }

    #[inline(never)]
    fn push_pieces(&mut self, front: &[u8], mut message: Body) {
        let len = front.len() + message.len();
        self.len += len;
        if len > SMALL {
            message.prepend(front);
            self.end_tail();
            self.pieces.push_back(Piece::Whole(message));
            return;
        }
        let buf = self.gathered();
        buf.extend_from_slice(front);
        for chunk in message.chunks() {
            buf.extend_from_slice(chunk);
        }
    }

    /// The buffer that the next small message goes into.
    #[inline]
    fn gathered(&mut self) -> &mut Vec<u8> {
        if self.tail.buf.len() >= GATHER {
            self.end_tail();
        }
        if self.tail.buf.capacity() == 0 {
            self.tail.buf = SPARE.take();
        }
        &mut self.tail.buf
    }

    /// Makes what has been gathered a piece of its own.
    fn end_tail(&mut self) {
        if !self.tail.rest().is_empty() {
            let tail = std::mem::take(&mut self.tail);
            self.pieces.push_back(Piece::Gathered(tail));
        }
    }

    /// Gives back the memory of a stream with nothing to write. The thread keeps one buffer for the stream that is written
    /// to next.
    pub(crate) fn shrink(&mut self) {
        if self.is_empty() && self.tail.buf.capacity() > 0 {
            let Gathered { buf, .. } = std::mem::take(&mut self.tail);
            if buf.capacity() <= 2 * GATHER {
                SPARE.set(buf);
            }
        }
    }

    /// Bytes not written yet.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Whether everything has been written.
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether there is enough for a good write.
    pub(crate) fn is_full(&self) -> bool {
        self.pieces.len() >= SLICES / 2
    }

    /// Writes as much as the stream takes; ready when all is written. `progress` counts the bytes.
    pub(crate) fn poll_flush<S: AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
        cx: &mut Context<'_>,
        progress: &mut usize,
    ) -> Poll<io::Result<()>> {
        while !self.is_empty() {
            let mut stream = Pin::new(&mut *stream);
            let written = ready!(if self.pieces.is_empty() {
                stream.as_mut().poll_write(cx, self.tail.rest())
            } else {
                let mut slices = [IoSlice::new(&[]); SLICES];
                let chunks = self.pieces.iter().flat_map(Piece::chunks);
                let chunks = chunks.chain([self.tail.rest()]);
                let mut used = 0;
                for (slice, chunk) in slices.iter_mut().zip(chunks) {
                    *slice = IoSlice::new(chunk);
                    used += 1;
                }
                stream.as_mut().poll_write_vectored(cx, &slices[..used])
            })?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            *progress += written;
            self.advance(written);
        }
        Poll::Ready(Ok(()))
    }

    fn advance(&mut self, mut n: usize) {
        self.len -= n;
        while let Some(piece) = self.pieces.front_mut() {
            let step = n.min(piece.len());
            n -= step;
            match piece {
                Piece::Gathered(gathered) => gathered.at += step,
                Piece::Whole(body) => body.advance(step),
            }
            if piece.len() > 0 {
                return;
            }
            self.pieces.pop_front();
        }
        self.tail.at += n;
        if self.tail.rest().is_empty() {
            self.tail.at = 0;
            self.tail.buf.clear();
        }
    }
}

impl Gathered {
    /// What is not written yet.
    fn rest(&self) -> &[u8] {
        self.buf.get(self.at..).unwrap_or_default()
    }
}

impl Piece {
    fn len(&self) -> usize {
        match self {
            Self::Gathered(gathered) => gathered.rest().len(),
            Self::Whole(body) => body.len(),
        }
    }

    fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        let (flat, body) = match self {
            Self::Gathered(gathered) => (Some(gathered.rest()), None),
            Self::Whole(body) => (None, Some(body)),
        };
        flat.into_iter()
            .chain(body.into_iter().flat_map(Body::chunks))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    /// Takes so many bytes a write.
    struct Taking(usize, Vec<u8>);

    impl AsyncWrite for Taking {
        fn poll_write(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.poll_write_vectored(cx, &[IoSlice::new(buf)])
        }
        fn poll_write_vectored(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            slices: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            let all: Vec<u8> = slices
                .iter()
                .flat_map(|s| s.iter().copied())
                .take(self.0)
                .collect();
            self.1.extend_from_slice(&all);
            Poll::Ready(Ok(all.len()))
        }
        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    /// Whatever a stream takes per write, the bytes come out whole and in order.
    #[test]
    fn every_split_of_writes_gives_the_same_bytes() {
        let messages: Vec<Vec<u8>> = (0u8..40)
            .map(|i| vec![i; [1, 100, 5000, 4096][usize::from(i) % 4]])
            .collect();
        let total: usize = messages.iter().map(Vec::len).sum();
        for take in [1usize, 7, 4096, 70_000] {
            let mut out = Outgoing::default();
            for m in &messages {
                out.push(Body::from(Bytes::from(m.clone())));
            }
            assert_eq!(out.len(), total);
            let mut stream = Taking(take, Vec::new());
            let mut cx = Context::from_waker(std::task::Waker::noop());
            let mut progress = 0;
            let done = out.poll_flush(&mut stream, &mut cx, &mut progress);
            assert!(matches!(done, Poll::Ready(Ok(()))));
            assert!(out.is_empty());
            assert_eq!((out.len(), progress), (0, total));
            assert_eq!(stream.1, messages.concat(), "{take}");
        }
    }
}
