//! The client's core under scripted networks with a fake clock: any seed can be run again.
//!
//! A server of a few lines executes calls and keeps a ledger; between it and the core a network loses, doubles,
//! reorders and cuts up what is sent. Whatever happens, a call ends exactly once, with its own reply or with an error
//! whose `execution()` agrees with the ledger, and nothing is left behind.

use super::*;
use crate::Execution;
use crate::Refused;
use crate::proto::retransmit::Retransmit;
use std::collections::{BTreeMap, HashMap, HashSet};

mod records;

const PROGRAM: u32 = 0x2000_0001;
/// Procedure of calls that the server refuses without running them.
const REFUSED: u32 = 9;

struct Dice(Random);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0.next_u64() % n
    }
    fn percent(&mut self, n: u64) -> bool {
        self.below(100) < n
    }
}

/// What the result of a call must be.
fn expected(call: u32) -> u32 {
    call.wrapping_mul(0x9e37_79b9) ^ 0x5bd1
}

/// Runs each call, once per (xid, call) as a server with a reply cache does.
#[derive(Default)]
struct Ledger {
    ran: HashMap<u32, u32>,
    cache: HashMap<(u32, u32), Vec<u8>>,
    /// The server is back, but not yet its program: everything is refused.
    away: bool,
}

impl Ledger {
    fn answer(&mut self, call: &[u8]) -> Vec<u8> {
        let word = |i: usize| u32::from_be_bytes(call[4 * i..][..4].try_into().unwrap());
        let (xid, procedure, arg) = (word(0), word(5), word(10));
        if self.away {
            let words = [xid, 1, 0, 0, 0, 1];
            return words.iter().flat_map(|w| w.to_be_bytes()).collect();
        }
        let ran = &mut self.ran;
        let answer = || {
            let words = match procedure {
                REFUSED => vec![xid, 1, 0, 0, 0, 4],
                _ => {
                    *ran.entry(arg).or_default() += 1;
                    vec![xid, 1, 0, 0, 0, 0, expected(arg)]
                }
            };
            words.iter().flat_map(|w| w.to_be_bytes()).collect()
        };
        self.cache.entry((xid, arg)).or_insert_with(answer).clone()
    }
}

/// One run.
struct World {
    core: ClientCore,
    now: Instant,
    dice: Dice,
    ledger: Ledger,
    pending: BTreeMap<u32, CallId>,
    /// Ended with an error.
    failed: HashMap<u32, RpcError>,
    ended: HashSet<u32>,
    /// Named as ended, over the whole run.
    named: HashSet<CallId>,
    started: u32,
    answered: u32,
}

impl World {
    fn new(framing: Framing, seed: u64) -> Self {
        let config = ClientConfig {
            framing,
            max_reply: 1 << 16,
            max_datagram: 8800,
            retransmit: Retransmit::default(),
        };
        Self {
            core: ClientCore::new(config, Random::from_key([seed, 1])),
            now: Instant::now(),
            dice: Dice(Random::from_key([seed, 2])),
            ledger: Ledger::default(),
            pending: BTreeMap::new(),
            failed: HashMap::new(),
            ended: HashSet::new(),
            named: HashSet::new(),
            started: 0,
            answered: 0,
        }
    }

    fn start(&mut self) {
        let call = self.started;
        self.started += 1;
        let refused = self.dice.percent(10);
        let new = NewCall {
            program: PROGRAM,
            version: 1,
            procedure: if refused { REFUSED } else { 1 },
            args: Body::from(call.to_be_bytes().to_vec()),
            credential: None,
            timeout: Duration::from_millis(100 + self.dice.below(6000)),
            replay: self.dice.percent(50),
            oneway: false,
            batched: false,
        };
        let batched = self.dice.percent(10);
        let id = self.core.start_call(self.now, NewCall { batched, ..new });
        let id = id.unwrap();
        // Nobody waits for a batched call, and it never asks for anything.
        if !batched {
            assert!(self.pending.insert(call, id).is_none());
        }
        assert_eq!(self.core.attended(), self.pending.len());
    }

