//! TCP listeners, and peers that are gone without a word.

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

/// Connections that wait to be accepted.
const BACKLOG: i32 = 1024;

/// A listener on `address`; an IPv6 wildcard serves IPv4 as well. With `share`, further listeners may take the same
/// address, and the system spreads connections over them.
pub(crate) fn listen(address: SocketAddr, share: bool) -> io::Result<TcpListener> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    socket.set_reuse_address(true)?;
    #[cfg(unix)]
    socket.set_reuse_port(share)?;
    #[cfg(not(unix))]
    let _ = share;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Has the kernel ask whether the peer is still there, and give up when it is not: unanswered questions and data alike
/// end the connection after twice the time. A connection without it works, so errors are of no consequence. What a
/// listener accepts has it from the listener.
pub(crate) fn watch(socket: &SockRef<'_>, silence: Option<Duration>) {
    const QUESTIONS: u32 = 4;
    let Some(silence) = silence else { return };
    let pause = (silence / QUESTIONS).max(Duration::from_secs(1));
    let keepalive = TcpKeepalive::new().with_time(silence);
    #[cfg(target_os = "linux")]
    let keepalive = keepalive.with_interval(pause).with_retries(QUESTIONS);
    let _ = pause;
    let _ = socket.set_tcp_keepalive(&keepalive);
    #[cfg(target_os = "linux")]
    let _ = socket.set_tcp_user_timeout(Some(silence * 2));
}
