//! The client without sockets, clock or tasks: calls and received bytes go in, messages to send and results come out.
//!
//! Call order: [`start_call`](ClientCore::start_call) for each call; [`poll_transmit`](ClientCore::poll_transmit) until
//! it returns nothing, and write what it returns, whole and in that order; whatever arrives goes to
//! [`handle_bytes`](ClientCore::handle_bytes) or [`handle_datagram`](ClientCore::handle_datagram); at the instant of
//! [`poll_timeout`](ClientCore::poll_timeout) call [`handle_timeout`](ClientCore::handle_timeout); after each of these
//! take [`poll_done`](ClientCore::poll_done) and [`finish`](ClientCore::finish) the calls it names.
//!
//! Invariants: a call ends exactly once, with its own reply or with an error whose
//! [`execution`](RpcError::execution) is true; a repeated call carries the same xid and bytes (RFC 5531 §4); a late,
//! foreign or forged reply changes nothing; nothing is left behind by a finished or forgotten call.

mod batch;
mod header;
mod loss;
mod reply;
mod table;
mod types;

use self::batch::Batch;
pub use self::header::put_header;
pub use self::reply::{KEEP_WHOLE, Outcome, Received, verdict};
use self::table::{Slot, State, Table};
pub use self::types::{CallId, ClientConfig, ClientStats, Framing, NewCall, StreamError, Transmit};
use super::random::Random;
use super::record::{self, Decoder, RecordError, RecordLimits};
use super::retransmit::{RoundTrip, jitter};
use crate::Body;
use crate::error::{RpcError, Sent};
use crate::msg::{ReplyError, ReplyRef};
use bytes::{Buf, Bytes, BytesMut};
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Messages larger than a fragment header can announce cannot be sent on a stream.
const MAX_RECORD: u64 = (1 << 31) - 1;

/// The state of one client.
#[derive(Debug)]
pub struct ClientCore {
    config: ClientConfig,
    table: Table,
    /// Calls to send, in order; entries of forgotten calls are skipped.
    queue: VecDeque<CallId>,
    /// Ended calls that have not been named yet.
    done: VecDeque<CallId>,
    decoder: Decoder,
    /// The earliest instant at which something may be due. Never later than the truth, perhaps earlier.
    check: Option<Instant>,
    rtt: RoundTrip,
    /// When the last datagram came that answers a call.
    heard: Option<Instant>,
    random: Random,
    /// Reused for headers.
    header: Vec<u8>,
    started: u64,
    batch: Batch,
    stats: ClientStats,
}

impl ClientCore {
    /// A client without calls. `random` gives transaction ids and jitter.
    #[must_use]
    pub fn new(config: ClientConfig, random: Random) -> Self {
        Self {
            decoder: Decoder::new(RecordLimits::bytes(config.max_reply)),
            config,
            table: Table::default(),
            queue: VecDeque::new(),
            done: VecDeque::new(),
            check: None,
            rtt: RoundTrip::default(),
            heard: None,
            random,
            header: Vec::new(),
            started: 0,
            batch: Batch::default(),
            stats: ClientStats::default(),
        }
    }

    /// Begins a call.
    ///
    /// # Errors
    /// The message is larger than can be sent.
    pub fn start_call(&mut self, now: Instant, mut call: NewCall<'_>) -> Result<CallId, RpcError> {
        let xid = self.table.unused_xid(&mut self.random);
        let message = self.message(xid, &mut call)?;
        // What nobody waits for waits for the next occasion, however late that is.
        let deadline = match call.batched {
            true => None,
            false => now.checked_add(call.timeout),
        };
        if self.is_empty() {
            self.check = None;
        }
        self.started = self.started.wrapping_add(1);
        let batched = call.batched.then(|| self.batch.begin(message.len()));
        let (id, place) = self.table.place(xid);
        if let Some(place) = place {
            *place = Some(Slot {
                xid,
                state: State::Queued,
                message: Some(message),
                credential: call.credential.cloned(),
                timeout: call.timeout,
                deadline,
                replay: call.replay,
                oneway: call.oneway || call.batched,
                batched,
                order: self.started,
                transmissions: 0,
                first_sent: now,
                resend: None,
                wait: Duration::ZERO,
            });
        }
        self.queue.push_back(id);
        self.check_at(deadline);
        Ok(id)
    }

    /// The next xid is this one, if it is free.
    #[cfg(all(test, feature = "net"))]
    pub(crate) fn next_xid(&mut self, xid: u32) {
        self.random.put_back(xid);
    }

