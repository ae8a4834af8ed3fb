//! A small rpcbind inside the process: program 100000 in versions 2, 3 and 4, on a port of its choice.
//!
//! For examples, tests and machines without rpcbind. It answers everything but the procedures that forward calls
//! (CALLIT, BCAST, INDIRECT): they launder source addresses and amplify traffic.

#![allow(
    clippy::redundant_closure,
    clippy::redundant_closure_for_method_calls,
    reason = "the named method is not general enough in its lifetimes"
)]

use super::table::{Entry, SUPERUSER, Table, UNKNOWN};
use super::uaddr::{Netid, from_uaddr, to_uaddr};
use super::wire::{self, Mapping, Rpcb, number};
use crate::msg::AuthStat;
use crate::server::{
    BoxFuture, Context, Dispatch, Fault, Grace, Peer, Running, ServeError, Server, arguments,
    results,
};
use crate::xdr::{Decode, Writer};
use crate::{Body, Interface};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// Attempts to find a port that is free for TCP and UDP.
const PORT_ATTEMPTS: usize = 16;

/// A running rpcbind of our own. Dropping it stops it.
///
/// ```
/// # use rpcgen_runtime::rpcbind::{LocalRpcbind, Rpcbind};
/// # async fn f() -> Result<(), rpcgen_runtime::server::ServeError> {
/// let local = LocalRpcbind::start("127.0.0.1:0").await?;
/// let rpcbind = Rpcbind::required().at(local.address()); // for `Server::rpcbind`
/// # let _ = rpcbind; Ok(()) }
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(f()).unwrap();
/// ```
#[derive(Debug)]
pub struct LocalRpcbind {
    running: Running,
    address: SocketAddr,
}

impl LocalRpcbind {
    /// Serves at an address, by TCP and UDP at the same port; port 0 takes one that is free for both.
    ///
    /// # Errors
    /// The address cannot be bound.
    pub async fn start(address: impl ToString) -> Result<Self, ServeError> {
        let registry = Registry::new();
        let mut attempt = 0;
        loop {
            attempt += 1;
            let tcp_only = registry.serve(Server::new()).tcp(address.to_string());
            let running = tcp_only.start().await?;
            // The port that TCP got: is it free for UDP?
            let bound = running
                .tcp()
                .unwrap_or(([127, 0, 0, 1], super::PORT).into());
            running.shutdown(Grace::secs(0)).await;
            let both = registry.serve(Server::new()).tcp(bound).udp(bound);
            match both.start().await {
                Ok(running) => {
                    registry.register_itself(bound);
                    return Ok(Self {
                        running,
                        address: bound,
                    });
                }
                Err(error) if attempt == PORT_ATTEMPTS => return Err(error),
                Err(_) => {}
            }
        }
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops it; calls in flight get the grace time.
    pub async fn shutdown(self, grace: Grace) {
        self.running.shutdown(grace).await;
    }
}

/// The registrations of an rpcbind and the programs that serve them. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    table: Arc<Mutex<Table>>,
}

impl Registry {
    /// A registry without registrations.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the three versions of rpcbind to a server.
    pub fn serve(&self, server: Server) -> Server {
        [(2, &wire::V2), (3, &wire::V3), (4, &wire::V4)]
            .into_iter()
            .fold(server, |server, (version, interface)| {
                server.serve(Version {
                    version,
                    interface,
                    table: Arc::clone(&self.table),
                })
            })
    }

    fn register_itself(&self, address: SocketAddr) {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        for version in 2..=4 {
            for netid in [Netid::tcp(address.ip()), Netid::udp(address.ip())] {
                table.set(Entry {
                    program: wire::PROGRAM,
                    version,
                    netid,
                    uaddr: to_uaddr(address),
                    owner: SUPERUSER.into(),
                });
            }
        }
    }
}

/// One version of the program.
struct Version {
    version: u32,
    interface: &'static Interface,
    table: Arc<Mutex<Table>>,
}

impl Dispatch for Version {
    fn interface(&self) -> &'static Interface {
        self.interface
    }

    fn dispatch(
        self: Arc<Self>,
        cx: Context,
        procedure: u32,
        args: Body,
    ) -> BoxFuture<'static, Result<Body, Fault>> {
        let answer = match self.version {
            2 => self.portmapper(&cx, procedure, &args),
            _ => self.rpcbind(&cx, procedure, &args),
        };
        Box::pin(std::future::ready(answer))
    }
}

impl Version {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Version 2 (RFC 1833 §3).
    fn portmapper(&self, cx: &Context, procedure: u32, args: &Body) -> Result<Body, Fault> {
        let mapping = || arguments(cx, args, |r| Mapping::decode(r));
        match procedure {
            0 => results(cx, |_| ()),
            number::SET => {
                let owner = owner(cx)?;
                let done = mapping()?.entry(owner).is_some_and(|e| self.table().set(e));
                results(cx, |w| w.u32(done.into()))
            }
            number::UNSET => {
                let (owner, asked) = (owner(cx)?, mapping()?);
                let netid = |id: Netid| id.protocol().is_some();
                let done = self
                    .table()
                    .unset(asked.program, asked.version, netid, &owner);
                results(cx, |w| w.u32(done.into()))
            }
            number::GETADDR => {
                let asked = mapping()?;
                let table = self.table();
                let found = protocol(asked.protocol)
                    .and_then(|id| table.find(asked.program, asked.version, id));
                let port = found.and_then(Entry::address).map_or(0, |a| a.port());
                results(cx, |w| w.u32(port.into()))
            }
            number::DUMP => {
                let table = self.table();
                results(cx, |w| {
                    wire::put_list(w, table.all().filter_map(Entry::mapping));
                })
            }
            _ => Err(Fault::ProcUnavail),
        }
    }

