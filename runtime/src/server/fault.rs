//! Why a procedure has no result.

use crate::msg::{AcceptStat, AuthStat, Denied, OpaqueAuth, ReplyHeader};
use std::fmt;

/// What a handler returns instead of a result: an error of the call, not of the application.
///
/// Errors that the interface declares (a status in a union) are ordinary results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The server failed: SYSTEM_ERR.
    SystemErr,
    /// The arguments make no sense: GARBAGE_ARGS.
    GarbageArgs,
    /// There is no such procedure: PROC_UNAVAIL.
    ProcUnavail,
    /// The program is not served: PROG_UNAVAIL.
    ProgUnavail,
    /// The caller may not: MSG_DENIED with this status.
    Denied(AuthStat),
    /// The call is not answered at all, and neither are its duplicates.
    NoReply,
    /// The call is not handled now, for lack of room: SYSTEM_ERR over a stream. Over UDP silence: the client asks
    /// again, and is then handled as if for the first time.
    Busy,
}

impl Fault {
    /// Which kind of fault it is, in one word: for metrics and traces.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SystemErr => "system_err",
            Self::GarbageArgs => "garbage_args",
            Self::ProcUnavail => "proc_unavail",
            Self::ProgUnavail => "prog_unavail",
            Self::Denied(_) => "denied",
            Self::NoReply => "no_reply",
            Self::Busy => "busy",
        }
    }

    /// The reply that says so; `None` for [`Fault::NoReply`].
    pub(crate) fn header(self, xid: u32, verf: OpaqueAuth) -> Option<ReplyHeader> {
        let stat = match self {
            Self::SystemErr | Self::Busy => AcceptStat::SystemErr,
            Self::GarbageArgs => AcceptStat::GarbageArgs,
            Self::ProcUnavail => AcceptStat::ProcUnavail,
            Self::ProgUnavail => AcceptStat::ProgUnavail,
            Self::Denied(stat) => return Some(ReplyHeader::denied(xid, Denied::Auth(stat))),
            Self::NoReply => return None,
        };
        Some(ReplyHeader::accepted_with(xid, verf, stat))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SystemErr => f.write_str("system error"),
            Self::GarbageArgs => f.write_str("arguments do not decode"),
            Self::ProcUnavail => f.write_str("no such procedure"),
            Self::ProgUnavail => f.write_str("no such program"),
            Self::Denied(stat) => write!(f, "denied: {stat}"),
            Self::NoReply => f.write_str("no reply"),
            Self::Busy => f.write_str("busy"),
        }
    }
}

impl std::error::Error for Fault {}
