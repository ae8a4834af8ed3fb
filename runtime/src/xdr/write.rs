//! Values → bytes: one pass over an initialised buffer, large opaque data by reference.

use super::{Block, Encode, EncodeError, EncodeErrorKind, List, Opaque, XdrString, padding};
use crate::Body;
use alloc::vec::Vec;
use bytes::Bytes;

/// Opaque data of this many bytes and more is not copied but becomes a segment of its own.
const SEGMENT: usize = 4096;
/// First allocation: an RPC header and a few fields.
const FIRST: usize = 256;

/// Writes XDR.
///
/// Calls never fail; the first value that cannot be encoded marks the writer and [`finish`](Self::finish) returns it.
#[derive(Debug, Default)]
pub struct Writer {
    /// Initialised bytes: `..pos` is written, the rest is room. Never zeroed again.
    buf: Vec<u8>,
    pos: usize,
    /// Bytes in front that are not part of the value, for headers to come.
    room: usize,
    /// Data by reference, each with the position in `buf` before which it stands.
    segments: Vec<(usize, Bytes)>,
    /// Bytes in `segments`.
    referenced: usize,
    error: Option<EncodeError>,
}

impl Writer {
    /// A writer without room in front.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A writer that keeps `room` bytes free in front, for [`Body::prepend`].
    #[must_use]
    pub fn with_room(room: usize) -> Self {
        let mut w = Self::new();
        w.grow(room);
        w.pos = room;
        w.room = room;
        w
    }

    /// What has been written.
    ///
    /// # Errors
    /// The first value that had no encoding.
    pub fn finish(mut self) -> Result<Body, EncodeError> {
        match self.error.take() {
            Some(error) => Err(error),
            None => Ok(self.into_body()),
        }
    }

    fn into_body(mut self) -> Body {
        self.buf.truncate(self.pos);
        if self.segments.is_empty() {
            return Body::from_parts(self.buf, self.room, Vec::new());
        }
        let first = self.segments.first().map_or(self.pos, |(cut, _)| *cut);
        let tail = Bytes::from(self.buf.split_off(first));
        let mut rest = Vec::with_capacity(self.segments.len().saturating_mul(2));
        let mut done = 0;
        for (cut, bytes) in self.segments {
            let cut = cut.saturating_sub(first);
            if cut > done {
                rest.push(tail.slice(done..cut));
            }
            done = cut;
            rest.push(bytes);
        }
        if tail.len() > done {
            rest.push(tail.slice(done..));
        }
        Body::from_parts(self.buf, self.room, rest)
    }

    /// Bytes written so far, the room in front not counted.
    #[inline]
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a position, not a collection")]
    pub fn len(&self) -> usize {
        self.pos
            .saturating_sub(self.room)
            .saturating_add(self.referenced)
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, n: usize) {
        let size = self
            .pos
            .saturating_add(n)
            .max(self.buf.len().saturating_mul(2))
            .max(FIRST);
        self.buf.resize(size, 0);
    }

    /// The next `n` bytes to write.
    #[inline]
    fn space(&mut self, n: usize) -> &mut [u8] {
        if self.buf.len().wrapping_sub(self.pos) < n {
            self.grow(n);
        }
        let start = self.pos;
        self.pos = start.wrapping_add(n);
        self.buf.get_mut(start..self.pos).unwrap_or_default()
    }

    /// The next `N` bytes as a block, to be filled by the caller.
    #[inline]
    #[expect(clippy::expect_used, reason = "space() has made N bytes of room")]
    pub fn reserve<const N: usize>(&mut self) -> &mut [u8; N] {
        self.space(N).first_chunk_mut().expect("space was made")
    }

    /// Writes a value of fixed size.
    #[inline]
    pub fn block<const N: usize, T: Block<N>>(&mut self, value: &T) {
        value.put(self.reserve::<N>());
    }

    /// Writes an array of values of fixed size without a count.
    pub fn blocks<const N: usize, T: Block<N>>(&mut self, values: &[T]) {
        let space = self.space(values.len().saturating_mul(N));
        let (chunks, _) = space.as_chunks_mut::<N>();
        for (chunk, value) in chunks.iter_mut().zip(values) {
            value.put(chunk);
        }
    }

    /// Writes an `unsigned int`.
    #[inline]
    pub fn u32(&mut self, value: u32) {
        self.block::<4, _>(&value);
    }

    /// Writes an `int`.
    #[inline]
    pub fn i32(&mut self, value: i32) {
        self.block::<4, _>(&value);
    }

    /// Writes the count of an array and checks it against its bound.
    #[inline]
    pub fn count(&mut self, length: usize, max: u32, at: &'static str) {
        match u32::try_from(length) {
            Ok(count) if count <= max => self.u32(count),
            _ => self.fail(EncodeErrorKind::TooLong { length, bound: max }, at),
        }
    }

