//! Standard sockets with a deadline on everything.

use super::input::Input;
use crate::Body;
use crate::client::dial::Refusal;
use crate::proto::client::ClientCore;
use bytes::{Buf, Bytes};
use std::io::{self, IoSlice, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// A timeout that is set on the socket already is kept if it is at most this much too long: setting it is a system
/// call.
const SLACK: Duration = Duration::from_millis(20);

/// A connected socket.
#[derive(Debug)]
pub(crate) struct Socket {
    kind: Kind,
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
    input: Input,
    /// Holds one datagram of the largest accepted size and one byte more, which shows that it was cut off.
    datagram: Vec<u8>,
    refusal: Refusal,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
    Udp(UdpSocket),
}

/// What came of waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    Received,
    TimedOut,
}

/// Why a message was not sent.
#[derive(Debug)]
pub(crate) enum SendError {
    /// Not a byte of it was.
    Nothing(Body, io::Error),
    /// Some of it was.
    Partly(io::Error),
    /// No datagram of so many bytes can be sent.
    TooLarge(u64),
}

impl Socket {
    pub(crate) fn new(kind: Kind, max_datagram: usize, refusal: Refusal) -> Self {
        let datagram = match kind {
            Kind::Udp(_) => vec![0; max_datagram.min(65_535) + 1],
            _ => Vec::new(),
        };
        Self {
            kind,
            read_timeout: None,
            write_timeout: None,
            input: Input::default(),
            datagram,
            refusal,
        }
    }

    /// The local address of a TCP socket.
    pub(crate) fn local_addr(&self) -> Option<SocketAddr> {
        match &self.kind {
            Kind::Tcp(s) => s.local_addr().ok(),
            _ => None,
        }
    }

    /// Whether this error of a socket for datagrams means that the server must be looked up again.
    pub(crate) fn is_elsewhere(&self, e: &io::Error) -> bool {
        self.refusal == Refusal::Look && e.kind() == io::ErrorKind::ConnectionRefused
    }

    /// Whether messages are records of a stream.
    pub(crate) fn is_stream(&self) -> bool {
        !matches!(self.kind, Kind::Udp(_))
    }

    /// Whether the peer has closed the connection. Data that waits is a late reply and no harm.
    pub(crate) fn has_ended(&mut self) -> bool {
        match &self.kind {
            Kind::Tcp(s) => ended(&socket2::SockRef::from(s)),
            #[cfg(unix)]
            Kind::Unix(s) => ended(&socket2::SockRef::from(s)),
            Kind::Udp(_) => false,
        }
    }

    /// Sends a message whole, from now on and until an instant at most.
    pub(crate) fn send(
        &mut self,
        mut message: Body,
        now: Instant,
        until: Instant,
    ) -> Result<(), SendError> {
        let size = message.len();
        let mut begun = Some(now);
        loop {
            let now = begun.take().unwrap_or_else(Instant::now);
            let error = match self.write(&message, left(now, until)) {
                Ok(0) => io::ErrorKind::WriteZero.into(),
                Ok(n) if n == message.len() => return Ok(()),
                Ok(n) => {
                    message.advance(n);
                    continue;
                }
                Err(e) => e,
            };
            match error.kind() {
                io::ErrorKind::Interrupted => continue,
                // The timeout that was set may be a little too short.
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut if Instant::now() < until => {
                    continue;
                }
                _ => {}
            }
            if let Kind::Udp(_) = self.kind {
                match error.kind() {
                    // The error belongs to an earlier datagram; reporting it has cleared it.
                    io::ErrorKind::ConnectionRefused if self.refusal == Refusal::Wait => continue,
                    io::ErrorKind::ConnectionRefused => {}
                    _ if super::super::connection::is_too_large(&error) => {
                        return Err(SendError::TooLarge(size as u64));
                    }
                    // No buffer, no route: it will be sent again, until the deadline.
                    _ => return Ok(()),
                }
            }
            return Err(match message.len() == size {
                true => SendError::Nothing(message, error),
                false => SendError::Partly(error),
            });
        }
    }

