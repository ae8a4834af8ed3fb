//! Why a call failed, and whether the server may have executed it.
//!
//! With ONC RPC a lost reply is not a lost call: every [`RpcError`] answers [`execution`](RpcError::execution), the one
//! thing a caller must know before it repeats a call (RFC 5531 §4).

use crate::msg::Denied;
use crate::xdr::{DecodeError, EncodeError};
use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Why a call failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RpcError {
    /// There is no connection, and no attempt to make one succeeded in time.
    Connect(ConnectError),
    /// An argument does not fit its own declaration.
    Encode(EncodeError),
    /// The results do not decode.
    Decode(DecodeError),
    /// No reply came before the deadline.
    TimedOut {
        /// The call's time limit.
        after: Duration,
        /// Whether any of it was handed to the network.
        sent: Sent,
    },
    /// The connection ended before the reply came.
    ConnectionLost {
        /// Whether any of the call was handed to the network.
        sent: Sent,
        /// What the socket said; nothing when the peer closed the connection in good order.
        source: Option<Arc<io::Error>>,
    },
    /// The call is larger than a datagram may be.
    CallTooLarge {
        /// Bytes of the message.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// The reply is larger than this client accepts.
    ReplyTooLarge {
        /// Bytes of the reply as far as they are known.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// The reply did not fit the datagram buffer and lost its end.
    ReplyTruncated,
    /// The reply's verifier is not one that the credential in use allows (AUTH_INVALIDRESP).
    BadVerifier,
    /// The server did not accept the message: its RPC version or its credential.
    Denied(Denied),
    /// The server accepted the message and did not run the procedure to its end.
    Refused(Refused),
    /// The server refused a call that had been sent before, on a connection that was lost or in a datagram: the refusal
    /// tells nothing of what became of the first one.
    Repeated(Box<Self>),
    /// Middleware around the channel failed the call.
    Layer(Arc<dyn Error + Send + Sync>),
    /// A batched call has no result, and this procedure has one.
    NoResult,
    /// As many calls as allowed are pending, and this client was told not to wait.
    Overloaded,
    /// The channel has been closed.
    Closed,
}

/// Whether a call, or a part of it, was handed to the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sent {
    /// Not a byte: the server cannot have executed it.
    No,
    /// Some or all of it.
    Maybe,
}

/// Whether the server executed a call that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Execution {
    /// It did not.
    No,
    /// Nothing is known.
    Maybe,
    /// It did.
    Yes,
}

/// The server did not run the procedure to its end (RFC 5531 §9, `accept_stat`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refused {
    /// The program is not served there.
    ProgUnavail,
    /// The program is served, but not in this version.
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
    /// The server failed inside, or its result cannot be encoded.
    SystemErr,
    /// An `accept_stat` that RFC 5531 does not define.
    Unknown(u32),
}

/// Why there is no connection.
#[derive(Clone, Debug)]
pub struct ConnectError(Box<ConnectInner>);

#[derive(Clone, Debug)]
struct ConnectInner {
    target: String,
    kind: ConnectErrorKind,
    source: Option<Arc<io::Error>>,
}

/// What was missing for a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectErrorKind {
    /// The target is not `tcp://host[:port]`, `udp://host[:port]`, `unix:/path` or `host[:port]`.
    BadTarget(&'static str),
    /// The name has no address.
    Unresolved,
    /// No address could be connected to; the source is the last one's error.
    Unreachable,
    /// The connect timeout passed.
    TimedOut(Duration),
    /// rpcbind could not be asked for the port.
    Rpcbind(Box<str>),
    /// rpcbind does not know the program on this transport.
    NotRegistered {
        /// Program asked for.
        program: u32,
        /// Version asked for.
        version: u32,
    },
    /// rpcbind answered an address that makes no sense or is another host's.
    BadAddress(Box<str>),
    /// No privileged source port could be bound.
    ReservedPort,
    /// The target has no port and the channel has no program to ask rpcbind for.
    NoPort,
    /// An earlier connection was lost and the policy is not to make another.
    NoReconnect,
}

impl ConnectError {
    #[cfg(feature = "net")]
    pub(crate) fn new(target: impl fmt::Display, kind: ConnectErrorKind) -> Self {
        Self(Box::new(ConnectInner {
            target: target.to_string(),
            kind,
            source: None,
        }))
    }

    #[cfg(feature = "net")]
    pub(crate) fn with_source(mut self, source: io::Error) -> Self {
        self.0.source = Some(Arc::new(source));
        self
    }

    /// What was missing.
    #[must_use]
    pub fn kind(&self) -> &ConnectErrorKind {
        &self.0.kind
    }

