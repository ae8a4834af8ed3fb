//! Where a program is: the question to rpcbind, and what to believe of the answer.

use super::client::{Binder, VERSIONS, falls_back, interface, options, share};
use super::uaddr::{Netid, from_uaddr, to_uaddr};
use super::wire::{self, Mapping, Rpcb};
use crate::client::{CallOptions, blocking};
use crate::error::{ConnectErrorKind, RpcError};
use crate::net::target::{Host, Target};
use crate::xdr::{DecodeError, Encode, Reader, Writer};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// What rpcbind answered to a question for an address.
pub(crate) enum Answer {
    Uaddr(Vec<u8>),
    Port(u32),
}

/// A question for the address of a program.
#[derive(Clone, Debug)]
pub(crate) struct Lookup {
    /// Where rpcbind is asked.
    pub(crate) at: SocketAddr,
    /// The host on which the program is looked for.
    pub(crate) host: SocketAddr,
    pub(crate) program: u32,
    pub(crate) version: u32,
    pub(crate) udp: bool,
    /// Whether an address of another host may be believed.
    pub(crate) any_host: bool,
}

impl Lookup {
    fn netid(&self) -> Netid {
        match self.udp {
            true => Netid::udp(self.at.ip()),
            false => Netid::tcp(self.at.ip()),
        }
    }

    /// Where to ask: rpcbind answers for the transport over which it is asked, whatever netid the question names.
    fn target(&self) -> Target {
        let host = Host::at(self.at);
        match self.udp {
            true => Target::Udp(host),
            false => Target::Tcp(host),
        }
    }

    /// The versions in which the question can be put, in order. Version 2 knows IPv4 only.
    fn versions(&self) -> impl Iterator<Item = u32> {
        let portmapper = self.netid().protocol().is_some();
        VERSIONS
            .into_iter()
            .filter(move |version| *version != 2 || portmapper)
    }

    fn encode(&self, version: u32, w: &mut Writer) {
        let netid = self.netid();
        match (version, netid.protocol()) {
            (2, Some(protocol)) => Mapping {
                program: self.program,
                version: self.version,
                protocol,
                port: 0,
            }
            .encode(w),
            _ => Rpcb {
                program: self.program,
                version: self.version,
                netid: netid.as_str().into(),
                // A hint on which of its interfaces the client can reach the server.
                address: to_uaddr(self.at).into(),
                owner: "".into(),
            }
            .encode(w),
        }
    }

    fn decode(version: u32, r: &mut Reader<'_>) -> Result<Answer, DecodeError> {
        match version {
            2 => r.u32().map(Answer::Port),
            _ => {
                let uaddr = r.string(wire::MAX_STRING)?;
                Ok(Answer::Uaddr(uaddr.as_bytes().to_vec()))
            }
        }
    }

    /// Asks, within a time limit.
    ///
    /// The answer is for another version of the program when this one is missing: the call will tell.
    pub(crate) async fn ask(&self, limit: Duration) -> Result<SocketAddr, ConnectErrorKind> {
        let binder = Binder::new(self.target(), limit);
        let mut last = RpcError::Closed;
        for version in self.versions() {
            let answer = binder.call(
                version,
                &wire::GETADDR,
                |w| self.encode(version, w),
                |r| Self::decode(version, r),
            );
            match answer.await {
                Ok(answer) => return self.check(&answer),
                Err(error) if falls_back(&error) => last = error,
                Err(error) => return Err(ConnectErrorKind::Rpcbind(error.to_string().into())),
            }
        }
        Err(ConnectErrorKind::Rpcbind(last.to_string().into()))
    }

