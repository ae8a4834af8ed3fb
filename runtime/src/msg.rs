//! RPC messages (RFC 5531 §9): headers ↔ bytes, without policy.
//!
//! Received headers are views of the bytes they stand in; nothing is allocated to look at one.

#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

mod auth;
mod call;
mod reply;

pub use self::auth::{AuthRef, AuthStat, MAX_AUTH_BYTES, OpaqueAuth, flavor};
pub use self::call::{CallError, CallHeader, CallRef};
pub use self::reply::{AcceptStat, Denied, ReplyError, ReplyHeader, ReplyRef, ReplyStat};

/// `msg_type` of a call.
pub const CALL: u32 = 0;
/// `msg_type` of a reply.
pub const REPLY: u32 = 1;
/// The version of RPC itself.
pub const RPC_VERSION: u32 = 2;

/// Takes words and padded opaque data off the front of a header.
#[derive(Clone, Copy, Debug)]
struct Words<'a> {
    rest: &'a [u8],
}

impl<'a> Words<'a> {
    #[inline]
    fn word(&mut self) -> Option<u32> {
        let (word, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(u32::from_be_bytes(*word))
    }

    #[inline]
    fn opaque(&mut self, len: usize) -> Option<&'a [u8]> {
        let data = self.rest.get(..len)?;
        self.rest = self
            .rest
            .get(len.saturating_add(crate::xdr::padding(len))..)?;
        Some(data)
    }

    #[inline]
    fn auth(&mut self) -> Option<AuthRef<'a>> {
        let (auth, rest) = AuthRef::split_off(self.rest, usize::MAX)?;
        self.rest = rest;
        Some(auth)
    }
}

/// Words as big-endian bytes: what stands at a fixed place is written as one block.
#[inline]
fn block<const N: usize, const BYTES: usize>(words: [u32; N]) -> [u8; BYTES] {
    const { assert!(BYTES == 4 * N) }
    let mut block = [0; BYTES];
    for (chunk, word) in block.as_chunks_mut().0.iter_mut().zip(words) {
        *chunk = word.to_be_bytes();
    }
    block
}

/// `msg_type` of a message, or `None` when it is too short to have one.
#[must_use]
pub fn message_type(message: &[u8]) -> Option<u32> {
    let mut words = Words { rest: message };
    words.word()?;
    words.word()
}
