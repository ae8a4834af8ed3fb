//! The traits of the xdr-codec crate for generated types, by our checked codec (feature `xdr-codec`).
//!
//! A value → any writer; the beginning of a slice or cursor → a value. Not for any reader: a decoder that must not
//! allocate for bytes it has not seen has to see them, and would read past the value.

use super::{Decode, DecodeLimits, Encode, Mode, Reader, Writer};
use std::io;
pub use std::io::Cursor;
pub use xdr_codec::{Pack, Read, Result, Unpack, Write};

fn refused(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> xdr_codec::Error {
    io::Error::new(io::ErrorKind::InvalidData, error).into()
}

/// Writes a value; the number of bytes.
///
/// # Errors
/// The value has no encoding, or the writer fails.
pub fn pack<T: Encode + ?Sized, W: Write>(value: &T, out: &mut W) -> Result<usize> {
    let mut w = Writer::new();
    value.encode(&mut w);
    let body = w.finish().map_err(refused)?;
    for chunk in body.chunks() {
        out.write_all(chunk)?;
    }
    Ok(body.len())
}

/// Reads the value at the beginning of `bytes`, strictly; the value and how many bytes it took.
///
/// # Errors
/// The bytes begin with no encoding of `T`.
pub fn unpack<T: for<'a> Decode<'a>>(bytes: &[u8]) -> Result<(T, usize)> {
    let mut r = Reader::from_slice(bytes, DecodeLimits::default(), Mode::Strict, T::RATIO);
    let value = T::decode(&mut r).map_err(refused)?;
    Ok((value, r.offset()))
}

/// Reads the value at a cursor's position and moves that behind it.
///
/// # Errors
/// As [`unpack`]; the position stays then.
pub fn unpack_at<T: for<'a> Decode<'a>, B: AsRef<[u8]>>(
    cursor: &mut Cursor<B>,
) -> Result<(T, usize)> {
    let bytes = cursor.get_ref().as_ref();
    let from = usize::try_from(cursor.position()).unwrap_or(usize::MAX);
    let (value, len) = unpack(bytes.get(from..).unwrap_or_default())?;
    cursor.set_position(from.saturating_add(len) as u64);
    Ok((value, len))
}

/// Implements the traits for a generated type. Types may be called like Rust's own where they are implemented.
#[doc(hidden)]
#[macro_export]
macro_rules! __implement {
    ($name:ty) => {
        impl<__W: $crate::xdr::pack::Write> $crate::xdr::pack::Pack<__W> for $name {
            fn pack(&self, out: &mut __W) -> $crate::xdr::pack::Result<::core::primitive::usize> {
                $crate::xdr::pack::pack(self, out)
            }
        }
        impl<'a> $crate::xdr::pack::Unpack<&'a [::core::primitive::u8]> for $name {
            fn unpack(
                input: &mut &'a [::core::primitive::u8],
            ) -> $crate::xdr::pack::Result<(Self, ::core::primitive::usize)> {
                let (value, len) = $crate::xdr::pack::unpack(input)?;
                *input = input.split_at(len).1;
                ::core::result::Result::Ok((value, len))
            }
        }
        impl<__B: ::core::convert::AsRef<[::core::primitive::u8]>>
            $crate::xdr::pack::Unpack<$crate::xdr::pack::Cursor<__B>> for $name
        {
            fn unpack(
                input: &mut $crate::xdr::pack::Cursor<__B>,
            ) -> $crate::xdr::pack::Result<(Self, ::core::primitive::usize)> {
                $crate::xdr::pack::unpack_at(input)
            }
        }
    };
}
