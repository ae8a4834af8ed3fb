//! The calls of a client by slot and by xid, and the xids that must not be used again yet.

use super::{CallId, Outcome};
use crate::Body;
use crate::auth::Credential;
use crate::error::Sent;
use crate::proto::random::Random;
use core::hash::{BuildHasherDefault, Hasher};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Xids of ended calls to which a reply may still come: so many are remembered and not given out again.
const RETIRED: usize = 4096;
/// Slot number of a retired xid.
const NO_SLOT: u32 = u32::MAX;

/// One call.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) xid: u32,
    pub(super) state: State,
    /// The message, as long as it may have to be sent.
    pub(super) message: Option<Body>,
    pub(super) credential: Option<Arc<dyn Credential>>,
    pub(super) timeout: Duration,
    /// None when it lies beyond what an instant can say.
    pub(super) deadline: Option<Instant>,
    pub(super) replay: bool,
    pub(super) oneway: bool,
    /// Of a call that nobody waits for: its bytes, until they are sent.
    pub(super) batched: Option<usize>,
    /// Position among all calls ever started.
    pub(super) order: u64,
    pub(super) transmissions: u32,
    pub(super) first_sent: Instant,
    pub(super) resend: Option<Instant>,
    /// Wait before the next transmission.
    pub(super) wait: Duration,
}

#[derive(Debug)]
pub(super) enum State {
    /// To be sent, for the first time or again.
    Queued,
    /// On the way.
    Sent,
    /// Ended; the result waits to be fetched.
    Done(Outcome),
}

impl Slot {
    pub(super) fn sent(&self) -> Sent {
        match self.transmissions {
            0 => Sent::No,
            _ => Sent::Maybe,
        }
    }
}

/// Spreads the bits of a number that is random already.
#[derive(Debug, Default)]
pub(super) struct XidHasher(u64);

impl Hasher for XidHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
    fn write_u32(&mut self, xid: u32) {
        self.0 = u64::from(xid).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

/// All calls of a client.
#[derive(Debug, Default)]
pub(super) struct Table {
    slots: Vec<Option<Slot>>,
    free: Vec<u32>,
    by_xid: HashMap<u32, u32, BuildHasherDefault<XidHasher>>,
    retired: VecDeque<u32>,
}

impl Table {
    /// An xid that no pending call has and no late reply can carry.
    pub(super) fn unused_xid(&self, random: &mut Random) -> u32 {
        loop {
            let xid = random.next_u32();
            if !self.by_xid.contains_key(&xid) {
                return xid;
            }
        }
    }

    /// A place for a call with this xid. It is filled where it lies: moving a call costs as much as beginning it.
    #[inline]
    pub(super) fn place(&mut self, xid: u32) -> (CallId, Option<&mut Option<Slot>>) {
        let at = match self.free.pop() {
            Some(at) => at as usize,
            None => {
                self.slots.push(None);
                self.slots.len().saturating_sub(1)
            }
        };
        let slot = u32::try_from(at).unwrap_or(NO_SLOT);
        self.by_xid.insert(xid, slot);
        (CallId { slot, xid }, self.slots.get_mut(at))
    }

    pub(super) fn get(&self, id: CallId) -> Option<&Slot> {
        let slot = self.slots.get(id.slot as usize)?.as_ref()?;
        (slot.xid == id.xid).then_some(slot)
    }

    pub(super) fn get_mut(&mut self, id: CallId) -> Option<&mut Slot> {
        let slot = self.slots.get_mut(id.slot as usize)?.as_mut()?;
        (slot.xid == id.xid).then_some(slot)
    }

    /// The pending call with this xid.
    pub(super) fn by_xid(&self, xid: u32) -> Option<CallId> {
        let slot = *self.by_xid.get(&xid)?;
        (slot != NO_SLOT).then_some(CallId { slot, xid })
    }

    /// Takes a call out. If it was sent more than once or has no reply, its xid is retired: one may still come. To a
    /// one-way call as well, from a server that does not know that it is one.
    pub(super) fn remove(&mut self, id: CallId) -> Option<State> {
        let place = self.slots.get_mut(id.slot as usize)?;
        let slot = place.as_mut().filter(|slot| slot.xid == id.xid)?;
        let (transmissions, oneway) = (slot.transmissions, slot.oneway);
        // The rest of it is dropped where it lies: moving it costs as much as all that is done here.
        let state = core::mem::replace(&mut slot.state, State::Queued);
        *place = None;
        self.free.push(id.slot);
        let answered = matches!(&state, State::Done(Ok(_))) && transmissions == 1;
        if (answered && !oneway) || transmissions == 0 {
            self.by_xid.remove(&id.xid);
        } else {
            self.by_xid.insert(id.xid, NO_SLOT);
            self.retired.push_back(id.xid);
            if self.retired.len() > RETIRED
                && let Some(oldest) = self.retired.pop_front()
            {
                self.by_xid.remove(&oldest);
            }
        }
        Some(state)
    }

    pub(super) fn clear_retired(&mut self) {
        for xid in self.retired.drain(..) {
            self.by_xid.remove(&xid);
        }
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (CallId, &mut Slot)> {
        self.slots.iter_mut().zip(0u32..).filter_map(|(slot, at)| {
            let slot = slot.as_mut()?;
            let id = CallId {
                slot: at,
                xid: slot.xid,
            };
            Some((id, slot))
        })
    }

    /// Everything that is remembered, in elements.
    #[cfg(test)]
    pub(super) fn footprint(&self) -> usize {
        let sizes = [self.slots.len(), self.free.len(), self.by_xid.len()];
        sizes
            .iter()
            .sum::<usize>()
            .saturating_add(self.retired.len())
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len().saturating_sub(self.free.len())
    }
}
