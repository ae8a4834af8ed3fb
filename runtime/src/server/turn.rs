//! A task's turn on its thread: how much it does in a row before the other tasks do something.

use std::pin::pin;
use std::task::{Context, Poll};
use tokio::task::yield_now;

/// Bytes received and replied in a turn: it ends behind the read or the reply that reaches them.
const BYTES: usize = 256 << 10;

/// What is left of a turn.
#[derive(Debug)]
pub(super) struct Turn {
    /// Calls that may still be answered.
    pub(super) calls: usize,
    bytes: usize,
}

impl Turn {
    /// A turn of so many calls.
    pub(super) fn new(calls: usize) -> Self {
        Self {
            calls,
            bytes: BYTES,
        }
    }

    /// A call has been answered, or as much has been done in vain.
    pub(super) fn called(&mut self) {
        self.calls = self.calls.saturating_sub(1);
    }

    /// So many bytes have been received, or are to be sent.
    pub(super) fn moved(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    pub(super) fn is_over(&self) -> bool {
        self.calls == 0 || self.bytes == 0
    }
}

/// Lets the others do something before this task goes on, those included whose bytes have come meanwhile: woken at once,
/// it would only go behind those that the runtime knows of, which looks at the sockets now and then.
pub(super) fn others_first<T>(cx: &mut Context<'_>) -> Poll<T> {
    let _ = pin!(yield_now()).poll(cx);
    Poll::Pending
}
