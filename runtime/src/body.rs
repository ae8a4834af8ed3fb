//! A message body: what requests, responses and middleware carry instead of one flat buffer.

use alloc::vec::Vec;
use bytes::{Buf, Bytes};
use core::fmt;

/// Bytes of a message: a head, with room for headers in front of it, and segments by reference behind it.
///
/// Bulk data goes from the handler to a vectored write without being copied. A body implements [`Buf`]; cloning it
/// copies the head and shares the segments.
#[derive(Clone, Default)]
pub struct Body {
    /// `room[start..]` is the head.
    room: Vec<u8>,
    start: usize,
    /// What follows the head; none is empty.
    segments: Vec<Bytes>,
    /// Segments that [`Buf::advance`] has used up.
    used: usize,
}

impl Body {
    /// An empty body.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            room: Vec::new(),
            start: 0,
            segments: Vec::new(),
            used: 0,
        }
    }

    pub(crate) fn from_parts(room: Vec<u8>, start: usize, mut segments: Vec<Bytes>) -> Self {
        segments.retain(|s| !s.is_empty());
        Self {
            room,
            start,
            segments,
            used: 0,
        }
    }

    fn head(&self) -> &[u8] {
        self.room.get(self.start..).unwrap_or_default()
    }

    fn rest(&self) -> &[Bytes] {
        self.segments.get(self.used..).unwrap_or_default()
    }

    /// Number of bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rest()
            .iter()
            .fold(self.head().len(), |sum, s| sum.saturating_add(s.len()))
    }

    /// Whether there are no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.head().is_empty() && self.rest().is_empty()
    }

    /// Puts a header in front: into the room left for it, or as a copy of the head behind it.
    pub fn prepend(&mut self, header: &[u8]) {
        let at = self.start.checked_sub(header.len());
        match at.and_then(|at| self.room.get_mut(at..self.start)) {
            Some(room) => {
                room.copy_from_slice(header);
                self.start = self.start.saturating_sub(header.len());
            }
            None => {
                let mut room = Vec::with_capacity(header.len().saturating_add(self.head().len()));
                room.extend_from_slice(header);
                room.extend_from_slice(self.head());
                self.room = room;
                self.start = 0;
            }
        }
    }

    /// The bytes in one piece: without a copy where they are in one piece already.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        match (self.head(), self.rest()) {
            ([], [one]) => one.clone(),
            ([], []) => Bytes::new(),
            _ => self.flatten(),
        }
    }

    /// The bytes in one piece: without a copy where they are in one piece already.
    #[must_use]
    pub fn into_bytes(mut self) -> Bytes {
        if !self.rest().is_empty() {
            return self.to_bytes();
        }
        let mut bytes = Bytes::from(core::mem::take(&mut self.room));
        bytes.split_off(self.start.min(bytes.len()))
    }

    fn flatten(&self) -> Bytes {
        let mut flat = Vec::with_capacity(self.len());
        flat.extend_from_slice(self.head());
        for segment in self.rest() {
            flat.extend_from_slice(segment);
        }
        Bytes::from(flat)
    }

    /// The pieces, in order; none is empty.
    pub fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        let head = Some(self.head()).filter(|h| !h.is_empty());
        head.into_iter().chain(self.rest().iter().map(|s| &s[..]))
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::from_parts(Vec::new(), 0, alloc::vec![bytes])
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self::from_parts(bytes, 0, Vec::new())
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

    fn chunk(&self) -> &[u8] {
        self.chunks().next().unwrap_or_default()
    }

    /// # Panics
    /// Never; advancing past the end empties the body.
    fn advance(&mut self, mut n: usize) {
        let head = n.min(self.head().len());
        self.start = self.start.saturating_add(head);
        n = n.saturating_sub(head);
        while let Some(segment) = self.segments.get_mut(self.used) {
            if n < segment.len() {
                segment.advance(n);
                return;
            }
            n = n.saturating_sub(segment.len());
            *segment = Bytes::new();
            self.used = self.used.saturating_add(1);
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
