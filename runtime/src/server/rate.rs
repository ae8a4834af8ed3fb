//! How many calls a source may make in a time: a token bucket for each address.
//!
//! A bucket is one number, the time at which it will be full again (the virtual scheduling form of the leaky bucket, as in
//! ITU-T I.371). A full bucket is as good as none, and is forgotten when the table has doubled. A flood of invented
//! addresses makes the server forget all buckets, which forgives debts but never grows the table.
//!
//! A call over a stream that comes too early has its token taken out in advance, so that each waiting connection has a time
//! of its own, and wakes once.

use super::Peer;
use super::source::Source;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Most buckets kept.
const MOST: usize = 1 << 16;
/// Buckets below which nobody looks for full ones.
const FEW: usize = 1 << 10;

/// Calls that one source may make: so many a second on average, and so many at once after a pause.
///
/// ```
/// # use rpcgen_runtime::{Limits, server::Rate};
/// let limits = Limits::default().calls_per_source(Some(Rate::per_second(100).burst(500)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Between two calls, on average.
    interval: Duration,
    burst: u32,
}

impl Rate {
    /// So many calls a second (at least 1), and as many at once.
    #[must_use]
    pub fn per_second(calls: u32) -> Self {
        let calls = calls.max(1);
        Self {
            interval: Duration::from_secs(1) / calls,
            burst: calls,
        }
    }

    /// So many calls at once (at least 1), after a pause that is long enough.
    #[must_use]
    pub fn burst(mut self, calls: u32) -> Self {
        self.burst = calls.max(1);
        self
    }

    /// Time in which an empty bucket fills.
    fn fill(self) -> Duration {
        self.interval.saturating_mul(self.burst)
    }
}

/// The buckets of all sources; none where calls are not limited.
#[derive(Debug)]
pub(crate) struct Buckets(Option<Mutex<Table>>);

#[derive(Debug)]
struct Table {
    rate: Rate,
    /// When each bucket is full again.
    full_at: HashMap<Source, Instant>,
    /// At this size, full ones are looked for.
    look_at: usize,
}

impl Buckets {
    pub(crate) fn new(rate: Option<Rate>) -> Self {
        Self(rate.map(|rate| Mutex::new(Table::new(rate))))
    }

    /// Whether calls are limited at all.
    #[inline]
    pub(crate) fn limit(&self) -> bool {
        self.0.is_some()
    }

    /// The table and the peer's place in it. Peers on this machine's unix sockets have other bounds.
    #[inline]
    fn of(&self, peer: &Peer) -> Option<(MutexGuard<'_, Table>, Source)> {
        let table = self.0.as_ref()?;
        let source = Source::of(peer)?;
        Some((table.lock().unwrap_or_else(PoisonError::into_inner), source))
    }

    /// Takes a token out of the peer's bucket; whether there was one.
    #[inline]
    pub(crate) fn take(&self, peer: &Peer) -> bool {
        let Some((mut table, source)) = self.of(peer) else {
            return true;
        };
        let now = Instant::now();
        let is_there = table.ready_at(source, now) <= now;
        if is_there {
            table.spend(source, now);
        }
        is_there
    }

    /// Takes a token out of the peer's bucket, in advance if there is none: then from when on it counts.
    pub(crate) fn reserve(&self, peer: &Peer) -> Option<Instant> {
        let (mut table, source) = self.of(peer)?;
        let now = Instant::now();
        let at = table.ready_at(source, now);
        table.spend(source, now);
        (at > now).then_some(at)
    }
}

impl Table {
    fn new(rate: Rate) -> Self {
        Self {
            rate,
            full_at: HashMap::new(),
            look_at: FEW,
        }
    }

    /// When the bucket has a token.
    fn ready_at(&self, source: Source, now: Instant) -> Instant {
        let full_at = self.full_at.get(&source);
        let full_at = full_at.map_or(now, |at| (*at).max(now));
        // One token more than all but one.
        let missing = full_at.duration_since(now) + self.rate.interval;
        now + missing.saturating_sub(self.rate.fill())
    }

    /// Takes a token out.
    fn spend(&mut self, source: Source, now: Instant) {
        if self.full_at.len() >= self.look_at {
            self.full_at.retain(|_, at| *at > now);
            if self.full_at.len() >= MOST / 2 {
                self.full_at.clear();
            }
            self.look_at = (self.full_at.len() * 2).max(FEW);
        }
        let full_at = self.full_at.entry(source).or_insert(now);
        *full_at = (*full_at).max(now) + self.rate.interval;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(n: u32) -> Source {
        Source::of(&Peer::Udp((std::net::Ipv4Addr::from(n), 1).into())).unwrap()
    }

    #[test]
    fn h092_a_burst_and_then_the_rate_for_each_source() {
        let start = Instant::now();
        let ms = |ms| start + Duration::from_millis(ms);
        let mut all = Table::new(Rate::per_second(10).burst(3));
        let mut take = |n, at| {
            let ready = all.ready_at(source(n), at);
            if ready <= at {
                all.spend(source(n), at);
            }
            ready
        };
        for _ in 0..3 {
            assert_eq!(take(1, start), start);
        }
        assert_eq!(take(1, start), ms(100));
        assert_eq!(take(2, start), start, "another source");
        assert_eq!(take(1, ms(99)), ms(100));
        assert_eq!(take(1, ms(100)), ms(100));
        assert_eq!(take(1, ms(101)), ms(200));
        // A pause fills it, and no more than that.
        for _ in 0..3 {
            assert_eq!(take(1, ms(60_000)), ms(60_000));
        }
        assert_eq!(take(1, ms(60_000)), ms(60_100));
    }

    #[test]
    fn h092_who_waits_has_a_time_of_its_own() {
        let buckets = Buckets::new(Some(Rate::per_second(1)));
        let peer = Peer::Tcp("192.0.2.1:700".parse().unwrap());
        assert_eq!(buckets.reserve(&peer), None);
        let first = buckets.reserve(&peer).unwrap();
        let second = buckets.reserve(&peer).unwrap();
        assert_eq!(second, first + Duration::from_secs(1));
        assert!(!buckets.take(&peer));
        assert_eq!(buckets.reserve(&Peer::Local), None);
    }

    #[test]
    fn h092_invented_sources_do_not_grow_the_table() {
        let now = Instant::now();
        let mut all = Table::new(Rate::per_second(1));
        for n in 0..1_000_000 {
            assert_eq!(all.ready_at(source(n), now), now);
            all.spend(source(n), now);
            assert!(all.full_at.len() <= MOST);
        }
        // Full ones go first: who has a debt keeps it.
        let later = now + Duration::from_secs(60);
        all.spend(source(7), later);
        for n in 0..FEW as u32 * 20 {
            let then = later + Duration::from_millis(u64::from(n));
            all.spend(source(100 + n), then);
            let debt = all.ready_at(source(7), then) > then;
            assert_eq!(debt, n < 1_000, "{n}");
        }
        assert!(all.full_at.len() <= 2 * FEW, "{}", all.full_at.len());
    }
}
