//! The networks this machine is on → addresses at which all their hosts listen.

use std::io;
use std::net::SocketAddr;

/// The broadcast address of each IPv4 network, and rpcbind's multicast group on each link with IPv6; with port 0.
#[cfg(target_os = "linux")]
pub(super) fn all() -> io::Result<Vec<SocketAddr>> {
    use nix::net::if_::InterfaceFlags as Flags;
    use nix::sys::socket::{SockaddrIn, SockaddrIn6};
    use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV6};
    /// Multicast addresses, IANA: "SUN RPC" on the local link.
    const GROUP: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x202);
    let mut all: Vec<SocketAddr> = Vec::new();
    for interface in nix::ifaddrs::getifaddrs()? {
        if !interface.flags.contains(Flags::IFF_UP) {
            continue;
        }
        let own = interface.address.as_ref();
        let v4 = own.and_then(|a| a.as_sockaddr_in());
        let found = if let Some(v4) = v4.filter(|_| interface.flags.contains(Flags::IFF_BROADCAST))
        {
            // Where none was set the kernel names the interface's own address.
            let set = interface.broadcast.as_ref();
            let set = set.and_then(|a| a.as_sockaddr_in()).map(SockaddrIn::ip);
            let mask = interface.netmask.as_ref().and_then(|a| a.as_sockaddr_in());
            let mask = mask.map_or(u32::MAX, |a| a.ip().to_bits());
            let last = Ipv4Addr::from_bits(v4.ip().to_bits() | !mask);
            let found = set.filter(|set| *set != v4.ip()).unwrap_or(last);
            (mask.count_ones() < 31).then(|| SocketAddr::from((found, 0)))
        } else if interface.flags.contains(Flags::IFF_MULTICAST) {
            // Each link has one address that says its number: the link-local one.
            let link = own.and_then(|a| a.as_sockaddr_in6());
            let scope = link.map(SockaddrIn6::scope_id).filter(|scope| *scope != 0);
            scope.map(|scope| SocketAddrV6::new(GROUP, 0, 0, scope).into())
        } else {
            None
        };
        if let Some(found) = found.filter(|a| !a.ip().is_unspecified() && !all.contains(a)) {
            all.push(found);
        }
    }
    match all.is_empty() {
        false => Ok(all),
        true => Err(io::Error::new(
            io::ErrorKind::NetworkUnreachable,
            "this machine is on no network with a broadcast address",
        )),
    }
}

/// The address that means the network of the default route.
#[cfg(not(target_os = "linux"))]
pub(super) fn all() -> io::Result<Vec<SocketAddr>> {
    Ok(vec![(std::net::Ipv4Addr::BROADCAST, 0).into()])
}
