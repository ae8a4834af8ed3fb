//! UDP sockets.

use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::SocketAddr;

/// Asked of the kernel for datagrams that wait to be read; it gives what it allows.
const RECEIVE_BUFFER: usize = 1 << 20;

/// A socket bound to `address`; an IPv6 wildcard serves IPv4 as well.
pub(crate) fn bind(address: SocketAddr) -> io::Result<tokio::net::UdpSocket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    if address.is_ipv6() {
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    tokio::net::UdpSocket::from_std(socket.into())
}
