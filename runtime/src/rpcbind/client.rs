//! Asking rpcbind: where is a program, what is registered; and telling it.
//!
//! Version 4 is tried first, then 3, then 2, within one deadline (RFC 1833 §2.2.1 leaves the order to the client; this
//! is what C clients do). Everything rpcbind says is checked: it stores any string it is given, by anybody local.

#![allow(
    clippy::redundant_closure,
    clippy::redundant_closure_for_method_calls,
    reason = "the named method is not general enough in its lifetimes"
)]

use super::uaddr::{Netid, from_uaddr, to_uaddr};
use super::wire::{self, Mapping, Rpcb};
use super::{RegisterError, Registration};
use crate::client::{CallOptions, Channel, ConnectOptions, Stub, call};
use crate::error::{Refused, RpcError};
use crate::interface::{Interface, ProcInfo};
use crate::net::target::Target;
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
pub(super) const VERSIONS: [u32; 3] = [4, 3, 2];

/// Whether another version may know better.
pub(super) fn falls_back(error: &RpcError) -> bool {
    match error {
        RpcError::Refused(why) => !matches!(why, Refused::SystemErr),
        RpcError::Repeated(error) => falls_back(error),
        RpcError::Denied(crate::msg::Denied::RpcMismatch { .. }) => true,
        // An old portmapper may drop what it does not understand, or close the connection.
        RpcError::TimedOut { .. } | RpcError::ConnectionLost { .. } => true,
        _ => false,
    }
}

pub(super) fn interface(version: u32) -> &'static Interface {
    match version {
        2 => &wire::V2,
        3 => &wire::V3,
        _ => &wire::V4,
    }
}

pub(super) fn options(limit: Duration) -> ConnectOptions {
    ConnectOptions::new()
        .connect_timeout(limit)
        .max_reply(MAX_REPLY)
}

/// A share of the time that is left: other versions may have to be tried.
pub(super) fn share(version: u32, deadline: Instant) -> Duration {
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
    pub(super) async fn call<T>(
        &self,
        version: u32,
        procedure: &'static ProcInfo,
        encode: impl FnOnce(&mut Writer),
        decode: impl Fn(&mut Reader<'_>) -> Result<T, DecodeError>,
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

#[cfg(test)]
mod tests {
    use super::*;

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
