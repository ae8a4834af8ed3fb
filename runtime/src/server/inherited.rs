//! Sockets that another program opened for this one: systemd and its like (`LISTEN_FDS`), and inetd (standard input).

#[cfg(feature = "listenfd")]
use super::Server;
#[cfg(feature = "listenfd")]
use std::io;

#[cfg(feature = "listenfd")]
impl Server {
    /// Listens on the sockets that were handed over as `LISTEN_FDS` says: TCP and unix listeners, UDP sockets.
    ///
    /// Each has the name that `LISTEN_FDNAMES` gives it (systemd's `FileDescriptorName=`), as if it were added inside of
    /// [`on`](Self::on) with it; a name around the call wins. Where nothing was handed over, nothing is added, and whoever
    /// wants to serve then too adds an address of its own. Takes the feature `listenfd`.
    ///
    /// # Errors
    /// One of them is none of these.
    pub fn inherited(mut self) -> io::Result<Self> {
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        let names: Vec<&str> = names.split(':').collect();
        let mut handed = listenfd::ListenFd::from_env();
        for index in 0..handed.len() {
            let Some(add) = taken(&mut handed, index) else {
                let text = format!("inherited socket {index} is of a kind that cannot be served");
                return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
            };
            self = match names.get(index) {
                Some(name) if !name.is_empty() && !self.is_inside() => self.on(name, add),
                _ => add(self),
            };
        }
        Ok(self)
    }
}

/// Adds a listener to a server.
#[cfg(feature = "listenfd")]
type Add = Box<dyn FnOnce(Server) -> Server>;

/// Takes a socket, of whatever kind it is: each attempt leaves one of another kind where it is.
#[cfg(feature = "listenfd")]
fn taken(handed: &mut listenfd::ListenFd, index: usize) -> Option<Add> {
    if let Ok(Some(listener)) = handed.take_tcp_listener(index) {
        return Some(Box::new(|server| server.tcp_listener(listener)));
    }
    if let Ok(Some(socket)) = handed.take_udp_socket(index) {
        return Some(Box::new(|server| server.udp_socket(socket)));
    }
    #[cfg(unix)]
    if let Ok(Some(listener)) = handed.take_unix_listener(index) {
        return Some(Box::new(|server| server.unix_listener(listener)));
    }
    None
}

#[cfg(unix)]
mod inetd {
    use crate::server::{Peer, Running, Server};
    use socket2::{SockRef, Type};
    use std::io;
    use std::os::fd::{AsFd, OwnedFd};
    use tokio::net::{TcpStream, UnixStream};

    /// Standard input as inetd hands it over.
    #[derive(Debug)]
    enum Given {
        /// A socket to listen on (`wait`).
        Listener(OwnedFd, socket2::Domain),
        /// A UDP socket (`dgram wait`).
        Datagrams(OwnedFd),
        /// A connection (`nowait`).
        Connection(OwnedFd, socket2::Domain),
    }

    fn standard_input() -> io::Result<Given> {
        let fd = io::stdin().as_fd().try_clone_to_owned()?;
        let socket = SockRef::from(&fd);
        let (kind, domain) = (socket.r#type()?, socket.local_addr()?.domain());
        let listens = kind == Type::STREAM && socket.is_listener()?;
        Ok(match kind {
            Type::DGRAM => Given::Datagrams(fd),
            _ if listens => Given::Listener(fd, domain),
            _ => Given::Connection(fd, domain),
        })
    }

    impl Server {
        /// Serves what inetd hands over as standard input: a listener or UDP socket (`wait`) is served like any other, a
        /// connection (`nowait`) alone. Whoever is to end when nobody calls awaits [`Running::idle`].
        ///
        /// # Errors
        /// Standard input is no socket, or the server does not start.
        pub async fn start_from_inetd(self) -> io::Result<Running> {
            let given = standard_input()?;
            let server = match given {
                Given::Listener(fd, socket2::Domain::UNIX) => self.unix_listener(fd.into()),
                Given::Listener(fd, _) => self.tcp_listener(fd.into()),
                Given::Datagrams(fd) => self.udp_socket(fd.into()),
                Given::Connection(fd, socket2::Domain::UNIX) => {
                    let stream = std::os::unix::net::UnixStream::from(fd);
                    stream.set_nonblocking(true)?;
                    let running = self.start().await.map_err(io::Error::other)?;
                    running.serve_stream(UnixStream::from_std(stream)?);
                    return Ok(running);
                }
                Given::Connection(fd, _) => {
                    let stream = std::net::TcpStream::from(fd);
                    stream.set_nonblocking(true)?;
                    stream.set_nodelay(true)?;
                    let peer = Peer::tcp(stream.peer_addr()?);
                    let running = self.start().await.map_err(io::Error::other)?;
                    running.serve_stream_of(TcpStream::from_std(stream)?, peer);
                    return Ok(running);
                }
            };
            server.start().await.map_err(io::Error::other)
        }
    }
}
