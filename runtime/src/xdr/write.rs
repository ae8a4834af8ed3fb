//! Values → bytes: one pass over an initialised buffer, large opaque data by reference.

use super::{Block, Encode, EncodeError, EncodeErrorKind, List, padding, part_mut};
use crate::Body;
use crate::body::{Message, pool};
use alloc::boxed::Box;
use alloc::vec::Vec;
use bytes::Bytes;

/// Opaque data of this many bytes and more is not copied but becomes a segment of its own.
const SEGMENT: usize = 4096;
/// Writes XDR.
///
/// Calls never fail; the first value that cannot be encoded marks the writer and [`finish`](Self::finish) returns it.
#[derive(Debug)]
pub struct Writer {
    /// Initialised bytes, of an earlier message perhaps: `..pos` is written, the rest is room.
    buf: Vec<u8>,
    pos: usize,
    /// The message to be, with all that is not in use at every step.
    message: Box<Message>,
}

impl Default for Writer {
    fn default() -> Self {
        Self::new()
    }
}

impl Writer {
    /// A writer without room in front.
    #[must_use]
    pub fn new() -> Self {
        Self::with_room(0)
    }

    /// A writer that keeps `room` bytes free in front, for [`Body::prepend`].
    #[inline]
    #[must_use]
    pub fn with_room(room: usize) -> Self {
        let mut message = pool::take();
        message.start = room;
        let mut w = Self {
            buf: core::mem::take(&mut message.buf),
            pos: room,
            message,
        };
        if room > w.buf.len() {
            w.pos = 0;
            w.grow(room);
            w.pos = room;
        }
        w
    }

    /// What has been written.
    ///
    /// # Errors
    /// The first value that had no encoding.
    #[inline]
    pub fn finish(self) -> Result<Body, EncodeError> {
        let Self {
            buf,
            pos,
            mut message,
        } = self;
        message.buf = buf;
        message.end = pos;
        if message.error.is_some() || !message.segments.is_empty() {
            return finish_rare(message);
        }
        Ok(Body::written(message))
    }

    /// Forgets what has been written, and keeps the memory for the next value.
    #[inline]
    pub fn clear(&mut self) {
        self.pos = self.message.start;
        self.message.error = None;
        self.message.segments.clear();
        self.message.cuts.clear();
    }

    /// Bytes written so far, the room in front not counted.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a position, not a collection")]
    pub fn len(&self) -> usize {
        let segments = self.message.segments.iter();
        segments.fold(
            self.pos.saturating_sub(self.message.start),
            |sum, segment| sum.saturating_add(segment.len()),
        )
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, n: usize) {
        pool::enlarge(&mut self.buf, self.pos, self.pos.saturating_add(n));
    }

    /// Room for `N` bytes, where there is some.
    #[inline(always)]
    fn room<const N: usize>(&mut self) -> Option<&mut [u8; N]> {
        self.buf.get_mut(self.pos..)?.first_chunk_mut()
    }

    /// The next `N` bytes as a block, to be filled by the caller.
    #[inline(always)]
    #[expect(clippy::expect_used, reason = "where there was no room, it was made")]
    pub fn reserve<const N: usize>(&mut self) -> &mut [u8; N] {
        if self.room::<N>().is_none() {
            self.grow(N);
        }
        let start = self.pos;
        self.pos = start.wrapping_add(N);
        let room = self.buf.get_mut(start..);
        room.and_then(<[u8]>::first_chunk_mut).expect("room")
    }

    /// The next `n` bytes, to be filled by the caller.
    #[inline]
    pub(super) fn space(&mut self, n: usize) -> &mut [u8] {
        let start = self.pos;
        if self.buf.len().wrapping_sub(start) < n {
            self.grow(n);
        }
        self.pos = start.wrapping_add(n);
        self.buf.get_mut(start..self.pos).unwrap_or_default()
    }

    /// Writes a value of fixed size.
    #[inline(always)]
    pub fn block<const N: usize, T: Block<N>>(&mut self, value: &T) {
        match self.room() {
            Some(block) => {
                value.put(block);
                self.pos = self.pos.wrapping_add(N);
            }
            None => self.block_behind(value),
        }
    }

