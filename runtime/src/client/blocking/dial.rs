//! A target → a connected standard socket; what the async `dial` does, in order and without it.

use super::socket::{Kind, Socket};
use crate::client::dial::Plan;
use crate::client::options::Destination;
use crate::error::{ConnectError, ConnectErrorKind};
use crate::net::resvport;
use crate::net::target::Target;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

/// Makes one attempt within a time limit. Only the look-up of a name is beyond its control.
pub(crate) fn dial(plan: &Plan, limit: Duration) -> Result<Socket, ConnectError> {
    let Some(destination) = &plan.destination else {
        return Err(plan.error(ConnectErrorKind::NoReconnect));
    };
    let kind = attempt(plan, destination, Instant::now() + limit, limit)?;
    let options = &plan.options;
    Ok(Socket::new(
        kind,
        options.max_reply,
        options.refused_is_final,
    ))
}

fn attempt(
    plan: &Plan,
    destination: &Destination,
    deadline: Instant,
    limit: Duration,
) -> Result<Kind, ConnectError> {
    let unreachable = |e: io::Error| match e.kind() {
        io::ErrorKind::TimedOut => plan.error(ConnectErrorKind::TimedOut(limit)),
        _ => plan.error(ConnectErrorKind::Unreachable).with_source(e),
    };
    let (host, udp) = match &destination.target {
        #[cfg(unix)]
        Target::Unix(path) => {
            let stream = crate::net::target::connect_unix(path).map_err(unreachable)?;
            return Ok(Kind::Unix(stream));
        }
        #[cfg(not(unix))]
        Target::Unix(_) => return Err(unreachable(io::ErrorKind::Unsupported.into())),
        Target::Tcp(host) => (host, false),
        Target::Udp(host) => (host, true),
    };
    let addresses = host
        .resolve(host.port.unwrap_or(0))
        .map_err(|e| plan.error(ConnectErrorKind::Unresolved).with_source(e))?;
    let mut last = plan.error(ConnectErrorKind::Unresolved);
    for address in addresses {
        let left = || deadline.saturating_duration_since(Instant::now());
        let found = match host.port {
            Some(_) => Ok(address),
            None => plan
                .lookup(destination, address, udp)
                .and_then(|lookup| lookup.ask_blocking(left()).map_err(|kind| plan.error(kind))),
        };
        let connected = found.and_then(|address| {
            match udp {
                true => connect_udp(plan, address).map(Kind::Udp),
                false => connect_tcp(plan, address, left()).map(Kind::Tcp),
            }
            .map_err(unreachable)
        });
        match connected {
            Ok(kind) => return Ok(kind),
            Err(e) => last = e,
        }
    }
    Err(last)
}

fn connect_tcp(plan: &Plan, address: SocketAddr, limit: Duration) -> io::Result<TcpStream> {
    let limit = limit.max(Duration::from_micros(1));
    let stream = match plan.options.reserved_port {
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

fn connect_udp(plan: &Plan, address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = match plan.options.reserved_port {
        true => resvport::bind_udp_blocking(address)?,
        false => {
            let any: SocketAddr = match address {
                SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
                SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
            };
            UdpSocket::bind(any)?
        }
    };
    socket.connect(address)?;
    Ok(socket)
}
