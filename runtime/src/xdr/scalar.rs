//! Numbers and flags: RFC 4506 §4.1-§4.8, and C's `char` and `short` (4 bytes on the wire).

use super::{At, Block, Decode, DecodeError, DecodeErrorKind, Encode, Mode, Reader, Writer};
use alloc::vec::Vec;

macro_rules! by_block {
    ($($t:ty: $n:literal),*) => {$(
        impl Encode for $t {
            #[inline]
            fn encode(&self, w: &mut Writer) {
                w.block::<$n, _>(self);
            }
            #[inline]
            fn encoded_len(&self) -> usize {
                $n
            }
            fn encoded_len_all(items: &[Self]) -> usize {
                items.len().saturating_mul($n)
            }
            fn encode_all(items: &[Self], w: &mut Writer) {
                w.blocks::<$n, _>(items);
            }
        }
        impl<'a> Decode<'a> for $t {
            const MIN: usize = $n;
            #[inline]
            fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
                r.block::<$n, _>()
            }
            fn decode_all(r: &mut Reader<'a>, count: usize) -> Result<Vec<Self>, DecodeError> {
                r.blocks::<$n, _>(count)
            }
        }
    )*};
}
by_block!(bool: 4, i8: 4, u8: 4, i16: 4, u16: 4, i32: 4, u32: 4, f32: 4, i64: 8, u64: 8, f64: 8, Quadruple: 16);

macro_rules! plain {
    ($($t:ty: $n:literal),*) => {$(
        impl Block<$n> for $t {
            #[inline(always)]
            fn put(&self, block: &mut [u8; $n]) {
                *block = self.to_be_bytes();
            }
            #[inline(always)]
            fn get(block: &[u8; $n], _: At) -> Result<Self, DecodeError> {
                Ok(Self::from_be_bytes(*block))
            }
        }
    )*};
}
plain!(i32: 4, u32: 4, i64: 8, u64: 8);

macro_rules! float {
    ($($t:ty: $n:literal),*) => {$(
        impl Block<$n> for $t {
            // By bits, so that the payload of a NaN survives.
            #[inline(always)]
            fn put(&self, block: &mut [u8; $n]) {
                *block = self.to_bits().to_be_bytes();
            }
            #[inline(always)]
            fn get(block: &[u8; $n], _: At) -> Result<Self, DecodeError> {
                Ok(Self::from_bits(u64_or_u32(*block)))
            }
        }
    )*};
}
float!(f32: 4, f64: 8);

/// `from_be_bytes` of the unsigned integer as wide as the array.
#[inline(always)]
fn u64_or_u32<const N: usize, T: FromBe<N>>(bytes: [u8; N]) -> T {
    T::from_be(bytes)
}

trait FromBe<const N: usize> {
    fn from_be(bytes: [u8; N]) -> Self;
}
impl FromBe<4> for u32 {
    #[inline(always)]
    fn from_be(bytes: [u8; 4]) -> Self {
        Self::from_be_bytes(bytes)
    }
}
impl FromBe<8> for u64 {
    #[inline(always)]
    fn from_be(bytes: [u8; 8]) -> Self {
        Self::from_be_bytes(bytes)
    }
}

macro_rules! narrow {
    ($($t:ty as $wide:ty),*) => {$(
        impl Block<4> for $t {
            #[inline(always)]
            fn put(&self, block: &mut [u8; 4]) {
                *block = <$wide>::from(*self).to_be_bytes();
            }
            #[inline(always)]
            fn get(block: &[u8; 4], at: At) -> Result<Self, DecodeError> {
                let word = <$wide>::from_be_bytes(*block);
                // Interop keeps the low bits, as C does.
                let value = word as Self;
                if at.mode == Mode::Strict && <$wide>::from(value) != word {
                    return Err(at.error(DecodeErrorKind::Range(word as i32)));
                }
                Ok(value)
            }
        }
    )*};
}
narrow!(i8 as i32, u8 as u32, i16 as i32, u16 as u32);

impl Block<4> for bool {
    #[inline(always)]
    fn put(&self, block: &mut [u8; 4]) {
        *block = u32::from(*self).to_be_bytes();
    }
    #[inline(always)]
    fn get(block: &[u8; 4], at: At) -> Result<Self, DecodeError> {
        match u32::from_be_bytes(*block) {
            0 => Ok(false),
            1 => Ok(true),
            // The inlined encoders of C rpcgen send whatever the C program stored.
            _ if at.mode == Mode::Interop => Ok(true),
            word => Err(at.error(DecodeErrorKind::Flag(word))),
        }
    }
}

/// `quadruple`: an IEEE 754 binary128 number, kept as its 16 big-endian bytes (RFC 4506 §4.8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Quadruple(pub [u8; 16]);

impl Block<16> for Quadruple {
    #[inline(always)]
    fn put(&self, block: &mut [u8; 16]) {
        *block = self.0;
    }
    #[inline(always)]
    fn get(block: &[u8; 16], _: At) -> Result<Self, DecodeError> {
        Ok(Self(*block))
    }
}
