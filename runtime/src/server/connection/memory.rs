//! What a connection holds, and what it may when the server holds too much.

use super::Connection;
use std::sync::atomic::Ordering;
use tokio::time::Instant;

/// What a connection may hold when the server holds too much.
pub(super) const SMALL: usize = 16 << 10;
/// What there is at least for small calls then.
const RESERVE: usize = 4 << 20;

impl<S> Connection<S> {
    /// How many bytes the server holds beyond its limit, and how many it may.
    pub(super) fn excess(&self) -> Option<(usize, usize)> {
        let (held, limit) = (
            self.server.held.load(Ordering::Relaxed),
            self.server.limits.held,
        );
        Some((held.checked_sub(limit)?, (limit / 4).max(RESERVE)))
    }

    /// Whether the server may hold more bytes for this connection. When it holds too many, large records wait, and small
    /// calls go on beside them in a quarter more.
    pub(super) fn has_memory(&self) -> bool {
        let Some((excess, reserve)) = self.excess() else {
            return true;
        };
        excess < reserve
            && self.received() + self.out.len() <= SMALL
            && self.decoder.missing(&self.input.buf) <= SMALL
    }

    /// Bytes kept for a record that has begun.
    pub(super) fn received(&self) -> usize {
        let buffer = match self.input.buf.is_empty() {
            true => 0,
            false => self.input.buf.capacity(),
        };
        buffer + self.decoder.held()
    }

    /// Tells the server how many bytes this connection holds.
    pub(super) fn account(&mut self, bytes: usize) {
        self.server.held.fetch_add(bytes, Ordering::Relaxed);
        self.server
            .held
            .fetch_sub(self.accounted, Ordering::Relaxed);
        self.accounted = bytes;
    }

    /// It is not read from for lack of memory: whether this connection, with a partial record or replies that nobody takes, is
    /// to make room for the others.
    pub(super) fn waits_too_long(&mut self, now: Instant) -> bool {
        let unsent = (!self.out.is_empty()).then_some(self.write_since);
        let Some(since) = self.record_since.into_iter().chain(unsent).min() else {
            self.leave();
            return false;
        };
        if self.partial.is_some_and(|(entered, _)| entered != since) {
            self.leave();
        }
        let urgent = self
            .excess()
            .is_some_and(|(excess, reserve)| excess >= reserve);
        let partials = &self.server.partials;
        let partial = *self.partial.get_or_insert_with(|| partials.enter(since));
        partials.must_go(partial, now, urgent)
    }

    pub(super) fn leave(&mut self) {
        if let Some(partial) = self.partial.take() {
            self.server.partials.leave(partial);
        }
    }
}
