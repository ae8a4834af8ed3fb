//! A message body: what requests, responses and middleware carry instead of one flat buffer.

pub(crate) mod pool;

use crate::xdr::EncodeError;
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use bytes::{Buf, Bytes};
use core::fmt;

/// A message that is this many times shorter than its buffer does not hold on to it.
const WASTE: usize = 4;
/// Room for headers in front of a body that came without any: the longest header without credentials, and a mark.
const ROOM: usize = 64;

/// Bytes of a message: one shared piece as it was received, or what a [`Writer`](crate::xdr::Writer) has written - a
/// head with room for headers in front of it, and segments by reference behind it.
///
/// Bulk data goes from the handler to a vectored write without being copied. A body implements [`Buf`]; cloning it
/// copies the head and shares everything else. It is as small as a `Bytes`, and moving it moves no data.
#[derive(Clone)]
pub struct Body(Inner);

#[derive(Clone)]
enum Inner {
    Received(Bytes),
    Written(Written),
}

/// A message that gives its buffer to the thread's next one when it is dropped.
struct Written(Option<Box<Message>>);

/// A written message.
#[derive(Debug, Default)]
pub(crate) struct Message {
    /// Initialised bytes; `buf[start..end]` is the head.
    pub(crate) buf: Vec<u8>,
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// What follows the head; none is empty.
    pub(crate) segments: VecDeque<Bytes>,
    /// While the message is written: positions in `buf` before which the segments stand.
    pub(crate) cuts: Vec<usize>,
    /// While the message is written: the first value that has no encoding.
    pub(crate) error: Option<EncodeError>,
}

impl Message {
    #[inline]
    fn head(&self) -> &[u8] {
        self.buf.get(self.start..self.end).unwrap_or_default()
    }

    #[cfg(feature = "std")]
    #[inline]
    fn reset(&mut self) {
        if !self.segments.is_empty() {
            self.segments = VecDeque::new();
        }
    }

    /// A copy of the head with its room in front, and the same segments.
    #[cold]
    fn copy(&self) -> Box<Self> {
        let mut copy = pool::take();
        if copy.buf.len() < self.end || copy.buf.len().wrapping_div(WASTE) > self.end {
            copy.buf = alloc::vec![0; self.end.max(pool::SMALL)];
        }
        if let (Some(to), Some(from)) = (copy.buf.get_mut(..self.end), self.buf.get(..self.end)) {
            to.copy_from_slice(from);
        }
        copy.start = self.start;
        copy.end = self.end;
        copy.segments.clone_from(&self.segments);
        copy
    }

    fn prepend(&mut self, header: &[u8]) {
        let at = self.start.checked_sub(header.len());
        match at.and_then(|at| self.buf.get_mut(at..self.start)) {
            Some(room) => {
                room.copy_from_slice(header);
                self.start = self.start.saturating_sub(header.len());
            }
            None => {
                let mut buf = alloc::vec![0; ROOM];
                buf.extend_from_slice(header);
                buf.extend_from_slice(self.head());
                self.start = ROOM;
                self.end = buf.len();
                self.buf = buf;
            }
        }
    }
}

impl Written {
    fn message(&self) -> Option<&Message> {
        self.0.as_deref()
    }
}

impl Drop for Written {
    #[inline]
    fn drop(&mut self) {
        if let Some(message) = self.0.take() {
            pool::give(message);
        }
    }
}

impl Clone for Written {
    fn clone(&self) -> Self {
        Self(self.message().map(Message::copy))
    }
}

impl Body {
    /// An empty body.
    #[must_use]
    pub const fn new() -> Self {
        Self(Inner::Received(Bytes::new()))
    }

    /// What a writer has written.
    #[inline]
    pub(crate) fn written(message: Box<Message>) -> Self {
        let wasteful = message.buf.len() > WASTE.wrapping_mul(pool::SMALL)
            && message.buf.len().wrapping_div(WASTE) > message.end;
        let body = Written(Some(message));
        // A short message in a large buffer moves into one of its own size, so that many of them may wait.
        Self(Inner::Written(if wasteful { body.clone() } else { body }))
    }

    fn head(&self) -> &[u8] {
        match &self.0 {
            Inner::Received(bytes) => bytes,
            Inner::Written(written) => written.message().map_or(&[], Message::head),
        }
    }

    fn segments(&self) -> impl Iterator<Item = &Bytes> {
        let message = match &self.0 {
            Inner::Received(_) => None,
            Inner::Written(written) => written.message(),
        };
        message.into_iter().flat_map(|message| &message.segments)
    }

