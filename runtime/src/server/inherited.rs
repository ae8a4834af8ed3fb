//! Sockets that another program opened for this one: systemd and its like (`LISTEN_FDS`), and inetd (standard input).

#[cfg(feature = "listenfd")]
use super::Server;
#[cfg(feature = "listenfd")]
use std::io;

#[cfg(feature = "listenfd")]
impl Server {
    /// Listens on the sockets that were handed over as `LISTEN_FDS` says: TCP and unix listeners, UDP sockets.
    ///
    /// # Errors
    /// One of them is none of these.
    pub fn inherited(mut self) -> io::Result<Self> {
        let mut handed = listenfd::ListenFd::from_env();
        for index in 0..handed.len() {
            // Each attempt leaves a socket of another kind where it is.
            if let Ok(Some(listener)) = handed.take_tcp_listener(index) {
                self = self.tcp_listener(listener);
                continue;
            }
            if let Ok(Some(socket)) = handed.take_udp_socket(index) {
                self = self.udp_socket(socket);
                continue;
            }
            #[cfg(unix)]
            if let Ok(Some(listener)) = handed.take_unix_listener(index) {
                self = self.unix_listener(listener);
                continue;
            }
            let text = format!("inherited socket {index} is of a kind that cannot be served");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        Ok(self)
    }
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
        /// connection (`nowait`) alone. Combine it with [`idle_exit`](Self::idle_exit).
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
