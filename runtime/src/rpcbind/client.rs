//! Asking rpcbind: where is a program, what is registered; and telling it.
//!
//! Version 4 is tried first, then 3, then 2, within one deadline (RFC 1833 §2.2.1 leaves the order to the client; this
//! is what C clients do). Everything rpcbind says is checked: it stores any string it is given, by anybody local.

use super::uaddr::{Netid, from_uaddr, to_uaddr};
use super::wire::{self, Mapping, Rpcb};
use super::{RegisterError, Registration};
use crate::client::{CallOptions, Channel, ConnectOptions, Stub, blocking, call};
use crate::error::{ConnectErrorKind, Refused, RpcError};
use crate::interface::{Interface, ProcInfo};
use crate::net::target::{Host, Target};
use crate::xdr::{Decode, DecodeError, Encode, Reader, Writer};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Most entries of a dump that are taken in.
const MAX_ENTRIES: usize = 10_000;
/// Largest reply accepted.
const MAX_REPLY: usize = 4 << 20;
/// Where rpcbind listens on this machine; a registration made there has the caller's uid as its owner, and no other
/// user can take it away.
const SOCKETS: [&str; 2] = ["/run/rpcbind.sock", "/var/run/rpcbind.sock"];

/// A connection to rpcbind.
#[derive(Debug)]
pub(crate) struct Binder {
    channel: Channel,
    deadline: Instant,
}

/// The versions, in the order in which they are tried.
const VERSIONS: [u32; 3] = [4, 3, 2];

/// Whether another version may know better.
fn falls_back(error: &RpcError) -> bool {
    match error {
        RpcError::Refused(why) => !matches!(why, Refused::SystemErr),
        RpcError::Repeated(error) => falls_back(error),
        RpcError::Denied(crate::msg::Denied::RpcMismatch { .. }) => true,
        // An old portmapper may drop what it does not understand, or close the connection.
        RpcError::TimedOut { .. } | RpcError::ConnectionLost { .. } => true,
        _ => false,
    }
}

fn interface(version: u32) -> &'static Interface {
    match version {
        2 => &wire::V2,
        3 => &wire::V3,
        _ => &wire::V4,
    }
}

fn options(limit: Duration) -> ConnectOptions {
    ConnectOptions::new()
        .connect_timeout(limit)
        .max_reply(MAX_REPLY)
}

/// A share of the time that is left: other versions may have to be tried.
fn share(version: u32, deadline: Instant) -> Duration {
    let left = deadline.saturating_duration_since(Instant::now());
    match version {
        2 => left,
        _ => left / 2,
    }
}

impl Binder {
    /// A way to the rpcbind at a target; nothing is connected yet.
    pub(crate) fn new(target: Target, limit: Duration) -> Self {
        Self {
            channel: Channel::lazy_target(target, options(limit)),
            deadline: Instant::now() + limit,
        }
    }

    /// The rpcbind of this machine: over its unix socket where there is one, else by TCP.
    pub(crate) fn local(limit: Duration) -> Self {
        let socket = SOCKETS
            .map(PathBuf::from)
            .into_iter()
            .find(|path| path.exists());
        let target = match socket {
            Some(path) => Target::Unix(path),
            None => SocketAddr::from(([127, 0, 0, 1], super::PORT)).into(),
        };
        Self::new(target, limit)
    }

