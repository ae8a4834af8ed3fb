//! Bytes → values, within limits.

mod data;
mod items;

use super::{At, Block, DecodeError, DecodeErrorKind, DecodeLimits, Mode};
use bytes::Bytes;

pub(super) use self::items::try_array;

/// Bytes of a value that count as one level of depth.
const LEVEL: usize = 1 << 10;

/// Levels of depth that a value of a recursive type counts as: it lies on the stack while what is inside is decoded.
const fn levels<T>() -> u32 {
    let levels = size_of::<T>().div_ceil(LEVEL);
    match levels {
        0 | 1 => 1,
        #[expect(clippy::cast_possible_truncation, reason = "no type has 2^42 bytes")]
        _ => levels as u32,
    }
}

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
    #[inline(always)]
    #[must_use]
    pub fn offset(&self) -> usize {
        self.total.wrapping_sub(self.rest.len())
    }

    /// The place of the next byte.
    #[inline(always)]
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
    fn too_short(at: At, needed: usize, left: usize) -> DecodeError {
        at.error(DecodeErrorKind::Short { needed, left })
    }

    /// The next `N` bytes and their place.
    ///
    /// # Errors
    /// Fewer are left.
    #[inline(always)]
    pub fn take<const N: usize>(&mut self) -> Result<(&'a [u8; N], At), DecodeError> {
        let at = self.at();
        match self.rest.split_first_chunk() {
            Some((block, rest)) => {
                self.rest = rest;
                Ok((block, at))
            }
            None => Err(Self::too_short(at, N, self.rest.len())),
        }
    }

    /// Reads a value of fixed size.
    ///
    /// # Errors
    /// Fewer bytes are left, or the value is not legal.
    #[inline(always)]
    pub fn block<const N: usize, T: Block<N>>(&mut self) -> Result<T, DecodeError> {
        let (block, at) = self.take::<N>()?;
        T::get(block, at)
    }

    /// Reads an `unsigned int`.
    ///
    /// # Errors
    /// Fewer than 4 bytes are left.
    #[inline(always)]
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        self.block::<4, _>()
    }

    /// Reads an `int`.
    ///
    /// # Errors
    /// Fewer than 4 bytes are left.
    #[inline(always)]
    pub fn i32(&mut self) -> Result<i32, DecodeError> {
        self.block::<4, _>()
    }

    /// Reads the flag in front of optional data.
    ///
    /// # Errors
    /// Fewer than 4 bytes are left; in strict mode neither 0 nor 1.
    #[inline(always)]
    pub fn present(&mut self) -> Result<bool, DecodeError> {
        self.block::<4, _>()
    }

    /// What is left of the message's budget.
    #[cfg(feature = "net")]
    pub(crate) fn budget(&self) -> usize {
        self.budget
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

    /// Enters a value of a recursive type: takes from the depth what its size on the stack counts as, one level for each
    /// KiB.
    ///
    /// # Errors
    /// The depth limit is reached.
    #[inline]
    pub fn enter_value<T>(&mut self) -> Result<(), DecodeError> {
        self.descend(const { levels::<T>() })
    }

    /// Leaves a value of a recursive type that [`enter_value`](Self::enter_value) has entered.
    #[inline]
    pub fn leave_value<T>(&mut self) {
        self.ascend(const { levels::<T>() });
    }

    /// Enters a value of a recursive type, which counts as one level of depth: the form that generated code called before
    /// [`enter_value`](Self::enter_value).
    ///
    /// # Errors
    /// The depth limit is reached.
    #[inline]
    pub fn enter(&mut self) -> Result<(), DecodeError> {
        self.descend(1)
    }

    /// Leaves a value of a recursive type that [`enter`](Self::enter) has entered.
    #[inline]
    pub fn leave(&mut self) {
        self.ascend(1);
    }

    #[inline]
    fn descend(&mut self, levels: u32) -> Result<(), DecodeError> {
        match self.depth.checked_sub(levels) {
            Some(left) => {
                self.depth = left;
                Ok(())
            }
            None => Err(self.at().error(DecodeErrorKind::Depth(self.limit))),
        }
    }

    #[inline]
    fn ascend(&mut self, levels: u32) {
        // As many values are left as were entered: no overflow.
        self.depth = self.depth.wrapping_add(levels);
    }

    /// Reads a length and checks it against its bound.
    #[inline(always)]
    fn length(&mut self, max: u32) -> Result<usize, DecodeError> {
        let at = self.at();
        let length = self.u32()?;
        if length > max {
            return Err(at.error(DecodeErrorKind::TooLong { length, bound: max }));
        }
        Ok(length as usize)
    }
}
