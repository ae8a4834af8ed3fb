//! Arrays, lists and optional data: as many values as the bytes and the budget allow.

use super::Reader;
use crate::xdr::{Decode, DecodeError, DecodeErrorKind, List};
use alloc::boxed::Box;
use alloc::vec::Vec;

/// Memory reserved for an array before its elements have been seen.
const STEP: usize = 64 << 10;

impl<'a> Reader<'a> {
    /// Reads an array's count and checks it against its bound and against the bytes left.
    #[inline]
    fn array_count(&mut self, max: u32, min: usize) -> Result<usize, DecodeError> {
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

    /// The bytes of `count` elements of `N` bytes each, which become values of type `T`.
    #[inline]
    pub(in crate::xdr) fn array_bytes<const N: usize, T>(
        &mut self,
        count: usize,
    ) -> Result<&'a [u8], DecodeError> {
        let needed = count.saturating_mul(N);
        let Some((bytes, rest)) = self.rest.split_at_checked(needed) else {
            return Err(Self::too_short(self.at(), needed, self.rest.len()));
        };
        self.charge(count.saturating_mul(size_of::<T>()))?;
        self.rest = rest;
        Ok(bytes)
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
            if i == out.capacity() {
                // Doubled, but never beyond what has been charged.
                out.reserve_exact(i.max(1).min(count.saturating_sub(i)));
            }
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
        let count = self.array_count(max, T::MIN)?;
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
        let count = self.array_count(max, min)?;
        self.elements(count, decode)
    }

    /// A declared number of elements, checked against the bytes left.
    fn exact_count(&self, count: u64, min: usize) -> Result<usize, DecodeError> {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let needed = count.saturating_mul(min);
        if needed > self.rest.len() {
            return Err(Self::too_short(self.at(), needed, self.rest.len()));
        }
        Ok(count)
    }

    /// Reads an array of a declared number of elements into a vector.
    ///
    /// # Errors
    /// An element does not decode; the memory budget.
    pub fn exact<T: Decode<'a>>(&mut self, count: u64) -> Result<Vec<T>, DecodeError> {
        let count = self.exact_count(count, T::MIN)?;
        T::decode_all(self, count)
    }

    /// Reads an array of a declared number of elements into a vector; `min` is an element's shortest encoding.
    ///
    /// # Errors
    /// As [`exact`](Self::exact).
    pub fn exact_with<T>(
        &mut self,
        count: u64,
        min: usize,
        decode: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let count = self.exact_count(count, min)?;
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

    /// Reads a value into a box of its own: a level of a recursive type, a large arm of a union.
    ///
    /// # Errors
    /// The value does not decode; the depth limit; the memory budget.
    #[inline]
    pub fn boxed<T: Decode<'a>>(&mut self) -> Result<Box<T>, DecodeError> {
        self.charge(size_of::<T>())?;
        // Allocated first and then filled, so that the value need not be moved.
        let room = Box::new_uninit();
        T::decode_to(self, |value| Box::write(room, value))
    }

    /// Reads a value that has a codec of its own into a box.
    ///
    /// # Errors
    /// As [`boxed`](Self::boxed).
    #[inline]
    pub fn boxed_with<T>(
        &mut self,
        decode: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Box<T>, DecodeError> {
        self.charge(size_of::<T>())?;
        let room = Box::new_uninit();
        decode(self).map(|value| Box::write(room, value))
    }

    /// Reads a linked list.
    ///
    /// # Errors
    /// An element does not decode; the memory budget.
    #[inline]
    pub fn list<T: Decode<'a>>(&mut self) -> Result<List<T>, DecodeError> {
        let mut out = Vec::new();
        while self.present()? {
            if out.len() == out.capacity() {
                self.lengthen(&mut out)?;
            }
            let index = out.len();
            T::decode_to(self, |item| out.push(item)).map_err(|e| e.index(index))?;
        }
        Ok(List::from(out))
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
            if out.len() == out.capacity() {
                self.lengthen(&mut out)?;
            }
            let index = out.len();
            out.push(decode(self).map_err(|e| e.index(index))?);
        }
        Ok(List::from(out))
    }

    /// Doubles a list's memory and charges what that takes: nobody knows yet how long the list is.
    #[cold]
    #[inline(never)]
    fn lengthen<T>(&mut self, list: &mut Vec<T>) -> Result<(), DecodeError> {
        let more = list.capacity().max(2);
        self.charge(more.saturating_mul(size_of::<T>()))?;
        list.reserve_exact(more);
        Ok(())
    }
}

/// An array of what `make` returns for each index, or its first error.
#[inline]
pub(in crate::xdr) fn try_array<T, E, const N: usize>(
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
