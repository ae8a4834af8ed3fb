//! A target → a connected socket: names resolved, rpcbind asked, all addresses tried. Anew at each reconnect, because
//! C servers come back on another port.

use super::local::LocalStream;
use super::options::{ConnectOptions, Destination};
use super::socket::Socket;
use crate::error::{ConnectError, ConnectErrorKind};
use crate::net::Patient;
use crate::net::resolve::look_up;
use crate::net::target::{Host, Target, Transport};
use crate::proto::client::{ClientConfig, Framing};
use crate::rpcbind::{self, lookup::Lookup};
use crate::server::Server;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream, UdpSocket, UnixStream};
use tokio::time::{Instant, sleep, timeout, timeout_at};

/// Where to, and how.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) destination: Option<Destination>,
    /// A server of this process, to be started and connected to in memory.
    local: Option<Server>,
    pub(crate) options: ConnectOptions,
    pub(crate) framing: Framing,
}

/// What a client makes of "port unreachable".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The server may be starting again: calls wait, and are sent again.
    Wait,
    /// It may be elsewhere: the same, after another look-up.
    Look,
    /// Calls fail.
    Fail,
}

impl Plan {
    pub(crate) fn new(destination: Destination, options: ConnectOptions) -> Self {
        let framing = match destination.target.transport() {
            Transport::Udp => Framing::Datagram,
            Transport::Tcp | Transport::Unix => Framing::Stream,
        };
        Self {
            destination: Some(destination),
            local: None,
            options,
            framing,
        }
    }

    /// A plan for a server of this process.
    pub(crate) fn local(server: Server, options: ConnectOptions) -> Self {
        Self {
            destination: None,
            local: Some(server),
            options,
            framing: Framing::Stream,
        }
    }

    /// A plan for a stream that is there already and cannot be made again.
    pub(crate) fn stream(options: ConnectOptions) -> Self {
        Self {
            destination: None,
            local: None,
            options: options.reconnect(super::Reconnect::NEVER),
            framing: Framing::Stream,
        }
    }

    /// Whether calls may be replayed, so that connections should all come from one local port.
    pub(crate) fn keeps_port(&self) -> bool {
        self.options.call.replay.unwrap_or_default() != super::Replay::Never
    }

    /// Whether a connection is for one call at a time.
    pub(crate) fn is_serial(&self) -> bool {
        self.options.serial && self.framing == Framing::Stream
    }

    /// Whether a look-up may find the server elsewhere than a datagram has gone: it has a name, or a port of rpcbind's.
    pub(crate) fn may_move(&self) -> bool {
        let Some(Target::Udp(host)) = self.destination.as_ref().map(|d| &d.target) else {
            return false;
        };
        let looked_up = host.port.is_none() || host.literal(0).is_none();
        looked_up && self.options.reconnect.wait(1).is_some()
    }

    /// What becomes of calls that were sent to a port where nobody is.
    pub(crate) fn refusal(&self) -> Refusal {
        match self.options.refused_is_final {
            true => Refusal::Fail,
            false if self.may_move() => Refusal::Look,
            false => Refusal::Wait,
        }
    }

    /// What the core of such a client is told.
    pub(crate) fn core(&self) -> ClientConfig {
        ClientConfig {
            framing: self.framing,
            max_reply: self.options.max_reply,
            max_datagram: self.options.max_datagram,
            retransmit: self.options.retransmit,
        }
    }

    /// The question for rpcbind where a host's program is.
    pub(crate) fn lookup(
        &self,
        destination: &Destination,
        host: SocketAddr,
    ) -> Result<Lookup, ConnectError> {
        let Some((program, version)) = destination.program else {
            return Err(self.error(ConnectErrorKind::NoPort));
        };
        let mut at = host;
        at.set_port(rpcbind::PORT);
        Ok(Lookup {
            at: self.options.rpcbind.unwrap_or(at),
            host,
            program,
            version,
            udp: self.framing == Framing::Datagram,
            any_host: self.options.any_host,
        })
    }

    /// Asks rpcbind where on this host the program is.
    async fn ask(
        &self,
        destination: &Destination,
        host: SocketAddr,
        limit: Duration,
    ) -> Result<SocketAddr, ConnectError> {
        let found = self.lookup(destination, host)?.ask(limit).await;
        found.map_err(|kind| self.error(kind))
    }

    pub(crate) fn error(&self, kind: ConnectErrorKind) -> ConnectError {
        match &self.destination {
            Some(destination) => ConnectError::new(&destination.target, kind),
            None => ConnectError::new("in-memory connection", kind),
        }
    }
}

/// Makes one attempt, within the connect timeout.
pub(crate) async fn dial(plan: &Plan, local: Option<SocketAddr>) -> Result<Socket, ConnectError> {
    if let Some(server) = &plan.local {
        let stream = LocalStream::start(server.clone()).await;
        let unreachable = |e| plan.error(ConnectErrorKind::Unreachable).with_source(e);
        return stream.map(Socket::local).map_err(unreachable);
    }
    let Some(destination) = &plan.destination else {
        return Err(plan.error(ConnectErrorKind::NoReconnect));
    };
    let limit = plan.options.connect_timeout;
    let deadline = Instant::now() + limit;
    match timeout_at(deadline, attempt(plan, destination, local, deadline)).await {
        Ok(result) => result,
        Err(_) => Err(plan.error(ConnectErrorKind::TimedOut(limit))),
    }
}

