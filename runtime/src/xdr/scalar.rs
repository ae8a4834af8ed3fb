//! Numbers and flags: RFC 4506 §4.1-§4.8, and C's `char` and `short` (4 bytes on the wire).

use super::bulk::{self, Number};
use super::{At, Block, Decode, DecodeError, DecodeErrorKind, Encode, Mode, Reader, Writer};
use alloc::vec::Vec;

macro_rules! by_block {
    ($t:ty, $n:literal, $encode_all:path, $decode_all:path) => {
        impl Encode for $t {
            #[inline]
            fn encode(&self, w: &mut Writer) {
                w.block::<$n, _>(self);
            }
            #[inline]
            fn encoded_len(&self) -> usize {
                $n
            }
            #[inline]
            fn encoded_len_all(items: &[Self]) -> usize {
                items.len().saturating_mul($n)
            }
            #[inline]
            fn encode_all(items: &[Self], w: &mut Writer) {
                $encode_all(w, items);
            }
        }
        impl<'a> Decode<'a> for $t {
            const MIN: usize = $n;
            #[inline]
            fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
                r.block::<$n, _>()
            }
            #[inline]
            fn decode_all(r: &mut Reader<'a>, count: usize) -> Result<Vec<Self>, DecodeError> {
                $decode_all(r, count)
            }
        }
    };
}

macro_rules! number {
    ($($t:ty: $n:literal),*) => {$(
        by_block!($t, $n, Writer::numbers, Reader::numbers);
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
number!(i32: 4, u32: 4, f32: 4, i64: 8, u64: 8, f64: 8);

macro_rules! narrow {
    ($($t:ty as $wide:ty),*) => {$(
        by_block!($t, 4, Writer::blocks, Reader::blocks);
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

by_block!(bool, 4, Writer::blocks, Reader::blocks);
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

by_block!(Quadruple, 16, Writer::blocks, Reader::blocks);
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

impl Writer {
    /// Writes numbers without a count.
    fn numbers<const N: usize, T: Number<N>>(&mut self, numbers: &[T]) {
        bulk::put(numbers, self.space(numbers.len().saturating_mul(N)));
    }

    /// Writes values of fixed size without a count.
    fn blocks<const N: usize, T: Block<N>>(&mut self, values: &[T]) {
        let space = self.space(values.len().saturating_mul(N));
        for (block, value) in space.as_chunks_mut().0.iter_mut().zip(values) {
            value.put(block);
        }
    }
}

impl<'a> Reader<'a> {
    /// Reads `count` numbers.
    fn numbers<const N: usize, T: Number<N>>(
        &mut self,
        count: usize,
    ) -> Result<Vec<T>, DecodeError> {
        self.array_bytes::<N, T>(count).map(bulk::get)
    }

    /// Reads `count` values of fixed size.
    fn blocks<const N: usize, T: Block<N>>(&mut self, count: usize) -> Result<Vec<T>, DecodeError> {
        let at = self.at();
        let bytes = self.array_bytes::<N, T>(count)?;
        let mut out = Vec::with_capacity(count);
        for (i, block) in bytes.as_chunks().0.iter().enumerate() {
            let value = T::get(block, at.plus(i.wrapping_mul(N)));
            out.push(value.map_err(|e| e.index(i))?);
        }
        Ok(out)
    }
}
