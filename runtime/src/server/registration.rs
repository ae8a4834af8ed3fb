//! Registration with rpcbind for as long as a server runs: made at the start, made again when rpcbind has lost it, taken
//! back at the end.

use super::bindings::{Bindings, On};
use super::listen::Task;
use super::running::Address;
use super::{Phase, ServeError, Shared};
use crate::rpcbind::uaddr::{Netid, to_uaddr};
use crate::rpcbind::{Registration, Rpcbind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// Pause between two looks whether rpcbind still knows the server.
const INTERVAL: Duration = Duration::from_secs(2);

/// What a server registers, and where.
#[derive(Debug)]
pub(crate) struct Registrar {
    rpcbind: Rpcbind,
    places: Vec<(Netid, SocketAddr, On)>,
    list: Vec<Registration>,
    registered: bool,
}

impl Registrar {
    /// Each version of each program at each address that serves it.
    pub(crate) fn new<'a>(
        rpcbind: Rpcbind,
        programs: &Bindings,
        addresses: impl Iterator<Item = (&'a Address, On)>,
    ) -> Self {
        let mut registrar = Self {
            rpcbind,
            places: addresses.flat_map(|(at, on)| places(at, on)).collect(),
            list: Vec::new(),
            registered: false,
        };
        registrar.list = registrar.wanted(programs);
        registrar
    }

    /// rpcbind keeps one address for each transport: the first that serves a program is its.
    fn wanted(&self, programs: &Bindings) -> Vec<Registration> {
        let mut wanted: Vec<Registration> = Vec::new();
        for (netid, address, on) in &self.places {
            for (program, version) in programs.table(on).pairs() {
                let is_same = |r: &Registration| {
                    (r.program, r.version, r.netid) == (program, version, *netid)
                };
                if !wanted.iter().any(is_same) {
                    wanted.push(Registration {
                        program,
                        version,
                        netid: *netid,
                        uaddr: to_uaddr(*address),
                    });
                }
            }
        }
        wanted
    }

    /// Registers, before the server answers its first call.
    ///
    /// # Errors
    /// rpcbind is absent or refuses, and registration was demanded.
    pub(crate) async fn start(&mut self) -> Result<(), ServeError> {
        if self.rpcbind.is_none() {
            return Ok(());
        }
        match self.rpcbind.register(&self.list).await {
            Ok(()) => self.registered = true,
            Err(error) if self.rpcbind.is_required() => return Err(ServeError::register(error)),
            Err(error) => tracing::warn!(%error, "not registered with rpcbind; serving anyway"),
        }
        Ok(())
    }

    /// Keeps the registration until the server drains, then takes it back. The task's end is the server's, too.
    pub(crate) async fn keep(mut self, mut task: Task) {
        if self.rpcbind.is_none() {
            return;
        }
        let server = Arc::clone(&task.server);
        // An rpcbind that does not answer holds up neither the drain nor, at its end, the stop.
        let mut draining = task.phase.clone();
        tokio::select! {
            _ = Phase::Drain.reached(&mut draining) => {}
            () = self.watch(&server) => {}
        }
        if self.registered {
            tokio::select! {
                _ = Phase::Stop.reached(&mut task.phase) => {
                    tracing::warn!("rpcbind does not answer: the registration stays");
                }
                () = self.rpcbind.unregister(&self.list) => {}
            }
        }
    }

    /// Registers again what is lost, for ever.
    async fn watch(&mut self, server: &Shared) {
        loop {
            tokio::select! {
                () = server.programs_changed.notified() => self.change(&server.bindings()).await,
                () = tokio::time::sleep(INTERVAL) => {}
            }
            if !self.is_known().await {
                // Registered in part, too, if the server is told to stop meanwhile.
                self.registered = true;
                self.registered = match self.rpcbind.register(&self.list).await {
                    Ok(()) => {
                        tracing::info!("registered with rpcbind again");
                        true
                    }
                    Err(error) => {
                        tracing::debug!(%error, "still not registered with rpcbind");
                        false
                    }
                };
            }
        }
    }

    /// Programs have come or gone: what is gone is taken back at once; what is new is found missing, and registered.
    async fn change(&mut self, programs: &Bindings) {
        let wanted = self.wanted(programs);
        let is_gone = |entry: &Registration| !wanted.contains(entry);
        let gone: Vec<_> = self.list.iter().filter(|e| is_gone(e)).cloned().collect();
        if self.registered {
            self.rpcbind.unregister(&gone).await;
        }
        self.list = wanted;
    }

    /// Whether rpcbind has the registrations. One that cannot be asked may come back with all it knew.
    async fn is_known(&self) -> bool {
        if !self.registered {
            return false;
        }
        let Ok(entries) = self.rpcbind.dump().await else {
            return true;
        };
        self.list.iter().all(|wanted| {
            entries.iter().any(|entry| {
                (entry.program, entry.version) == (wanted.program, wanted.version)
                    && entry.netid == wanted.netid.as_str()
            })
        })
    }
}

/// The transports under which an address is known: an IPv6 wildcard serves IPv4 as well.
fn places(address: &Address, on: On) -> Vec<(Netid, SocketAddr, On)> {
    let (at, netid): (SocketAddr, fn(IpAddr) -> Netid) = match address {
        Address::Tcp(at) => (*at, Netid::tcp),
        Address::Udp(at) => (*at, Netid::udp),
        Address::Unix(_) => return Vec::new(),
    };
    let mut places = vec![(netid(at.ip()), at, on.clone())];
    if at.is_ipv6() && at.ip().is_unspecified() {
        let v4 = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), at.port());
        places.push((netid(v4.ip()), v4, on));
    }
    places
}
