//! The duplicate request cache: a retransmitted call gets the reply of the call that ran, and does not run again.
//!
//! RFC 5531 §5 leaves at-most-once to implementations. A call is known by its peer's address and port, xid, program,
//! version, procedure and arguments, by a keyed hash. The cache is bounded by entries, bytes and age.

use crate::Opaque;
use bytes::Bytes;
use std::collections::hash_map::{Entry, RandomState};
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Calls that run, and are passed over, in one search for what can be forgotten: many of them must not make each call dear.
const PASSED: usize = 16;
/// Replies below this have room in an [`Opaque`].
const SHORT: usize = 40;

/// What makes two messages the same call: both are equal only for the same peer, xid, program, version, procedure and
/// arguments, but for one chance in 2^64 that nobody can aim at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallKey {
    /// Of all of it, with the cache's own key.
    hash: u64,
    xid: u32,
}

impl Hash for CallKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// Takes the hash that a key brings along.
#[derive(Clone, Debug, Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// Bounds of the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayLimits {
    /// Calls remembered (default 4 096).
    pub entries: usize,
    /// Bytes of replies remembered (default 16 MiB).
    pub bytes: usize,
    /// For how long (default 2 minutes).
    pub age: Duration,
}

impl Default for ReplayLimits {
    fn default() -> Self {
        Self {
            entries: 4_096,
            bytes: 16 << 20,
            age: Duration::from_secs(120),
        }
    }
}

/// What to do with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It is new: run it, and say [`ReplayCache::finish`].
    Run,
    /// It runs already: drop the duplicate.
    InProgress,
    /// It has run: this was its reply, or none.
    Replay(Option<Bytes>),
}

/// What has become of a call. A short reply lies in here: the cache is as large as a processor's own, and each piece of
/// memory that an old call refers to is one more that has to be fetched when it goes.
#[derive(Debug)]
enum State {
    Running,
    Ended(Option<Opaque>),
    Abandoned,
}

#[derive(Debug)]
struct Remembered {
    key: CallKey,
    state: State,
    /// When it is too old; `None` is beyond all time.
    until: Option<Instant>,
}

/// The cache.
#[derive(Debug)]
pub struct ReplayCache {
    limits: ReplayLimits,
    /// Where each call is in `order`, counted from where that began.
    calls: HashMap<CallKey, u32, BuildHasherDefault<AsIs>>,
    /// Oldest first; a call that still runs when it could go is put behind the others.
    order: VecDeque<Remembered>,
    /// How many have left the front of `order`, as far as 32 bits tell.
    gone: u32,
    bytes: usize,
    hasher: RandomState,
}

impl ReplayCache {
    /// An empty cache.
    #[must_use]
    pub fn new(limits: ReplayLimits) -> Self {
        Self {
            limits,
            calls: HashMap::default(),
            order: VecDeque::new(),
            gone: 0,
            bytes: 0,
            hasher: RandomState::new(),
        }
    }

    /// The key of a call.
    #[must_use]
    pub fn key(
        &self,
        peer: SocketAddr,
        xid: u32,
        (program, version, procedure): (u32, u32, u32),
        arguments: &[u8],
    ) -> CallKey {
        let (ip, scope) = match peer {
            SocketAddr::V4(v4) => (v4.ip().to_ipv6_mapped(), 0),
            SocketAddr::V6(v6) => (*v6.ip(), v6.scope_id()),
        };
        let pair = |high: u32, low: u32| u64::from(high) << 32 | u64::from(low);
        // Numbers in a row are hashed at one go.
        let numbers = [
            (u128::from(ip) >> 64) as u64,
            u128::from(ip) as u64,
            pair(scope, peer.port().into()),
            pair(xid, program),
            pair(version, procedure),
        ];
        let mut hasher = self.hasher.build_hasher();
        u64::hash_slice(&numbers, &mut hasher);
        hasher.write(arguments);
        let hash = hasher.finish();
        CallKey { hash, xid }
    }

    /// Looks at a call that has arrived.
    pub fn admit(&mut self, now: Instant, key: CallKey) -> Admission {
        self.evict(now);
        match self.calls.entry(key) {
            Entry::Occupied(entry) => {
                let at = entry.get().wrapping_sub(self.gone);
                match self.order.get(at as usize).map(|call| &call.state) {
                    Some(State::Ended(reply)) => {
                        Admission::Replay(reply.clone().map(Opaque::into_bytes))
                    }
                    _ => Admission::InProgress,
                }
            }
            Entry::Vacant(entry) => {
                entry.insert(self.gone.wrapping_add(self.order.len() as u32));
                let (state, until) = (State::Running, now.checked_add(self.limits.age));
                self.order.push_back(Remembered { key, state, until });
                Admission::Run
            }
        }
    }

