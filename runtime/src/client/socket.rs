//! One type for everything a client talks through.

use crate::net::{Behind, Incoming, Patient};
use std::fmt;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{UdpSocket, UnixStream};

/// Any stream of bytes both ways.
pub trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> ByteStream for T {}

/// A connected socket.
pub(crate) enum Socket {
    Tcp(Patient),
    Unix(UnixStream),
    Other(Box<dyn ByteStream>),
    Udp(UdpSocket),
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(s) => s.get_ref().fmt(f),
            Self::Unix(s) => s.fmt(f),
            Self::Other(_) => f.write_str("stream"),
            Self::Udp(s) => s.fmt(f),
        }
    }
}

impl Socket {
    /// Any stream.
    pub(crate) fn local(stream: impl ByteStream) -> Self {
        Self::Other(Box::new(stream))
    }

    /// The local address of an internet socket.
    pub(crate) fn local_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(s) => s.get_ref().local_addr().ok(),
            Self::Udp(s) => s.local_addr().ok(),
            Self::Unix(_) | Self::Other(_) => None,
        }
    }

    /// Whether nothing has arrived that the runtime knows of: asked without a system call, and without waiting for it.
    pub(crate) fn is_quiet(&self) -> bool {
        let quiet = match self {
            Self::Tcp(s) => s.get_ref().try_io(Interest::READABLE, || Ok(())),
            Self::Unix(s) => s.try_io(Interest::READABLE, || Ok(())),
            Self::Udp(s) => s.try_io(Interest::READABLE, || Ok(())),
            Self::Other(_) => return false,
        };
        quiet.is_err()
    }

    /// Reads what is there; `missing` is what the record that has begun still misses, `behind` what is expected then.
    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        input: &mut Incoming,
        missing: usize,
        behind: Behind,
    ) -> Poll<io::Result<usize>> {
        // `poll_read` and not `try_read`: after a short read it knows that nothing is left, without a system call.
        match self {
            Self::Tcp(s) => {
                s.behind = behind;
                input.poll_read(s, cx, missing)
            }
            Self::Unix(s) => input.poll_read(s, cx, missing),
            Self::Other(s) => input.poll_read(s, cx, missing),
            Self::Udp(_) => Poll::Ready(Err(io::ErrorKind::Unsupported.into())),
        }
    }

    /// Receives one datagram into `buf` and returns its size.
    pub(crate) fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let Self::Udp(socket) = self else {
            return Poll::Ready(Err(io::ErrorKind::Unsupported.into()));
        };
        let mut buf = ReadBuf::new(buf);
        socket
            .poll_recv(cx, &mut buf)
            .map_ok(|()| buf.filled().len())
    }

    /// Sends one datagram.
    pub(crate) fn poll_send(&self, cx: &mut Context<'_>, message: &[u8]) -> Poll<io::Result<()>> {
        let Self::Udp(socket) = self else {
            return Poll::Ready(Err(io::ErrorKind::Unsupported.into()));
        };
        socket.poll_send(cx, message).map_ok(|_| ())
    }
}

impl Socket {
    /// The stream, if it is one.
    fn stream(&mut self) -> io::Result<Pin<&mut dyn ByteStream>> {
        Ok(match self {
            Self::Tcp(s) => Pin::new(s),
            Self::Unix(s) => Pin::new(s),
            Self::Other(s) => Pin::new(&mut **s),
            Self::Udp(_) => return Err(io::ErrorKind::Unsupported.into()),
        })
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().stream()?.poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().stream()?.poll_write_vectored(cx, slices)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            // Streams made of other streams may hold bytes back; sockets never do.
            Self::Other(s) => Pin::new(s).poll_flush(cx),
            _ => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().stream()?.poll_shutdown(cx)
    }
}