    fn forget(&mut self) {
        let nth = self.dice.below(self.pending.len().max(1) as u64) as usize;
        if let Some((&call, &id)) = self.pending.iter().nth(nth) {
            self.core.forget(id);
            self.pending.remove(&call);
            assert!(self.core.finish(id).is_none());
        }
    }

    /// Takes the results, now or later: callers are not always quick.
    fn settle(&mut self) {
        if self.dice.percent(70) {
            self.collect();
        }
    }

    /// Takes the results, and checks that each is its call's own.
    fn collect(&mut self) {
        while let Some(id) = self.core.poll_done() {
            assert!(self.named.insert(id), "named twice");
            let call = self.pending.iter().find(|(_, p)| **p == id);
            let call = *call.expect("a call that is not pending has ended").0;
            let result = self.core.finish(id).expect("named but not ended");
            assert!(self.core.finish(id).is_none(), "ended twice");
            self.pending.remove(&call);
            assert!(self.ended.insert(call));
            match result {
                Ok(bytes) => {
                    assert_eq!(bytes[..], expected(call).to_be_bytes(), "another's reply");
                    self.answered += 1;
                }
                Err(error) => {
                    self.failed.insert(call, *error);
                }
            }
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.core.handle_timeout(self.now);
        self.settle();
    }

    fn pass_some(&mut self, most: u64) {
        let time = self.dice.below(most);
        self.pass(Duration::from_millis(time));
    }

    /// Nothing is left behind, and the errors told the truth.
    fn check(mut self) -> u32 {
        // Deadlines pass.
        self.pass(Duration::from_secs(10));
        self.collect();
        assert!(self.pending.is_empty(), "a call outlived its deadline");
        assert_eq!(self.core.attended(), 0);
        // What nobody waits for waits for a connection.
        self.core.handle_unreachable(&RpcError::Closed, true);
        self.collect();
        assert_eq!(self.core.batched(), 0);
        assert!(self.core.is_empty());
        assert_eq!(self.core.poll_timeout(), None);
        for (call, error) in &self.failed {
            let ran = self.ledger.ran.get(call).copied().unwrap_or(0);
            match error.execution() {
                Execution::No => assert_eq!(ran, 0, "{error}"),
                Execution::Yes => assert!(ran > 0, "{error}"),
                Execution::Maybe => {}
            }
            if let RpcError::Refused(why) = error {
                let expected = [Refused::GarbageArgs, Refused::ProgUnavail];
                assert!(expected.contains(why), "{why}");
            }
        }
        for (call, ran) in &self.ledger.ran {
            assert_eq!(*ran, 1, "call {call} ran twice");
        }
        self.answered
    }
}

/// Datagrams in flight: when they arrive, and where.
struct Flight {
    at: Instant,
    to_server: bool,
    bytes: Vec<u8>,
}

fn datagrams(seed: u64) -> (u32, ClientStats) {
    let mut w = World::new(Framing::Datagram, seed);
    let (loss, doubled) = (w.dice.below(60), w.dice.below(20));
    let mut flights: Vec<Flight> = Vec::new();
    for _ in 0..300 {
        match w.dice.below(10) {
            0..2 if w.started < 40 => w.start(),
            2 if w.dice.percent(10) => w.forget(),
            3 if w.dice.percent(20) => junk(&mut w),
            _ => w.pass_some(120),
        }
        while let Some(t) = w.core.poll_transmit(w.now) {
            let bytes = t.message.to_bytes().to_vec();
            launch(&mut w, &mut flights, true, bytes, loss, doubled);
        }
        let (due, later) = flights.into_iter().partition(|f: &Flight| f.at <= w.now);
        flights = later;
        for flight in due {
            if flight.to_server {
                let reply = w.ledger.answer(&flight.bytes);
                launch(&mut w, &mut flights, false, reply, loss, doubled);
            } else {
                w.core.handle_datagram(w.now, flight.bytes.into(), false);
                w.settle();
            }
        }
    }
    let stats = w.core.stats();
    (w.check(), stats)
}

fn launch(
    w: &mut World,
    flights: &mut Vec<Flight>,
    to_server: bool,
    bytes: Vec<u8>,
    loss: u64,
    doubled: u64,
) {
    let copies = if w.dice.percent(doubled) { 2 } else { 1 };
    for _ in 0..copies {
        if !w.dice.percent(loss) {
            // Different delays are what reorders.
            let delay = Duration::from_millis(w.dice.below(if copies == 2 { 900 } else { 150 }));
            flights.push(Flight {
                at: w.now + delay,
                to_server,
                bytes: bytes.clone(),
            });
        }
    }
}

/// What strangers send: bytes, half a reply, a reply to nobody, a call.
fn junk(w: &mut World) {
    let xid = match w.pending.values().next() {
        Some(id) if w.dice.percent(50) => id.xid(),
        _ => w.dice.0.next_u32(),
    };
    let guess = xid ^ 1;
    let words: &[u32] = match w.dice.below(5) {
        0 => &[],
        1 => &[xid, 1],
        2 => &[guess, 1, 0, 0, 0, 0, 7],
        3 => &[xid, 0, 2, PROGRAM, 1, 0, 0, 0, 0, 0],
        _ => &[xid, 1, 2, 3, 4, 5],
    };
    let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_be_bytes()).collect();
    w.core.handle_datagram(w.now, bytes.into(), false);
    w.settle();
}

