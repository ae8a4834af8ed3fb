//! Whose connections and calls are counted together where each source has a limit.

use super::Peer;
use std::net::{IpAddr, Ipv6Addr};

/// A network address. A network of 64 bits is one source: whoever has one address of it has them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Source(IpAddr);

impl Source {
    /// None for peers on this machine's unix sockets.
    pub(crate) fn of(peer: &Peer) -> Option<Self> {
        let address = match peer.address()?.ip() {
            IpAddr::V6(ip) => {
                let network = u128::from(ip) >> 64 << 64;
                IpAddr::V6(Ipv6Addr::from(network))
            }
            v4 @ IpAddr::V4(_) => v4,
        };
        Some(Self(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_64_bits_is_one_source() {
        let of = |text: &str| Source::of(&Peer::Udp(text.parse().unwrap()));
        assert_eq!(of("[2001:db8::1]:1"), of("[2001:db8::ffff:2]:9"));
        assert_ne!(of("[2001:db8:0:1::1]:1"), of("[2001:db8:0:2::1]:1"));
        assert_ne!(of("192.0.2.1:1"), of("192.0.2.2:1"));
        assert_eq!(Source::of(&Peer::Local), None);
    }
}
