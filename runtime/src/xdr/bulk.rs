//! Arrays of numbers ↔ big-endian bytes, with the widest instructions that the processor has.
//!
//! The loops are ordinary ones; what makes them fast is that the compiler builds them once for each instruction set and
//! the program picks one as it runs. Plain x86-64 has no instruction that reverses bytes in a vector.

use alloc::vec::Vec;

/// Shorter arrays are not worth the choice.
#[cfg(feature = "simd")]
const SHORT: usize = 16;

/// A number of `N` bytes.
pub(super) trait Number<const N: usize>: Copy {
    fn into_wire(self) -> [u8; N];
    fn from_wire(bytes: [u8; N]) -> Self;
}

macro_rules! numbers {
    ($($t:ty: $n:literal),*) => {$(
        impl Number<$n> for $t {
            #[inline(always)]
            fn into_wire(self) -> [u8; $n] {
                self.to_be_bytes()
            }
            #[inline(always)]
            fn from_wire(bytes: [u8; $n]) -> Self {
                Self::from_be_bytes(bytes)
            }
        }
    )*};
}
// Floats go by their bits, so the payload of a NaN survives.
numbers!(i32: 4, u32: 4, f32: 4, i64: 8, u64: 8, f64: 8);

#[cfg(feature = "simd")]
macro_rules! widest {
    ($len:expr, $work:expr) => {
        if $len < SHORT {
            $work
        } else {
            fearless_simd::dispatch!(fearless_simd::Level::new(), _ => $work)
        }
    };
}

#[cfg(not(feature = "simd"))]
macro_rules! widest {
    ($len:expr, $work:expr) => {
        $work
    };
}

/// Writes numbers to `out`, which has room for all of them.
pub(super) fn put<const N: usize, T: Number<N>>(numbers: &[T], out: &mut [u8]) {
    widest!(numbers.len(), put_loop(numbers, out));
}

#[inline(always)]
fn put_loop<const N: usize, T: Number<N>>(numbers: &[T], out: &mut [u8]) {
    for (to, number) in out.as_chunks_mut().0.iter_mut().zip(numbers) {
        *to = number.into_wire();
    }
}

/// Reads numbers from all of `bytes`.
pub(super) fn get<const N: usize, T: Number<N>>(bytes: &[u8]) -> Vec<T> {
    let (chunks, _) = bytes.as_chunks::<N>();
    let mut numbers = Vec::with_capacity(chunks.len());
    widest!(chunks.len(), get_loop(chunks, &mut numbers));
    numbers
}

#[inline(always)]
fn get_loop<const N: usize, T: Number<N>>(chunks: &[[u8; N]], numbers: &mut Vec<T>) {
    numbers.extend(chunks.iter().map(
        #[inline(always)]
        |chunk| T::from_wire(*chunk),
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_and_alignment() {
        for n in 0..70 {
            for shift in 0..4 {
                let numbers: Vec<i32> = (0..n).map(|i| i * 0x0102_0304 - 5).collect();
                let mut out = vec![0xee; shift + 4 * numbers.len() + 1];
                put(&numbers, &mut out[shift..]);
                let expected: Vec<u8> = numbers.iter().flat_map(|n| n.to_be_bytes()).collect();
                let end = shift + expected.len();
                assert_eq!(out[shift..end], expected);
                assert_eq!(out[end], 0xee);
                assert_eq!(get::<4, i32>(&out[shift..end]), numbers);
            }
        }
        let numbers = [0x0102_0304_0506_0708u64, 9];
        let mut out = [0; 16];
        put(&numbers, &mut out);
        assert_eq!(out, *b"\x01\x02\x03\x04\x05\x06\x07\x08\0\0\0\0\0\0\0\x09");
        assert_eq!(get::<8, u64>(&out), numbers);
    }
}