    /// Header, arguments and, on a stream, the record mark.
    fn message(&mut self, xid: u32, call: &mut NewCall<'_>) -> Result<Body, RpcError> {
        let numbers = [call.program, call.version, call.procedure];
        let mut message = core::mem::take(&mut call.args);
        let is_stream = self.config.framing == Framing::Stream;
        // Nearly all: mark and header in one, of a size that is known.
        if is_stream
            && call.credential.is_none()
            && let Some(front) = header::marked(xid, numbers, message.len())
        {
            message.prepend(&front);
            return Ok(message);
        }
        self.header.clear();
        put_header(&mut self.header, xid, numbers, call.credential);
        let size = self.header.len().saturating_add(message.len());
        let limit = match self.config.framing {
            Framing::Stream => MAX_RECORD,
            Framing::Datagram => self.config.max_datagram as u64,
        };
        let too_large = RpcError::CallTooLarge {
            size: size as u64,
            limit,
        };
        if size as u64 > limit {
            return Err(too_large);
        }
        message.prepend(&self.header);
        if is_stream {
            message.prepend(&record::mark(size).ok_or(too_large)?);
        }
        Ok(message)
    }

    /// The caller lost interest: whatever comes for this call is ignored.
    pub fn forget(&mut self, id: CallId) {
        self.table.remove(id);
        // Calls cancelled while nothing can be sent must not pile up here.
        let live = self.table.len().saturating_mul(2).saturating_add(64);
        if self.queue.len() > live {
            let table = &self.table;
            self.queue.retain(|id| table.get(*id).is_some());
        }
    }

    /// Whether a call has ended and not been finished.
    #[must_use]
    pub fn has_ended(&self, id: CallId) -> bool {
        let slot = self.table.get(id);
        slot.is_some_and(|slot| matches!(slot.state, State::Done(_)))
    }

    /// The result of a call that has ended; afterwards the call is no more.
    pub fn finish(&mut self, id: CallId) -> Option<Outcome> {
        if !self.has_ended(id) {
            return None;
        }
        match self.table.remove(id)? {
            State::Done(result) => Some(result),
            State::Queued | State::Sent => None,
        }
    }

