//! Numbers that a peer cannot guess: transaction ids and jitter.

use core::hash::{BuildHasher, Hasher};
use std::hash::{DefaultHasher, RandomState};

/// A keyed hash of a counter: as unpredictable as the key.
#[derive(Clone, Debug)]
pub struct Random {
    /// The hasher once the key is in it.
    keyed: DefaultHasher,
    counter: u64,
    /// The other half of a number of which one half has been given out.
    spare: Option<u32>,
}

impl Random {
    /// A source keyed by the system's randomness, through the standard library.
    #[must_use]
    pub fn from_system() -> Self {
        let word = || RandomState::new().build_hasher().finish();
        Self::from_key([word(), word()])
    }

    /// The same key gives the same numbers: for tests that replay.
    #[must_use]
    pub fn from_key(key: [u64; 2]) -> Self {
        let mut keyed = DefaultHasher::new();
        for word in key {
            keyed.write_u64(word);
        }
        Self {
            keyed,
            counter: 0,
            spare: None,
        }
    }

    /// The next number.
    pub fn next_u64(&mut self) -> u64 {
        self.counter = self.counter.wrapping_add(1);
        let mut hasher = self.keyed.clone();
        hasher.write_u64(self.counter);
        hasher.finish()
    }

    /// The next number of 32 bits will be this one.
    #[cfg(all(test, feature = "net"))]
    pub(super) fn put_back(&mut self, number: u32) {
        self.spare = Some(number);
    }

    /// The next number of 32 bits.
    pub fn next_u32(&mut self) -> u32 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let both = self.next_u64();
        self.spare = Some(both as u32);
        (both >> 32) as u32
    }
}
