//! Record marking (RFC 5531 §11): a stream of bytes ↔ messages.
//!
//! A record is sent as one fragment. A received one may come in any fragments, within limits that are checked when a
//! fragment's *header* is there: what it announces is a claim, and memory grows with the bytes that arrive.

use bytes::{Buf, Bytes, BytesMut};
use core::fmt;

/// Bit of a fragment header that marks the last fragment of a record.
const LAST: u32 = 1 << 31;

/// A first fragment up to this size is copied: it does not hold the buffer that it came in.
const SMALL: usize = 4 << 10;

/// The header of a record sent as one fragment, or `None` when the record is too long for one.
#[must_use]
pub fn mark(len: usize) -> Option<[u8; 4]> {
    u32::try_from(len)
        .ok()
        .filter(|n| n & LAST == 0)
        .map(|n| (n | LAST).to_be_bytes())
}

/// What a receiver accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordLimits {
    /// Bytes of a record.
    pub record: usize,
    /// Fragments of a record (default 65 536).
    pub fragments: u32,
    /// Empty fragments of a record (default 64).
    pub empty_fragments: u32,
}

impl RecordLimits {
    /// These many bytes a record, and the default numbers of fragments.
    #[must_use]
    pub const fn bytes(record: usize) -> Self {
        Self {
            record,
            fragments: 65_536,
            empty_fragments: 64,
        }
    }
}

/// Why a stream cannot be read further: there is no resynchronisation inside one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordError {
    /// A record, as announced so far, exceeds the limit.
    TooLarge {
        /// Bytes announced.
        size: u64,
        /// The limit.
        limit: usize,
        /// The offending fragment header: its text shows who is talking.
        header: [u8; 4],
    },
    /// Too many fragments in one record.
    Fragments,
    /// Too many empty fragments in one record.
    EmptyFragments,
    /// A record without a byte.
    Empty,
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge {
                size,
                limit,
                header,
            } => {
                write!(f, "record of {size} bytes exceeds the limit {limit}")?;
                match header {
                    b"GET " | b"POST" | b"HEAD" | b"PUT " | b"OPTI" | b"PRI " => {
                        f.write_str(" (not RPC: HTTP)")
                    }
                    [0x16, 3, ..] => f.write_str(" (not RPC: TLS)"),
                    b"SSH-" => f.write_str(" (not RPC: SSH)"),
                    _ => write!(f, " (header \"{}\")", header.escape_ascii()),
                }
            }
            Self::Fragments => f.write_str("too many fragments in one record"),
            Self::EmptyFragments => f.write_str("too many empty fragments in one record"),
            Self::Empty => f.write_str("empty record"),
        }
    }
}

impl core::error::Error for RecordError {}

/// Takes a record of `len` bytes that was [peeked](Decoder::peek) at out of `buf`: what stands in it from `at` on. Of
/// nothing there is no reference to the buffer.
#[inline]
pub fn take(buf: &mut BytesMut, len: usize, at: usize) -> Bytes {
    let end = len.saturating_add(4);
    if at >= len {
        buf.advance(end);
        return Bytes::new();
    }
    let mut record = buf.split_to(end).freeze();
    record.advance(at.saturating_add(4));
    record
}

/// Takes a stream apart into records.
///
/// The caller appends what it received to a buffer and calls [`next`](Self::next) until it returns `None`.
#[derive(Debug)]
pub struct Decoder {
    limits: RecordLimits,
    /// Earlier fragments of the record that is being received.
    earlier: BytesMut,
    /// The fragment whose header has been read.
    fragment: Option<Fragment>,
    fragments: u32,
    empty: u32,
}

#[derive(Clone, Copy, Debug)]
struct Fragment {
    len: usize,
    last: bool,
}

impl Decoder {
    /// A decoder at the beginning of a stream.
    #[must_use]
    pub fn new(limits: RecordLimits) -> Self {
        Self {
            limits,
            earlier: BytesMut::new(),
            fragment: None,
            fragments: 0,
            empty: 0,
        }
    }

    /// The next whole record, taken out of `buf` without a copy when it came as one fragment.
    ///
    /// # Errors
    /// The stream violates a limit and must be closed.
    #[inline]
    pub fn next(&mut self, buf: &mut BytesMut) -> Result<Option<Bytes>, RecordError> {
        match self.peek(buf).map(<[u8]>::len) {
            Some(len) => Ok(Some(take(buf, len, 0))),
            None => self.next_fragments(buf),
        }
    }

