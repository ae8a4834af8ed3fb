//! XDR (RFC 4506): values ↔ bytes, over contiguous memory.
//!
//! [`Writer`] turns values into a [`Body`], [`Reader`] turns received bytes into values. Both are bounded
//! against any input: nothing is allocated that the bytes in hand do not justify, lists are loops, other recursion is
//! counted, and a memory budget limits what a message may grow to in Rust.

#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

mod block;
mod bulk;
mod bytes;
mod error;
mod limits;
mod list;
mod member;
#[cfg(feature = "xdr-codec")]
#[doc(hidden)]
pub mod pack;
mod read;
mod scalar;
mod short;
mod write;

pub use self::block::{At, Block, get_array, get_opaque, part, part_mut, put_array, put_opaque};
pub use self::bytes::{Opaque, XdrString};
pub use self::error::{DecodeError, DecodeErrorKind, EncodeError, EncodeErrorKind};
pub use self::limits::{DecodeLimits, Mode};
pub use self::list::List;
pub use self::member::{Decoded, declared, encoded, enumerator, field, get, number, put};
pub use self::read::Reader;
pub use self::scalar::Quadruple;
pub use self::write::Writer;

use crate::Body;
use ::bytes::Bytes;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// A value that can be written as XDR.
pub trait Encode {
    /// Writes the value.
    ///
    /// Never fails by itself: a value that XDR cannot carry (a string beyond its bound, say) marks the writer, and
    /// [`Writer::finish`] returns the error.
    fn encode(&self, w: &mut Writer);

    /// Exact number of bytes that [`encode`](Self::encode) writes, a multiple of 4.
    fn encoded_len(&self) -> usize;

    /// Writes the elements of an array; numbers override it with one pass over the whole array.
    #[doc(hidden)]
    fn encode_all(items: &[Self], w: &mut Writer)
    where
        Self: Sized,
    {
        for item in items {
            item.encode(w);
        }
    }

    /// Sum of the elements' lengths.
    #[doc(hidden)]
    fn encoded_len_all(items: &[Self]) -> usize
    where
        Self: Sized,
    {
        items
            .iter()
            .fold(0, |sum, item| sum.saturating_add(item.encoded_len()))
    }
}

/// A value that can be read from XDR.
pub trait Decode<'a>: Sized {
    /// Length of the shortest encoding in bytes: an array's count is refused when the bytes left cannot hold it.
    const MIN: usize;

    /// Largest ratio of Rust bytes to wire bytes that valid data can reach: sets the memory budget of a message.
    const RATIO: usize = 16;

    /// Reads a value.
    ///
    /// # Errors
    /// Bytes that are no encoding of this type, or that exceed the reader's limits.
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError>;

    /// Reads a value and hands it to `put`, which stores it where it stays.
    #[doc(hidden)]
    #[inline]
    fn decode_to<R>(r: &mut Reader<'a>, put: impl FnOnce(Self) -> R) -> Result<R, DecodeError> {
        Self::decode(r).map(put)
    }

    /// Reads the elements of an array whose count has been checked against the bytes left.
    #[doc(hidden)]
    fn decode_all(r: &mut Reader<'a>, count: usize) -> Result<Vec<Self>, DecodeError> {
        r.elements(count, Self::decode)
    }
}

impl<T: Encode + ?Sized> Encode for &T {
    #[inline]
    fn encode(&self, w: &mut Writer) {
        (**self).encode(w);
    }
    #[inline]
    fn encoded_len(&self) -> usize {
        (**self).encoded_len()
    }
}

impl<T: Encode + ?Sized> Encode for Box<T> {
    #[inline]
    fn encode(&self, w: &mut Writer) {
        (**self).encode(w);
    }
    #[inline]
    fn encoded_len(&self) -> usize {
        (**self).encoded_len()
    }
}

/// Encodes a value as stand-alone XDR.
///
/// # Errors
/// The value does not fit its own declaration: a string or array beyond its bound, a union tag that has no arm.
///
/// ```
/// assert_eq!(rpcgen_runtime::to_bytes(&7i32).unwrap(), [0, 0, 0, 7][..]);
/// ```
pub fn to_bytes<T: Encode + ?Sized>(value: &T) -> Result<Bytes, EncodeError> {
    let mut w = Writer::new();
    value.encode(&mut w);
    Ok(w.finish()?.into_bytes())
}

/// Decodes a value from stand-alone XDR in strict mode: what it accepts re-encodes to the same bytes.
///
/// # Errors
/// See [`from_bytes_with`].
pub fn from_bytes<T>(bytes: &Bytes) -> Result<T, DecodeError>
where
    T: for<'a> Decode<'a>,
{
    from_bytes_with(bytes, DecodeLimits::default(), Mode::Strict)
}

/// Decodes a value with the given limits and mode.
///
/// # Errors
/// Bytes that are no encoding of `T`, that exceed a limit or, in strict mode, that are followed by more bytes.
pub fn from_bytes_with<T>(bytes: &Bytes, limits: DecodeLimits, mode: Mode) -> Result<T, DecodeError>
where
    T: for<'a> Decode<'a>,
{
    let mut r = Reader::new(bytes, limits, mode, T::RATIO);
    let value = T::decode(&mut r)?;
    r.end()?;
    Ok(value)
}

/// Decodes a whole body with `decode`: what generated code does with arguments and results.
///
/// # Errors
/// As [`from_bytes_with`].
#[inline]
pub fn decode_body<T>(
    body: &Body,
    limits: DecodeLimits,
    mode: Mode,
    ratio: usize,
    decode: impl for<'b> FnOnce(&mut Reader<'b>) -> Result<T, DecodeError>,
) -> Result<T, DecodeError> {
    let flat;
    let bytes = match body.as_bytes() {
        Some(bytes) => bytes,
        None => {
            flat = body.to_bytes();
            &flat
        }
    };
    let mut r = Reader::new(bytes, limits, mode, ratio);
    let value = decode(&mut r)?;
    r.end()?;
    Ok(value)
}

/// Decodes a value: [`Decode::decode`] as a function for every lifetime of the message.
#[doc(hidden)]
#[inline]
pub fn value<T>(r: &mut Reader<'_>) -> Result<T, DecodeError>
where
    T: for<'a> Decode<'a>,
{
    T::decode(r)
}

/// Bytes of zero padding after `len` bytes of data.
#[inline]
pub(crate) const fn padding(len: usize) -> usize {
    len.wrapping_neg() & 3
}

/// Encoded lengths of counted data, for generated `encoded_len`.
pub mod len {
    /// `opaque x<>` or `string x<>` of `n` bytes: count, data, padding.
    #[inline]
    #[must_use]
    pub const fn opaque(n: usize) -> usize {
        4usize.saturating_add(fixed(n))
    }

    /// `opaque x[n]`: data, padding.
    #[inline]
    #[must_use]
    pub const fn fixed(n: usize) -> usize {
        n.saturating_add(super::padding(n))
    }

    /// Elements whose length is not their type's alone.
    #[inline]
    #[must_use]
    pub fn each<T>(items: &[T], len: impl Fn(&T) -> usize) -> usize {
        items
            .iter()
            .fold(0, |sum: usize, item| sum.saturating_add(len(item)))
    }
}