    /// Remembers the reply to a call that has run.
    pub fn finish(&mut self, now: Instant, key: CallKey, reply: Option<&Bytes>) {
        let Some(at) = self.calls.get(&key) else {
            return;
        };
        let at = at.wrapping_sub(self.gone) as usize;
        if let Some(call) = self.order.get_mut(at) {
            self.bytes = self.bytes.saturating_add(reply.map_or(0, Bytes::len));
            call.state = State::Ended(reply.map(kept));
            call.until = now.checked_add(self.limits.age);
        }
        self.evict(now);
    }

    /// Forgets a call that ended without running to its end: the next duplicate runs.
    pub fn abandon(&mut self, key: CallKey) {
        let Some(at) = self.calls.remove(&key) else {
            return;
        };
        let at = at.wrapping_sub(self.gone) as usize;
        if let Some(call) = self.order.get_mut(at) {
            self.bytes = self.bytes.saturating_sub(call.state.len());
            call.state = State::Abandoned;
        }
        while let Some(State::Abandoned) = self.order.back().map(|call| &call.state) {
            self.order.pop_back();
        }
    }

    /// Calls remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    /// Whether nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Forgets what is too old or too much, oldest first; calls that run are kept, their number has a limit of its own.
    fn evict(&mut self, now: Instant) {
        let mut passed = 0..PASSED;
        while let Some(first) = self.order.front() {
            let old = first.until.is_some_and(|until| until < now);
            // What was abandoned takes room as well, until it comes to the front.
            let many = self.calls.len() > self.limits.entries
                || self.order.len() > self.limits.entries.saturating_mul(2)
                || self.bytes > self.limits.bytes;
            let abandoned = matches!(first.state, State::Abandoned);
            if !old && !many && !abandoned {
                return;
            }
            let Some(first) = self.order.pop_front() else {
                return;
            };
            self.gone = self.gone.wrapping_add(1);
            match first.state {
                State::Abandoned => {}
                State::Running => {
                    let at = self.gone.wrapping_add(self.order.len() as u32);
                    self.calls.insert(first.key, at);
                    self.order.push_back(first);
                    if passed.next().is_none() {
                        return;
                    }
                }
                State::Ended(_) => {
                    self.bytes = self.bytes.saturating_sub(first.state.len());
                    self.calls.remove(&first.key);
                }
            }
        }
    }
}

/// A reply as it is kept: what is short is copied, so that sending it and forgetting it stay cheap.
fn kept(reply: &Bytes) -> Opaque {
    match reply.len() {
        ..SHORT => Opaque::from(&reply[..]),
        _ => Opaque::from(reply.clone()),
    }
}

