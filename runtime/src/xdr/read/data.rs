//! Opaque data and strings: slices of the message where they are large, copies where they are small.

use super::Reader;
use crate::xdr::{DecodeError, DecodeErrorKind, Mode, padding};
use alloc::string::String;
use alloc::vec::Vec;
use bytes::Bytes;

/// A slice shorter than this is copied: a kept 50-byte name must not keep a message alive, or the receive buffer of
/// up to 64 KiB that small messages are cut out of. To copy costs no more than to share.
const PIN: usize = 4096;

/// Whether pad bytes are not all zero.
fn dirty(pad: &[u8]) -> bool {
    pad.iter().any(|&byte| byte != 0)
}

impl<'a> Reader<'a> {
    /// The next `n` bytes, with their padding taken, too; and all that begins with them.
    #[inline(always)]
    fn padded(&mut self, n: usize) -> Result<(&'a [u8], &'a [u8]), DecodeError> {
        let from = self.rest;
        let end = n.saturating_add(padding(n));
        let (Some(data), Some(rest)) = (from.get(..n), from.get(end..)) else {
            return Err(self.at().error(DecodeErrorKind::Short {
                needed: end,
                left: from.len(),
            }));
        };
        if self.mode == Mode::Strict && from.get(n..end).is_some_and(dirty) {
            return Err(self.at().plus(n).error(DecodeErrorKind::Padding));
        }
        self.rest = rest;
        Ok((data, from))
    }

    /// The bytes of `opaque<max>`, and all that begins with them.
    #[inline(always)]
    pub(in crate::xdr) fn counted(
        &mut self,
        max: u32,
    ) -> Result<(&'a [u8], &'a [u8]), DecodeError> {
        let n = self.length(max)?;
        self.padded(n)
    }

    /// A received slice as owned bytes: by reference, or by copy where the reference would pin too much.
    ///
    /// Not returned but stored: the caller's other results would share that place, and leave their registers for it.
    #[inline(never)]
    pub(in crate::xdr) fn keep_in(
        &mut self,
        bytes: &'a [u8],
        kept: &mut Option<Bytes>,
    ) -> Result<(), DecodeError> {
        *kept = Some(self.keep(bytes)?);
        Ok(())
    }

    /// The same, returned. The data have just been read, with their padding.
    #[inline]
    fn keep(&mut self, bytes: &'a [u8]) -> Result<Bytes, DecodeError> {
        let n = bytes.len();
        match self.message {
            Some(message) if n >= PIN => {
                let start = self.offset().wrapping_sub(n.wrapping_add(padding(n)));
                // Not `slice_ref`, which is a call, and returns by way of memory.
                Ok(message.slice(start..start.wrapping_add(n)))
            }
            _ => {
                self.charge(n)?;
                Ok(Bytes::copy_from_slice(bytes))
            }
        }
    }

    /// Reads bytes of a declared number.
    ///
    /// # Errors
    /// Fewer are left; pad bytes in strict mode.
    #[inline(always)]
    pub fn opaque_fixed<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (bytes, _) = self.padded(N)?;
        Ok(*bytes.first_chunk().unwrap_or(&[0; N]))
    }

    /// Reads bytes of a declared number that is too large for the stack.
    ///
    /// # Errors
    /// Fewer are left; pad bytes in strict mode; the memory budget.
    pub fn opaque_exact(&mut self, count: u64) -> Result<Vec<u8>, DecodeError> {
        let (bytes, _) = self.padded(usize::try_from(count).unwrap_or(usize::MAX))?;
        self.charge(bytes.len())?;
        Ok(bytes.to_vec())
    }

    /// Reads counted bytes; large ones without a copy.
    ///
    /// # Errors
    /// Longer than the bound or than the bytes left; pad bytes in strict mode; the memory budget.
    #[inline]
    pub fn opaque(&mut self, max: u32) -> Result<Bytes, DecodeError> {
        let (bytes, _) = self.counted(max)?;
        self.keep(bytes)
    }

    /// Reads counted bytes into a vector.
    ///
    /// # Errors
    /// As [`opaque`](Self::opaque).
    pub fn opaque_vec(&mut self, max: u32) -> Result<Vec<u8>, DecodeError> {
        let (bytes, _) = self.counted(max)?;
        self.charge(bytes.len())?;
        Ok(bytes.to_vec())
    }

    /// Reads a string that must be UTF-8.
    ///
    /// # Errors
    /// As [`opaque`](Self::opaque), and bytes that are not UTF-8.
    pub fn std_string(&mut self, max: u32) -> Result<String, DecodeError> {
        let at = self.at();
        let (bytes, _) = self.counted(max)?;
        self.charge(bytes.len())?;
        match core::str::from_utf8(bytes) {
            Ok(text) => Ok(String::from(text)),
            Err(_) => Err(at.error(DecodeErrorKind::Utf8)),
        }
    }
}