fn streams(seed: u64) -> (u32, ClientStats) {
    let mut w = World::new(Framing::Stream, seed);
    let (mut to_server, mut to_client) = (BytesMut::new(), BytesMut::new());
    let mut at_server = BytesMut::new();
    let mut inbox = BytesMut::new();
    let mut server = Decoder::new(RecordLimits::bytes(1 << 20));
    let mut up = true;
    let mut replies: Vec<Vec<u8>> = Vec::new();
    for _ in 0..400 {
        match w.dice.below(20) {
            0..4 if w.started < 60 => w.start(),
            4 if w.dice.percent(20) => w.forget(),
            5 if up && w.dice.percent(15) => {
                // The connection breaks: what was in flight is lost, what the server has it may still run.
                up = false;
                to_server.clear();
                to_client.clear();
                inbox.clear();
                at_server.clear();
                replies.clear();
                server = Decoder::new(RecordLimits::bytes(1 << 20));
                w.core.handle_disconnect(None);
                w.settle();
            }
            6 if !up && w.dice.percent(20) => {
                w.core.handle_unreachable(&RpcError::Closed, false);
                w.settle();
            }
            7 if !up => {
                up = true;
                w.ledger.away = w.dice.percent(30);
            }
            8 => w.ledger.away = false,
            _ => w.pass_some(80),
        }
        if !up {
            continue;
        }
        if w.dice.percent(70) {
            while let Some(t) = w.core.poll_transmit(w.now) {
                to_server.extend_from_slice(&t.message.to_bytes());
            }
        }
        let n = w.dice.below(to_server.len() as u64 + 1) as usize;
        at_server.extend_from_slice(&to_server.split_to(n));
        while let Some(call) = server.next(&mut at_server).unwrap() {
            let reply = w.ledger.answer(&call);
            let at = w.dice.below(replies.len() as u64 + 1) as usize;
            replies.insert(at, reply);
        }
        while !replies.is_empty() && w.dice.percent(60) {
            send_in_fragments(&mut w.dice, &mut to_client, &replies.remove(0));
        }
        let n = w.dice.below(to_client.len() as u64 + 1) as usize;
        inbox.extend_from_slice(&to_client.split_to(n));
        w.core.handle_bytes(&mut inbox).unwrap();
        w.settle();
    }
    let stats = w.core.stats();
    (w.check(), stats)
}

fn send_in_fragments(dice: &mut Dice, out: &mut BytesMut, mut record: &[u8]) {
    loop {
        let n = match dice.percent(70) {
            true => record.len(),
            false => dice.below(record.len() as u64 + 1) as usize,
        };
        let last = if n == record.len() { 1 << 31 } else { 0 };
        out.extend_from_slice(&(n as u32 | last).to_be_bytes());
        out.extend_from_slice(&record[..n]);
        record = &record[n..];
        if last != 0 {
            return;
        }
    }
}