    fn write(&mut self, message: &Body, wanted: Duration) -> io::Result<usize> {
        if stale(self.write_timeout, wanted) {
            match &self.kind {
                Kind::Tcp(s) => s.set_write_timeout(Some(wanted)),
                #[cfg(unix)]
                Kind::Unix(s) => s.set_write_timeout(Some(wanted)),
                Kind::Udp(s) => s.set_write_timeout(Some(wanted)),
            }?;
            self.write_timeout = Some(wanted);
        }
        if let Some(flat) = message.flat() {
            return match &self.kind {
                Kind::Tcp(s) => (&mut &*s).write(flat),
                #[cfg(unix)]
                Kind::Unix(s) => (&mut &*s).write(flat),
                Kind::Udp(s) => s.send(flat),
            };
        }
        let mut slices = [IoSlice::new(&[]); 64];
        let used = message.chunks_vectored(&mut slices);
        let slices = &slices[..used];
        match &self.kind {
            Kind::Tcp(s) => (&mut &*s).write_vectored(slices),
            #[cfg(unix)]
            Kind::Unix(s) => (&mut &*s).write_vectored(slices),
            Kind::Udp(s) => s.send(&message.to_bytes()),
        }
    }

    /// Waits for bytes until an instant and gives them to the core.
    pub(crate) fn receive(&mut self, core: &mut ClientCore, until: Instant) -> io::Result<Wait> {
        let mut wanted = left(Instant::now(), until);
        // The kernel may be late by an eighth of a long wait: wait for most of it, then for the rest.
        if wanted > Duration::from_secs(1) {
            wanted = wanted * 7 / 8;
        }
        if stale(self.read_timeout, wanted) {
            match &self.kind {
                Kind::Tcp(s) => s.set_read_timeout(Some(wanted)),
                #[cfg(unix)]
                Kind::Unix(s) => s.set_read_timeout(Some(wanted)),
                Kind::Udp(s) => s.set_read_timeout(Some(wanted)),
            }?;
            self.read_timeout = Some(wanted);
        }
        let received = match &self.kind {
            Kind::Udp(s) => s.recv(&mut self.datagram),
            Kind::Tcp(s) => self.input.read(s, core),
            #[cfg(unix)]
            Kind::Unix(s) => self.input.read(s, core),
        };
        match (received, &self.kind) {
            (Ok(n), Kind::Udp(_)) => {
                let message = Bytes::copy_from_slice(self.datagram.get(..n).unwrap_or_default());
                core.handle_datagram(Instant::now(), message, n == self.datagram.len());
                Ok(Wait::Received)
            }
            (Ok(0), _) => Err(io::ErrorKind::UnexpectedEof.into()),
            (Ok(_), _) => Ok(Wait::Received),
            (Err(e), kind) => match e.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(Wait::TimedOut),
                // Elsewhere the wait is over; here the peer is gone (ETIMEDOUT).
                io::ErrorKind::TimedOut if !cfg!(unix) => Ok(Wait::TimedOut),
                _ if self.refusal == Refusal::Fail || self.is_elsewhere(&e) => Err(e),
                _ if matches!(kind, Kind::Udp(_)) => Ok(Wait::TimedOut),
                _ => Err(e),
            },
        }
    }
}

fn left(now: Instant, until: Instant) -> Duration {
    // The system takes zero for "no timeout".
    until
        .saturating_duration_since(now)
        .max(Duration::from_micros(1))
}

/// Whether a timeout that is set will not do.
fn stale(set: Option<Duration>, wanted: Duration) -> bool {
    set.is_none_or(|set| set < wanted.saturating_sub(SLACK) || set > wanted + SLACK)
}

#[cfg(target_os = "linux")]
fn ended(socket: &socket2::SockRef<'_>) -> bool {
    const MSG_PEEK: i32 = 0x02;
    const MSG_DONTWAIT: i32 = 0x40;
    let mut byte = [std::mem::MaybeUninit::uninit()];
    match socket.recv_with_flags(&mut byte, MSG_PEEK | MSG_DONTWAIT) {
        Ok(n) => n == 0,
        Err(e) => e.kind() != io::ErrorKind::WouldBlock,
    }
}

#[cfg(not(target_os = "linux"))]
fn ended(socket: &socket2::SockRef<'_>) -> bool {
    let mut byte = [std::mem::MaybeUninit::uninit()];
    if socket.set_nonblocking(true).is_err() {
        return true;
    }
    let ended = match socket.peek(&mut byte) {
        Ok(n) => n == 0,
        Err(e) => e.kind() != io::ErrorKind::WouldBlock,
    };
    socket.set_nonblocking(false).is_err() || ended
}
