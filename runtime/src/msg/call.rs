//! The header of a call (RFC 5531 §9 `call_body`).

use super::auth::AuthProblem;
use super::{AuthRef, CALL, OpaqueAuth, RPC_VERSION, Words};
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
        for word in words {
            out.extend_from_slice(&word.to_be_bytes());
        }
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
    pub fn parse(message: &'a [u8]) -> Result<Self, CallError> {
        let mut words = Words { rest: message };
        let mut word = || words.word().ok_or(CallError::Short);
        let xid = word()?;
        match word()? {
            CALL => {}
            super::REPLY => return Err(CallError::Reply),
            other => return Err(CallError::MessageType(other)),
        }
        let version = word()?;
        if version != RPC_VERSION {
            return Err(CallError::RpcVersion { xid, version });
        }
        let (program, version, procedure) = (word()?, word()?, word()?);
        let cred = AuthRef::parse(&mut words);
        if cred == Err(AuthProblem::Short) {
            return Err(CallError::Short);
        }
        let verf = AuthRef::parse(&mut words);
        if verf == Err(AuthProblem::Short) {
            return Err(CallError::Short);
        }
        Ok(Self {
            xid,
            program,
            version,
            procedure,
            cred: cred.map_err(|_| CallError::Cred { xid })?,
            verf: verf.map_err(|_| CallError::Verf { xid })?,
            args_at: message.len().saturating_sub(words.rest.len()),
        })
    }
}