/// Seeds to run: `RPCGEN_SEEDS=10000` for all, `RPCGEN_SEED=7` for one.
fn seeds() -> std::ops::Range<u64> {
    let number = |name| std::env::var(name).ok().and_then(|v| v.parse().ok());
    match number("RPCGEN_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("RPCGEN_SEEDS").unwrap_or(if cfg!(miri) { 2 } else { 1000 }),
    }
}

fn run(name: &str, world: impl Fn(u64) -> (u32, ClientStats) + std::panic::RefUnwindSafe) {
    let (mut answered, mut again, mut unmatched, mut n) = (0u64, 0, 0, 0);
    for seed in seeds() {
        let (calls, stats) = std::panic::catch_unwind(|| world(seed))
            .unwrap_or_else(|_| panic!("{name}: run again with RPCGEN_SEED={seed}"));
        n += 1;
        answered += u64::from(calls);
        again += stats.retransmitted + stats.replayed;
        unmatched += stats.unmatched;
    }
    println!("{name}: {n} seeds, {answered} answered, {again} sent again, {unmatched} discarded");
    // A network that lets nothing through would prove nothing.
    assert!(answered > 5 * n && (n < 100 || (again > 0 && unmatched > 0)));
}

#[test]
fn h088_calls_survive_a_network_that_loses_doubles_and_reorders() {
    run("datagrams", datagrams);
}

#[test]
fn calls_survive_streams_that_break_and_are_cut_to_pieces() {
    run("streams", streams);
}

fn small(framing: Framing) -> (ClientCore, Instant) {
    let w = World::new(framing, 0);
    (w.core, w.now)
}

fn new(timeout: u64) -> NewCall<'static> {
    NewCall {
        program: PROGRAM,
        version: 1,
        procedure: 1,
        args: Body::new(),
        credential: None,
        timeout: Duration::from_millis(timeout),
        replay: false,
        oneway: false,
        batched: false,
    }
}

#[test]
fn h027_a_xid_is_not_used_again_while_its_reply_may_come() {
    let (mut core, now) = small(Framing::Stream);
    let mut retired = HashSet::new();
    for _ in 0..100 {
        // The source would give the same number each time.
        core.random = Random::from_key([0, 1]);
        let id = core.start_call(now, new(1000)).unwrap();
        core.poll_transmit(now).unwrap();
        core.forget(id);
        assert!(retired.insert(id.xid()), "used again");
    }
    // On another connection no late reply can come.
    core.handle_disconnect(None);
    core.random = Random::from_key([0, 1]);
    let id = core.start_call(now, new(1000)).unwrap();
    assert!(!retired.insert(id.xid()));
}

#[test]
fn dropped_calls_leave_nothing_behind() {
    let (mut core, now) = small(Framing::Stream);
    for _ in 0..if cfg!(miri) { 500 } else { 1_000_000 } {
        let id = core.start_call(now, new(1000)).unwrap();
        core.forget(id);
    }
    assert!(core.is_empty());
    assert!(core.queue.len() < 100, "{}", core.queue.len());
    assert!(
        core.table.footprint() < 10_000,
        "{}",
        core.table.footprint()
    );
}

#[test]
fn retransmission_doubles_up_to_two_seconds_until_the_deadline() {
    let (mut core, mut now) = small(Framing::Datagram);
    let begun = now;
    let id = core.start_call(now, new(10_000)).unwrap();
    let mut sent = Vec::new();
    loop {
        while let Some(t) = core.poll_transmit(now) {
            sent.push((now - begun).as_secs_f64());
            assert_eq!(t.id, id);
        }
        if let Some(result) = core.finish(id) {
            assert!(matches!(
                *result.unwrap_err(),
                RpcError::TimedOut {
                    sent: Sent::Maybe,
                    ..
                }
            ));
            break;
        }
        now = core.poll_timeout().unwrap();
        core.handle_timeout(now);
    }
    assert_eq!(now - begun, Duration::from_secs(10));
    let waits: Vec<f64> = sent.windows(2).map(|w| w[1] - w[0]).collect();
    for (wait, ideal) in waits.iter().zip([0.5, 1.0, 2.0, 2.0, 2.0]) {
        assert!((wait / ideal - 1.0).abs() <= 0.126, "{waits:?}");
    }
    assert!(waits.len() >= 5, "{waits:?}");
}

