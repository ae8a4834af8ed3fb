//! The generated types, a table of them, and how numbers become values.

#![allow(
    missing_docs,
    missing_debug_implementations,
    clippy::pedantic,
    clippy::use_self,
    clippy::all,
    reason = "our own lints are not for generated code"
)]

use rpcgen_runtime::{
    Bytes, Decode, DecodeError, DecodeLimits, Encode, EncodeError, List, Mode, Opaque, Quadruple,
    XdrString, from_bytes_with, to_bytes,
};

use std::fmt::Debug;

include!(concat!(env!("OUT_DIR"), "/types.rs"));

/// The numbers that a value is made of, from first to last.
#[derive(Debug)]
pub struct Tokens<'a>(std::slice::Iter<'a, u64>);

impl<'a> Tokens<'a> {
    fn next(&mut self) -> u64 {
        *self.0.next().expect("as many numbers as the type wants")
    }

    fn many<T: Fill, C: FromIterator<T>>(&mut self) -> C {
        let count = self.next();
        (0..count).map(|_| T::fill(self)).collect()
    }
}

/// A value made of numbers.
pub trait Fill: Sized {
    fn fill(t: &mut Tokens<'_>) -> Self;
}

macro_rules! numbers {
    ($($t:ty)*) => {$(impl Fill for $t {
        fn fill(t: &mut Tokens<'_>) -> Self { t.next() as Self }
    })*};
}
numbers!(i8 u8 i16 u16 i32 u32 i64 u64);

impl Fill for bool {
    fn fill(t: &mut Tokens<'_>) -> Self {
        t.next() != 0
    }
}

impl Fill for f32 {
    fn fill(t: &mut Tokens<'_>) -> Self {
        Self::from_bits(t.next() as u32)
    }
}

impl Fill for f64 {
    fn fill(t: &mut Tokens<'_>) -> Self {
        Self::from_bits(t.next())
    }
}

impl Fill for Quadruple {
    fn fill(t: &mut Tokens<'_>) -> Self {
        Self(Fill::fill(t))
    }
}

impl Fill for XdrString {
    fn fill(t: &mut Tokens<'_>) -> Self {
        t.many::<u8, Vec<u8>>().into()
    }
}

impl Fill for String {
    fn fill(t: &mut Tokens<'_>) -> Self {
        Self::from_utf8(t.many()).expect("text, where the options ask for it")
    }
}

impl Fill for Bytes {
    fn fill(t: &mut Tokens<'_>) -> Self {
        t.many()
    }
}

impl Fill for Opaque {
    fn fill(t: &mut Tokens<'_>) -> Self {
        t.many::<u8, Vec<u8>>().into()
    }
}

impl<T: Fill> Fill for Vec<T> {
    fn fill(t: &mut Tokens<'_>) -> Self {
        t.many()
    }
}

impl<T: Fill, const N: usize> Fill for [T; N] {
    fn fill(t: &mut Tokens<'_>) -> Self {
        assert_eq!(t.next(), N as u64);
        std::array::from_fn(|_| T::fill(t))
    }
}

impl<T: Fill> Fill for Option<T> {
    fn fill(t: &mut Tokens<'_>) -> Self {
        (t.next() != 0).then(|| T::fill(t))
    }
}

impl<T: Fill> Fill for Box<T> {
    fn fill(t: &mut Tokens<'_>) -> Self {
        Box::new(T::fill(t))
    }
}

impl<T: Fill> Fill for List<T> {
    fn fill(t: &mut Tokens<'_>) -> Self {
        let mut list = Self::new();
        while t.next() != 0 {
            list.push(T::fill(t));
        }
        list
    }
}

/// A discriminant of a default arm.
fn tag_of<T: Tag>(tag: i64) -> T {
    T::of(tag)
}

trait Tag {
    fn of(tag: i64) -> Self;
}

macro_rules! tags {
    ($($t:ty)*) => {$(impl Tag for $t { fn of(tag: i64) -> Self { tag as Self } })*};
}
tags!(i8 u8 i16 u16 i32 u32 i64 u64);

impl Tag for bool {
    fn of(tag: i64) -> Self {
        tag != 0
    }
}

/// What decoding a message yields: the value encoded again, and whether `encoded_len` said how long that is.
pub type Again = Result<Result<Bytes, EncodeError>, DecodeError>;

/// A type.
pub struct Entry {
    /// Module of its interface.
    pub module: &'static str,
    /// Its name in the `.x` file.
    pub x: &'static str,
    /// Its index in the resolved interface.
    pub index: usize,
    /// Length of the shortest encoding.
    pub min: usize,
    /// Largest ratio of Rust bytes to wire bytes.
    pub ratio: usize,
    /// Numbers → a value → bytes. Checks that all numbers were used, and `encoded_len`.
    pub encode: fn(&[u64]) -> Result<Bytes, EncodeError>,
    /// Bytes → a value → bytes.
    pub again: fn(&Bytes, Mode) -> Again,
    /// Bytes → a value, which is dropped.
    pub decode: fn(&Bytes, Mode) -> Result<(), DecodeError>,
    /// Bytes → a value, whose clone is checked: it looks the same, and is equal. Whether there is one.
    pub copy: fn(&Bytes) -> bool,
}

impl Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.module, self.x)
    }
}

impl Entry {
    const fn new<T: Fill + Encode + for<'a> Decode<'a> + Clone + PartialEq + Debug>(
        module: &'static str,
        x: &'static str,
        index: usize,
    ) -> Self {
        Self {
            module,
            x,
            index,
            min: T::MIN,
            ratio: T::RATIO,
            encode: encode::<T>,
            again: again::<T>,
            decode: decode::<T>,
            copy: copy::<T>,
        }
    }
}

fn encode<T: Fill + Encode>(numbers: &[u64]) -> Result<Bytes, EncodeError> {
    let mut tokens = Tokens(numbers.iter());
    let value = T::fill(&mut tokens);
    let unused = tokens.0.len();
    assert_eq!(unused, 0, "{}: {numbers:?}", std::any::type_name::<T>());
    let bytes = to_bytes(&value)?;
    assert_eq!(bytes.len(), value.encoded_len());
    Ok(bytes)
}

fn again<T: Encode + for<'a> Decode<'a>>(bytes: &Bytes, mode: Mode) -> Again {
    let value: T = from_bytes_with(bytes, DecodeLimits::default(), mode)?;
    let again = to_bytes(&value);
    if let Ok(again) = &again {
        assert_eq!(again.len(), value.encoded_len());
    }
    Ok(again)
}

fn decode<T: for<'a> Decode<'a>>(bytes: &Bytes, mode: Mode) -> Result<(), DecodeError> {
    from_bytes_with::<T>(bytes, DecodeLimits::default(), mode).map(drop)
}

fn copy<T: for<'a> Decode<'a> + Clone + PartialEq + Debug>(bytes: &Bytes) -> bool {
    let Ok(value) = from_bytes_with::<T>(bytes, DecodeLimits::default(), Mode::Interop) else {
        return false;
    };
    let copy = value.clone();
    let shown = format!("{value:?}");
    assert_eq!(format!("{copy:?}"), shown);
    // NaN is not equal to itself; anything else is.
    assert!(value == copy || shown.contains("NaN"), "{shown}");
    true
}
