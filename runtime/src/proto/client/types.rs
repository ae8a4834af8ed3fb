//! What goes into a client's core and what comes out.

use crate::Body;
use crate::auth::Credential;
use crate::proto::record::RecordError;
use crate::proto::retransmit::Retransmit;
use core::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// What a client's core is told when it is made.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// How messages travel.
    pub framing: Framing,
    /// Largest reply in bytes.
    pub max_reply: usize,
    /// Largest datagram to send in bytes.
    pub max_datagram: usize,
    /// When datagrams are sent again.
    pub retransmit: Retransmit,
}

/// How messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// As records of a stream, which loses nothing.
    Stream,
    /// As datagrams, which may be lost, doubled and overtaken.
    Datagram,
}

/// A call to make.
#[derive(Debug)]
pub struct NewCall<'a> {
    /// Program number.
    pub program: u32,
    /// Version number.
    pub version: u32,
    /// Procedure number.
    pub procedure: u32,
    /// The encoded arguments.
    pub args: Body,
    /// Who calls; nobody for AUTH_NONE.
    pub credential: Option<&'a Arc<dyn Credential>>,
    /// Time limit.
    pub timeout: Duration,
    /// Whether it may be sent again on another connection.
    pub replay: bool,
    /// Whether it is done as soon as it is sent: the server does not answer.
    pub oneway: bool,
    /// Whether nobody waits for its end (then it is one-way, too): the core finishes it by itself, and keeps the first
    /// error of such calls for [`take_batch_error`](super::ClientCore::take_batch_error).
    pub batched: bool,
}

#[cfg(feature = "net")]
impl NewCall<'_> {
    /// Program, version and procedure.
    pub(crate) fn numbers(&self) -> [u32; 3] {
        [self.program, self.version, self.procedure]
    }

    /// The call with its arguments; what stays has none.
    pub(crate) fn take(&mut self) -> Self {
        Self {
            args: core::mem::take(&mut self.args),
            ..*self
        }
    }
}

/// Names a call until it is finished or forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CallId {
    pub(super) slot: u32,
    /// Tells the calls apart that use the same slot one after the other.
    pub(super) xid: u32,
}

impl CallId {
    /// A small number, unique among the calls that are not finished.
    #[must_use]
    pub fn index(self) -> usize {
        self.slot as usize
    }

    /// The transaction id.
    #[must_use]
    pub fn xid(self) -> u32 {
        self.xid
    }
}

/// A message to send.
#[derive(Debug)]
pub struct Transmit {
    /// The call.
    pub id: CallId,
    /// 1 for the first transmission of the call.
    pub attempt: u32,
    /// The message; on streams with its record mark.
    pub message: Body,
}

/// Why a stream cannot be used further.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamError {
    /// The record marking.
    Record(RecordError),
    /// A message that is neither call nor reply, or whose header does not parse.
    NotRpc,
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record(e) => e.fmt(f),
            Self::NotRpc => f.write_str("the server sent a message that is no reply"),
        }
    }
}

impl core::error::Error for StreamError {}

impl From<StreamError> for io::Error {
    fn from(e: StreamError) -> Self {
        Self::new(io::ErrorKind::InvalidData, e)
    }
}

/// What happened that no call was told of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientStats {
    /// Replies that ended a call.
    pub answered: u64,
    /// Replies that belong to no pending call: late, doubled or forged.
    pub unmatched: u64,
    /// Calls received, which a client does not answer.
    pub calls: u64,
    /// Datagrams that are no RPC message.
    pub junk: u64,
    /// Datagrams sent again.
    pub retransmitted: u64,
    /// Calls sent again on another connection.
    pub replayed: u64,
}
