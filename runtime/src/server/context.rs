//! What a handler sees of a call besides its arguments.

use crate::proto::server::Cred;
use crate::{DecodeLimits, Mode};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

/// Where a call came from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Peer {
    /// A TCP connection from this address.
    Tcp(SocketAddr),
    /// A datagram from this address.
    Udp(SocketAddr),
    /// A unix socket, with the peer's process as the kernel knows it.
    Unix {
        /// Effective user id of the peer.
        uid: u32,
        /// Effective group id of the peer.
        gid: u32,
        /// Process id of the peer, where the system tells.
        pid: Option<i32>,
    },
    /// The same process, or a stream that was handed in.
    Local,
}

impl Peer {
    /// The peer's network address.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(address) | Self::Udp(address) => Some(*address),
            Self::Unix { .. } | Self::Local => None,
        }
    }

    /// Whether calls come as datagrams.
    #[must_use]
    pub fn is_datagram(&self) -> bool {
        matches!(self, Self::Udp(_))
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "tcp://{address}"),
            Self::Udp(address) => write!(f, "udp://{address}"),
            Self::Unix { uid, .. } => write!(f, "unix socket of uid {uid}"),
            Self::Local => f.write_str("local"),
        }
    }
}

/// How a server decodes arguments.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Decoding {
    pub(crate) limits: DecodeLimits,
    pub(crate) mode: Mode,
}

/// A call as its handler sees it.
#[derive(Clone, Debug)]
pub struct Context {
    pub(crate) peer: Arc<Peer>,
    pub(crate) cred: Cred,
    pub(crate) xid: u32,
    pub(crate) procedure: u32,
    pub(crate) ratio: usize,
    pub(crate) decoding: Decoding,
    pub(crate) deadline: Option<Instant>,
}

impl Context {
    /// Where the call came from.
    #[must_use]
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Who calls. An AUTH_SYS credential is the client's claim and proves nothing.
    #[must_use]
    pub fn cred(&self) -> &Cred {
        &self.cred
    }

    /// Transaction id.
    #[must_use]
    pub fn xid(&self) -> u32 {
        self.xid
    }

    /// Procedure number.
    #[must_use]
    pub fn procedure(&self) -> u32 {
        self.procedure
    }

    /// When the server gives up waiting for the handler, if it does.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }
}
