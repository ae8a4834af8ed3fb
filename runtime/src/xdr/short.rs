//! Bytes that are inline while they are short: without an allocation, and without a hold on the message they came in.

use super::{DecodeError, Reader, Writer, part, part_mut};
use bytes::Bytes;

/// Up to `L - 1` bytes inline, more of them shared. `L` is a multiple of 8: values are moved in words.
#[derive(Clone)]
pub(super) enum Short<const L: usize> {
    /// The last byte says how many of the others are in use; what stands behind those means nothing.
    Inline(Words<L>),
    Shared(Bytes),
}

/// Whole words: aligned, so that the discriminant beside them does not shift them by a byte.
#[derive(Clone)]
#[repr(align(8))]
pub(super) struct Words<const L: usize>([u8; L]);

impl<const L: usize> Short<L> {
    pub(super) const EMPTY: Self = Self::Inline(Words([0; L]));

    fn inline(bytes: &[u8]) -> Option<Self> {
        let mut data = [0; L];
        let (last, room) = data.split_last_mut()?;
        room.get_mut(..bytes.len())?.copy_from_slice(bytes);
        *last = u8::try_from(bytes.len()).ok()?;
        Some(Self::Inline(Words(data)))
    }

    #[inline]
    pub(super) fn as_slice(&self) -> &[u8] {
        match self {
            Self::Inline(Words(data)) => {
                let n = data.last().copied().unwrap_or_default();
                data.get(..usize::from(n)).unwrap_or_default()
            }
            Self::Shared(bytes) => bytes,
        }
    }

    pub(super) fn from_slice(bytes: &[u8]) -> Self {
        Self::inline(bytes).unwrap_or_else(|| Self::Shared(Bytes::copy_from_slice(bytes)))
    }

    pub(super) fn from_bytes(bytes: Bytes) -> Self {
        Self::inline(&bytes).unwrap_or(Self::Shared(bytes))
    }

    pub(super) fn into_bytes(self) -> Bytes {
        match self {
            Self::Inline(_) => Bytes::copy_from_slice(self.as_slice()),
            Self::Shared(bytes) => bytes,
        }
    }

    pub(super) fn detach(&mut self) {
        if let Self::Shared(bytes) = self {
            *bytes = Bytes::copy_from_slice(bytes);
        }
    }
}

/// Arrays of whole words, which the compiler keeps in registers.
///
/// An array that is stored in some pieces and loaded in others waits for its stores each time the value moves on, and a
/// decoded string moves on several times. So it is copied word by word, without a loop, which keeps it out of memory
/// altogether until it has reached its place.
pub(super) trait Copied {
    /// A copy of the array with `n` as its last byte.
    fn ending_with(&self, n: u8) -> Self;
}

macro_rules! copied {
    ($len:literal: $($at:literal)*, $last:literal) => {
        impl Copied for [u8; $len] {
            #[inline(always)]
            fn ending_with(&self, n: u8) -> Self {
                let mut copy = [0; $len];
                $(*part_mut::<$at, 8, $len>(&mut copy) =
                    u64::from_le_bytes(*part::<$at, 8, $len>(self)).to_le_bytes();)*
                let data = u64::from_le_bytes(*part::<$last, 8, $len>(self)) & (u64::MAX >> 8);
                *part_mut::<$last, 8, $len>(&mut copy) = (data | u64::from(n) << 56).to_le_bytes();
                copy
            }
        }
    };
}
copied!(24: 0 8, 16);
copied!(40: 0 8 16 24, 32);

/// The array that begins with the last words of a message; written in the pieces in which it is read again.
#[cold]
#[inline(never)]
fn tail<'c, const L: usize>(message: &[u8], copy: &'c mut [u8; L]) -> &'c [u8; L] {
    let mut words = message.as_chunks().0.iter();
    let mut next = || u64::from(words.next().map_or(0, |word| u32::from_le_bytes(*word)));
    for to in copy.as_chunks_mut().0 {
        *to = (next() | next() << 32).to_le_bytes();
    }
    copy
}

impl Writer {
    /// Writes counted bytes; `ROOM` is `L` and 8 more.
    #[inline(always)]
    pub(super) fn short<const L: usize, const ROOM: usize>(
        &mut self,
        bytes: &Short<L>,
        max: u32,
        at: &'static str,
    ) {
        match bytes {
            Short::Inline(Words(data)) => {
                let n = data.last().copied().unwrap_or_default();
                if u32::from(n) <= max {
                    self.inline::<L, ROOM>(n, data);
                } else {
                    self.count(usize::from(n), max, at);
                }
            }
            Short::Shared(bytes) => self.opaque(bytes, max, at),
        }
    }
}

impl<'a> Reader<'a> {
    /// Reads counted bytes.
    #[inline(always)]
    pub(super) fn short<const L: usize>(&mut self, max: u32) -> Result<Short<L>, DecodeError>
    where
        [u8; L]: Copied,
    {
        let (bytes, behind) = self.counted(max)?;
        if bytes.len() < L {
            // A copy of constant length, where the message goes on; the bytes too many are never looked at.
            let mut copy = [0; L];
            let data = behind
                .first_chunk()
                .unwrap_or_else(|| tail(behind, &mut copy));
            #[expect(clippy::cast_possible_truncation, reason = "it is below 40")]
            return Ok(Short::Inline(Words(data.ending_with(bytes.len() as u8))));
        }
        let mut shared = None;
        self.keep_in(bytes, &mut shared)?;
        Ok(Short::Shared(shared.unwrap_or_default()))
    }
}