    #[cold]
    fn fail(&mut self, kind: EncodeErrorKind, at: &'static str) {
        if self.error.is_none() {
            self.error = Some(EncodeError::new(kind, at));
        }
    }

    /// Marks the value as one that has no encoding: the tag of a union's default arm selects another arm.
    #[cold]
    pub fn invalid(&mut self, at: &'static str) {
        self.fail(EncodeErrorKind::Discriminant, at);
    }

    /// Writes bytes and their zero padding.
    #[inline]
    pub fn opaque_fixed(&mut self, bytes: &[u8]) {
        let len = bytes.len();
        let pad = padding(len);
        let space = self.space(len.wrapping_add(pad));
        if let Some((data, zeros)) = space.split_at_mut_checked(len) {
            data.copy_from_slice(bytes);
            // The buffer may be reused, so the padding is written and not assumed.
            zeros.fill(0);
        }
    }

    /// Writes bytes whose number the type declares, held in a vector: refuses another number of them.
    pub fn opaque_exact(&mut self, bytes: &[u8], expected: u64, at: &'static str) {
        if bytes.len() as u64 == expected {
            self.opaque_fixed(bytes);
        } else {
            self.fail(
                EncodeErrorKind::WrongLength {
                    length: bytes.len(),
                    expected,
                },
                at,
            );
        }
    }

    /// Writes counted bytes by copying them.
    #[inline]
    pub fn opaque_vec(&mut self, bytes: &[u8], max: u32, at: &'static str) {
        self.count(bytes.len(), max, at);
        self.opaque_fixed(bytes);
    }

    /// Writes counted bytes; 4 KiB and more become a segment of the body instead of a copy.
    #[inline]
    pub fn opaque(&mut self, bytes: &Bytes, max: u32, at: &'static str) {
        if bytes.len() < SEGMENT {
            return self.opaque_vec(bytes, max, at);
        }
        self.count(bytes.len(), max, at);
        self.segment(bytes.clone());
    }

    /// Appends data by reference, then its padding.
    #[cold]
    fn segment(&mut self, bytes: Bytes) {
        let len = bytes.len();
        self.referenced = self.referenced.saturating_add(len);
        self.segments.push((self.pos, bytes));
        self.space(padding(len)).fill(0);
    }

    /// Writes short counted bytes.
    #[inline]
    pub fn opaque_small(&mut self, bytes: &Opaque, max: u32, at: &'static str) {
        self.opaque_vec(bytes, max, at);
    }

    /// Writes a string.
    #[inline]
    pub fn string(&mut self, string: &XdrString, max: u32, at: &'static str) {
        self.opaque_vec(string.as_bytes(), max, at);
    }

    /// Writes a string held as text.
    #[inline]
    pub fn std_string(&mut self, string: &str, max: u32, at: &'static str) {
        self.opaque_vec(string.as_bytes(), max, at);
    }

    /// Writes a counted array.
    #[inline]
    pub fn vec<T: Encode>(&mut self, items: &[T], max: u32, at: &'static str) {
        self.count(items.len(), max, at);
        T::encode_all(items, self);
    }

    /// Writes a counted array whose elements have a codec of their own (an inner bound, say).
    #[inline]
    pub fn vec_with<T>(
        &mut self,
        items: &[T],
        max: u32,
        at: &'static str,
        mut encode: impl FnMut(&mut Self, &T),
    ) {
        self.count(items.len(), max, at);
        for item in items {
            encode(self, item);
        }
    }

    /// Writes an array without a count.
    #[inline]
    pub fn array<T: Encode>(&mut self, items: &[T]) {
        T::encode_all(items, self);
    }

    /// Writes an array without a count whose elements have a codec of their own.
    #[inline]
    pub fn array_with<T>(&mut self, items: &[T], mut encode: impl FnMut(&mut Self, &T)) {
        for item in items {
            encode(self, item);
        }
    }

    /// Checks the number of elements of a fixed array that is held in a vector.
    #[inline]
    pub fn exact(&mut self, length: usize, expected: u64, at: &'static str) {
        if length as u64 != expected {
            self.fail(EncodeErrorKind::WrongLength { length, expected }, at);
        }
    }

    /// Writes optional data.
    #[inline]
    pub fn option<T: Encode>(&mut self, value: Option<&T>) {
        self.option_with(value, |w, value| value.encode(w));
    }

    /// Writes optional data with a codec of its own.
    #[inline]
    pub fn option_with<T>(&mut self, value: Option<&T>, encode: impl FnOnce(&mut Self, &T)) {
        match value {
            None => self.u32(0),
            Some(value) => {
                self.u32(1);
                encode(self, value);
            }
        }
    }

    /// Writes a linked list.
    #[inline]
    pub fn list<T: Encode>(&mut self, list: &List<T>) {
        for item in list {
            self.u32(1);
            item.encode(self);
        }
        self.u32(0);
    }
}
