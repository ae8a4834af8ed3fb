//! The duplicate request cache: a retransmitted call gets the reply of the call that ran, and does not run again.
//!
//! RFC 5531 §5 leaves at-most-once to implementations. A call is known by its peer's address and port, xid, program,
//! version, procedure and arguments (by a keyed hash). The cache is bounded by entries, bytes and age.

use bytes::Bytes;
use std::collections::hash_map::{Entry, RandomState};
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Calls that run, and are passed over, in one search for what can be forgotten: many of them must not make each call dear.
const PASSED: usize = 16;

/// What makes two messages the same call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallKey {
    peer: SocketAddr,
    xid: u32,
    program: u32,
    version: u32,
    procedure: u32,
    /// Of all the above and the arguments, with the cache's own key: nobody can aim at another call's.
    hash: u64,
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

#[derive(Debug)]
struct Remembered {
    /// `None` while it runs.
    reply: Option<Option<Bytes>>,
    since: Instant,
    turn: u64,
}

/// The cache.
#[derive(Debug)]
pub struct ReplayCache {
    limits: ReplayLimits,
    calls: HashMap<CallKey, Remembered, BuildHasherDefault<AsIs>>,
    /// Keys in the order they came; a key whose turn is not its entry's has been replaced.
    order: VecDeque<(CallKey, u64)>,
    bytes: usize,
    turn: u64,
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
            bytes: 0,
            turn: 0,
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
        let hash = (peer, xid, program, version, procedure, arguments);
        CallKey {
            peer,
            xid,
            program,
            version,
            procedure,
            hash: self.hasher.hash_one(hash),
        }
    }

    /// Looks at a call that has arrived.
    pub fn admit(&mut self, now: Instant, key: CallKey) -> Admission {
        self.evict(now);
        self.turn = self.turn.wrapping_add(1);
        let turn = self.turn;
        match self.calls.entry(key) {
            Entry::Occupied(entry) => match &entry.get().reply {
                None => Admission::InProgress,
                Some(reply) => Admission::Replay(reply.clone()),
            },
            Entry::Vacant(entry) => {
                entry.insert(Remembered {
                    reply: None,
                    since: now,
                    turn,
                });
                self.order.push_back((key, turn));
                Admission::Run
            }
        }
    }

    /// Remembers the reply to a call that has run.
    pub fn finish(&mut self, now: Instant, key: CallKey, reply: Option<Bytes>) {
        let Some(call) = self.calls.get_mut(&key) else {
            return;
        };
        self.bytes = self
            .bytes
            .saturating_add(reply.as_ref().map_or(0, Bytes::len));
        call.reply = Some(reply);
        call.since = now;
        self.evict(now);
    }

    /// Forgets a call that ended without running to its end: the next duplicate runs.
    pub fn abandon(&mut self, key: CallKey) {
        if let Some(Remembered {
            reply: Some(Some(reply)),
            ..
        }) = self.calls.remove(&key)
        {
            self.bytes = self.bytes.saturating_sub(reply.len());
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
        loop {
            let Some((key, turn)) = self.order.front().copied() else {
                return;
            };
            let Some(call) = self.calls.get(&key).filter(|call| call.turn == turn) else {
                self.order.pop_front();
                continue;
            };
            let old = now.saturating_duration_since(call.since) > self.limits.age;
            let many = self.calls.len() > self.limits.entries || self.bytes > self.limits.bytes;
            if !old && !many {
                return;
            }
            self.order.pop_front();
            match &call.reply {
                None => {
                    self.order.push_back((key, turn));
                    if passed.next().is_none() {
                        return;
                    }
                }
                Some(reply) => {
                    let len = reply.as_ref().map_or(0, Bytes::len);
                    self.bytes = self.bytes.saturating_sub(len);
                    self.calls.remove(&key);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        cache.finish(now, call, reply.clone());
        assert_eq!(cache.admit(now, call), Admission::Replay(reply));
        cache.abandon(call);
        assert_eq!(cache.admit(now, call), Admission::Run);
    }

    #[test]
    fn other_peers_arguments_and_procedures_are_other_calls() {
        let cache = cache();
        let peer = "192.0.2.1:700".parse().unwrap();
        let other = "192.0.2.1:701".parse().unwrap();
        let key = cache.key(peer, 1, (1, 2, 3), b"args");
        assert_eq!(key, cache.key(peer, 1, (1, 2, 3), b"args"));
        for different in [
            cache.key(other, 1, (1, 2, 3), b"args"),
            cache.key(peer, 2, (1, 2, 3), b"args"),
            cache.key(peer, 1, (1, 2, 4), b"args"),
            cache.key(peer, 1, (1, 2, 3), b"argz"),
        ] {
            assert_ne!(key, different);
        }
    }

    #[test]
    fn h087_entries_bytes_and_age_are_bounded() {
        let (mut cache, now) = (cache(), Instant::now());
        for xid in 0..if cfg!(miri) { 300 } else { 1_000_000 } {
            let call = key(&cache, xid);
            assert_eq!(cache.admit(now, call), Admission::Run);
            cache.finish(now, call, Some(Bytes::from_static(&[0; 20])));
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
        cache.finish(now, large, Some(Bytes::from_static(&[0; 200])));
        assert!(cache.bytes <= 100);
        let last = key(&cache, 8);
        cache.admit(now, last);
        cache.finish(now, last, None);
        let later = now + Duration::from_secs(11);
        assert_eq!(cache.admit(later, last), Admission::Run);
    }
}
