//! Source ports below 1024, which some servers take for a sign that root is calling (`bindresvport`).

use socket2::{Domain, Socket, Type};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::net::{TcpSocket, UdpSocket};

/// Ports from which to call. Below 600 live too many services (libtirpc: 600 to 1023).
const FIRST: u16 = 600;
const LAST: u16 = 1023;
/// Services that are found at their port: don't sit on it (as `bindresvport.blacklist` has it).
const KEEP_FREE: [u16; 10] = [623, 631, 636, 664, 774, 873, 921, 989, 993, 995];

fn ports() -> impl Iterator<Item = u16> {
    (FIRST..=LAST)
        .rev()
        .filter(|port| !KEEP_FREE.contains(port))
}

fn any(peer: SocketAddr) -> IpAddr {
    match peer {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}

/// Tries one port after the other. Only a busy port is a reason to go on: without the permission none will do.
fn first_free<T>(bind: impl Fn(u16) -> io::Result<T>) -> io::Result<T> {
    for port in ports() {
        match bind(port) {
            Err(e) if e.kind() == io::ErrorKind::AddrInUse => {}
            other => return other,
        }
    }
    Err(io::Error::new(
        io::ErrorKind::AddrInUse,
        "all privileged ports are in use",
    ))
}

/// A TCP socket bound to a privileged port, for a connection to `peer`.
pub(crate) fn bind_tcp(peer: SocketAddr) -> io::Result<TcpSocket> {
    first_free(|port| {
        let socket = match peer {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        socket.bind((any(peer), port).into())?;
        Ok(socket)
    })
}

/// The same without tokio.
pub(crate) fn bind_tcp_blocking(peer: SocketAddr) -> io::Result<Socket> {
    first_free(|port| {
        let socket = Socket::new(Domain::for_address(peer), Type::STREAM, None)?;
        socket.bind(&SocketAddr::new(any(peer), port).into())?;
        Ok(socket)
    })
}

/// A UDP socket bound to a privileged port.
pub(crate) fn bind_udp(peer: SocketAddr) -> io::Result<UdpSocket> {
    let socket = bind_udp_blocking(peer)?;
    socket.set_nonblocking(true)?;
    UdpSocket::from_std(socket)
}

/// The same without tokio.
pub(crate) fn bind_udp_blocking(peer: SocketAddr) -> io::Result<std::net::UdpSocket> {
    first_free(|port| std::net::UdpSocket::bind((any(peer), port)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h114_ports_run_downwards_and_skip_well_known_services() {
        let ports: Vec<u16> = ports().collect();
        assert_eq!((ports[0], ports[ports.len() - 1]), (1023, 600));
        assert!(!ports.contains(&631) && !ports.contains(&993));
    }

    #[test]
    fn h114_busy_ports_are_skipped_and_a_missing_permission_ends_the_search() {
        let found = first_free(|port| match port {
            1022..=1023 => Err(io::ErrorKind::AddrInUse.into()),
            port => Ok(port),
        });
        assert_eq!(found.unwrap(), 1021);
        let denied = first_free(|port| match port {
            1023 => Err::<(), _>(io::ErrorKind::PermissionDenied.into()),
            _ => panic!("went on"),
        });
        assert_eq!(denied.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    }
}