    /// What was to be connected to.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.0.target
    }

    /// What the system said, if it was asked.
    #[must_use]
    pub fn io_error(&self) -> Option<&io::Error> {
        self.0.source.as_deref()
    }
}

impl RpcError {
    /// Whether the deadline passed, of the call or of the attempt to connect.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        match self {
            Self::TimedOut { .. } => true,
            Self::Connect(e) => matches!(e.kind(), ConnectErrorKind::TimedOut(_)),
            _ => false,
        }
    }

    /// Whether the same call may succeed later: the failure lies with the network or the load, not with the call.
    ///
    /// This says nothing about doing it twice: see [`execution`](Self::execution).
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Connect(e) => !matches!(
                e.kind(),
                ConnectErrorKind::BadTarget(_)
                    | ConnectErrorKind::NoPort
                    | ConnectErrorKind::NoReconnect
            ),
            Self::TimedOut { .. } | Self::ConnectionLost { .. } | Self::Overloaded => true,
            Self::Repeated(e) => e.is_retryable(),
            _ => false,
        }
    }

    /// Whether the server executed the call.
    #[must_use]
    pub fn execution(&self) -> Execution {
        match self {
            Self::TimedOut { sent, .. } | Self::ConnectionLost { sent, .. } => match sent {
                Sent::No => Execution::No,
                Sent::Maybe => Execution::Maybe,
            },
            // A reply with this xid and SUCCESS in it came back.
            Self::Decode(_) | Self::ReplyTooLarge { .. } | Self::ReplyTruncated => Execution::Yes,
            // The reply may be a forgery; a system error may have come in the middle of the work.
            Self::BadVerifier
            | Self::Repeated(_)
            | Self::Layer(_)
            | Self::Refused(Refused::SystemErr | Refused::Unknown(_)) => Execution::Maybe,
            Self::Connect(_)
            | Self::Encode(_)
            | Self::CallTooLarge { .. }
            | Self::Denied(_)
            | Self::Refused(_)
            | Self::NoResult
            | Self::Overloaded
            | Self::Closed => Execution::No,
        }
    }

    /// Which kind of failure it is, in one word: for metrics and traces.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Connect(_) => "connect",
            Self::Encode(_) => "encode",
            Self::Decode(_) => "decode",
            Self::TimedOut { .. } => "timed_out",
            Self::ConnectionLost { .. } => "connection_lost",
            Self::CallTooLarge { .. } => "call_too_large",
            Self::ReplyTooLarge { .. } => "reply_too_large",
            Self::ReplyTruncated => "reply_truncated",
            Self::BadVerifier => "bad_verifier",
            Self::Denied(_) => "denied",
            Self::Refused(_) => "refused",
            Self::Repeated(error) => error.name(),
            Self::Layer(_) => "layer",
            Self::NoResult => "no_result",
            Self::Overloaded => "overloaded",
            Self::Closed => "closed",
        }
    }

    /// The connection is gone; the peer closed it in good order when there is no `source`.
    pub(crate) fn lost(sent: Sent, source: Option<io::Error>) -> Self {
        Self::ConnectionLost {
            sent,
            source: source.map(Arc::new),
        }
    }
}

impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(e) => e.fmt(f),
            Self::Encode(e) => write!(f, "the arguments cannot be sent: {e}"),
            Self::Decode(e) => write!(f, "the results do not decode: {e}"),
            Self::TimedOut { after, sent } => {
                write!(f, "no reply within {after:?} ({sent})")
            }
            Self::ConnectionLost { sent, source } => match source {
                Some(e) => write!(f, "the connection was lost ({sent}): {e}"),
                None => write!(f, "the server closed the connection ({sent})"),
            },
            Self::CallTooLarge { size, limit } => write!(
                f,
                "the call has {size} bytes, a datagram may have {limit}: use TCP or raise the limit"
            ),
            Self::ReplyTooLarge { size, limit } => write!(
                f,
                "the reply has {size} bytes, at most {limit} are accepted"
            ),
            Self::ReplyTruncated => f.write_str("the reply was cut off: use TCP for large replies"),
            Self::BadVerifier => f.write_str("the reply's verifier is not valid"),
            Self::Denied(why) => why.fmt(f),
            Self::Refused(why) => why.fmt(f),
            Self::Repeated(why) => {
                write!(f, "{why}; an earlier transmission may have been executed")
            }
            Self::Layer(why) => why.fmt(f),
            Self::NoResult => {
                f.write_str("a batched call has no result, and this procedure has one")
            }
            Self::Overloaded => f.write_str("too many calls are pending"),
            Self::Closed => f.write_str("the channel is closed"),
        }
    }
}

