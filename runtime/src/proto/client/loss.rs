//! Calls whose reply may never come, and what else can be tried for them.

use super::{CallId, ClientCore, State};
use crate::error::{RpcError, Sent};
use std::time::Instant;

impl ClientCore {
    /// Whether a call is on its way, and no reply has come.
    #[must_use]
    pub fn is_unanswered(&self, id: CallId) -> bool {
        let slot = self.table.get(id);
        slot.is_some_and(|slot| match &slot.state {
            State::Queued => slot.transmissions > 0,
            State::Sent => true,
            State::Done(Ok(_)) => false,
            State::Done(Err(error)) => matches!(
                **error,
                RpcError::TimedOut {
                    sent: Sent::Maybe,
                    ..
                }
            ),
        })
    }

    /// Whether a call waits to be sent again: the next connection must come from the same address.
    #[must_use]
    pub fn replays(&self) -> bool {
        let mut queued = self.queue.iter().filter_map(|id| self.table.get(*id));
        queued.any(|slot| slot.transmissions > 0)
    }

    /// Datagrams: whether a call is on its way or has timed out, and nobody has answered anything since it was sent. Once
    /// it should have been sent again by now, or if it has timed out: a short silence means nothing.
    #[must_use]
    pub fn is_silent(&self, id: CallId) -> bool {
        let slot = self.table.get(id);
        slot.is_some_and(|slot| {
            let waited = slot.transmissions > 1 || matches!(slot.state, State::Done(_));
            waited && self.is_unanswered(id) && !self.has_heard_since(slot.first_sent)
        })
    }

    /// Datagrams: whether any call has been answered since.
    #[must_use]
    pub fn has_heard_since(&self, begun: Instant) -> bool {
        self.heard.is_some_and(|at| at >= begun)
    }

    /// Datagrams: they went to where nobody is. Calls on the way go out again on the next socket; they would be sent
    /// again anyway.
    pub fn send_again(&mut self) {
        let mut again = Vec::new();
        for (id, slot) in self.table.iter_mut() {
            if matches!(slot.state, State::Sent) && slot.message.is_some() {
                slot.state = State::Queued;
                slot.resend = None;
                again.push((slot.order, id));
            }
        }
        let fresh = core::mem::take(&mut self.queue);
        self.enqueue(again);
        self.queue.extend(fresh);
    }
}
