//! Bytes → values, within limits.

use super::{
    At, Block, Decode, DecodeError, DecodeErrorKind, DecodeLimits, List, Mode, Opaque, XdrString,
    padding,
};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use bytes::Bytes;

/// A slice shorter than this that is also shorter than an eighth of its message is copied: a kept 10-byte name must
/// not keep a 1 MiB message alive.
const PIN_BYTES: usize = 4096;
const PIN_SHARE: usize = 8;
/// Memory reserved for an array before its elements have been seen.
const STEP: usize = 64 << 10;

/// Reads XDR from a received message.
#[derive(Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    /// Length of the whole message.
    total: usize,
    /// The message itself, for slices without a copy.
    message: Option<&'a Bytes>,
    mode: Mode,
    depth: u32,
    limit: u32,
    budget: usize,
}

impl<'a> Reader<'a> {
    /// A reader over a received message: opaque data becomes slices of it.
    ///
    /// `ratio` is the largest ratio of Rust bytes to wire bytes that the expected type can reach.
    #[must_use]
    pub fn new(message: &'a Bytes, limits: DecodeLimits, mode: Mode, ratio: usize) -> Self {
        Self {
            message: Some(message),
            ..Self::from_slice(message, limits, mode, ratio)
        }
    }

    /// A reader over borrowed bytes: opaque data is copied.
    #[must_use]
    pub fn from_slice(bytes: &'a [u8], limits: DecodeLimits, mode: Mode, ratio: usize) -> Self {
        Self {
            rest: bytes,
            total: bytes.len(),
            message: None,
            mode,
            depth: limits.depth,
            limit: limits.depth,
            budget: limits.budget(bytes.len(), ratio),
        }
    }