    /// Makes room, then writes a value: apart, so that nothing need be saved for this case.
    #[cold]
    #[inline(never)]
    fn block_behind<const N: usize, T: Block<N>>(&mut self, value: &T) {
        value.put(self.reserve::<N>());
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

    /// Writes the count of an array, unless it exceeds its bound: then there is nothing to write.
    #[inline]
    pub(super) fn count(&mut self, length: usize, max: u32, at: &'static str) -> bool {
        match u32::try_from(length) {
            Ok(count) if count <= max => {
                self.u32(count);
                true
            }
            _ => {
                self.fail(EncodeErrorKind::TooLong { length, bound: max }, at);
                false
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn fail(&mut self, kind: EncodeErrorKind, at: &'static str) {
        let error = &mut self.message.error;
        error.get_or_insert_with(|| EncodeError::new(kind, at));
    }

    /// Marks the value as one that has no encoding: the tag of a union's default arm selects another arm.
    #[cold]
    pub fn invalid(&mut self, at: &'static str) {
        self.fail(EncodeErrorKind::Discriminant, at);
    }

    /// Writes bytes and their zero padding.
    #[inline]
    pub fn opaque_fixed(&mut self, bytes: &[u8]) {
        let n = bytes.len();
        let space = self.space(n.saturating_add(padding(n)));
        // The buffer may be an old one, so the padding is written and not assumed; data then covers what it needs.
        if let Some(word) = space.last_chunk_mut::<4>() {
            *word = [0; 4];
        }
        copy(bytes, space);
    }

    /// Writes bytes whose number the type declares, held in a vector: refuses another number of them.
    pub fn opaque_exact(&mut self, bytes: &[u8], expected: u64, at: &'static str) {
        self.exact(bytes.len(), expected, at);
        self.opaque_fixed(bytes);
    }

    /// Writes counted bytes by copying them.
    #[inline]
    pub fn opaque_vec(&mut self, bytes: &[u8], max: u32, at: &'static str) {
        if self.count(bytes.len(), max, at) {
            self.opaque_fixed(bytes);
        }
    }

    /// Writes counted bytes; 4 KiB and more become a segment of the body instead of a copy.
    #[inline]
    pub fn opaque(&mut self, bytes: &Bytes, max: u32, at: &'static str) {
        if bytes.len() < SEGMENT {
            return self.opaque_vec(bytes, max, at);
        }
        if self.count(bytes.len(), max, at) {
            self.segment(bytes.clone());
        }
    }

    /// Appends data by reference, then its padding.
    #[cold]
    #[inline(never)]
    fn segment(&mut self, bytes: Bytes) {
        let len = bytes.len();
        self.message.cuts.push(self.pos);
        self.message.segments.push_back(bytes);
        self.space(padding(len)).fill(0);
    }

    /// Writes `n` counted bytes that stand at the beginning of an array: one copy of constant length.
    ///
    /// `ROOM` is `N` and 8 more: for the count in front and a word of zeros behind.
    #[inline(always)]
    pub(super) fn inline<const N: usize, const ROOM: usize>(&mut self, n: u8, data: &[u8; N]) {
        let Some(window) = self.room::<ROOM>() else {
            return self.inline_behind::<N, ROOM>(n, data);
        };
        let len = usize::from(n);
        *part_mut::<0, 4, ROOM>(window) = u32::from(n).to_be_bytes();
        *part_mut::<4, N, ROOM>(window) = *data;
        // Behind the data stand zeros, then what comes next overwrites the surplus.
        let zeros = window.get_mut(len.wrapping_add(4)..);
        if let Some(zeros) = zeros.and_then(<[u8]>::first_chunk_mut) {
            *zeros = [0; 4];
        }
        let written = len.wrapping_add(padding(len)).wrapping_add(4);
        self.pos = self.pos.wrapping_add(written);
    }

    #[cold]
    #[inline(never)]
    fn inline_behind<const N: usize, const ROOM: usize>(&mut self, n: u8, data: &[u8; N]) {
        self.grow(ROOM);
        self.inline::<N, ROOM>(n, data);
    }

    /// Writes a string held as text.
    #[inline]
    pub fn std_string(&mut self, string: &str, max: u32, at: &'static str) {
        self.opaque_vec(string.as_bytes(), max, at);
    }

    /// Writes a counted array.
    #[inline]
    pub fn vec<T: Encode>(&mut self, items: &[T], max: u32, at: &'static str) {
        if self.count(items.len(), max, at) {
            T::encode_all(items, self);
        }
    }

    /// Writes a counted array whose elements have a codec of their own (an inner bound, say).
    #[inline]
    pub fn vec_with<T>(
        &mut self,
        items: &[T],
        max: u32,
        at: &'static str,
        encode: impl FnMut(&mut Self, &T),
    ) {
        if self.count(items.len(), max, at) {
            self.array_with(items, encode);
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

/// The body of a message with data by reference, or its error.
#[cold]
#[inline(never)]
fn finish_rare(mut message: Box<Message>) -> Result<Body, EncodeError> {
    if let Some(error) = message.error.take() {
        return Err(error);
    }
    let (cuts, end) = (core::mem::take(&mut message.cuts), message.end);
    let first = cuts.first().copied().unwrap_or(end);
    let mut behind = Bytes::copy_from_slice(message.buf.get(first..end).unwrap_or_default());
    message.end = first;
    let data = core::mem::take(&mut message.segments);
    let mut done = first;
    for (cut, bytes) in cuts.into_iter().zip(data) {
        let between = behind.split_to(cut.saturating_sub(done));
        let pieces = [between, bytes].into_iter().filter(|s| !s.is_empty());
        message.segments.extend(pieces);
        done = cut;
    }
    message
        .segments
        .extend(Some(behind).filter(|s| !s.is_empty()));
    Ok(Body::written(message))
}

/// Copies `from` to the beginning of `to`, which is at least as long: short data without calling `memcpy`.
#[inline(always)]
fn copy(from: &[u8], to: &mut [u8]) {
    let n = from.len();
    let Some(to) = to.get_mut(..n) else { return };
    match n {
        17..=32 => ends::<16>(from, to),
        9..=16 => ends::<8>(from, to),
        4..=8 => ends::<4>(from, to),
        _ => to.copy_from_slice(from),
    }
}

/// Copies `N` to `2 * N` bytes as two pieces that may overlap.
#[inline(always)]
fn ends<const N: usize>(from: &[u8], to: &mut [u8]) {
    if let (Some(from), Some(to)) = (from.first_chunk::<N>(), to.first_chunk_mut::<N>()) {
        *to = *from;
    }
    if let (Some(from), Some(to)) = (from.last_chunk::<N>(), to.last_chunk_mut::<N>()) {
        *to = *from;
    }
}
