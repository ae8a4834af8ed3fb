//! Bytes that are inline while they are short: without an allocation, and without a hold on the message they came in.

use super::{DecodeError, Reader, Writer};
use bytes::Bytes;

/// Up to `N` bytes inline, more of them shared.
#[derive(Clone)]
pub(super) enum Short<const N: usize> {
    /// So many bytes at the beginning of an array; what stands behind them means nothing.
    Inline(u8, [u8; N]),
    Shared(Bytes),
}

impl<const N: usize> Short<N> {
    pub(super) const EMPTY: Self = Self::Inline(0, [0; N]);

    #[inline]
    fn inline(bytes: &[u8]) -> Option<Self> {
        let mut data = [0; N];
        data.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(Self::Inline(u8::try_from(bytes.len()).ok()?, data))
    }

    #[inline]
    pub(super) fn as_slice(&self) -> &[u8] {
        match self {
            Self::Inline(n, data) => data.get(..usize::from(*n)).unwrap_or_default(),
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
            Self::Inline(..) => Bytes::copy_from_slice(self.as_slice()),
            Self::Shared(bytes) => bytes,
        }
    }

    pub(super) fn detach(&mut self) {
        if let Self::Shared(bytes) = self {
            *bytes = Bytes::copy_from_slice(bytes);
        }
    }
}

impl Writer {
    /// Writes counted bytes.
    #[inline(always)]
    pub(super) fn short<const N: usize>(&mut self, bytes: &Short<N>, max: u32, at: &'static str) {
        match bytes {
            Short::Inline(n, data) if u32::from(*n) <= max => self.inline(*n, data),
            Short::Inline(..) => self.count(bytes.as_slice().len(), max, at),
            Short::Shared(bytes) => self.opaque(bytes, max, at),
        }
    }
}

impl<'a> Reader<'a> {
    /// Reads counted bytes.
    #[inline(always)]
    pub(super) fn short<const N: usize>(&mut self, max: u32) -> Result<Short<N>, DecodeError> {
        let (bytes, behind) = self.counted(max)?;
        match u8::try_from(bytes.len()) {
            // A copy of constant length, where the message goes on; the bytes too many are never looked at.
            Ok(n) if usize::from(n) <= N => Ok(match behind.first_chunk() {
                Some(data) => Short::Inline(n, *data),
                None => Short::from_slice(bytes),
            }),
            _ => self.keep(bytes).map(Short::Shared),
        }
    }
}
