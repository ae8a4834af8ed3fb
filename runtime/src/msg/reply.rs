//! The header of a reply (RFC 5531 §9 `reply_body`).

use super::{AuthRef, AuthStat, OpaqueAuth, REPLY, Words};
use alloc::vec::Vec;
use core::fmt;

/// What the server did with an accepted call (RFC 5531 §9 `accept_stat`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AcceptStat {
    /// It ran; the results follow.
    Success,
    /// The program is not served here.
    ProgUnavail,
    /// The program is served, this version is not.
    ProgMismatch {
        /// Lowest version served.
        low: u32,
        /// Highest version served.
        high: u32,
    },
    /// The version has no such procedure.
    ProcUnavail,
    /// The arguments do not decode.
    GarbageArgs,
    /// The server failed.
    SystemErr,
    /// A number the RFC does not list.
    Unknown(u32),
}

/// Why a call was denied (RFC 5531 §9 `rejected_reply`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Denied {
    /// Another version of RPC is spoken.
    RpcMismatch {
        /// Lowest version of RPC.
        low: u32,
        /// Highest version of RPC.
        high: u32,
    },
    /// The caller is not who it says, or may not.
    Auth(AuthStat),
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RpcMismatch { low, high } => {
                write!(f, "the server speaks RPC versions {low} to {high}, not 2")
            }
            Self::Auth(stat) => write!(f, "authentication refused: {stat}"),
        }
    }
}

/// A reply's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyStat<V> {
    /// MSG_ACCEPTED, with the server's verifier.
    Accepted(V, AcceptStat),
    /// MSG_DENIED: such a reply has no verifier.
    Denied(Denied),
}

/// The header of a reply to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyHeader {
    /// Transaction id of the call.
    pub xid: u32,
    /// What became of it.
    pub stat: ReplyStat<OpaqueAuth>,
}

impl ReplyHeader {
    /// Bytes of the header of a successful reply with an AUTH_NONE verifier.
    pub const SUCCESS_LEN: usize = 24;

    /// The bytes of the header of nearly every reply: success, with an empty AUTH_NONE verifier.
    #[must_use]
    pub const fn success(xid: u32) -> [u8; Self::SUCCESS_LEN] {
        let [a, b, c, d] = xid.to_be_bytes();
        [
            a, b, c, d, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        ]
    }

    /// An accepted reply with an empty AUTH_NONE verifier.
    #[must_use]
    pub const fn accepted(xid: u32, stat: AcceptStat) -> Self {
        Self {
            xid,
            stat: ReplyStat::Accepted(OpaqueAuth::NONE, stat),
        }
    }

    /// An accepted reply with this verifier.
    #[must_use]
    pub const fn accepted_with(xid: u32, verf: OpaqueAuth, stat: AcceptStat) -> Self {
        Self {
            xid,
            stat: ReplyStat::Accepted(verf, stat),
        }
    }

    /// A denied reply.
    #[must_use]
    pub const fn denied(xid: u32, why: Denied) -> Self {
        Self {
            xid,
            stat: ReplyStat::Denied(why),
        }
    }

    /// Appends the header to `out`.
    pub fn put(&self, out: &mut Vec<u8>) {
        let mut words = |words: &[u32]| {
            for word in words {
                out.extend_from_slice(&word.to_be_bytes());
            }
        };
        match &self.stat {
            ReplyStat::Accepted(verf, stat) => {
                words(&[self.xid, REPLY, 0]);
                verf.as_ref().put(out);
                let (word, versions) = match *stat {
                    AcceptStat::Success => (0, None),
                    AcceptStat::ProgUnavail => (1, None),
                    AcceptStat::ProgMismatch { low, high } => (2, Some((low, high))),
                    AcceptStat::ProcUnavail => (3, None),
                    AcceptStat::GarbageArgs => (4, None),
                    AcceptStat::SystemErr => (5, None),
                    AcceptStat::Unknown(n) => (n, None),
                };
                out.extend_from_slice(&u32::to_be_bytes(word));
                if let Some((low, high)) = versions {
                    out.extend_from_slice(&low.to_be_bytes());
                    out.extend_from_slice(&high.to_be_bytes());
                }
            }
            ReplyStat::Denied(Denied::RpcMismatch { low, high }) => {
                words(&[self.xid, REPLY, 1, 0, *low, *high]);
            }
            ReplyStat::Denied(Denied::Auth(stat)) => words(&[self.xid, REPLY, 1, 1, stat.0]),
        }
    }
}