impl State {
    /// Bytes of the reply.
    fn len(&self) -> usize {
        match self {
            Self::Ended(Some(reply)) => reply.len(),
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv6Addr, SocketAddrV6};

    fn cache() -> ReplayCache {
        let age = Duration::from_secs(10);
        ReplayCache::new(ReplayLimits {
            entries: 3,
            bytes: 100,
            age,
        })
    }

    fn key(cache: &ReplayCache, xid: u32) -> CallKey {
        cache.key("192.0.2.1:700".parse().unwrap(), xid, (1, 2, 3), b"args")
    }

    #[test]
    fn h086_a_duplicate_gets_the_first_reply_and_none_while_it_runs() {
        let (mut cache, now) = (cache(), Instant::now());
        let call = key(&cache, 1);
        assert_eq!(cache.admit(now, call), Admission::Run);
        assert_eq!(cache.admit(now, call), Admission::InProgress);
        let reply = Some(Bytes::from_static(b"reply"));
        cache.finish(now, call, reply.as_ref());
        assert_eq!(cache.admit(now, call), Admission::Replay(reply));
        cache.abandon(call);
        assert_eq!(cache.admit(now, call), Admission::Run);
    }

    #[test]
    fn other_peers_arguments_and_procedures_are_other_calls() {
        let cache = cache();
        let peer = "192.0.2.1:700".parse().unwrap();
        let key = cache.key(peer, 1, (1, 2, 3), b"args");
        assert_eq!(key, cache.key(peer, 1, (1, 2, 3), b"args"));
        for other in ["192.0.2.1:701", "192.0.2.2:700", "[2001:db8::1]:700"] {
            let other = other.parse().unwrap();
            assert_ne!(key, cache.key(other, 1, (1, 2, 3), b"args"), "{other}");
        }
        let host = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
        let link = |scope| SocketAddrV6::new(host, 700, 0, scope).into();
        let [one, two] = [1, 2].map(|scope| cache.key(link(scope), 1, (1, 2, 3), b"args"));
        assert_ne!(one, two, "hosts on two links");
        for different in [
            cache.key(peer, 1, (2, 2, 3), b"args"),
            cache.key(peer, 1, (1, 3, 3), b"args"),
            cache.key(peer, 2, (1, 2, 3), b"args"),
            cache.key(peer, 1, (1, 2, 4), b"args"),
            cache.key(peer, 1, (1, 2, 3), b"argz"),
        ] {
            assert_ne!(key, different);
        }
    }

    #[test]
    fn abandoned_calls_do_not_pile_up_behind_one_that_is_remembered() {
        let (mut cache, now) = (cache(), Instant::now());
        let first = key(&cache, 0);
        cache.admit(now, first);
        cache.finish(now, first, None);
        for xid in 1..100 {
            let call = key(&cache, xid);
            assert_eq!(cache.admit(now, call), Admission::Run);
            cache.abandon(call);
            assert_eq!(cache.order.len(), 1, "{xid}");
        }
        assert_eq!(cache.admit(now, first), Admission::Replay(None));
        // Not the last ones that came.
        for xid in (100..300).step_by(2) {
            let [abandoned, ended] = [xid, xid + 1].map(|xid| key(&cache, xid));
            for call in [abandoned, ended] {
                assert_eq!(cache.admit(now, call), Admission::Run);
            }
            cache.abandon(abandoned);
            cache.finish(now, ended, None);
            assert!(cache.order.len() <= 7 && cache.len() <= 4, "{xid}");
        }
    }

    #[test]
    fn a_call_that_runs_is_found_after_those_around_it_have_gone() {
        let (mut cache, now) = (cache(), Instant::now());
        let running = key(&cache, 0);
        assert_eq!(cache.admit(now, running), Admission::Run);
        for xid in 1..100 {
            let call = key(&cache, xid);
            assert_eq!(cache.admit(now, call), Admission::Run);
            let reply = Some(Bytes::copy_from_slice(&xid.to_be_bytes()));
            cache.finish(now, call, reply.as_ref());
            assert_eq!(cache.admit(now, call), Admission::Replay(reply));
            assert_eq!(cache.admit(now, running), Admission::InProgress);
        }
        cache.finish(now, running, None);
        assert_eq!(cache.admit(now, running), Admission::Replay(None));
    }

    #[test]
    fn h087_entries_bytes_and_age_are_bounded() {
        let (mut cache, now) = (cache(), Instant::now());
        for xid in 0..if cfg!(miri) { 300 } else { 1_000_000 } {
            let call = key(&cache, xid);
            assert_eq!(cache.admit(now, call), Admission::Run);
            cache.finish(now, call, Some(&Bytes::from_static(&[0; 20])));
            assert!(cache.len() <= 4 && cache.order.len() <= 4, "{xid}");
        }
        // Calls that run are kept, beyond the limit, and what ends among them is forgotten.
        let busy = if cfg!(miri) { 30 } else { 1000 };
        let busy: Vec<_> = (0..busy).map(|xid| key(&cache, !xid)).collect();
        for call in &busy {
            assert_eq!(cache.admit(now, *call), Admission::Run);
        }
        assert!(busy.iter().all(|call| cache.calls.contains_key(call)));
        for call in busy {
            cache.finish(now, call, None);
        }
        for xid in 0..100 {
            let call = key(&cache, xid);
            cache.admit(now, call);
            cache.finish(now, call, None);
        }
        assert!(cache.len() <= 4 && cache.order.len() <= 4);
        let large = key(&cache, 7);
        cache.admit(now, large);
        cache.finish(now, large, Some(&Bytes::from_static(&[0; 200])));
        assert!(cache.bytes <= 100);
        let last = key(&cache, 8);
        cache.admit(now, last);
        cache.finish(now, last, None);
        let later = now + Duration::from_secs(11);
        assert_eq!(cache.admit(later, last), Admission::Run);
    }
}
