//! A target → a connected standard socket; what the async `dial` does, in order and without it.

use super::socket::{Kind, Socket};
use super::wait::block_on;
use crate::client::dial::{Plan, any, is_in_use, local_waits, share};
use crate::client::options::Destination;
use crate::error::{ConnectError, ConnectErrorKind};
use crate::net::resolve::look_up;
use crate::net::resvport;
use crate::net::target::{Host, Target};
use crate::proto::client::Framing;
use socket2::{Domain, Type};
use std::io;
use std::net::{SocketAddr, TcpStream, UdpSocket};
#[cfg(unix)]
use std::path::Path;
use std::time::{Duration, Instant};

/// Makes one attempt within a time limit.
pub(crate) fn dial(
    plan: &Plan,
    local: Option<SocketAddr>,
    limit: Duration,
) -> Result<Socket, ConnectError> {
    let Some(destination) = &plan.destination else {
        return Err(plan.error(ConnectErrorKind::NoReconnect));
    };
    let kind = attempt(plan, destination, local, limit)?;
    let options = &plan.options;
    Ok(Socket::new(kind, options.max_reply, plan.refusal()))
}

fn attempt(
    plan: &Plan,
    destination: &Destination,
    local: Option<SocketAddr>,
    limit: Duration,
) -> Result<Kind, ConnectError> {
    let deadline = Instant::now() + limit;
    let unreachable = |e: io::Error| match e.kind() {
        io::ErrorKind::TimedOut => plan.error(ConnectErrorKind::TimedOut(limit)),
        _ => plan.error(ConnectErrorKind::Unreachable).with_source(e),
    };
    let host = match &destination.target {
        #[cfg(unix)]
        Target::Unix(path) => {
            let stream = connect_unix(path, deadline).map_err(unreachable)?;
            return Ok(Kind::Unix(stream));
        }
        #[cfg(not(unix))]
        Target::Unix(_) => return Err(unreachable(io::ErrorKind::Unsupported.into())),
        Target::Tcp(host) | Target::Udp(host) => host,
    };
    let addresses = resolve(plan, host, deadline, limit)?;
    let mut others = addresses.len();
    let mut last = plan.error(ConnectErrorKind::Unresolved);
    for address in addresses {
        // One that says nothing leaves the others their share of the time.
        others = others.saturating_sub(1);
        let until = Instant::now() + share(left(deadline), others);
        let found = match host.port {
            Some(_) => Ok(address),
            None => plan.lookup(destination, address).and_then(|lookup| {
                let found = lookup.ask_blocking(left(until));
                found.map_err(|kind| plan.error(kind))
            }),
        };
        let reached =
            found.and_then(|address| reach(plan, address, local, until).map_err(unreachable));
        match reached {
            Ok(kind) => return Ok(kind),
            Err(e) => last = e,
        }
    }
    Err(last)
}

fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

/// Connects to one address.
fn reach(
    plan: &Plan,
    address: SocketAddr,
    local: Option<SocketAddr>,
    until: Instant,
) -> io::Result<Kind> {
    if plan.framing == Framing::Datagram {
        return connect_udp(plan, address).map(Kind::Udp);
    }
    let stream = connect_tcp(plan, address, local, left(until))?;
    crate::net::watch(&socket2::SockRef::from(&stream), plan.options.keepalive);
    Ok(Kind::Tcp(stream))
}

/// All addresses of the host, with its port, or 0 where it has none.
fn resolve(
    plan: &Plan,
    host: &Host,
    deadline: Instant,
    limit: Duration,
) -> Result<Vec<SocketAddr>, ConnectError> {
    let port = host.port.unwrap_or(0);
    if let Some(address) = host.literal(port) {
        return Ok(vec![address]);
    }
    let unresolved = || plan.error(ConnectErrorKind::Unresolved);
    match block_on(look_up(host.clone(), port), Some(deadline)) {
        None => Err(plan.error(ConnectErrorKind::TimedOut(limit))),
        Some(Ok(Ok(addresses))) => Ok(addresses),
        Some(Ok(Err(e))) => Err(unresolved().with_source(e)),
        Some(Err(e)) => Err(unresolved().with_source(io::Error::other(e))),
    }
}

fn connect_tcp(
    plan: &Plan,
    address: SocketAddr,
    local: Option<SocketAddr>,
    limit: Duration,
) -> io::Result<TcpStream> {
    let limit = limit.max(Duration::from_micros(1));
    for pause in local_waits(local, address) {
        std::thread::sleep(pause.min(limit));
        match local {
            None => break,
            Some(local) => match connect_from(local, address, limit) {
                Ok(stream) => return Ok(stream),
                Err(e) if is_in_use(&e) => {}
                Err(_) => break,
            },
        }
    }
    let stream = match plan.options.reserved_port {
        false if plan.keeps_port() => return connect_from(any(address), address, limit),
        false => TcpStream::connect_timeout(&address, limit)?,
        true => {
            let socket = resvport::bind_tcp_blocking(address)?;
            socket.connect_timeout(&address.into(), limit)?;
            socket.into()
        }
    };
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Connects from a given address, which may be in TIME_WAIT.
fn connect_from(local: SocketAddr, address: SocketAddr, limit: Duration) -> io::Result<TcpStream> {
    let socket = socket2::Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&local.into())?;
    socket.connect_timeout(&address.into(), limit)?;
    let stream = TcpStream::from(socket);
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Connects to a unix socket; one whose listener has a full queue answers at once that it does (EAGAIN).
#[cfg(unix)]
fn connect_unix(path: &Path, deadline: Instant) -> io::Result<std::os::unix::net::UnixStream> {
    let path = crate::net::target::socket_path(path);
    let address = socket2::SockAddr::unix(path)?;
    let socket = socket2::Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    loop {
        match socket.connect(&address) {
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
            Ok(()) => break,
        }
        if Instant::now() >= deadline {
            return Err(io::ErrorKind::TimedOut.into());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    socket.set_nonblocking(false)?;
    Ok(socket.into())
}

fn connect_udp(plan: &Plan, address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = match plan.options.reserved_port {
        true => resvport::bind_udp_blocking(address)?,
        false => UdpSocket::bind(any(address))?,
    };
    socket.connect(address)?;
    Ok(socket)
}
