//! What a connection holds, and what it may when the server holds too much.

use super::Connection;
use std::sync::atomic::Ordering;
use tokio::time::Instant;

/// What a connection may hold when the server holds too much.
pub(super) const SMALL: usize = 16 << 10;

/// However it ends: a handler may have panicked when it was dropped.
impl<S> Drop for Connection<S> {
    fn drop(&mut self) {
        self.release();
    }
}

impl<S> Connection<S> {
    /// It holds nothing any more.
    pub(super) fn release(&mut self) {
        self.account(0);
        self.leave();
    }

    /// Whether the server may hold more bytes for this connection. When it holds too many, large records wait, and small
    /// calls go on beside them in a quarter more.
    pub(super) fn has_memory(&self) -> bool {
        let Some((excess, reserve)) = self.server.excess() else {
            return true;
        };
        excess < reserve
            && self.received() + self.out.len() <= SMALL
            && self.decoder.missing(&self.input.buf) <= SMALL
    }

    /// How many bytes of replies may wait for the peer before its next call: few when the server holds too many.
    pub(super) fn may_queue(&self) -> usize {
        let queued = self.server.limits.queued;
        match self.server.excess() {
            None => queued,
            Some(_) => queued.min(SMALL),
        }
    }

    /// Bytes of received calls and of replies.
    pub(super) fn holds(&self) -> usize {
        let throttled = self.throttled.as_ref().map_or(0, |(call, _)| call.len());
        self.input.buf.capacity() + self.decoder.held() + throttled + self.out.len()
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
        let urgent = self.server.is_exhausted();
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
