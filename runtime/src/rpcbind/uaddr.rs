//! Universal addresses ↔ socket addresses (RFC 5665 §5.2.3): `192.0.2.7.8.1` is port 2049 of 192.0.2.7.
//!
//! rpcbind stores any string it is given, so everything is checked here: parts from 0 to 255 without signs, no port 0,
//! a family that fits the netid.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// Longest universal address: a mixed IPv6 form with both port bytes has 53 characters.
const MAX_LEN: usize = 64;

/// Names of transports (RFC 5665 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Netid {
    /// UDP over IPv4.
    Udp,
    /// TCP over IPv4.
    Tcp,
    /// UDP over IPv6.
    Udp6,
    /// TCP over IPv6.
    Tcp6,
    /// Unix stream sockets.
    Local,
}

impl Netid {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Udp6 => "udp6",
            Self::Tcp6 => "tcp6",
            Self::Local => "local",
        }
    }

    /// The transport of this name, compared without regard to case as rpcbind does.
    #[must_use]
    pub fn from_name(name: &[u8]) -> Option<Self> {
        [Self::Udp, Self::Tcp, Self::Udp6, Self::Tcp6, Self::Local]
            .into_iter()
            .find(|id| name.eq_ignore_ascii_case(id.as_str().as_bytes()))
    }

    /// TCP to an address of this family.
    #[must_use]
    pub const fn tcp(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(_) => Self::Tcp,
            IpAddr::V6(_) => Self::Tcp6,
        }
    }

    /// UDP to an address of this family.
    #[must_use]
    pub const fn udp(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(_) => Self::Udp,
            IpAddr::V6(_) => Self::Udp6,
        }
    }

    /// The protocol number that version 2 uses instead of a name; it knows IPv4 only.
    #[must_use]
    pub const fn protocol(self) -> Option<u32> {
        match self {
            Self::Tcp => Some(6),
            Self::Udp => Some(17),
            _ => None,
        }
    }

    /// Whether an address of this family belongs to the transport.
    #[must_use]
    pub const fn fits(self, ip: IpAddr) -> bool {
        match self {
            Self::Udp | Self::Tcp => ip.is_ipv4(),
            Self::Udp6 | Self::Tcp6 => ip.is_ipv6(),
            Self::Local => false,
        }
    }
}

impl fmt::Display for Netid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A socket address as a universal address. A scope cannot be carried.
#[must_use]
pub fn to_uaddr(address: SocketAddr) -> String {
    let [high, low] = address.port().to_be_bytes();
    format!("{}.{high}.{low}", address.ip())
}

/// A universal address of an IP transport as a socket address; nothing if it is not one.
#[must_use]
pub fn from_uaddr(uaddr: &[u8]) -> Option<SocketAddr> {
    if uaddr.len() > MAX_LEN {
        return None;
    }
    let uaddr = std::str::from_utf8(uaddr).ok()?;
    let (rest, low) = uaddr.rsplit_once('.')?;
    let (host, high) = rest.rsplit_once('.')?;
    let port = u16::from_be_bytes([octet(high)?, octet(low)?]);
    // Both parsers of the standard library refuse signs, spaces, scopes and leading zeros in IPv4.
    let ip: IpAddr = host.parse().ok()?;
    (port != 0).then(|| SocketAddr::new(ip, port))
}

fn octet(digits: &str) -> Option<u8> {
    if digits.is_empty() || digits.len() > 3 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_round_trip() {
        for (uaddr, address) in [
            ("192.0.2.7.203.81", "192.0.2.7:52049"),
            ("0.0.0.0.0.111", "0.0.0.0:111"),
            ("::1.0.111", "[::1]:111"),
            ("2001:db8::7.203.81", "[2001:db8::7]:52049"),
            ("::ffff:1.2.3.4.8.1", "[::ffff:1.2.3.4]:2049"),
        ] {
            let address: SocketAddr = address.parse().unwrap();
            assert_eq!(from_uaddr(uaddr.as_bytes()), Some(address));
            assert_eq!(to_uaddr(address), uaddr);
        }
    }

    #[test]
    fn h120_bad_addresses_are_refused() {
        for bad in [
            &b"0.0.0.0.0.0"[..],
            b"",
            b"1.2.3.4.256.1",
            b"300.1.2.3.1.1",
            b"1.2.3.4.1",
            b"1.2.3.4",
            b"1.2.3.4.1.1.1",
            b"+1.2.3.4.1.1",
            b"1.2.3.4.+1.1",
            b"1.2.3.4..1",
            b"1.2.3.4.1.",
            b"1.2.3.4.0001.1",
            b"1.2.3.4.1.1\0",
            b"1.2.3.4 .1.1",
            b"::1%2.1.1",
            b"\xff.1.1",
            &[b'1'; 8999],
        ] {
            assert_eq!(
                from_uaddr(bad),
                None,
                "{:?}",
                String::from_utf8_lossy(&bad[..bad.len().min(40)])
            );
        }
    }

    #[test]
    fn netids_are_compared_without_case() {
        assert_eq!(Netid::from_name(b"TCP6"), Some(Netid::Tcp6));
        assert_eq!(Netid::from_name(b"tcp7"), None);
        assert!(!Netid::Tcp.fits("::1".parse().unwrap()));
    }
}