    /// The next message to write. What has been returned is taken as sent, so ask when it can be written.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Transmit> {
        loop {
            let id = self.queue.pop_front()?;
            let datagram = self.config.framing == Framing::Datagram;
            let Some(slot) = self.table.get_mut(id) else {
                continue;
            };
            if !matches!(slot.state, State::Queued) {
                continue;
            }
            // A stream loses nothing, so only what may be replayed is kept.
            let keep = !slot.oneway && (datagram || slot.replay);
            let message = match keep {
                true => slot.message.clone(),
                false => slot.message.take(),
            };
            let Some(message) = message else { continue };
            slot.state = State::Sent;
            slot.transmissions = slot.transmissions.saturating_add(1);
            if slot.transmissions == 1 {
                slot.first_sent = now;
                if datagram {
                    slot.wait = self.rtt.first_wait(&self.config.retransmit);
                }
            }
            let attempt = slot.transmissions;
            if slot.oneway {
                slot.state = State::Done(Ok(Bytes::new()));
                self.done.push_back(id);
                if let Some(unsent) = &mut slot.batched {
                    self.batch.sent(unsent);
                }
            } else if datagram {
                let resend = now.checked_add(jitter(slot.wait, &mut self.random));
                slot.wait = self.config.retransmit.next(slot.wait);
                slot.resend = resend;
                self.check_at(resend);
            }
            return Some(Transmit {
                id,
                attempt,
                message,
            });
        }
    }

    /// Takes back a message of which not a byte was written: its call has not been sent.
    pub fn give_back(&mut self, transmit: Transmit) {
        let Some(slot) = self.table.get_mut(transmit.id) else {
            return;
        };
        let ended = slot.oneway && matches!(slot.state, State::Done(Ok(_)));
        if ended || matches!(slot.state, State::Sent) {
            slot.state = State::Queued;
            if let Some(unsent) = &mut slot.batched {
                *unsent = self.batch.again(transmit.message.len());
            }
            slot.message = Some(transmit.message);
            slot.transmissions = slot.transmissions.saturating_sub(1);
            slot.resend = None;
            self.queue.push_front(transmit.id);
        }
    }

    /// Whether there is something to write.
    #[must_use]
    pub fn wants_transmit(&self) -> bool {
        !self.queue.is_empty()
    }

    /// The next call that has ended, each once: [`finish`](Self::finish) it.
    pub fn poll_done(&mut self) -> Option<CallId> {
        loop {
            let id = self.done.pop_front()?;
            match self.table.get(id) {
                Some(slot) if !matches!(slot.state, State::Done(_)) => {}
                Some(slot) if slot.batched.is_none() => return Some(id),
                _ => self.end_batched(id),
            }
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called, at the latest.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.check
    }

    fn check_at(&mut self, at: Option<Instant>) {
        self.check = match (self.check, at) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }

    /// Ends what is beyond its deadline and sends again what was not answered.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.check.is_none_or(|at| at > now) {
            return;
        }
        let mut check = None;
        let mut again = Vec::new();
        for (id, slot) in self.table.iter_mut() {
            if matches!(slot.state, State::Done(_)) {
                continue;
            }
            if slot.deadline.is_some_and(|at| at <= now) {
                let (after, sent) = (slot.timeout, slot.sent());
                slot.state = State::Done(Err(RpcError::TimedOut { after, sent }.into()));
                slot.message = None;
                self.done.push_back(id);
                continue;
            }
            if slot.resend.is_some_and(|at| at <= now) {
                slot.resend = None;
                slot.state = State::Queued;
                again.push((slot.order, id));
                self.stats.retransmitted = self.stats.retransmitted.saturating_add(1);
            }
            for at in [slot.deadline, slot.resend].into_iter().flatten() {
                check = Some(check.map_or(at, |c: Instant| c.min(at)));
            }
        }
        self.check = check;
        self.enqueue(again);
    }

    fn enqueue(&mut self, mut ids: Vec<(u64, CallId)>) {
        ids.sort_unstable_by_key(|(order, _)| *order);
        self.queue.extend(ids.into_iter().map(|(_, id)| id));
    }

    /// Takes what arrived on the stream out of `buf` as far as it is whole records.
    ///
    /// # Errors
    /// The stream makes no sense and must be closed; then call [`handle_disconnect`](Self::handle_disconnect).
    pub fn handle_bytes(&mut self, buf: &mut BytesMut) -> Result<(), StreamError> {
        loop {
            // Its results would be copied anyway.
            if let Some(record) = self.decoder.peek(buf)
                && record.len() <= KEEP_WHOLE
            {
                let end = record.len().saturating_add(4);
                self.on_record(Received::Beside(record))?;
                buf.advance(end);
                continue;
            }
            match self.decoder.next(buf) {
                Ok(Some(record)) => self.on_record(Received::Apart(&record))?,
                Ok(None) => return Ok(()),
                Err(error @ RecordError::TooLarge { size, .. }) => {
                    return Err(self.refuse_oversized(error, size, buf));
                }
                Err(error) => return Err(StreamError::Record(error)),
            }
        }
    }

    /// Takes a fragment whose header [`handle_bytes`](Self::handle_bytes) has seen, and which was received in a buffer of
    /// its own: as many bytes as were [`missing`](Self::missing), behind those that had arrived.
    ///
    /// # Errors
    /// As [`handle_bytes`](Self::handle_bytes).
    pub fn handle_fragment(&mut self, data: Bytes) -> Result<(), StreamError> {
        match self.decoder.complete(data) {
            Some(record) => self.on_record(Received::Apart(&record)),
            None => Ok(()),
        }
    }

    /// A reply of a forbidden size: the call it answers is told so, if its xid came with the record's mark. Nothing is
    /// waited for: a mark may be all that a hostile peer sends.
    fn refuse_oversized(&mut self, error: RecordError, size: u64, buf: &BytesMut) -> StreamError {
        // The xid stands in the first fragment; when that came whole, it is in the decoder.
        let start = self.decoder.earlier().first_chunk();
        let xid = start.or(buf.first_chunk()).map(|b| u32::from_be_bytes(*b));
        if let Some(id) = xid.and_then(|xid| self.table.by_xid(xid)) {
            let limit = self.config.max_reply as u64;
            self.end(id, Err(RpcError::ReplyTooLarge { size, limit }.into()));
        }
        StreamError::Record(error)
    }

    /// Bytes that the record being received still misses: how far the read buffer should grow.
    #[must_use]
    pub fn missing(&self, buf: &BytesMut) -> usize {
        self.decoder.missing(buf)
    }

    fn on_record(&mut self, record: Received<'_>) -> Result<(), StreamError> {
        match ReplyRef::parse(record.message()) {
            Ok(reply) => {
                self.on_reply(None, record, &reply);
                Ok(())
            }
            // Without a back channel nobody may call us (RFC 8167 §2); it is not for us to close the connection.
            Err(ReplyError::Call) => {
                self.stats.calls = self.stats.calls.saturating_add(1);
                Ok(())
            }
            Err(ReplyError::Malformed) => Err(StreamError::NotRpc),
        }
    }

    /// Takes a datagram that came from the server's address; `truncated` when its end was cut off.
    pub fn handle_datagram(&mut self, now: Instant, datagram: Bytes, truncated: bool) {
        match ReplyRef::parse(&datagram) {
            Ok(reply) if truncated => {
                if let Some(id) = self.table.by_xid(reply.xid) {
                    self.end(id, Err(RpcError::ReplyTruncated.into()));
                }
            }
            Ok(reply) => self.on_reply(Some(now), Received::Apart(&datagram), &reply),
            Err(ReplyError::Call) => self.stats.calls = self.stats.calls.saturating_add(1),
            // Anybody can send junk: it ends nothing and triggers nothing.
            Err(ReplyError::Malformed) => self.stats.junk = self.stats.junk.saturating_add(1),
        }
    }

    fn on_reply(&mut self, now: Option<Instant>, message: Received<'_>, reply: &ReplyRef<'_>) {
        let found = self.table.by_xid(reply.xid);
        let slot = found.and_then(|id| self.table.get(id));
        let (Some(id), Some(slot)) = (found, slot) else {
            self.stats.unmatched = self.stats.unmatched.saturating_add(1);
            return;
        };
        // A call that was never sent has no reply: somebody guesses.
        if slot.transmissions == 0 {
            self.stats.unmatched = self.stats.unmatched.saturating_add(1);
            return;
        }
        if let (Some(now), 1) = (now, slot.transmissions) {
            self.rtt
                .sample(now.saturating_duration_since(slot.first_sent));
        }
        let result = match verdict(reply, slot.credential.as_deref()) {
            Ok(()) => Ok(message.results(reply.results_at)),
            Err(refusal)
                if slot.transmissions > 1
                    && matches!(*refusal, RpcError::Refused(_) | RpcError::Denied(_)) =>
            {
                Err(RpcError::Repeated(refusal).into())
            }
            Err(error) => Err(error),
        };
        self.heard = now.or(self.heard);
        let unmatched = self.stats.unmatched;
        self.end(id, result);
        if self.stats.unmatched == unmatched {
            self.stats.answered = self.stats.answered.saturating_add(1);
        }
    }

    fn end(&mut self, id: CallId, result: Outcome) {
        if let Some(slot) = self.table.get_mut(id) {
            if matches!(slot.state, State::Done(_)) {
                self.stats.unmatched = self.stats.unmatched.saturating_add(1);
                return;
            }
            slot.state = State::Done(result);
            slot.message = None;
            self.done.push_back(id);
        }
    }

    /// This call cannot be sent.
    pub fn fail(&mut self, id: CallId, error: RpcError) {
        self.end(id, Err(error.into()));
    }

    /// The connection is gone. Calls on the way that may be replayed wait for the next one, the others end; those not
    /// sent yet wait too.
    pub fn handle_disconnect(&mut self, source: Option<io::Error>) {
        self.decoder = Decoder::new(RecordLimits::bytes(self.config.max_reply));
        // No late reply comes over another connection.
        self.table.clear_retired();
        let source = source.map(Arc::new);
        let mut again = Vec::new();
        for (id, slot) in self.table.iter_mut() {
            if !matches!(slot.state, State::Sent) {
                continue;
            }
            if slot.replay && slot.message.is_some() {
                slot.state = State::Queued;
                slot.resend = None;
                again.push((slot.order, id));
                continue;
            }
            let (sent, source) = (Sent::Maybe, source.clone());
            slot.state = State::Done(Err(RpcError::ConnectionLost { sent, source }.into()));
            slot.message = None;
            self.done.push_back(id);
        }
        self.stats.replayed = self.stats.replayed.saturating_add(again.len() as u64);
        // They were first, so they go first.
        let fresh = core::mem::take(&mut self.queue);
        self.enqueue(again);
        self.queue.extend(fresh);
    }

    /// No connection can be made: calls that were never sent end with `error`, others with a lost connection when
    /// there is to be no further attempt.
    pub fn handle_unreachable(&mut self, error: &RpcError, last: bool) {
        for (id, slot) in self.table.iter_mut() {
            let result = match (&slot.state, slot.sent()) {
                (State::Done(_), _) => continue,
                (_, Sent::No) => error.clone(),
                (_, Sent::Maybe) if last => RpcError::lost(Sent::Maybe, None),
                (_, Sent::Maybe) => continue,
            };
            slot.state = State::Done(Err(result.into()));
            slot.message = None;
            self.done.push_back(id);
        }
        // Nothing is to be written for calls that have ended: nobody should connect for their sake.
        let table = &self.table;
        let waits = |slot: &Slot| matches!(slot.state, State::Queued);
        self.queue.retain(|id| table.get(*id).is_some_and(waits));
    }

    /// Calls begun and neither finished nor forgotten.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.table.len() == 0
    }

    /// Counters.
    #[must_use]
    pub fn stats(&self) -> ClientStats {
        self.stats
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]
mod tests;