    /// Asks, without an async runtime.
    pub(crate) fn ask_blocking(&self, limit: Duration) -> Result<SocketAddr, ConnectErrorKind> {
        let deadline = Instant::now() + limit;
        let options = options(limit);
        let stub = blocking::Stub::lazy(self.target(), options);
        let mut last = RpcError::Closed;
        for version in self.versions() {
            let answer = blocking::call(
                &stub.with(CallOptions::new().timeout(share(version, deadline))),
                interface(version),
                &wire::GETADDR,
                |w| self.encode(version, w),
                |r| Self::decode(version, r),
            );
            match answer {
                Ok(answer) => return self.check(&answer),
                Err(error) if falls_back(&error) => last = error,
                Err(error) => return Err(ConnectErrorKind::Rpcbind(error.to_string().into())),
            }
        }
        Err(ConnectErrorKind::Rpcbind(last.to_string().into()))
    }

    /// The address, if it is one of the host that was asked.
    fn check(&self, answer: &Answer) -> Result<SocketAddr, ConnectErrorKind> {
        let netid = self.netid();
        let missing = ConnectErrorKind::NotRegistered {
            program: self.program,
            version: self.version,
        };
        let mut found = self.host;
        match answer {
            Answer::Port(0) => return Err(missing),
            Answer::Port(port) => match u16::try_from(*port) {
                Ok(port) => found.set_port(port),
                Err(_) => return Err(ConnectErrorKind::BadAddress(format!("port {port}").into())),
            },
            Answer::Uaddr(uaddr) if uaddr.is_empty() => return Err(missing),
            Answer::Uaddr(uaddr) => {
                let bad = || ConnectErrorKind::BadAddress(uaddr.escape_ascii().to_string().into());
                let address = from_uaddr(uaddr)
                    .filter(|a| netid.fits(a.ip()))
                    .ok_or_else(bad)?;
                let (ip, host) = (address.ip().to_canonical(), self.host.ip().to_canonical());
                // A wildcard means any address of the host, so the one by which we know it.
                if ip.is_unspecified() || ip == host {
                    found.set_port(address.port());
                } else if self.any_host {
                    found = address;
                } else {
                    return Err(bad());
                }
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(host: &str, any_host: bool, answer: Answer) -> Result<String, ConnectErrorKind> {
        let host: SocketAddr = host.parse().unwrap();
        let lookup = Lookup {
            at: host,
            host,
            program: 7,
            version: 1,
            udp: false,
            any_host,
        };
        lookup.check(&answer).map(|a| a.to_string())
    }

    #[test]
    fn h120_only_the_host_that_was_asked_is_connected_to() {
        let uaddr = |text: &str| Answer::Uaddr(text.into());
        let host = "192.0.2.1:111";
        assert_eq!(
            check(host, false, uaddr("192.0.2.1.8.1")).unwrap(),
            "192.0.2.1:2049"
        );
        assert_eq!(
            check(host, false, uaddr("0.0.0.0.8.1")).unwrap(),
            "192.0.2.1:2049"
        );
        assert_eq!(
            check(host, true, uaddr("192.0.2.9.8.1")).unwrap(),
            "192.0.2.9:2049"
        );
        assert_eq!(
            check(host, false, Answer::Port(2049)).unwrap(),
            "192.0.2.1:2049"
        );
        for bad in [
            "192.0.2.9.8.1",
            "127.0.0.1.8.1",
            "::1.8.1",
            "0.0.0.0.0.0",
            "300.1.2.3.1.1",
            "x\0",
        ] {
            let error = check(host, false, uaddr(bad)).unwrap_err();
            assert!(matches!(error, ConnectErrorKind::BadAddress(_)), "{bad}");
        }
        for port in [65536, 256_743, u32::MAX] {
            let error = check(host, true, Answer::Port(port)).unwrap_err();
            assert!(matches!(error, ConnectErrorKind::BadAddress(_)), "{port}");
        }
        for none in [uaddr(""), Answer::Port(0)] {
            let error = check(host, false, none).unwrap_err();
            assert!(matches!(error, ConnectErrorKind::NotRegistered { .. }));
        }
    }

    #[test]
    fn a_link_local_answer_keeps_the_scope_of_the_question() {
        let found = check(
            "[fe80::1%3]:111",
            false,
            Answer::Uaddr("fe80::1.8.1".into()),
        );
        assert_eq!(found.unwrap(), "[fe80::1%3]:2049");
    }
}
