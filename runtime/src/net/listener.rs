//! Stream listeners of every kind, and what they accept.

use crate::server::Peer;
use std::io;
use std::time::Duration;

/// A stream listener that no runtime knows yet.
#[derive(Debug)]
pub(crate) enum StdListener {
    /// TCP, IPv4 or IPv6.
    Tcp(std::net::TcpListener),
    /// A unix socket.
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixListener),
}

/// A stream listener.
#[derive(Debug)]
pub(crate) enum Listener {
    /// TCP, IPv4 or IPv6.
    Tcp(tokio::net::TcpListener),
    /// A unix socket.
    #[cfg(unix)]
    Unix(tokio::net::UnixListener),
}

/// An accepted stream.
#[derive(Debug)]
pub(crate) enum Stream {
    /// TCP.
    Tcp(tokio::net::TcpStream),
    /// A unix socket.
    #[cfg(unix)]
    Unix(tokio::net::UnixStream),
}

impl StdListener {
    /// The same listener in the current runtime.
    pub(crate) fn into_tokio(self) -> io::Result<Listener> {
        Ok(match self {
            Self::Tcp(listener) => {
                listener.set_nonblocking(true)?;
                Listener::Tcp(tokio::net::TcpListener::from_std(listener)?)
            }
            #[cfg(unix)]
            Self::Unix(listener) => {
                listener.set_nonblocking(true)?;
                Listener::Unix(tokio::net::UnixListener::from_std(listener)?)
            }
        })
    }

    /// Has the kernel ask whether the peers of what it accepts are still there.
    pub(crate) fn watch(&self, silence: Option<Duration>) {
        if let Self::Tcp(listener) = self {
            let silence = silence.map(|s| s.max(Duration::from_secs(1)));
            super::watch(&socket2::SockRef::from(listener), silence);
        }
    }

    /// Another handle on the same queue of connections.
    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        Ok(match self {
            Self::Tcp(listener) => Self::Tcp(listener.try_clone()?),
            #[cfg(unix)]
            Self::Unix(listener) => Self::Unix(listener.try_clone()?),
        })
    }
}

impl Listener {
    /// The next connection and who is at its other end.
    pub(crate) async fn accept(&self) -> io::Result<(Stream, Peer)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                // One write is one record: waiting for more would cost a delayed acknowledgement.
                let _ = stream.set_nodelay(true);
                Ok((Stream::Tcp(stream), Peer::tcp(address)))
            }
            #[cfg(unix)]
            Self::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                let cred = stream.peer_cred()?;
                let peer = Peer::Unix {
                    uid: cred.uid(),
                    gid: cred.gid(),
                    pid: cred.pid(),
                };
                Ok((Stream::Unix(stream), peer))
            }
        }
    }
}