    /// Number of bytes.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.flat()
            .map_or_else(|| self.len_of_pieces(), <[u8]>::len)
    }

    fn len_of_pieces(&self) -> usize {
        let segments = self.segments();
        segments.fold(self.head().len(), |sum, s| sum.saturating_add(s.len()))
    }

    /// Whether there are no bytes.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        // A segment is never empty.
        self.flat().is_some_and(<[u8]>::is_empty)
    }

    /// Puts a header in front: into the room left for it, or as a copy of the head behind it.
    pub fn prepend(&mut self, header: &[u8]) {
        match &mut self.0 {
            Inner::Received(bytes) => {
                let mut message = pool::take();
                message.start = ROOM;
                message.end = ROOM;
                message.prepend(header);
                if !bytes.is_empty() {
                    message.segments.push_back(core::mem::take(bytes));
                }
                self.0 = Inner::Written(Written(Some(message)));
            }
            Inner::Written(Written(Some(message))) => message.prepend(header),
            Inner::Written(Written(None)) => {}
        }
    }

    /// The shared piece that it was received as, if it was.
    #[inline]
    pub(crate) fn as_bytes(&self) -> Option<&Bytes> {
        match &self.0 {
            Inner::Received(bytes) => Some(bytes),
            Inner::Written(_) => None,
        }
    }

    /// The bytes, where they are in one piece.
    #[inline]
    pub(crate) fn flat(&self) -> Option<&[u8]> {
        match &self.0 {
            Inner::Received(bytes) => Some(bytes),
            Inner::Written(written) => match written.message() {
                Some(message) if message.segments.is_empty() => Some(message.head()),
                Some(_) => None,
                None => Some(&[]),
            },
        }
    }

    /// The bytes in one piece: without a copy where they are one shared piece already.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        if let Inner::Received(bytes) = &self.0 {
            return bytes.clone();
        }
        let mut flat = Vec::with_capacity(self.len());
        for chunk in self.chunks() {
            flat.extend_from_slice(chunk);
        }
        Bytes::from(flat)
    }

    /// The bytes in one piece: without a copy where they are in one piece already.
    #[must_use]
    pub fn into_bytes(mut self) -> Bytes {
        if let Inner::Received(bytes) = &mut self.0 {
            return core::mem::take(bytes);
        }
        if let Inner::Written(Written(Some(message))) = &mut self.0 {
            let len = message.head().len();
            // What is short is copied, and its buffer is kept for the next message.
            if message.segments.is_empty() && len >= message.buf.len().wrapping_div(2).max(4096) {
                let mut bytes = Bytes::from(core::mem::take(&mut message.buf));
                bytes.truncate(message.end);
                return bytes.split_off(message.start);
            }
        }
        self.to_bytes()
    }

    /// The pieces, in order; none is empty.
    pub fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        let head = Some(self.head()).filter(|h| !h.is_empty());
        head.into_iter().chain(self.segments().map(|s| &s[..]))
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::new()
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(Inner::Received(bytes))
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self::from(Bytes::from(bytes))
    }
}

impl From<Body> for Bytes {
    fn from(body: Body) -> Self {
        body.into_bytes()
    }
}

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.chunks().flatten().eq(other.chunks().flatten())
    }
}

impl Eq for Body {}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.len())
    }
}

impl Buf for Body {
    fn remaining(&self) -> usize {
        self.len()
    }

    fn has_remaining(&self) -> bool {
        !self.is_empty()
    }

    fn chunk(&self) -> &[u8] {
        self.chunks().next().unwrap_or_default()
    }

    /// # Panics
    /// Never; advancing past the end empties the body.
    fn advance(&mut self, mut n: usize) {
        match &mut self.0 {
            Inner::Received(bytes) => bytes.advance(n.min(bytes.len())),
            Inner::Written(Written(None)) => {}
            Inner::Written(Written(Some(message))) => {
                let head = n.min(message.head().len());
                message.start = message.start.saturating_add(head);
                n = n.saturating_sub(head);
                while let Some(segment) = message.segments.front_mut() {
                    if n < segment.len() {
                        segment.advance(n);
                        return;
                    }
                    n = n.saturating_sub(segment.len());
                    message.segments.pop_front();
                }
            }
        }
    }

    #[cfg(feature = "std")]
    fn chunks_vectored<'a>(&'a self, dst: &mut [std::io::IoSlice<'a>]) -> usize {
        let mut n = 0usize;
        for (slot, chunk) in dst.iter_mut().zip(self.chunks()) {
            *slot = std::io::IoSlice::new(chunk);
            n = n.saturating_add(1);
        }
        n
    }
}
