//! A seed → values of every type, with the boundary values more often than chance would have them.

use crate::{
    Arrays, Bulkies, Bulky, ByBool, ByEnum, ByInt, ByUnsigned, Call, Chain, Colour, Item, Large,
    Mood, Scalars, Shelf, Term, Texts, Tree, TwoChains, Unions,
};
use rpcgen_runtime::{Bytes, List, Opaque, Quadruple, XdrString};

/// Pseudo-random numbers (xorshift64*).
#[derive(Debug)]
pub struct Rng(u64);

impl Rng {
    /// The sequence of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.number() % n.max(1) as u64).expect("below a usize")
    }

    /// A bit pattern: zero, all ones, the sign alone, a NaN with a payload, or anything.
    fn bits(&mut self) -> u64 {
        match self.below(8) {
            0 => 0,
            1 => u64::MAX,
            2 => 1 << 63 | 1 << 31,
            3 => 0x7ff0_0000_7f80_0001,
            _ => self.number(),
        }
    }

    /// A length up to `max`, often none or all of it.
    fn length(&mut self, max: usize) -> usize {
        match self.below(4) {
            0 => 0,
            1 => max,
            _ => self.below(max + 1),
        }
    }

    fn bytes(&mut self, max: usize) -> Vec<u8> {
        let n = self.length(max);
        (0..n).map(|_| self.number() as u8).collect()
    }

    fn some<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.below(2) == 0).then(|| make(self))
    }

    fn many<T: Random>(&mut self, max: usize) -> Vec<T> {
        let n = self.length(max);
        (0..n).map(|_| T::random(self)).collect()
    }
}

/// A type of which there are random values.
pub trait Random: Sized {
    /// A value.
    fn random(rng: &mut Rng) -> Self;
}

macro_rules! numbers {
    ($($t:ty)*) => {$(
        impl Random for $t {
            fn random(rng: &mut Rng) -> Self {
                rng.bits() as Self
            }
        }
    )*};
}
numbers!(i8 u8 i16 u16 i32 u32 i64 u64);

impl Random for f32 {
    fn random(rng: &mut Rng) -> Self {
        Self::from_bits(rng.bits() as u32)
    }
}

impl Random for f64 {
    fn random(rng: &mut Rng) -> Self {
        Self::from_bits(rng.bits())
    }
}

impl Random for bool {
    fn random(rng: &mut Rng) -> Self {
        rng.below(2) == 0
    }
}

impl<T: Random, const N: usize> Random for [T; N] {
    fn random(rng: &mut Rng) -> Self {
        std::array::from_fn(|_| T::random(rng))
    }
}

macro_rules! structs {
    ($($name:ident { $($field:ident: $make:expr),* $(,)? })*) => {$(
        impl Random for $name {
            fn random(rng: &mut Rng) -> Self {
                fn make<T>(rng: &mut Rng, make: impl FnOnce(&mut Rng) -> T) -> T {
                    make(rng)
                }
                Self { $($field: make(rng, $make)),* }
            }
        }
    )*};
}

structs! {
    Scalars {
        a: Random::random, b: Random::random, c: Random::random, d: Random::random, e: Random::random,
        f: Random::random, g: Random::random, h: Random::random, i: Random::random, j: Random::random,
        k: Random::random, l: |r| Quadruple(Random::random(r)), m: Random::random, n: Random::random,
    }
    Texts {
        name: |r| XdrString::from(r.bytes(8)), note: |r| XdrString::from(r.bytes(60)),
        blob: |r| Bytes::from(r.bytes(90)), handle: |r| Opaque::from(r.bytes(64)),
        three: Random::random, none: |_| [],
    }
    Arrays {
        ints: |r| r.many(40), hypers: |r| r.many(4), doubles: Random::random, chars: |r| r.many(5),
        flags: Random::random, names: |r| (0..r.length(5)).map(|_| XdrString::from(r.bytes(8))).collect(),
        all: |r| r.many(2), maybe: |r| r.some(Random::random), more: |r| r.some(Random::random),
    }
    Unions { a: Random::random, b: Random::random, c: Random::random, d: Random::random }
    Item { key: Random::random, value: |r| XdrString::from(r.bytes(30)) }
    Shelf { items: |r| List::from(r.many(6)), size: Random::random }
    TwoChains { first: Random::random, second: |r| r.some(|r| Box::new(Random::random(r))) }
    Call { name: |r| XdrString::from(r.bytes(5)), arguments: |r| r.many(2) }
    Bulkies { all: |r| r.many(5) }
    Large {
        heap: |r| (0..10_000).map(|_| r.number() as u8).collect(),
        numbers: |r| (0..3000).map(|_| Random::random(r)).collect(),
        few: Random::random,
    }
}

impl Random for Colour {
    fn random(rng: &mut Rng) -> Self {
        [Self::Red, Self::Green, Self::Blue][rng.below(3)]
    }
}

impl Random for Mood {
    fn random(rng: &mut Rng) -> Self {
        Self(Random::random(rng))
    }
}

impl Random for ByInt {
    fn random(rng: &mut Rng) -> Self {
        match rng.below(4) {
            0 => Self::Case0,
            1 => Self::Case1(Random::random(rng)),
            2 => Self::Case2(Random::random(rng)),
            _ => Self::CaseMinus5(XdrString::from(rng.bytes(8))),
        }
    }
}

impl Random for ByEnum {
    fn random(rng: &mut Rng) -> Self {
        match rng.below(3) {
            0 => Self::Red(Random::random(rng)),
            1 => Self::Other(2, Random::random(rng)),
            _ => Self::Other(-3, Random::random(rng)),
        }
    }
}

impl Random for ByBool {
    fn random(rng: &mut Rng) -> Self {
        rng.some(|r| Self::True(Bytes::from(r.bytes(9))))
            .unwrap_or(Self::False)
    }
}

impl Random for ByUnsigned {
    fn random(rng: &mut Rng) -> Self {
        match rng.below(2) {
            0 => Self::Case4294967295(Random::random(rng)),
            _ => Self::Other(u32::random(rng).min(u32::MAX - 1)),
        }
    }
}

impl Random for Chain {
    fn random(rng: &mut Rng) -> Self {
        let node = |rng: &mut Rng, next| Self {
            link: Random::random(rng),
            next,
        };
        let n = rng.length(5);
        (0..n).fold(node(rng, None), |next, _| node(rng, Some(Box::new(next))))
    }
}

impl Random for Tree {
    fn random(rng: &mut Rng) -> Self {
        Self {
            value: Random::random(rng),
            left: (rng.below(3) == 0).then(|| Box::new(Random::random(rng))),
            right: (rng.below(3) == 0).then(|| Box::new(Random::random(rng))),
        }
    }
}

impl Random for Term {
    fn random(rng: &mut Rng) -> Self {
        match rng.below(4) {
            0 => Self::Case1(rng.some(|r| Box::new(Random::random(r)))),
            _ => Self::Case0(Random::random(rng)),
        }
    }
}

impl Random for Bulky {
    fn random(rng: &mut Rng) -> Self {
        match rng.below(3) {
            0 => Self::Case1(Box::new(Random::random(rng))),
            _ => Self::Case0,
        }
    }
}