async fn attempt(
    plan: &Plan,
    destination: &Destination,
    local: Option<SocketAddr>,
    deadline: Instant,
) -> Result<Socket, ConnectError> {
    let unreachable = |e| plan.error(ConnectErrorKind::Unreachable).with_source(e);
    let host = match &destination.target {
        Target::Unix(path) => {
            let path = crate::net::target::socket_path(path);
            loop {
                match UnixStream::connect(&*path).await {
                    Ok(stream) => return Ok(Socket::Unix(stream)),
                    // The listener's queue is full; the deadline is our caller's.
                    Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                        sleep(Duration::from_millis(5)).await;
                    }
                    Err(e) => return Err(unreachable(e)),
                }
            }
        }
        Target::Tcp(host) | Target::Udp(host) => host,
    };
    let mut last = plan.error(ConnectErrorKind::Unresolved);
    let addresses = resolve(plan, host).await?;
    let mut others = addresses.len();
    for address in addresses {
        // One that says nothing leaves the others their share of the time.
        others = others.saturating_sub(1);
        let limit = share(deadline.saturating_duration_since(Instant::now()), others);
        let reached = async {
            let address = match host.port {
                Some(_) => address,
                None => plan.ask(destination, address, limit).await?,
            };
            reach(plan, address, local).await.map_err(unreachable)
        };
        last = match timeout(limit, reached).await {
            Ok(Ok(socket)) => return Ok(socket),
            Ok(Err(e)) => e,
            Err(_) => plan.error(ConnectErrorKind::TimedOut(plan.options.connect_timeout)),
        };
    }
    Err(last)
}

/// An address's share of the time that is left for it and so many others.
pub(super) fn share(left: Duration, others: usize) -> Duration {
    left / u32::try_from(others.saturating_add(1)).unwrap_or(u32::MAX)
}

/// Connects to one address.
async fn reach(plan: &Plan, address: SocketAddr, local: Option<SocketAddr>) -> io::Result<Socket> {
    if plan.framing == Framing::Datagram {
        return connect_udp(plan, address).await.map(Socket::Udp);
    }
    let stream = connect_tcp(plan, address, local).await?;
    crate::net::watch(&socket2::SockRef::from(&stream), plan.options.keepalive);
    Ok(Socket::Tcp(Patient::new(stream)))
}

/// All addresses of the host, with its port, or 0 where it has none.
async fn resolve(plan: &Plan, host: &Host) -> Result<Vec<SocketAddr>, ConnectError> {
    let port = host.port.unwrap_or(0);
    if let Some(address) = host.literal(port) {
        return Ok(vec![address]);
    }
    // Not in the runtime's pool of threads: a runtime that is dropped waits for those.
    let found = look_up(host.clone(), port).await;
    let found = found.unwrap_or_else(|e| Err(io::Error::other(e)));
    let unresolved = plan.error(ConnectErrorKind::Unresolved);
    match found {
        Ok(addresses) if addresses.is_empty() => Err(unresolved),
        Ok(addresses) => Ok(addresses),
        Err(e) => Err(unresolved.with_source(e)),
    }
}

async fn connect_tcp(
    plan: &Plan,
    address: SocketAddr,
    local: Option<SocketAddr>,
) -> io::Result<TcpStream> {
    for pause in local_waits(local, address) {
        if !pause.is_zero() {
            sleep(pause).await;
        }
        match local {
            None => break,
            Some(local) => match connect_from(local, address).await {
                Ok(stream) => return Ok(stream),
                Err(e) if is_in_use(&e) => {}
                Err(_) => break,
            },
        }
    }
    let stream = match plan.options.reserved_port {
        true => {
            let bound = crate::net::resvport::bind_tcp(address)?;
            bound.connect(address).await?
        }
        false if plan.keeps_port() => return connect_from(any(address), address).await,
        false => TcpStream::connect(address).await?,
    };
    // Without it a call that follows another waits for the other's acknowledgement: 40 ms.
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The pauses before each attempt to connect from the address of the last connection. What is left of that one goes
/// away when the peer's last packet is there: a moment later, not half a minute.
pub(super) fn local_waits(
    local: Option<SocketAddr>,
    address: SocketAddr,
) -> impl Iterator<Item = Duration> {
    let fits = local.is_some_and(|local| local.is_ipv4() == address.is_ipv4());
    let waits = [0, 1, 2, 4, 8, 16, 32].map(Duration::from_millis);
    waits.into_iter().take(if fits { waits.len() } else { 0 })
}

/// Any address of our own, for a connection to `peer`. A port that is bound before it is connected is given to nobody
/// else, and may be bound again by those who say so.
pub(super) fn any(peer: SocketAddr) -> SocketAddr {
    match peer {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    }
}

/// A socket that does nothing but hold a port, so that the next connection can come from it.
pub(super) fn hold(local: SocketAddr) -> Option<socket2::Socket> {
    let (domain, stream) = (socket2::Domain::for_address(local), socket2::Type::STREAM);
    let socket = socket2::Socket::new(domain, stream, None).ok()?;
    socket.set_reuse_address(true).ok()?;
    socket.bind(&local.into()).ok()?;
    Some(socket)
}

/// Whether an address cannot be had for the time being.
pub(super) fn is_in_use(e: &io::Error) -> bool {
    use io::ErrorKind::{AddrInUse, AddrNotAvailable};
    matches!(e.kind(), AddrInUse | AddrNotAvailable)
}

/// Connects from a given address, which may be in TIME_WAIT.
async fn connect_from(local: SocketAddr, address: SocketAddr) -> io::Result<TcpStream> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.bind(local)?;
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn connect_udp(plan: &Plan, address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = match plan.options.reserved_port {
        true => crate::net::resvport::bind_udp(address)?,
        false => UdpSocket::bind(any(address)).await?,
    };
    // A connected socket receives from this address only and hears of unreachable ports.
    socket.connect(address).await?;
    Ok(socket)
}