    /// The next record, if it came as one fragment, within the limits, and is whole, as nearly all are. It stays in `buf`,
    /// for [`take`] or [`next`](Self::next).
    #[inline]
    #[must_use]
    pub fn peek<'a>(&self, buf: &'a [u8]) -> Option<&'a [u8]> {
        let (header, data) = buf.split_first_chunk()?;
        let word = u32::from_be_bytes(*header);
        let len = (word & !LAST) as usize;
        let begins = self.fragment.is_none() && self.fragments == 0;
        let fits = word > LAST && len <= self.limits.record && self.limits.fragments > 0;
        data.get(..len).filter(|_| begins && fits)
    }

    #[inline(never)]
    fn next_fragments(&mut self, buf: &mut BytesMut) -> Result<Option<Bytes>, RecordError> {
        loop {
            let Some(fragment) = self.fragment else {
                let Some(header) = buf.first_chunk::<4>().copied() else {
                    return Ok(None);
                };
                buf.advance(4);
                self.fragment = Some(self.check(header)?);
                continue;
            };
            if buf.len() < fragment.len {
                return Ok(None);
            }
            self.fragment = None;
            let data = buf.split_to(fragment.len);
            if !fragment.last {
                if self.earlier.is_empty() && data.len() <= SMALL {
                    self.earlier.extend_from_slice(&data);
                } else {
                    self.earlier.unsplit(data);
                }
                continue;
            }
            self.fragments = 0;
            self.empty = 0;
            if self.earlier.is_empty() {
                return Ok(Some(data.freeze()));
            }
            let mut record = core::mem::take(&mut self.earlier);
            record.unsplit(data);
            return Ok(Some(record.freeze()));
        }
    }

    /// The same for the fragment whose header has been read, received in a buffer of its own: the record, if it was its
    /// last fragment. Only that is free of a copy.
    pub fn complete(&mut self, data: Bytes) -> Option<Bytes> {
        let last = self.fragment.take()?.last;
        if last && self.earlier.is_empty() {
            (self.fragments, self.empty) = (0, 0);
            return Some(data);
        }
        self.earlier.extend_from_slice(&data);
        if !last {
            return None;
        }
        (self.fragments, self.empty) = (0, 0);
        Some(core::mem::take(&mut self.earlier).freeze())
    }

    /// The one place that decides on a size: called with each header, before its data.
    fn check(&mut self, header: [u8; 4]) -> Result<Fragment, RecordError> {
        let word = u32::from_be_bytes(header);
        let fragment = Fragment {
            len: (word & !LAST) as usize,
            last: word & LAST != 0,
        };
        let limits = self.limits;
        let size = (self.earlier.len() as u64).saturating_add(fragment.len as u64);
        if size > limits.record as u64 {
            return Err(RecordError::TooLarge {
                size,
                limit: limits.record,
                header,
            });
        }
        self.fragments = self.fragments.saturating_add(1);
        if self.fragments > limits.fragments {
            return Err(RecordError::Fragments);
        }
        if fragment.len == 0 {
            if fragment.last && self.earlier.is_empty() {
                return Err(RecordError::Empty);
            }
            self.empty = self.empty.saturating_add(1);
            if self.empty > limits.empty_fragments {
                return Err(RecordError::EmptyFragments);
            }
        }
        Ok(fragment)
    }

    /// Bytes that `buf` still misses for the fragment being received: how far the buffer may grow next.
    #[must_use]
    pub fn missing(&self, buf: &BytesMut) -> usize {
        self.fragment.map_or(0, |f| f.len.saturating_sub(buf.len()))
    }

    /// Whether the stream stands between two records: its end here is orderly.
    #[must_use]
    pub fn at_boundary(&self, buf: &BytesMut) -> bool {
        buf.is_empty() && self.fragment.is_none() && self.fragments == 0
    }

    /// What came of the record that is being received, whole fragments only.
    #[must_use]
    pub fn earlier(&self) -> &[u8] {
        &self.earlier
    }

    /// Bytes held for a record that is not whole yet, those in the caller's buffer not counted.
    #[must_use]
    pub fn held(&self) -> usize {
        self.earlier.capacity()
    }
}