    /// Bytes not read yet.
    #[inline]
    #[must_use]
    pub fn remaining(&self) -> &'a [u8] {
        self.rest
    }

    /// Bytes read so far.
    #[inline]
    #[must_use]
    pub fn offset(&self) -> usize {
        self.total.wrapping_sub(self.rest.len())
    }

    /// The place of the next byte.
    #[inline]
    #[must_use]
    pub fn at(&self) -> At {
        At {
            offset: self.offset(),
            mode: self.mode,
        }
    }

    /// Ends the decode.
    ///
    /// # Errors
    /// Bytes are left, in strict mode.
    pub fn end(&self) -> Result<(), DecodeError> {
        if self.mode == Mode::Strict && !self.rest.is_empty() {
            return Err(self.at().error(DecodeErrorKind::Trailing(self.rest.len())));
        }
        Ok(())
    }

    #[cold]
    fn short(at: At, needed: usize, left: usize) -> DecodeError {
        at.error(DecodeErrorKind::Short { needed, left })
    }

    /// The next `N` bytes and their place.
    ///
    /// # Errors
    /// Fewer are left.
    #[inline]
    pub fn take<const N: usize>(&mut self) -> Result<(&'a [u8; N], At), DecodeError> {
        let at = self.at();
        match self.rest.split_first_chunk() {
            Some((block, rest)) => {
                self.rest = rest;
                Ok((block, at))
            }
            None => Err(Self::short(at, N, self.rest.len())),
        }
    }

    /// The next `n` bytes and, behind them, their padding.
    #[inline]
    fn padded(&mut self, n: usize) -> Result<&'a [u8], DecodeError> {
        let pad = padding(n);
        let (rest, at) = (self.rest, self.at());
        let Some((data, rest)) = rest.split_at_checked(n) else {
            return Err(Self::short(at, n, rest.len()));
        };
        let Some((zeros, rest)) = rest.split_at_checked(pad) else {
            return Err(Self::short(at, n.saturating_add(pad), self.rest.len()));
        };
        if self.mode == Mode::Strict && zeros.iter().any(|&b| b != 0) {
            return Err(at.plus(n).error(DecodeErrorKind::Padding));
        }
        self.rest = rest;
        Ok(data)
    }

    /// Reads a value of fixed size.
    ///
    /// # Errors
    /// Fewer bytes are left, or the value is not legal.
    #[inline]
    pub fn block<const N: usize, T: Block<N>>(&mut self) -> Result<T, DecodeError> {
        let (block, at) = self.take::<N>()?;
        T::get(block, at)
    }

    /// Reads `count` values of fixed size.
    ///
    /// # Errors
    /// Fewer bytes are left, the memory budget is exceeded, or a value is not legal.
    pub fn blocks<const N: usize, T: Block<N>>(
        &mut self,
        count: usize,
    ) -> Result<Vec<T>, DecodeError> {
        let at = self.at();
        let needed = count.saturating_mul(N);
        let Some((bytes, rest)) = self.rest.split_at_checked(needed) else {
            return Err(Self::short(at, needed, self.rest.len()));
        };
        self.charge(count.saturating_mul(size_of::<T>()))?;
        self.rest = rest;
        let (chunks, _) = bytes.as_chunks::<N>();
        let mut out = Vec::with_capacity(count);
        for (i, chunk) in chunks.iter().enumerate() {
            let value = T::get(chunk, at.plus(i.wrapping_mul(N)));
            out.push(value.map_err(|e| e.index(i))?);
        }
        Ok(out)
    }

    /// Reads an `unsigned int`.
    ///
    /// # Errors
    /// Fewer than 4 bytes are left.
    #[inline]
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        self.block::<4, _>()
    }

    /// Reads an `int`.
    ///
    /// # Errors
    /// Fewer than 4 bytes are left.
    #[inline]
    pub fn i32(&mut self) -> Result<i32, DecodeError> {
        self.block::<4, _>()
    }

    /// Reads the flag in front of optional data.
    ///
    /// # Errors
    /// Fewer than 4 bytes are left; in strict mode neither 0 nor 1.
    #[inline]
    pub fn present(&mut self) -> Result<bool, DecodeError> {
        self.block::<4, _>()
    }

    /// Takes `bytes` of Rust memory from the message's budget.
    ///
    /// # Errors
    /// The budget does not hold them.
    #[inline]
    pub fn charge(&mut self, bytes: usize) -> Result<(), DecodeError> {
        match self.budget.checked_sub(bytes) {
            Some(left) => {
                self.budget = left;
                Ok(())
            }
            None => Err(self.at().error(DecodeErrorKind::Memory)),
        }
    }

    /// Enters a value of a recursive type.
    ///
    /// # Errors
    /// The depth limit is reached.
    #[inline]
    pub fn enter(&mut self) -> Result<(), DecodeError> {
        match self.depth.checked_sub(1) {
            Some(left) => {
                self.depth = left;
                Ok(())
            }
            None => Err(self.at().error(DecodeErrorKind::Depth(self.limit))),
        }
    }

    /// Leaves a value of a recursive type.
    #[inline]
    pub fn leave(&mut self) {
        self.depth = self.depth.saturating_add(1);
    }

    /// Reads a length and checks it against its bound.
    #[inline]
    fn length(&mut self, max: u32) -> Result<usize, DecodeError> {
        let at = self.at();
        let length = self.u32()?;
        if length > max {
            return Err(at.error(DecodeErrorKind::TooLong { length, bound: max }));
        }
        Ok(length as usize)
    }

    /// Reads an array's count and checks it against its bound and against the bytes left.
    #[inline]
    fn elements_count(&mut self, max: u32, min: usize) -> Result<usize, DecodeError> {
        let at = self.at();
        let count = self.length(max)?;
        // Elements without bytes could claim any number: they are held to the bytes of the whole message.
        let room = self.rest.len().checked_div(min).unwrap_or(self.total);
        if count > room {
            #[expect(clippy::cast_possible_truncation, reason = "it was read as 32 bits")]
            return Err(at.error(DecodeErrorKind::Count {
                count: count as u32,
                left: self.rest.len(),
            }));
        }
        Ok(count)
    }

    /// Reads `count` elements, growing with what arrives.
    ///
    /// # Errors
    /// Those of `decode`, with the element's index, or the memory budget.
    #[inline]
    pub fn elements<T>(
        &mut self,
        count: usize,
        mut decode: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        self.charge(count.saturating_mul(size_of::<T>()))?;
        let first = STEP.checked_div(size_of::<T>()).unwrap_or(count);
        let mut out = Vec::with_capacity(count.min(first));
        for i in 0..count {
            out.push(decode(self).map_err(|e| e.index(i))?);
        }
        Ok(out)
    }

    /// Reads a counted array.
    ///
    /// # Errors
    /// The count exceeds its bound or the bytes left; an element does not decode; the memory budget.
    #[inline]
    pub fn vec<T: Decode<'a>>(&mut self, max: u32) -> Result<Vec<T>, DecodeError> {
        let count = self.elements_count(max, T::MIN)?;
        T::decode_all(self, count)
    }

    /// Reads a counted array whose elements have a codec of their own; `min` is an element's shortest encoding.
    ///
    /// # Errors
    /// As [`vec`](Self::vec).
    #[inline]
    pub fn vec_with<T>(
        &mut self,
        max: u32,
        min: usize,
        decode: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let count = self.elements_count(max, min)?;
        self.elements(count, decode)
    }

    /// Reads an array of a declared number of elements into a vector; `min` is an element's shortest encoding.
    ///
    /// # Errors
    /// As [`vec`](Self::vec).
    pub fn exact_with<T>(
        &mut self,
        count: u64,
        min: usize,
        decode: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let needed = count.saturating_mul(min);
        if needed > self.rest.len() {
            return Err(Self::short(self.at(), needed, self.rest.len()));
        }
        self.elements(count, decode)
    }

    /// Reads an array of a declared number of elements.
    ///
    /// # Errors
    /// An element does not decode.
    #[inline]
    pub fn array<T: Decode<'a>, const N: usize>(&mut self) -> Result<[T; N], DecodeError> {
        self.array_with(T::decode)
    }

    /// Reads an array of a declared number of elements that have a codec of their own.
    ///
    /// # Errors
    /// An element does not decode.
    #[inline]
    pub fn array_with<T, const N: usize>(
        &mut self,
        mut decode: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<[T; N], DecodeError> {
        try_array(|i| decode(self).map_err(|e| e.index(i)))
    }

    /// Reads bytes of a declared number.
    ///
    /// # Errors
    /// Fewer are left; pad bytes in strict mode.
    #[inline]
    pub fn opaque_fixed<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let at = self.at();
        match self.padded(N)?.first_chunk() {
            Some(bytes) => Ok(*bytes),
            None => Err(Self::short(at, N, 0)),
        }
    }

    /// Reads bytes of a declared number that is too large for the stack.
    ///
    /// # Errors
    /// Fewer are left; pad bytes in strict mode; the memory budget.
    pub fn opaque_exact(&mut self, count: u64) -> Result<Vec<u8>, DecodeError> {
        let bytes = self.padded(usize::try_from(count).unwrap_or(usize::MAX))?;
        self.charge(bytes.len())?;
        Ok(bytes.to_vec())
    }

    #[inline]
    fn counted(&mut self, max: u32) -> Result<&'a [u8], DecodeError> {
        let n = self.length(max)?;
        self.padded(n)
    }

    /// A received slice as owned bytes: by reference, or by copy where the reference would pin too much.
    fn keep(&mut self, bytes: &'a [u8]) -> Result<Bytes, DecodeError> {
        let pins = bytes.len() < PIN_BYTES && bytes.len() < self.total.wrapping_div(PIN_SHARE);
        match self.message {
            Some(message) if !pins => Ok(message.slice_ref(bytes)),
            _ => {
                self.charge(bytes.len())?;
                Ok(Bytes::copy_from_slice(bytes))
            }
        }
    }

    /// Reads counted bytes without a copy, as far as the pinning rule allows.
    ///
    /// # Errors
    /// Longer than the bound or than the bytes left; pad bytes in strict mode; the memory budget.
    #[inline]
    pub fn opaque(&mut self, max: u32) -> Result<Bytes, DecodeError> {
        let bytes = self.counted(max)?;
        self.keep(bytes)
    }

    /// Reads counted bytes of a small bound.
    ///
    /// # Errors
    /// As [`opaque`](Self::opaque).
    #[inline]
    pub fn opaque_small(&mut self, max: u32) -> Result<Opaque, DecodeError> {
        let bytes = self.counted(max)?;
        match Opaque::inline(bytes) {
            Some(opaque) => Ok(opaque),
            None => Ok(Opaque::shared(self.keep(bytes)?)),
        }
    }

    /// Reads counted bytes into a vector.
    ///
    /// # Errors
    /// As [`opaque`](Self::opaque).
    #[inline]
    pub fn opaque_vec(&mut self, max: u32) -> Result<Vec<u8>, DecodeError> {
        let bytes = self.counted(max)?;
        self.charge(bytes.len())?;
        Ok(bytes.to_vec())
    }

    /// Reads a string.
    ///
    /// # Errors
    /// As [`opaque`](Self::opaque).
    #[inline]
    pub fn string(&mut self, max: u32) -> Result<XdrString, DecodeError> {
        let bytes = self.counted(max)?;
        match XdrString::inline(bytes) {
            Some(string) => Ok(string),
            None => Ok(XdrString::shared(self.keep(bytes)?)),
        }
    }

    /// Reads a string that must be UTF-8.
    ///
    /// # Errors
    /// As [`opaque`](Self::opaque), and bytes that are not UTF-8.
    pub fn std_string(&mut self, max: u32) -> Result<String, DecodeError> {
        let at = self.at();
        let bytes = self.counted(max)?;
        self.charge(bytes.len())?;
        match core::str::from_utf8(bytes) {
            Ok(text) => Ok(String::from(text)),
            Err(_) => Err(at.error(DecodeErrorKind::Utf8)),
        }
    }

    /// Reads optional data.
    ///
    /// # Errors
    /// The flag or the value does not decode.
    #[inline]
    pub fn option<T: Decode<'a>>(&mut self) -> Result<Option<T>, DecodeError> {
        self.option_with(T::decode)
    }

    /// Reads optional data with a codec of its own.
    ///
    /// # Errors
    /// The flag or the value does not decode.
    #[inline]
    pub fn option_with<T>(
        &mut self,
        decode: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, DecodeError> {
        if self.present()? {
            decode(self).map(Some)
        } else {
            Ok(None)
        }
    }

    /// Reads a value into a box of its own: a level of a recursive type.
    ///
    /// # Errors
    /// The value does not decode; the depth limit; the memory budget.
    #[inline]
    pub fn boxed<T>(
        &mut self,
        decode: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Box<T>, DecodeError> {
        self.charge(size_of::<T>())?;
        decode(self).map(Box::new)
    }

    /// Reads a linked list.
    ///
    /// # Errors
    /// An element does not decode; the memory budget.
    #[inline]
    pub fn list<T: Decode<'a>>(&mut self) -> Result<List<T>, DecodeError> {
        self.list_with(T::decode)
    }

    /// Reads a linked list whose elements have a codec of their own.
    ///
    /// # Errors
    /// An element does not decode; the memory budget.
    #[inline]
    pub fn list_with<T>(
        &mut self,
        mut decode: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<List<T>, DecodeError> {
        let mut out = Vec::new();
        while self.present()? {
            self.charge(size_of::<T>())?;
            let index = out.len();
            out.push(decode(self).map_err(|e| e.index(index))?);
        }
        Ok(List::from(out))
    }
}

/// An array of what `make` returns for each index, or its first error.
#[inline]
pub(super) fn try_array<T, E, const N: usize>(
    mut make: impl FnMut(usize) -> Result<T, E>,
) -> Result<[T; N], E> {
    let mut failure = None;
    let items: [Option<T>; N] = core::array::from_fn(|i| match &failure {
        Some(_) => None,
        None => make(i).map_err(|e| failure = Some(e)).ok(),
    });
    match failure {
        Some(e) => Err(e),
        None =>
        {
            #[expect(
                clippy::expect_used,
                reason = "without a failure every element is there"
            )]
            Ok(items.map(|item| item.expect("made")))
        }
    }
}