#[test]
fn h026_the_first_end_of_a_call_is_its_end() {
    let (mut core, now) = small(Framing::Datagram);
    let id = core.start_call(now, new(1000)).unwrap();
    core.poll_transmit(now).unwrap();
    let reply = |result: u32| {
        let words = [id.xid(), 1, 0, 0, 0, 0, result];
        Bytes::from_iter(words.iter().flat_map(|word| word.to_be_bytes()))
    };
    core.handle_datagram(now, reply(7), false);
    // A second reply, a cut one and the deadline come before the caller has looked.
    core.handle_datagram(now, reply(8), false);
    core.handle_datagram(now, reply(9), true);
    core.handle_timeout(now + Duration::from_secs(2));
    assert_eq!(core.poll_done(), Some(id));
    assert_eq!(core.poll_done(), None, "named twice");
    assert_eq!(*core.finish(id).unwrap().unwrap(), 7u32.to_be_bytes());
    assert_eq!((core.stats().answered, core.stats().unmatched), (1, 2));
}

#[test]
fn calls_that_have_ended_want_no_connection() {
    let (mut core, now) = small(Framing::Stream);
    let late = core.start_call(now, new(1000)).unwrap();
    core.handle_timeout(now + Duration::from_secs(2));
    core.finish(late).unwrap().unwrap_err();
    let id = core.start_call(now, new(1000)).unwrap();
    assert!(core.wants_transmit());
    core.handle_unreachable(&RpcError::Closed, false);
    core.finish(id).unwrap().unwrap_err();
    assert!(!core.wants_transmit());
}

#[test]
fn a_message_given_back_counts_as_not_sent() {
    let (mut core, now) = small(Framing::Stream);
    let id = core.start_call(now, new(1000)).unwrap();
    let transmit = core.poll_transmit(now).unwrap();
    core.give_back(transmit);
    core.handle_disconnect(None);
    core.handle_unreachable(&RpcError::Closed, false);
    let error = core.finish(id).unwrap().unwrap_err();
    assert_eq!(error.execution(), Execution::No);
}

#[test]
fn a_oneway_call_ends_when_it_is_sent() {
    let (mut core, now) = small(Framing::Datagram);
    let mut oneway = new(1000);
    oneway.oneway = true;
    let id = core.start_call(now, oneway).unwrap();
    assert!(core.finish(id).is_none());
    core.poll_transmit(now).unwrap();
    assert!(core.finish(id).unwrap().is_ok());
    core.handle_timeout(now + Duration::from_secs(1));
    assert!(core.poll_transmit(now).is_none(), "sent again");
}

#[test]
fn batched_calls_end_by_themselves_and_their_loss_is_told_once() {
    let (mut core, now) = small(Framing::Stream);
    let batched = || NewCall {
        batched: true,
        ..new(1000)
    };
    for _ in 0..3 {
        core.start_call(now, batched()).unwrap();
    }
    assert_eq!((core.attended(), core.batched()), (0, 3 * 44));
    // They wait longer than any call would.
    core.handle_timeout(now + Duration::from_secs(60));
    let first = core.poll_transmit(now).unwrap();
    let xid = first.id.xid();
    assert_eq!(core.batched(), 2 * 44);
    core.give_back(first);
    assert_eq!((core.poll_done(), core.batched()), (None, 3 * 44));
    assert_eq!(core.poll_transmit(now).unwrap().id.xid(), xid, "in order");
    assert_eq!((core.poll_done(), core.len()), (None, 2));
    // A server that answers all the same.
    let mut reply = BytesMut::new();
    for word in [1 << 31 | 24, xid, 1, 0, 0, 0, 0] {
        reply.extend_from_slice(&u32::to_be_bytes(word));
    }
    core.handle_bytes(&mut reply).unwrap();
    assert_eq!(core.stats().unmatched, 1);
    assert!(core.take_batch_error().is_none());
    core.handle_unreachable(&RpcError::Overloaded, false);
    assert_eq!((core.poll_done(), core.len(), core.batched()), (None, 0, 0));
    let told = core.take_batch_error();
    assert!(matches!(told, Some(RpcError::Overloaded)));
    assert!(core.take_batch_error().is_none());
}