impl Error for RpcError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Connect(e) => e.source(),
            Self::Encode(e) => Some(e),
            Self::Decode(e) => Some(e),
            Self::ConnectionLost {
                source: Some(e), ..
            } => Some(e),
            Self::Repeated(e) => Some(e),
            Self::Layer(e) => Some(&**e),
            _ => None,
        }
    }
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::No => "the call was not sent",
            Self::Maybe => "the call may have been executed",
        })
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::ProgUnavail => f.write_str("the program is not served there"),
            Self::ProgMismatch { low, high } => {
                write!(f, "the program is served in versions {low} to {high} only")
            }
            Self::ProcUnavail => f.write_str("the server has no such procedure"),
            Self::GarbageArgs => f.write_str("the server could not decode the arguments"),
            Self::SystemErr => f.write_str("the server failed (SYSTEM_ERR)"),
            Self::Unknown(stat) => write!(f, "the server answered the unknown accept_stat {stat}"),
        }
    }
}

impl fmt::Display for ConnectErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadTarget(why) => write!(f, "not a target: {why}"),
            Self::Unresolved => f.write_str("the name has no address"),
            Self::Unreachable => f.write_str("no connection"),
            Self::TimedOut(after) => write!(f, "no connection within {after:?}"),
            Self::Rpcbind(why) => write!(f, "rpcbind cannot be asked for the port: {why}"),
            Self::NotRegistered { program, version } => write!(
                f,
                "program {program} version {version} is not registered with rpcbind"
            ),
            Self::BadAddress(address) => {
                write!(f, "rpcbind answered the unusable address {address:?}")
            }
            Self::ReservedPort => f.write_str("no privileged source port is free or permitted"),
            Self::NoPort => {
                f.write_str("the target has no port and no program is known to look up")
            }
            Self::NoReconnect => f.write_str("the connection was lost and is not to be made again"),
        }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.target, self.0.kind)?;
        match &self.0.source {
            Some(e) => write!(f, ": {e}"),
            None => Ok(()),
        }
    }
}

impl Error for ConnectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_ref().map(|e| e as &(dyn Error + 'static))
    }
}

impl From<ConnectError> for RpcError {
    fn from(e: ConnectError) -> Self {
        Self::Connect(e)
    }
}

impl From<EncodeError> for RpcError {
    fn from(e: EncodeError) -> Self {
        Self::Encode(e)
    }
}

impl From<DecodeError> for RpcError {
    fn from(e: DecodeError) -> Self {
        Self::Decode(e)
    }
}

impl From<Refused> for RpcError {
    fn from(why: Refused) -> Self {
        Self::Refused(why)
    }
}

impl From<Denied> for RpcError {
    fn from(why: Denied) -> Self {
        Self::Denied(why)
    }
}

#[cfg(all(test, feature = "net"))]
mod tests {
    use super::*;
    use crate::msg::AuthStat;

    #[test]
    fn execution_is_known_only_where_it_can_be() {
        let timed_out = |sent| RpcError::TimedOut {
            after: Duration::from_secs(1),
            sent,
        };
        let cases = [
            (timed_out(Sent::No), Execution::No),
            (timed_out(Sent::Maybe), Execution::Maybe),
            (RpcError::lost(Sent::Maybe, None), Execution::Maybe),
            (RpcError::ReplyTruncated, Execution::Yes),
            (Refused::GarbageArgs.into(), Execution::No),
            (Refused::SystemErr.into(), Execution::Maybe),
            (Denied::Auth(AuthStat::TOOWEAK).into(), Execution::No),
            (
                RpcError::Repeated(Box::new(Refused::ProgUnavail.into())),
                Execution::Maybe,
            ),
        ];
        for (error, execution) in cases {
            assert_eq!(error.execution(), execution, "{error}");
        }
    }

    #[test]
    fn the_error_is_small() {
        assert!(size_of::<RpcError>() <= 40, "{}", size_of::<RpcError>());
    }

    #[test]
    fn messages_name_what_to_do() {
        let e = RpcError::from(ConnectError::new(
            "tcp://server",
            ConnectErrorKind::NotRegistered {
                program: 100_003,
                version: 3,
            },
        ));
        assert_eq!(
            e.to_string(),
            "tcp://server: program 100003 version 3 is not registered with rpcbind"
        );
        assert_eq!(
            RpcError::from(Denied::Auth(AuthStat::TOOWEAK)).to_string(),
            "authentication refused: AUTH_TOOWEAK"
        );
    }
}
