//! Arrays of numbers ↔ big-endian bytes, with the widest instructions that the processor has.
//!
//! The loops are ordinary ones; what makes them fast is that the compiler builds them once for each instruction set and
//! the program picks one as it runs. Plain x86-64 has no instruction that reverses bytes in a vector. What is left is the
//! way to memory and back: a vector stored across two cache lines costs two stores, so long arrays begin with the few
//! numbers in front of the first whole line.

use alloc::vec::Vec;

/// Shorter arrays are not worth the choice.
#[cfg(feature = "simd")]
const SHORT: usize = 16;

/// Shorter arrays are not worth looking where cache lines begin.
const LONG: usize = 1024;
/// Bytes of a cache line, and of the widest vector.
const LINE: usize = 64;

/// A number of `N` bytes.
pub trait Number<const N: usize>: Copy {
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

/// How many of `len` numbers are to be stored before those that begin with a cache line, the first one at `place`.
#[inline(always)]
fn ahead<T>(place: *const T, len: usize) -> usize {
    if len < LONG {
        return 0;
    }
    // There may be no number at the beginning of a line: hypers behind one word.
    let ahead = place.align_offset(LINE);
    if ahead < LINE { ahead } else { 0 }
}

/// Writes numbers to `out`, which has room for all of them.
pub(super) fn put<const N: usize, T: Number<N>>(numbers: &[T], out: &mut [u8]) {
    let chunks = out.as_chunks_mut().0;
    let ahead = ahead(chunks.as_ptr(), numbers.len());
    if let (Some((first, numbers)), Some((to, chunks))) = (
        numbers.split_at_checked(ahead),
        chunks.split_at_mut_checked(ahead),
    ) {
        put_loop(first, to);
        widest!(numbers.len(), put_loop(numbers, chunks));
    }
}

#[inline(always)]
fn put_loop<const N: usize, T: Number<N>>(numbers: &[T], chunks: &mut [[u8; N]]) {
    for (to, number) in chunks.iter_mut().zip(numbers) {
        *to = number.into_wire();
    }
}

/// Reads numbers from all of `bytes`.
pub(super) fn get<const N: usize, T: Number<N>>(bytes: &[u8]) -> Vec<T> {
    let (chunks, _) = bytes.as_chunks::<N>();
    let mut numbers = Vec::with_capacity(chunks.len());
    let ahead = ahead(numbers.as_ptr(), chunks.len());
    if let Some((first, chunks)) = chunks.split_at_checked(ahead) {
        get_loop(first, &mut numbers);
        widest!(chunks.len(), get_loop(chunks, &mut numbers));
    }
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

    /// There and back, `shift` bytes from where memory begins.
    fn both_ways<const N: usize, T>(numbers: &[T], shift: usize)
    where
        T: Number<N> + PartialEq + core::fmt::Debug,
    {
        let expected: Vec<u8> = numbers.iter().flat_map(|n| n.into_wire()).collect();
        let mut out = [vec![0xee; shift], vec![0; expected.len()], vec![0xee]].concat();
        put(numbers, &mut out[shift..]);
        let (before, rest) = out.split_at(shift);
        let (wire, behind) = rest.split_at(expected.len());
        assert!(before.iter().chain(behind).all(|byte| *byte == 0xee));
        assert_eq!(wire, expected);
        assert_eq!(get::<N, T>(wire), numbers);
    }

    fn ints(n: usize) -> Vec<i32> {
        (0..n as i32)
            .map(|i| i.wrapping_mul(0x0102_0304) ^ 5)
            .collect()
    }

    fn hypers(n: usize) -> Vec<u64> {
        let hyper = |i: u64| i.wrapping_mul(0x0102_0304_0506_0708) ^ 5;
        (0..n as u64).map(hyper).collect()
    }

    #[test]
    fn every_length_and_alignment() {
        for n in (0..70).step_by(if cfg!(miri) { 9 } else { 1 }) {
            for shift in 0..4 {
                both_ways(&ints(n), shift);
                both_ways(&hypers(n % 30), shift);
            }
        }
        let numbers = [0x0102_0304_0506_0708u64, 9];
        let mut out = [0; 16];
        put(&numbers, &mut out);
        assert_eq!(out, *b"\x01\x02\x03\x04\x05\x06\x07\x08\0\0\0\0\0\0\0\x09");
        assert_eq!(get::<8, u64>(&out), numbers);
    }

    #[test]
    fn long_arrays_from_every_place_in_a_cache_line() {
        let (lengths, step) = if cfg!(miri) {
            (&[LONG][..], LINE - 4)
        } else {
            (&[LONG - 1, LONG, LONG + 17][..], 1)
        };
        for &n in lengths {
            for shift in (0..LINE).step_by(step) {
                both_ways(&ints(n), shift);
                both_ways(&hypers(n), shift);
            }
        }
        // Whole words meet a line's beginning, behind fewer numbers than a line holds; odd places never do.
        let out = [0u8; 2 * LINE];
        let aligned = out.as_ptr().align_offset(LINE).min(LINE);
        let at = |place: usize| ahead(out[place..].as_chunks::<4>().0.as_ptr(), LONG);
        assert_eq!((at(aligned), at(aligned + 4)), (0, LINE / 4 - 1));
        assert_eq!(at(aligned + 1), 0);
    }
}