    /// Makes a call in one version.
    async fn call<T>(
        &self,
        version: u32,
        procedure: &'static ProcInfo,
        encode: impl FnOnce(&mut Writer),
        decode: impl FnOnce(&mut Reader<'_>) -> Result<T, DecodeError>,
    ) -> Result<T, RpcError> {
        let share = share(version, self.deadline);
        let stub = Stub::new(self.channel.clone()).with(CallOptions::new().timeout(share));
        call(&stub, interface(version), procedure, encode, decode).await
    }

    /// All that is registered. Addresses that make no sense are kept as text.
    pub(crate) async fn dump(&self) -> Result<Vec<DumpEntry>, RpcError> {
        let mut last = RpcError::Closed;
        for version in VERSIONS {
            let dumped = match version {
                2 => self
                    .call(
                        2,
                        &wire::DUMP,
                        |_| (),
                        |r| wire::list(r, MAX_ENTRIES, |r| Mapping::decode(r)),
                    )
                    .await
                    .map(|all| all.into_iter().map(DumpEntry::from).collect()),
                _ => self
                    .call(
                        version,
                        &wire::DUMP,
                        |_| (),
                        |r| wire::list(r, MAX_ENTRIES, |r| Rpcb::decode(r)),
                    )
                    .await
                    .map(|all| all.into_iter().map(DumpEntry::from).collect()),
            };
            match dumped {
                Err(error) if falls_back(&error) => last = error,
                dumped => return dumped,
            }
        }
        Err(last)
    }

    /// SET or UNSET.
    async fn change(
        &self,
        procedure: &'static ProcInfo,
        wanted: &Registration,
    ) -> Result<bool, RpcError> {
        let mut last = RpcError::Closed;
        for version in VERSIONS {
            let changed = match version {
                2 => {
                    // Version 2 knows IPv4 only: an address of another family has no place there, which is no failure.
                    let Some(mapping) = wanted.mapping() else {
                        return Ok(true);
                    };
                    self.call(2, procedure, |w| mapping.encode(w), |r| r.present())
                        .await
                }
                _ => {
                    let rpcb = wanted.rpcb();
                    self.call(version, procedure, |w| rpcb.encode(w), |r| r.present())
                        .await
                }
            };
            match changed {
                Err(error) if falls_back(&error) => last = error,
                changed => return changed,
            }
        }
        Err(last)
    }

    /// Registers one address; an entry that an earlier process of ours left behind is replaced.
    pub(crate) async fn register(&self, wanted: &Registration) -> Result<(), RegisterError> {
        if self.change(&wire::SET, wanted).await? {
            return Ok(());
        }
        // Taken. Ours, from before? Only its owner can remove it.
        self.change(&wire::UNSET, wanted).await?;
        if self.change(&wire::SET, wanted).await? {
            return Ok(());
        }
        let entries = self.dump().await.unwrap_or_default();
        let holder = entries.into_iter().find(|e| {
            (e.program, e.version) == (wanted.program, wanted.version)
                && Netid::from_name(e.netid.as_bytes()) == Some(wanted.netid)
        });
        Err(RegisterError::Taken {
            wanted: wanted.clone(),
            holder: holder.map(|e| format!("{} at {}", e.owner, e.uaddr)),
        })
    }

    /// Takes one registration back.
    pub(crate) async fn unregister(&self, wanted: &Registration) -> Result<bool, RpcError> {
        self.change(&wire::UNSET, wanted).await
    }
}

impl Registration {
    fn rpcb(&self) -> Rpcb {
        Rpcb {
            program: self.program,
            version: self.version,
            netid: self.netid.as_str().into(),
            address: self.uaddr.as_str().into(),
            // rpcbind over a unix socket takes the owner from the kernel; elsewhere it ignores this one.
            owner: "".into(),
        }
    }

    fn mapping(&self) -> Option<Mapping> {
        let address = from_uaddr(self.uaddr.as_bytes())?;
        Some(Mapping {
            program: self.program,
            version: self.version,
            protocol: self.netid.protocol()?,
            port: u32::from(address.port()),
        })
    }
}

impl From<RpcError> for RegisterError {
    fn from(error: RpcError) -> Self {
        Self::Rpc(error)
    }
}

/// What rpcbind answered to a question for an address.
pub(crate) enum Answer {
    Uaddr(Vec<u8>),
    Port(u32),
}

/// One entry of what rpcbind has registered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DumpEntry {
    /// Program number.
    pub program: u32,
    /// Version number.
    pub version: u32,
    /// Transport, as rpcbind has it.
    pub netid: String,
    /// Address, as rpcbind has it.
    pub uaddr: String,
    /// Who registered it; empty where version 2 was asked.
    pub owner: String,
    /// The address; none when it is not an internet address or makes no sense.
    pub address: Option<SocketAddr>,
}

impl From<Rpcb> for DumpEntry {
    fn from(rpcb: Rpcb) -> Self {
        let netid = Netid::from_name(rpcb.netid.as_bytes());
        let address = from_uaddr(rpcb.address.as_bytes());
        let address = address.filter(|a| netid.is_some_and(|id| id.fits(a.ip())));
        Self {
            program: rpcb.program,
            version: rpcb.version,
            netid: rpcb.netid.to_string_lossy().into_owned(),
            uaddr: rpcb.address.to_string_lossy().into_owned(),
            owner: rpcb.owner.to_string_lossy().into_owned(),
            address,
        }
    }
}

impl From<Mapping> for DumpEntry {
    fn from(mapping: Mapping) -> Self {
        let netid = match mapping.protocol {
            6 => "tcp".to_owned(),
            17 => "udp".to_owned(),
            other => other.to_string(),
        };
        let port = u16::try_from(mapping.port).ok().filter(|p| *p != 0);
        let address = port.map(|port| SocketAddr::from(([0, 0, 0, 0], port)));
        Self {
            program: mapping.program,
            version: mapping.version,
            netid,
            uaddr: match address {
                Some(address) => to_uaddr(address),
                None => format!("port {}", mapping.port),
            },
            owner: String::new(),
            address,
        }
    }
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

    #[test]
    fn h123_a_port_out_of_range_is_flagged() {
        let entry = DumpEntry::from(Mapping {
            program: 1,
            version: 1,
            protocol: 6,
            port: 256_743,
        });
        assert_eq!(entry.address, None);
        assert_eq!(entry.uaddr, "port 256743");
    }
}
