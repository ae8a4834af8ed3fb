//! Bytes that came from a stream, until they are whole records.
//!
//! A fragment header is a claim: memory grows fourfold with what has arrived, up to the claim. Small records share a
//! buffer. A large one has a buffer of its own, read exactly to its end; when its user has dropped it, the thread takes
//! that buffer for another large record, since fresh pages cost more than all the rest of a megabyte's way.

use bytes::{Buf, BufMut, BytesMut};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncReadExt};

/// First read between two records; it grows fourfold while reads fill it.
const FIRST: usize = 4 << 10;
/// Largest read between two records. Beyond this a record is large.
pub(crate) const MOST: usize = 64 << 10;
/// Bytes left free in front of a large record, as many as its mark had in the stream: addresses differ from offsets in
/// the stream by a multiple of 16 then. Where they differ by less, and the other end has sent from the beginning of a
/// page, many processors (AMD's Zen 3) copy at a seventh of their speed.
pub(crate) const ALIGN: usize = 4;

/// Bytes received and not taken yet.
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    /// What is there. Records are split off its front.
    pub(crate) buf: BytesMut,
    /// Size of the next read between two records; 0 before the first.
    usual: usize,
    /// Size of the buffer while it is a large record's own, else 0.
    large: usize,
}

impl Incoming {
    /// Reads what is there into the buffer; `missing` is what the record that has begun still misses, as far as known.
    ///
    /// The stream is read with room for more than [`MOST`] bytes only where all of them are missing: then it may wait for
    /// more than the first of them.
    pub(crate) fn poll_read<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        cx: &mut Context<'_>,
        missing: usize,
    ) -> Poll<io::Result<usize>> {
        if missing == 0 && self.has_read_large() {
            give(std::mem::take(&mut self.buf), self.large);
            (self.large, self.usual) = (0, FIRST);
        }
        // Nothing missing is no large record, whatever the buffer was for: a read of no bytes would look like the end.
        if missing > 0 && (self.large > 0 || missing > MOST) {
            return self.poll_read_large(stream, cx, missing);
        }
        self.usual = self.usual.max(FIRST);
        let wanted = if missing == 0 { self.usual } else { missing };
        if self.buf.capacity() == 0
            && let Some(spare) = SPARE.take()
        {
            self.buf = spare;
        }
        if self.room() < wanted.min(FIRST) || self.room() < missing {
            self.buf.reserve(wanted);
        }
        // A buffer may have become larger than was wanted.
        let room = self.room().min(MOST);
        let polled = pin!(stream.read_buf(&mut (&mut self.buf).limit(room))).poll(cx);
        if matches!(polled, Poll::Ready(Ok(n)) if n == room) {
            self.usual = (self.usual * 4).min(MOST);
        }
        polled
    }

    fn poll_read_large<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        cx: &mut Context<'_>,
        missing: usize,
    ) -> Poll<io::Result<usize>> {
        if self.large == 0 || self.room() == 0 {
            (self.buf, self.large) = large(&self.buf, missing);
        }
        let room = self.room().min(missing);
        pin!(stream.read_buf(&mut (&mut self.buf).limit(room))).poll(cx)
    }

    /// Whether the last read has completed a large record, and the record has been taken.
    pub(crate) fn has_read_large(&self) -> bool {
        self.large > 0 && self.buf.is_empty()
    }

    fn room(&self) -> usize {
        self.buf.capacity() - self.buf.len()
    }

    /// Gives back the memory of a stream that stands between two records with nothing to read. The thread keeps one
    /// buffer for the stream that is read next: one call on each of many connections would allocate one a call.
    pub(crate) fn shrink(&mut self) {
        if self.buf.is_empty() && self.buf.capacity() > 0 {
            let Self { mut buf, large, .. } = std::mem::take(self);
            if large == 0 && buf.try_reclaim(FIRST) && buf.capacity() <= MOST {
                SPARE.set(Some(buf));
            }
        }
    }
}

/// A buffer of its own for a large record of which so much has arrived: with that in it, and with room for what is
/// missing or for four times as much. And its size, for [`give`].
fn large(arrived: &[u8], missing: usize) -> (BytesMut, usize) {
    let all = ALIGN + arrived.len() + missing;
    let (mut buf, size) = take(all).unwrap_or_else(|| {
        let size = all.min(ALIGN + 4 * arrived.len() + MOST);
        (BytesMut::with_capacity(size), size)
    });
    buf.put_bytes(0, ALIGN);
    buf.advance(ALIGN);
    buf.extend_from_slice(arrived);
    (buf, size)
}

