//! What a server counts, and when it was last used.

use crate::msg::{ReplyHeader, ReplyStat};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Counters of a server, as they stood when they were asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Connections open.
    pub connections: usize,
    /// Calls whose handlers were not ready at once and have not finished.
    pub in_flight: usize,
    /// Bytes of partial records, queued replies, and arguments of calls that run.
    pub held: usize,
    /// Calls in the reply cache.
    pub remembered: usize,
    /// Connections accepted.
    pub accepted: u64,
    /// Connections closed at once because there were too many.
    pub refused: u64,
    /// Messages that were calls, answered by whatever.
    pub calls: u64,
    /// Of them, those denied before middleware and handlers saw them: for a credential that is malformed, refused or not what
    /// is required, or for another RPC version than 2.
    pub denied: u64,
    /// Calls answered from the reply cache, or dropped because they were running.
    pub duplicates: u64,
    /// Datagrams dropped: too short, no calls, or from a source that cannot be answered.
    pub dropped: u64,
    /// Calls that came faster than their source may call: delayed over streams, dropped over UDP.
    pub throttled: u64,
    /// Connections that ended inside a record.
    pub truncated: u64,
    /// Connections closed for what they sent.
    pub garbage: u64,
    /// Connections closed by a deadline.
    pub deadlines: u64,
}

/// One counter.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The counters that only grow.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) accepted: Counter,
    pub(crate) refused: Counter,
    pub(crate) calls: Counter,
    pub(crate) denied: Counter,
    pub(crate) duplicates: Counter,
    pub(crate) dropped: Counter,
    pub(crate) throttled: Counter,
    pub(crate) truncated: Counter,
    pub(crate) garbage: Counter,
    pub(crate) deadlines: Counter,
}

impl Counters {
    /// A call has been answered without being run.
    pub(crate) fn answered(&self, reply: &ReplyHeader) {
        if matches!(reply.stat, ReplyStat::Denied(_)) {
            self.denied.add(1);
        }
    }
}

/// When the server was last used.
#[derive(Debug)]
pub(crate) struct Activity {
    start: Instant,
    /// Milliseconds after the start.
    last: AtomicU64,
}

impl Activity {
    pub(crate) fn new() -> Self {
        let start = Instant::now();
        let last = AtomicU64::new(0);
        Self { start, last }
    }

    pub(crate) fn touch(&self) {
        let now = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(now, Ordering::Relaxed);
    }

    /// Time since the last use.
    pub(crate) fn quiet(&self) -> Duration {
        let last = Duration::from_millis(self.last.load(Ordering::Relaxed));
        self.start.elapsed().saturating_sub(last)
    }
}
