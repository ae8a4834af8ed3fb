//! Calls that nobody waits for (RFC 5531 §8.4.1 "Batching"): how much of them is unsent, and what became of the lost.

use super::table::State;
use super::{CallId, ClientCore};
use crate::error::RpcError;

/// The batched calls of a client, counted.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Those in the table.
    calls: usize,
    /// Bytes of those not sent.
    bytes: usize,
    /// Why the first of them was lost.
    error: Option<RpcError>,
}

impl Batch {
    /// One more; returns its unsent bytes.
    pub(super) fn begin(&mut self, bytes: usize) -> usize {
        self.calls = self.calls.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
        bytes
    }

    /// One that was taken for sent was not; returns its unsent bytes.
    pub(super) fn again(&mut self, bytes: usize) -> usize {
        self.bytes = self.bytes.saturating_add(bytes);
        bytes
    }

    /// One has been sent, or never will be.
    pub(super) fn sent(&mut self, unsent: &mut usize) {
        self.bytes = self.bytes.saturating_sub(core::mem::take(unsent));
    }
}

impl ClientCore {
    /// Bytes of batched calls that have not been sent.
    #[must_use]
    pub fn batched(&self) -> usize {
        self.batch.bytes
    }

    /// Why the first of the batched calls was lost that were lost since this was last asked.
    pub fn take_batch_error(&mut self) -> Option<RpcError> {
        self.batch.error.take()
    }

    /// Batched calls that had been taken for sent were lost.
    pub fn batch_lost(&mut self, error: RpcError) {
        self.batch.error.get_or_insert(error);
    }

    /// Calls for whose end somebody waits.
    #[must_use]
    pub fn attended(&self) -> usize {
        self.len().saturating_sub(self.batch.calls)
    }

    /// Takes an ended call that nobody waits for out of the table.
    pub(super) fn end_batched(&mut self, id: CallId) {
        let slot = self.table.get_mut(id);
        if let Some(unsent) = slot.and_then(|slot| slot.batched.as_mut()) {
            self.batch.sent(unsent);
            self.batch.calls = self.batch.calls.saturating_sub(1);
        }
        if let Some(State::Done(Err(error))) = self.table.remove(id) {
            self.batch_lost(*error);
        }
    }
}