/// Bytes that a thread keeps for large records: four of the largest that a server accepts by default.
pub(crate) const KEPT: usize = 4 * ((1 << 20) + (64 << 10));

thread_local! {
    /// An empty buffer that was the last idle stream's.
    static SPARE: Cell<Option<BytesMut>> = const { Cell::new(None) };
    /// What is left of the buffers of large records, and their sizes: each can be had again once its record is dropped.
    static BUFFERS: RefCell<VecDeque<(BytesMut, usize)>> = const { RefCell::new(VecDeque::new()) };
}

/// Takes back what is left of a large record's buffer once the record has been split off.
fn give(rest: BytesMut, size: usize) {
    BUFFERS.with_borrow_mut(|buffers| {
        buffers.push_back((rest, size));
        let mut bytes: usize = buffers.iter().map(|(_, size)| size).sum();
        while bytes > KEPT
            && let Some((_, size)) = buffers.pop_front()
        {
            bytes -= size;
        }
    });
}

/// An empty buffer with room for so much, and its size, which is not much larger.
fn take(len: usize) -> Option<(BytesMut, usize)> {
    BUFFERS.with_borrow_mut(|buffers| {
        let fits = |(rest, size): &mut (BytesMut, usize)| {
            (len..=len.saturating_mul(4)).contains(size) && rest.try_reclaim(len)
        };
        // The last one used is the likeliest to be in a cache.
        let at = buffers.iter_mut().rposition(fits)?;
        buffers.remove(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::record::{Decoder, RecordLimits, mark};
    use bytes::Bytes;

    /// Reads one record of a stream that gives all it has.
    fn record(incoming: &mut Incoming, decoder: &mut Decoder, mut stream: &[u8]) -> Bytes {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        loop {
            if let Some(record) = decoder.next(&mut incoming.buf).unwrap() {
                return record;
            }
            let missing = decoder.missing(&incoming.buf);
            let Poll::Ready(Ok(n)) = incoming.poll_read(&mut stream, &mut cx, missing) else {
                panic!("a slice is always ready");
            };
            assert!(n > 0, "the stream has ended");
        }
    }

    fn stream(len: usize) -> Vec<u8> {
        let mut stream = mark(len).unwrap().to_vec();
        stream.extend((0..len).map(|i| (i % 251) as u8));
        stream
    }

    fn parts() -> (Incoming, Decoder) {
        let decoder = Decoder::new(RecordLimits::bytes(4 << 20));
        (Incoming::default(), decoder)
    }

    #[test]
    fn records_of_all_sizes_arrive_whole() {
        let (mut incoming, mut decoder) = parts();
        for len in [4, FIRST, MOST, MOST + 1, MOST + FIRST, 1 << 20, 3, 2 << 20] {
            let stream = stream(len);
            let record = record(&mut incoming, &mut decoder, &stream);
            assert!(record == stream[4..], "{len} bytes");
        }
    }

    #[test]
    fn a_small_first_fragment_does_not_hold_the_buffer_that_it_came_in() {
        let (_, mut decoder) = parts();
        let mut buf = BytesMut::with_capacity(MOST);
        buf.extend_from_slice(&[0, 0, 0, 1, 7]);
        assert_eq!(decoder.next(&mut buf), Ok(None));
        assert!(buf.try_reclaim(MOST), "nothing else refers to it");
        assert!((1..100).contains(&decoder.held()));
    }

    #[test]
    fn the_buffer_of_a_large_record_is_used_again_once_it_is_dropped() {
        let (mut incoming, mut decoder) = parts();
        let stream = stream(1 << 20);
        let mut next = || record(&mut incoming, &mut decoder, &stream);
        let first = next();
        let place = first.as_ptr();
        let second = next();
        assert_ne!(second.as_ptr(), place, "the first is still in use");
        assert!(first == second);
        drop(first);
        let third = next();
        let near = third.as_ptr() as usize - place as usize;
        assert!(near < 1 << 16, "the first one's buffer");
        assert!(third == second);
    }

    /// A stream that gives a byte at a time and keeps the largest room that it was read with.
    struct Trickle<'a>(&'a [u8], usize);

    impl AsyncRead for Trickle<'_> {
        fn poll_read(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut Context<'_>,
            buf: &mut tokio::io::ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            self.1 = self.1.max(buf.remaining());
            let Some((first, rest)) = self.0.split_first() else {
                return Poll::Pending;
            };
            buf.put_slice(&[*first]);
            self.0 = rest;
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn a_stream_is_never_asked_for_more_than_will_come() {
        let (mut incoming, mut decoder) = parts();
        let mut cx = Context::from_waker(std::task::Waker::noop());
        // A buffer with much room left: large reads of small records, then an idle stream's that has grown.
        let small = stream(MOST - 4).repeat(8);
        let mut all = &small[..];
        while let Poll::Ready(Ok(1..)) = incoming.poll_read(&mut all, &mut cx, 0) {
            while decoder.next(&mut incoming.buf).unwrap().is_some() {}
        }
        incoming.buf.reserve(1 << 20);
        let small = stream(100);
        let mut trickle = Trickle(&small, 0);
        loop {
            let missing = decoder.missing(&incoming.buf);
            let polled = incoming.poll_read(&mut trickle, &mut cx, missing);
            if decoder.next(&mut incoming.buf).unwrap().is_some() {
                break;
            }
            assert!(polled.is_ready(), "the record is not whole yet");
        }
        assert!(trickle.1 <= MOST, "{} bytes", trickle.1);
        let large = stream(1 << 20);
        let mut trickle = Trickle(&large, 0);
        loop {
            let missing = decoder.missing(&incoming.buf);
            trickle.1 = 0;
            let polled = incoming.poll_read(&mut trickle, &mut cx, missing);
            assert!(polled.is_ready(), "the record is not whole yet");
            assert!(trickle.1 <= missing.max(MOST), "{} bytes", trickle.1);
            if decoder.next(&mut incoming.buf).unwrap().is_some() {
                break;
            }
        }
    }

    #[test]
    fn a_thread_keeps_little() {
        let (mut incoming, mut decoder) = parts();
        let stream = stream(1 << 20);
        let held: Vec<Bytes> = (0..20)
            .map(|_| record(&mut incoming, &mut decoder, &stream))
            .collect();
        let kept = || BUFFERS.with_borrow(|b| b.iter().map(|(_, size)| size).sum::<usize>());
        assert!((1 << 20..=KEPT).contains(&kept()), "{} bytes", kept());
        drop(held);
        assert!(take(1 << 20).is_some());
        assert!(take(1 << 10).is_none(), "too large for a small record");
    }

    #[test]
    fn an_idle_stream_leaves_its_buffer_to_the_next_unless_it_is_in_use() {
        let (mut incoming, mut decoder) = parts();
        let stream = stream(100);
        let first = record(&mut incoming, &mut decoder, &stream);
        let place = first.as_ptr();
        incoming.shrink();
        assert_eq!(incoming.buf.capacity(), 0);
        let (mut other, _) = parts();
        let second = record(&mut other, &mut decoder, &stream);
        assert_ne!(second.as_ptr(), place, "the first record lives");
        let place = second.as_ptr();
        drop(second);
        other.shrink();
        assert_eq!(other.buf.capacity(), 0);
        let third = record(&mut incoming, &mut decoder, &stream);
        assert_eq!(third.as_ptr(), place);
        assert!(third == first);
    }

    #[test]
    fn memory_follows_what_has_arrived() {
        let (mut incoming, mut decoder) = parts();
        let stream = stream(4 << 20);
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let mut arrived = 0;
        while arrived < stream.len() {
            assert_eq!(decoder.next(&mut incoming.buf), Ok(None));
            let missing = decoder.missing(&incoming.buf);
            // A trickle.
            let end = stream.len().min(arrived + 1000);
            let mut few = &stream[arrived..end];
            let polled = incoming.poll_read(&mut few, &mut cx, missing);
            let Poll::Ready(Ok(n)) = polled else {
                panic!("a slice is always ready");
            };
            arrived += n;
            let most = 4 * arrived + 2 * MOST;
            assert!(incoming.buf.capacity() <= most, "after {arrived} bytes");
        }
    }
}
