//! A lock that is waited for no longer than one wants to: the calls of a handle take turns, and each has its deadline.
//!
//! A lone caller pays for a lock and a fence. Invariant: whoever waits has counted himself before he looks at the lock,
//! and whoever unlocks looks at the count afterwards, so one of the two sees the other.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicUsize, Ordering, fence};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Instant;

#[derive(Debug)]
pub(super) struct Turns<T> {
    state: Mutex<T>,
    waiting: AtomicUsize,
    queue: Mutex<()>,
    left: Condvar,
}

/// The lock, held.
pub(super) struct Turn<'a, T> {
    /// There until it is dropped.
    state: Option<MutexGuard<'a, T>>,
    turns: &'a Turns<T>,
}

impl<T> Turns<T> {
    pub(super) fn new(state: T) -> Self {
        Self {
            state: Mutex::new(state),
            waiting: AtomicUsize::new(0),
            queue: Mutex::new(()),
            left: Condvar::new(),
        }
    }

    /// The lock, if nobody has it.
    pub(super) fn try_take(&self) -> Option<Turn<'_, T>> {
        self.try_lock().map(|state| self.turn(state))
    }

    fn turn<'a>(&'a self, state: MutexGuard<'a, T>) -> Turn<'a, T> {
        Turn {
            state: Some(state),
            turns: self,
        }
    }

    fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        match self.state.try_lock() {
            Ok(state) => Some(state),
            // A panic comes from a credential; the state is whole before it is asked.
            Err(TryLockError::Poisoned(state)) => Some(state.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Waits for the lock until an instant, for ever without one.
    #[cold]
    pub(super) fn wait(&self, until: Option<Instant>) -> Option<Turn<'_, T>> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        self.waiting.fetch_add(1, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        let taken = loop {
            if let Some(state) = self.try_lock() {
                break Some(self.turn(state));
            }
            queue = match until {
                None => self
                    .left
                    .wait(queue)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(until) => {
                    let left = until.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        break None;
                    }
                    let woken = self.left.wait_timeout(queue, left);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        };
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        taken
    }
}

impl<T> Deref for Turn<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.state.as_deref().expect("held until it is dropped")
    }
}

impl<T> DerefMut for Turn<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.state.as_deref_mut().expect("held until it is dropped")
    }
}

impl<T> Drop for Turn<'_, T> {
    fn drop(&mut self) {
        self.state = None;
        fence(Ordering::SeqCst);
        if self.turns.waiting.load(Ordering::SeqCst) > 0 {
            let queue = self.turns.queue.lock();
            drop(queue.unwrap_or_else(PoisonError::into_inner));
            self.turns.left.notify_one();
        }
    }
}
