//! Where a server listens, as its user said it, and the sockets that come of it.

use super::bindings::On;
use super::{Address, ServeError};
use crate::net::{self, StdListener};
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs, UdpSocket};
use std::path::PathBuf;
use std::sync::Arc;

/// Where to listen, as the user said it.
#[derive(Clone, Debug)]
pub(crate) enum Endpoint {
    /// Addresses to bind, with the name resolved.
    Tcp(String),
    Udp(String),
    #[cfg(unix)]
    Unix(PathBuf),
    /// Sockets that were handed in.
    TcpListener(Arc<TcpListener>),
    UdpSocket(Arc<UdpSocket>),
    #[cfg(unix)]
    UnixListener(Arc<std::os::unix::net::UnixListener>),
}

/// Open sockets, not yet in a runtime.
#[derive(Debug, Default)]
pub(crate) struct Sockets {
    pub(crate) listeners: Vec<(StdListener, On)>,
    pub(crate) datagrams: Vec<(UdpSocket, On)>,
}

/// What came of all endpoints.
#[derive(Debug)]
pub(crate) struct Opened {
    /// A set for each shard.
    pub(crate) sockets: Vec<Sockets>,
    /// The addresses of the endpoints, in their order.
    pub(crate) addresses: Vec<Address>,
    pub(crate) files: SocketFiles,
}

/// Opens all endpoints, once for each shard.
pub(crate) fn open(endpoints: &[(Endpoint, On)], shards: usize) -> Result<Opened, ServeError> {
    let mut opened = Opened {
        sockets: (0..shards).map(|_| Sockets::default()).collect(),
        addresses: Vec::new(),
        files: SocketFiles::default(),
    };
    for (endpoint, on) in endpoints {
        let failed = |source| ServeError::listen(endpoint.to_string(), source);
        let address = endpoint.open(&mut opened.sockets, on).map_err(failed)?;
        // Ours from here on, and not before: what could not be opened may be somebody else's.
        #[cfg(unix)]
        if let Endpoint::Unix(path) = endpoint {
            opened.files.0.push(path.clone());
        }
        opened.addresses.push(address);
    }
    Ok(opened)
}

impl Endpoint {
    fn open(&self, shards: &mut [Sockets], on: &On) -> io::Result<Address> {
        let share = shards.len() > 1;
        match self {
            Self::Tcp(name) => {
                let first = first(name, |address| net::listen_tcp(address, share))?;
                let address = first.local_addr()?;
                let mut first = Some(first);
                for shard in shards {
                    let listener = match first.take() {
                        Some(first) => first,
                        None => net::listen_tcp(address, share)?,
                    };
                    let listener = StdListener::Tcp(listener);
                    shard.listeners.push((listener, on.clone()));
                }
                Ok(Address::Tcp(address))
            }
            Self::Udp(name) => {
                let first = first(name, |address| net::bind_udp(address, share))?;
                let address = first.local_addr()?;
                let mut first = Some(first);
                for shard in shards {
                    let socket = match first.take() {
                        Some(first) => first,
                        None => net::bind_udp(address, share)?,
                    };
                    shard.datagrams.push((socket, on.clone()));
                }
                Ok(Address::Udp(address))
            }
            #[cfg(unix)]
            Self::Unix(path) => {
                let listener = StdListener::Unix(net::listen_unix(path)?);
                share_queue(&listener, on, shards)?;
                Ok(Address::Unix(path.clone()))
            }
            Self::TcpListener(listener) => {
                share_queue(&StdListener::Tcp(listener.try_clone()?), on, shards)?;
                Ok(Address::Tcp(listener.local_addr()?))
            }
            Self::UdpSocket(socket) => {
                // Every shard would wake for every datagram: one serves it.
                if let Some(shard) = shards.first_mut() {
                    shard.datagrams.push((socket.try_clone()?, on.clone()));
                }
                Ok(Address::Udp(socket.local_addr()?))
            }
            #[cfg(unix)]
            Self::UnixListener(listener) => {
                share_queue(&StdListener::Unix(listener.try_clone()?), on, shards)?;
                let address = listener.local_addr()?;
                let path = address.as_pathname().unwrap_or(std::path::Path::new(""));
                Ok(Address::Unix(path.into()))
            }
        }
    }
}

/// Socket files of ours, removed when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct SocketFiles(Vec<PathBuf>);

impl Drop for SocketFiles {
    fn drop(&mut self) {
        for path in &self.0 {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// All shards accept from one queue.
fn share_queue(listener: &StdListener, on: &On, shards: &mut [Sockets]) -> io::Result<()> {
    for shard in shards {
        shard.listeners.push((listener.try_clone()?, on.clone()));
    }
    Ok(())
}

/// Opens the first address that a name resolves to and that can be opened.
fn first<T>(name: &str, open: impl Fn(SocketAddr) -> io::Result<T>) -> io::Result<T> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in name.to_socket_addrs()? {
        match open(address) {
            Ok(opened) => return Ok(opened),
            Err(error) => last = error,
        }
    }
    Err(last)
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "tcp://{address}"),
            Self::Udp(address) => write!(f, "udp://{address}"),
            #[cfg(unix)]
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::TcpListener(_) => f.write_str("a TCP listener that was handed in"),
            Self::UdpSocket(_) => f.write_str("a UDP socket that was handed in"),
            #[cfg(unix)]
            Self::UnixListener(_) => f.write_str("a unix listener that was handed in"),
        }
    }
}