/// The header of a received reply, as a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyRef<'a> {
    /// Transaction id.
    pub xid: u32,
    /// What became of the call.
    pub stat: ReplyStat<AuthRef<'a>>,
    /// Where the results begin in the message.
    pub results_at: usize,
}

/// What follows the xid in nearly every reply. The xid is not compared along with it: a number just stored, read back as
/// part of a wider one, stalls a processor for longer than the whole comparison takes.
const SUCCESS: [u8; ReplyHeader::SUCCESS_LEN - 4] =
    [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// Why a message is not a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyError {
    /// It is a call.
    Call,
    /// `msg_type`, `reply_stat` or `reject_stat` is none that the RFC lists, or the header is cut short.
    Malformed,
}

impl<'a> ReplyRef<'a> {
    /// Looks at a message.
    ///
    /// # Errors
    /// It is not a reply with a whole header.
    pub fn parse(message: &'a [u8]) -> Result<Self, ReplyError> {
        // Nearly every reply; the rest of them word by word.
        match message.split_first_chunk() {
            Some((xid, rest)) if rest.starts_with(&SUCCESS) => Ok(Self {
                xid: u32::from_be_bytes(*xid),
                stat: ReplyStat::Accepted(AuthRef::NONE, AcceptStat::Success),
                results_at: ReplyHeader::SUCCESS_LEN,
            }),
            _ => Self::parse_any(message),
        }
    }

    /// Looks at a message of any form.
    fn parse_any(message: &'a [u8]) -> Result<Self, ReplyError> {
        let mut words = Words { rest: message };
        let bad = ReplyError::Malformed;
        let xid = words.word().ok_or(bad)?;
        match words.word().ok_or(bad)? {
            REPLY => {}
            super::CALL => return Err(ReplyError::Call),
            _ => return Err(bad),
        }
        let stat = match words.word().ok_or(bad)? {
            0 => {
                let verf = words.auth().filter(AuthRef::is_legal).ok_or(bad)?;
                let stat = match words.word().ok_or(bad)? {
                    0 => AcceptStat::Success,
                    1 => AcceptStat::ProgUnavail,
                    2 => AcceptStat::ProgMismatch {
                        low: words.word().ok_or(bad)?,
                        high: words.word().ok_or(bad)?,
                    },
                    3 => AcceptStat::ProcUnavail,
                    4 => AcceptStat::GarbageArgs,
                    5 => AcceptStat::SystemErr,
                    n => AcceptStat::Unknown(n),
                };
                ReplyStat::Accepted(verf, stat)
            }
            1 => ReplyStat::Denied(match words.word().ok_or(bad)? {
                0 => Denied::RpcMismatch {
                    low: words.word().ok_or(bad)?,
                    high: words.word().ok_or(bad)?,
                },
                1 => Denied::Auth(AuthStat(words.word().ok_or(bad)?)),
                _ => return Err(bad),
            }),
            _ => return Err(bad),
        };
        let results_at = message.len().saturating_sub(words.rest.len());
        Ok(Self {
            xid,
            stat,
            results_at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_way_and_the_long_one_agree() {
        let mut long = Vec::new();
        ReplyHeader::accepted(0x0102_0304, AcceptStat::Success).put(&mut long);
        assert_eq!(ReplyHeader::success(0x0102_0304), long[..]);
        assert_eq!(ReplyRef::parse(&long), ReplyRef::parse_any(&long));
        let parsed = ReplyRef::parse(&long).expect("a reply");
        assert_eq!((parsed.xid, parsed.results_at), (0x0102_0304, 24));
    }
}
