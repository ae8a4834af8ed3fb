//! What a handler sees of a call besides its arguments.

use super::bindings::On;
use super::{Canceled, Extensions};
use crate::proto::server::Cred;
use crate::{DecodeLimits, Mode};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
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
    /// A peer over TCP. IPv4 inside IPv6, as a dual-stack socket shows it, becomes IPv4: rules on addresses see one form.
    pub(crate) fn tcp(address: SocketAddr) -> Self {
        Self::Tcp(canonical(address))
    }

    /// A peer over UDP, its address in the same form.
    pub(crate) fn udp(address: SocketAddr) -> Self {
        Self::Udp(canonical(address))
    }

    /// The peer's network address; IPv4 where a dual-stack socket shows IPv4 inside IPv6.
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

fn canonical(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        ip @ IpAddr::V4(_) => SocketAddr::new(ip, address.port()),
        // As it is: it may carry a scope.
        IpAddr::V6(_) => address,
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

/// What the calls of one connection have in common.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) peer: Peer,
    pub(crate) on: On,
    pub(crate) canceled: Canceled,
    pub(crate) decoding: Decoding,
}

/// A call as its handler sees it.
#[derive(Clone, Debug)]
pub struct Context {
    pub(crate) origin: Arc<Origin>,
    pub(crate) cred: Cred,
    pub(crate) xid: u32,
    pub(crate) program: u32,
    pub(crate) version: u32,
    pub(crate) procedure: u32,
    pub(crate) ratio: u32,
    /// And what few calls have, a [`Deadline`] among it: a context is moved often, and small.
    pub(crate) extensions: Extensions,
}

/// When the server gives up waiting for the handler.
pub(crate) struct Deadline(pub(crate) Instant);

/// Set when the layer that has the call passes it on.
#[derive(Clone, Default)]
pub(crate) struct PassedOn(pub(crate) Arc<AtomicBool>);

impl Context {
    /// Where the call came from.
    #[must_use]
    pub fn peer(&self) -> &Peer {
        &self.origin.peer
    }

    /// The name of the listener that the call came by, where it has one ([`Server::on`](crate::Server::on)).
    #[must_use]
    pub fn listener(&self) -> Option<&str> {
        self.origin.on.as_deref()
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

    /// Program number.
    #[must_use]
    pub fn program(&self) -> u32 {
        self.program
    }

    /// Version of the program.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Procedure number.
    #[must_use]
    pub fn procedure(&self) -> u32 {
        self.procedure
    }

    /// When the server gives up waiting for the handler, if it does.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.extensions.get().map(|Deadline(at)| *at)
    }

    /// Tells work that outlives its handler (a task, a thread) that the peer is gone or the server stops.
    ///
    /// Gone is a peer whose connection is lost: reset, timed out, or, on a unix socket or inside a process, closed. One that
    /// has only ended its direction of a TCP connection may wait for its replies; whether it does shows when they are
    /// written, or when the kernel asks ([`Limits::keepalive`](crate::Limits::keepalive)), unless [`Limits::half_close`](crate::Limits::half_close) takes the end for its going. Over UDP nobody is
    /// ever known to be gone.
    #[must_use]
    pub fn cancel(&self) -> Canceled {
        self.origin.canceled.clone()
    }

    /// What middleware has put in for the handler.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// The same, for middleware to put something in.
    pub fn extensions_mut(&mut self) -> &mut Extensions {
        &mut self.extensions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h115_mapped_addresses_become_ipv4_and_scopes_stay() {
        let mapped = "[::ffff:192.0.2.7]:9".parse().unwrap();
        assert_eq!(Peer::tcp(mapped), Peer::Tcp("192.0.2.7:9".parse().unwrap()));
        let scoped = SocketAddr::V6(std::net::SocketAddrV6::new(
            "fe80::1".parse().unwrap(),
            9,
            0,
            3,
        ));
        assert_eq!(Peer::udp(scoped).address(), Some(scoped));
    }
}
