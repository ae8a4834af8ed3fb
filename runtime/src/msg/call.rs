//! The header of a call (RFC 5531 §9 `call_body`).

use super::auth::AuthProblem;
use super::{AuthRef, CALL, OpaqueAuth, RPC_VERSION, Words, block};
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
        out.reserve(self.encoded_len());
        let words = [
            self.xid,
            CALL,
            RPC_VERSION,
            self.program,
            self.version,
            self.procedure,
        ];
        out.extend_from_slice(&block::<6, 24>(words));
        self.cred.as_ref().put(out);
        self.verf.as_ref().put(out);
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
        let (block, rest) = message.split_first_chunk::<24>()?;
        let (
            [
                xid,
                message_type,
                version,
                program,
                program_version,
                procedure,
            ],
            _,
        ) = block.as_chunks().0.split_first_chunk::<6>()?;
        let word = |bytes: &[u8; 4]| u32::from_be_bytes(*bytes);
        if word(message_type) != CALL || word(version) != RPC_VERSION {
            return None;
        }
        let mut words = Words { rest };
        Some(Self {
            xid: word(xid),
            program: word(program),
            version: word(program_version),
            procedure: word(procedure),
            cred: AuthRef::parse(&mut words).ok()?,
            verf: AuthRef::parse(&mut words).ok()?,
            args_at: message.len().saturating_sub(words.rest.len()),
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
        let (cred, verf) = (AuthRef::parse(&mut words), AuthRef::parse(&mut words));
        match (cred, verf) {
            (Err(AuthProblem::Short), _) | (_, Err(AuthProblem::Short)) => None,
            (Err(AuthProblem::TooLong), _) => Some(CallError::Cred { xid }),
            (_, Err(AuthProblem::TooLong)) => Some(CallError::Verf { xid }),
            (Ok(_), Ok(_)) => None,
        }
    }
}
