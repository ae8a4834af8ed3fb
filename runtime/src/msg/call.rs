//! The header of a call (RFC 5531 §9 `call_body`).

use super::{AuthRef, CALL, MAX_AUTH_BYTES, OpaqueAuth, RPC_VERSION, Words, block};
use crate::xdr::part;
use alloc::vec::Vec;

/// The header of a call to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallHeader {
    /// Transaction id: matches the reply.
    pub xid: u32,
    /// Program number.
    pub program: u32,
    /// Version of the program.
    pub version: u32,
    /// Procedure number.
    pub procedure: u32,
    /// Who calls.
    pub cred: OpaqueAuth,
    /// Proof of it.
    pub verf: OpaqueAuth,
}

impl CallHeader {
    /// Encoded length in bytes; 40 with empty credential and verifier.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        let auth = self
            .cred
            .as_ref()
            .encoded_len()
            .saturating_add(self.verf.as_ref().encoded_len());
        auth.saturating_add(24)
    }

    /// Appends the header to `out`.
    pub fn put(&self, out: &mut Vec<u8>) {
        let (cred, verf) = (self.cred.as_ref(), self.verf.as_ref());
        let bodies = cred.body.len().saturating_add(verf.body.len());
        // Room for the padding, too.
        out.reserve(bodies.saturating_add(48));
        let [flavor, len] = cred.words();
        let words = [
            self.xid,
            CALL,
            RPC_VERSION,
            self.program,
            self.version,
            self.procedure,
            flavor,
            len,
        ];
        out.extend_from_slice(&block::<8, 32>(words));
        out.extend_from_slice(cred.body);
        let end = out.len().wrapping_add(crate::xdr::padding(cred.body.len()));
        // Zeros for the padding and for nearly every verifier, then fewer of them: no call for a few bytes.
        out.extend_from_slice(&[0; 12]);
        if verf == AuthRef::NONE {
            out.truncate(end.wrapping_add(8));
        } else {
            out.truncate(end);
            verf.put(out);
        }
    }
}

/// The header of a received call, as a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallRef<'a> {
    /// Transaction id.
    pub xid: u32,
    /// Program number.
    pub program: u32,
    /// Version of the program.
    pub version: u32,
    /// Procedure number.
    pub procedure: u32,
    /// Who calls.
    pub cred: AuthRef<'a>,
    /// Proof of it.
    pub verf: AuthRef<'a>,
    /// Where the arguments begin in the message.
    pub args_at: usize,
}

/// Why a message is not a call that can be looked at further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallError {
    /// Too short, or cut inside the header: no answer is possible.
    Short,
    /// A reply.
    Reply,
    /// `msg_type` is neither call nor reply.
    MessageType(u32),
    /// Another version of RPC: answer RPC_MISMATCH. Nothing behind these two words can be trusted.
    RpcVersion {
        /// Transaction id.
        xid: u32,
        /// The version asked for.
        version: u32,
    },
    /// The credential is longer than 400 bytes, and the rest is intact: answer AUTH_BADCRED.
    Cred {
        /// Transaction id.
        xid: u32,
    },
    /// The verifier is longer than 400 bytes, and the rest is intact: answer AUTH_BADVERF.
    Verf {
        /// Transaction id.
        xid: u32,
    },
}

impl<'a> CallRef<'a> {
    /// Looks at a message.
    ///
    /// # Errors
    /// It is not a call of RPC version 2 with a whole header.
    #[inline]
    pub fn parse(message: &'a [u8]) -> Result<Self, CallError> {
        Self::whole(message).ok_or_else(|| Self::problem(message))
    }

    /// A header without fault.
    #[inline]
    fn whole(message: &'a [u8]) -> Option<Self> {
        // Up to the credential's length all stands at fixed places: one check for the whole of it.
        let (block, rest) = message.split_first_chunk::<32>()?;
        let word = |bytes: &[u8; 4]| u32::from_be_bytes(*bytes);
        if part::<4, 8, 32>(block) != &super::block::<2, 8>([CALL, RPC_VERSION]) {
            return None;
        }
        let (cred, rest) = AuthRef::behind(part::<24, 8, 32>(block), rest, MAX_AUTH_BYTES)?;
        let (verf, rest) = AuthRef::split_off(rest, MAX_AUTH_BYTES)?;
        Some(Self {
            xid: word(part::<0, 4, 32>(block)),
            program: word(part::<12, 4, 32>(block)),
            version: word(part::<16, 4, 32>(block)),
            procedure: word(part::<20, 4, 32>(block)),
            cred,
            verf,
            args_at: message.len().wrapping_sub(rest.len()),
        })
    }

    /// What is wrong with a header that is not [`whole`](Self::whole).
    #[cold]
    fn problem(message: &[u8]) -> CallError {
        Self::find_problem(message).unwrap_or(CallError::Short)
    }

    /// As [`problem`](Self::problem); `None` where the header is cut short.
    fn find_problem(message: &[u8]) -> Option<CallError> {
        let mut words = Words { rest: message };
        let xid = words.word()?;
        match words.word()? {
            CALL => {}
            super::REPLY => return Some(CallError::Reply),
            other => return Some(CallError::MessageType(other)),
        }
        let version = words.word()?;
        if version != RPC_VERSION {
            return Some(CallError::RpcVersion { xid, version });
        }
        // Program, version, procedure.
        words.opaque(12)?;
        let (cred, verf) = (words.auth()?, words.auth()?);
        if !cred.is_legal() {
            return Some(CallError::Cred { xid });
        }
        (!verf.is_legal()).then_some(CallError::Verf { xid })
    }
}
