//! UDP sockets of servers: many datagrams in one system call, each answered from the address it was sent to.
//!
//! A socket that is bound to a wildcard learns with each datagram which of the machine's addresses was asked (IP_PKTINFO)
//! and answers from it: a client drops a reply that comes from elsewhere. On other systems than Linux datagrams are
//! received one by one, and a machine with several addresses should be given a socket for each.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod portable;

#[cfg(target_os = "linux")]
pub(crate) use self::linux::Datagrams;
#[cfg(not(target_os = "linux"))]
pub(crate) use self::portable::Datagrams;

use bytes::Bytes;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

/// Largest datagram.
const LARGEST: usize = 65_535;
/// Asked of the kernel for datagrams that wait to be read; it gives what it allows.
const RECEIVE_BUFFER: usize = 1 << 20;

/// The address of this machine that a datagram was sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) ip: IpAddr,
    /// Index of the interface it came in by.
    pub(crate) interface: u32,
}

/// The two ends of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// The peer.
    pub(crate) peer: SocketAddr,
    /// Which of our addresses it asked, where that is not plain from the socket.
    pub(crate) asked: Option<Asked>,
}

/// A datagram that has been received. What it says stays with the socket until the next are received.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) route: Route,
    /// Where its bytes begin in the socket's room, and how many they are.
    at: usize,
    len: usize,
}

/// A datagram to be sent.
#[derive(Debug)]
pub(crate) struct Datagram {
    pub(crate) route: Route,
    pub(crate) data: Bytes,
}

/// A socket bound to `address`; an IPv6 wildcard serves IPv4 as well. With `share`, further sockets may take the same
/// address, and the system spreads peers over them.
pub(crate) fn bind(address: SocketAddr, share: bool) -> io::Result<UdpSocket> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    #[cfg(unix)]
    if share {
        socket.set_reuse_port(true)?;
    }
    #[cfg(not(unix))]
    let _ = share;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}
