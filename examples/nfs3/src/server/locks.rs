//! A lock for each object, of which there are few: an object's lock is the one its number falls on.
//!
//! Held between "before" and "after" of a change, so that the attributes a client gets are those around its own change
//! and nobody else's.

use std::sync::{Mutex, MutexGuard, PoisonError};

const LOCKS: usize = 256;

#[derive(Debug)]
pub(super) struct Locks([Mutex<()>; LOCKS]);

impl Locks {
    pub(super) fn new() -> Self {
        Self([const { Mutex::new(()) }; LOCKS])
    }

    fn index(id: u64) -> usize {
        let mixed = id.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        usize::try_from(mixed).unwrap_or(0) % LOCKS
    }

    fn lock(&self, index: usize) -> MutexGuard<'_, ()> {
        self.0[index].lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn one(&self, id: u64) -> MutexGuard<'_, ()> {
        self.lock(Self::index(id))
    }

    /// Both, always in the same order.
    pub(super) fn two(&self, a: u64, b: u64) -> (MutexGuard<'_, ()>, Option<MutexGuard<'_, ()>>) {
        let (a, b) = (Self::index(a), Self::index(b));
        let first = self.lock(a.min(b));
        (first, (a != b).then(|| self.lock(a.max(b))))
    }
}