    /// Versions 3 and 4 (RFC 1833 §2).
    fn rpcbind(&self, cx: &Context, procedure: u32, args: &Body) -> Result<Body, Fault> {
        let rpcb = || arguments(cx, args, |r| Rpcb::decode(r));
        match procedure {
            0 => results(cx, |_| ()),
            number::SET => {
                let owner = owner(cx)?;
                let done = rpcb()?.entry(owner).is_some_and(|e| self.table().set(e));
                results(cx, |w| w.u32(done.into()))
            }
            number::UNSET => {
                let (owner, asked) = (owner(cx)?, rpcb()?);
                let netid = |id: Netid| {
                    asked.netid.is_empty() || Netid::from_name(asked.netid.as_bytes()) == Some(id)
                };
                let done = self
                    .table()
                    .unset(asked.program, asked.version, netid, &owner);
                results(cx, |w| w.u32(done.into()))
            }
            number::GETADDR | number::GETVERSADDR => {
                let asked = rpcb()?;
                let table = self.table();
                let netid = netid_of(cx.peer());
                let found = match procedure {
                    number::GETADDR => table.find(asked.program, asked.version, netid),
                    _ => table.exact(asked.program, asked.version, netid),
                };
                let uaddr = found.map(|e| e.uaddr_for(via(&asked))).unwrap_or_default();
                results(cx, |w| w.std_string(&uaddr, wire::MAX_STRING, "uaddr"))
            }
            number::DUMP => {
                let table = self.table();
                results(cx, |w| wire::put_list(w, table.all().map(Entry::rpcb)))
            }
            number::GETTIME => {
                let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
                // Seconds since 1970 in 32 bits, as long as they last.
                let seconds = now.map_or(0, |d| d.as_secs());
                results(cx, |w| {
                    w.u32(u32::try_from(seconds).unwrap_or(u32::MAX));
                })
            }
            number::GETADDRLIST => {
                let asked = rpcb()?;
                let table = self.table();
                let all = table
                    .all()
                    .filter(|e| (e.program, e.version) == (asked.program, asked.version));
                let via = via(&asked);
                results(cx, |w: &mut Writer| {
                    wire::put_list(w, all.map(|e| e.listed(via)));
                })
            }
            _ => Err(Fault::ProcUnavail),
        }
    }
}

/// Who a caller is to the table. Registrations are for this machine's processes only.
fn owner(cx: &Context) -> Result<String, Fault> {
    match cx.peer() {
        Peer::Unix { uid: 0, .. } => Ok(SUPERUSER.into()),
        Peer::Unix { uid, .. } => Ok(uid.to_string()),
        Peer::Local => Ok(SUPERUSER.into()),
        Peer::Tcp(from) | Peer::Udp(from) if from.ip().to_canonical().is_loopback() => {
            Ok(match from.port() {
                0..1024 => SUPERUSER.into(),
                _ => UNKNOWN.into(),
            })
        }
        _ => Err(Fault::Denied(AuthStat::TOOWEAK)),
    }
}

/// The transport over which a question came: the answer is for that one.
fn netid_of(peer: &Peer) -> Netid {
    match peer {
        Peer::Tcp(from) => Netid::tcp(from.ip().to_canonical()),
        Peer::Udp(from) => Netid::udp(from.ip().to_canonical()),
        _ => Netid::Local,
    }
}

/// The address by which the client says it has reached us.
fn via(asked: &Rpcb) -> Option<IpAddr> {
    let ip = from_uaddr(asked.address.as_bytes())?.ip();
    (!ip.is_unspecified()).then_some(ip)
}

fn protocol(number: u32) -> Option<Netid> {
    [Netid::Tcp, Netid::Udp]
        .into_iter()
        .find(|id| id.protocol() == Some(number))
}

impl Mapping {
    fn entry(self, owner: String) -> Option<Entry> {
        let port = u16::try_from(self.port).ok().filter(|p| *p != 0)?;
        Some(Entry {
            program: self.program,
            version: self.version,
            netid: protocol(self.protocol)?,
            uaddr: to_uaddr((Ipv4Addr::UNSPECIFIED, port).into()),
            owner,
        })
    }
}

impl Rpcb {
    fn entry(&self, owner: String) -> Option<Entry> {
        Some(Entry {
            program: self.program,
            version: self.version,
            netid: Netid::from_name(self.netid.as_bytes())?,
            uaddr: self.address.as_str().ok()?.to_owned(),
            owner,
        })
    }
}

impl Entry {
    fn mapping(&self) -> Option<Mapping> {
        Some(Mapping {
            program: self.program,
            version: self.version,
            protocol: self.netid.protocol()?,
            port: self.address()?.port().into(),
        })
    }

    fn rpcb(&self) -> Rpcb {
        Rpcb {
            program: self.program,
            version: self.version,
            netid: self.netid.as_str().into(),
            address: self.uaddr.as_str().into(),
            owner: self.owner.as_str().into(),
        }
    }

    fn listed(&self, via: Option<IpAddr>) -> wire::Entry {
        let (semantics, family, protocol) = match self.netid {
            Netid::Udp => (1, "inet", "udp"),
            Netid::Tcp => (3, "inet", "tcp"),
            Netid::Udp6 => (1, "inet6", "udp"),
            Netid::Tcp6 => (3, "inet6", "tcp"),
            Netid::Local => (3, "loopback", "-"),
        };
        wire::Entry {
            address: self.uaddr_for(via).into(),
            netid: self.netid.as_str().into(),
            semantics,
            family: family.into(),
            protocol: protocol.into(),
        }
    }
}
