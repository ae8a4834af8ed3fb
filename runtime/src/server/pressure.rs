//! When the server holds too many bytes: large records are not read on, no call is begun for a peer that has not taken
//! its replies, and if that does not help, the connection goes whose peer has not sent the rest of its record, or taken
//! its replies, for the longest time.

use super::Shared;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// What there is at least for small calls then.
const RESERVE: usize = 4 << 20;

/// How long the server waits for memory before it closes the connection with the oldest partial record, and then the next.
const PATIENCE: Duration = Duration::from_secs(1);

/// The same when nothing else goes on meanwhile.
const HASTE: Duration = Duration::from_millis(20);

impl Shared {
    /// How many bytes the server holds beyond its limit, and how many it may.
    pub(super) fn excess(&self) -> Option<(usize, usize)> {
        let (held, limit) = (self.held.load(Ordering::Relaxed), self.limits.held);
        Some((held.checked_sub(limit)?, (limit / 4).max(RESERVE)))
    }

    /// Whether half of what it may hold beyond its limit is used up: the other half is for small calls alone.
    pub(super) fn is_exhausted(&self) -> bool {
        self.excess()
            .is_some_and(|(excess, reserve)| excess >= reserve / 2)
    }
}

/// Partial records, and replies that are not taken, of connections that wait for memory, the oldest first.
///
/// Only connections that find the limit reached come here, so that it costs nothing otherwise.
#[derive(Debug, Default)]
pub(crate) struct Partials {
    next: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    waiting: BTreeSet<(Instant, u64)>,
    /// When the waiting began, or the last connection was closed for it.
    since: Option<Instant>,
}

/// A connection's partial record in the list.
pub(crate) type Partial = (Instant, u64);

impl Partials {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a partial record that began at `since`.
    pub(crate) fn enter(&self, since: Instant) -> Partial {
        let partial = (since, self.next.fetch_add(1, Ordering::Relaxed));
        let mut state = self.state();
        state.since.get_or_insert_with(Instant::now);
        state.waiting.insert(partial);
        partial
    }

    /// Takes it out: its connection is read from again, or gone.
    pub(crate) fn leave(&self, partial: Partial) {
        let mut state = self.state();
        state.waiting.remove(&partial);
        if state.waiting.is_empty() {
            state.since = None;
        }
    }

    /// Whether it is this one's turn to go. When it is `urgent`, for large results fail, those that have waited
    /// for their peers long enough go one shortly after the other.
    pub(crate) fn must_go(&self, partial: Partial, now: Instant, urgent: bool) -> bool {
        let mut state = self.state();
        let passed = |since: Option<Instant>, time| {
            since.is_some_and(|since| now.saturating_duration_since(since) >= time)
        };
        let waited = passed(state.since, PATIENCE)
            || urgent && passed(state.since, HASTE) && passed(Some(partial.0), PATIENCE);
        let must_go = waited && state.waiting.first() == Some(&partial);
        if must_go {
            // The next one gets the same time to see whether this was enough.
            state.since = Some(now);
        }
        must_go
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_first_and_the_next_only_after_a_while() {
        let partials = Partials::default();
        let start = Instant::now();
        let young = partials.enter(start + Duration::from_millis(2));
        let old = partials.enter(start);
        assert!(!partials.must_go(old, start, false), "not at once");
        let later = Instant::now() + PATIENCE;
        assert!(!partials.must_go(young, later, false));
        assert!(partials.must_go(old, later, false));
        partials.leave(old);
        assert!(
            !partials.must_go(young, later, false),
            "the first may have been enough"
        );
        assert!(partials.must_go(young, later + PATIENCE, false));
    }

    #[test]
    fn in_an_emergency_the_next_goes_shortly_after_but_none_that_is_young() {
        let partials = Partials::default();
        let start = Instant::now();
        let (oldest, old) = (partials.enter(start), partials.enter(start));
        let later = Instant::now() + PATIENCE;
        assert!(partials.must_go(oldest, later, true));
        partials.leave(oldest);
        assert!(!partials.must_go(old, later, true));
        assert!(!partials.must_go(old, later + HASTE, false));
        assert!(partials.must_go(old, later + HASTE, true));
        let young = partials.enter(later);
        partials.leave(old);
        assert!(!partials.must_go(young, later + HASTE * 3, true));
    }
}
