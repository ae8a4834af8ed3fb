//! Bytes that came from a standard socket, until they are whole records.
//!
//! Without unsafe code a standard read takes initialised memory. Small records pass through a buffer that is initialised
//! once; a large one has a buffer of its own, which the thread uses again, initialised as it is, once its user has
//! dropped the record. Memory grows with what has arrived, as for the async client.

use crate::net::incoming::{ALIGN, KEPT, MOST};
#[cfg(target_os = "linux")]
use crate::net::patient::wait_for;
use crate::net::patient::{HASTY, WHILE};
use crate::proto::client::ClientCore;
use bytes::{Bytes, BytesMut};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Read};
use std::net::TcpStream;
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::time::Instant;

/// The most that a large read leaves to the next one.
#[cfg(target_os = "linux")]
const LEFT: usize = 256 << 10;

/// Size of a read between two records.
const USUAL: usize = 4 << 10;

thread_local! {
    /// The buffers of large records, whole: each can be had again once its record is dropped.
    static BUFFERS: RefCell<VecDeque<Bytes>> = const { RefCell::new(VecDeque::new()) };
}

/// What can be read from.
pub(super) trait Source: Read {
    /// Reads as much as the buffer takes, or what comes until the socket's timeout.
    fn read_whole(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.read(buf)
    }

    /// Reads half of it at least, or what comes until the socket's timeout; all of it must be about to come.
    fn read_most(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.read_whole(buf)
    }
}

#[cfg(not(target_os = "linux"))]
impl Source for &TcpStream {}

#[cfg(target_os = "linux")]
impl Source for &TcpStream {
    fn read_whole(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        receive(*self, buf)
    }

    fn read_most(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        // The kernel wakes us for each segment, whatever a call waits for, unless it is told for the socket. So much stays
        // out of the call: what the socket waits for must be able to come, however little is missing in the call.
        let least = (buf.len() / 2).min(LEFT);
        if least < 2 * MOST || wait_for(*self, least).is_err() {
            return self.read_whole(buf);
        }
        let most = buf.len() - least;
        let read = receive(*self, &mut buf[..most]);
        wait_for(*self, 1)?;
        read
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
impl Source for &UnixStream {}

#[cfg(target_os = "linux")]
impl Source for &UnixStream {
    fn read_whole(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        receive(*self, buf)
    }
}

/// One system call, however the bytes trickle in.
#[cfg(target_os = "linux")]
fn receive(socket: &impl std::os::fd::AsRawFd, buf: &mut [u8]) -> io::Result<usize> {
    use nix::sys::socket::{MsgFlags, recv};
    Ok(recv(socket.as_raw_fd(), buf, MsgFlags::MSG_WAITALL)?)
}

/// Bytes received and not taken yet.
#[derive(Debug, Default)]
pub(super) struct Input {
    buf: BytesMut,
    /// Initialised, and of no meaning between two reads.
    scratch: Vec<u8>,
    large: Option<Large>,
    /// Large reads to come without patience: the last one that was patient took long.
    hasty: u32,
}

/// The fragment that is being received, while it is large.
#[derive(Debug)]
struct Large {
    /// Initialised over its whole length.
    buf: BytesMut,
    /// Where what has arrived ends.
    filled: usize,
    /// Where the fragment ends.
    end: usize,
}

impl Input {
    /// Reads once, as much as is usual or as the announced record justifies, and gives the core what there is. The
    /// number of bytes; 0 is the end.
    ///
    /// # Errors
    /// Reading fails, or what was read makes no sense.
    pub(super) fn read(
        &mut self,
        mut stream: impl Source,
        core: &mut ClientCore,
    ) -> io::Result<usize> {
        let missing = core.missing(&self.buf);
        if self.large.is_some() || missing > MOST {
            return self.read_large(stream, core, missing);
        }
        let room = missing.max(USUAL);
        if self.scratch.len() < room {
            self.scratch.resize(room, 0);
        }
        let n = stream.read(&mut self.scratch[..room])?;
        self.buf.extend_from_slice(&self.scratch[..n]);
        if room > USUAL {
            self.scratch = Vec::new();
        }
        core.handle_bytes(&mut self.buf)?;
        Ok(n)
    }

    fn read_large(
        &mut self,
        mut stream: impl Source,
        core: &mut ClientCore,
        missing: usize,
    ) -> io::Result<usize> {
        let fragment = self.large.get_or_insert_with(|| {
            let fragment = Large::new(&self.buf, missing);
            self.buf.clear();
            fragment
        });
        let begun = Instant::now();
        let n = fragment.read(&mut stream, self.hasty == 0)?;
        // A peer with little room to send in waits for an acknowledgement that comes late while nobody reads.
        self.hasty = match begun.elapsed() > WHILE {
            true => HASTY,
            false => self.hasty.saturating_sub(1),
        };
        if fragment.filled == fragment.end
            && let Some(fragment) = self.large.take()
        {
            core.handle_fragment(fragment.finish())?;
        }
        Ok(n)
    }
}

impl Large {
    fn new(arrived: &[u8], missing: usize) -> Self {
        let filled = ALIGN + arrived.len();
        let end = filled + missing;
        let mut buf = take(end).unwrap_or_else(|| BytesMut::zeroed(most(filled, end)));
        buf[ALIGN..filled].copy_from_slice(arrived);
        Self { buf, filled, end }
    }

    fn read(&mut self, stream: &mut impl Source, patient: bool) -> io::Result<usize> {
        if self.filled == self.buf.len() {
            self.buf.resize(most(self.filled, self.end), 0);
        }
        let room = self.end.min(self.buf.len());
        let buf = &mut self.buf[self.filled..room];
        // The second half is read as it comes: whoever sends it waits for us then.
        let n = match patient && buf.len() > room / 2 {
            true => stream.read_most(buf),
            false => stream.read_whole(buf),
        }?;
        self.filled += n;
        Ok(n)
    }

    /// The fragment; the thread keeps its buffer.
    fn finish(self) -> Bytes {
        let whole = self.buf.freeze();
        let fragment = whole.slice(ALIGN..self.end);
        give(whole);
        fragment
    }
}

/// How long a buffer may be of which so much is filled.
fn most(filled: usize, end: usize) -> usize {
    end.min(4 * filled + MOST)
}

/// Keeps a buffer for another large record.
fn give(whole: Bytes) {
    BUFFERS.with_borrow_mut(|buffers| {
        buffers.push_back(whole);
        let mut bytes: usize = buffers.iter().map(Bytes::len).sum();
        while bytes > KEPT
            && let Some(oldest) = buffers.pop_front()
        {
            bytes -= oldest.len();
        }
    });
}

/// A buffer of so many bytes or not many more.
fn take(len: usize) -> Option<BytesMut> {
    BUFFERS.with_borrow_mut(|buffers| {
        let fits = |whole: &Bytes| {
            (len..=len.saturating_mul(4)).contains(&whole.len()) && whole.is_unique()
        };
        // The last one used is the likeliest to be in a cache.
        let at = buffers.iter().rposition(fits)?;
        buffers.remove(at)?.try_into_mut().ok()
    })
}
