//! Bytes that came from a standard socket, until they are whole records.
//!
//! Without unsafe code a standard read takes initialised memory. Small records pass through a buffer that is initialised
//! once; a large one has a buffer of its own, in which each byte is initialised once, and which the thread uses again.
//! Memory grows with what has arrived, as for the async client.

use crate::net::incoming::{MOST, give, large};
use crate::proto::client::ClientCore;
use bytes::BytesMut;
use std::io::{self, Read};

/// Size of a read between two records.
const USUAL: usize = 4 << 10;

/// Bytes received and not taken yet.
#[derive(Debug, Default)]
pub(super) struct Input {
    buf: BytesMut,
    /// Initialised, and of no meaning between two reads.
    scratch: Vec<u8>,
    large: Option<Large>,
    /// Size of the buffer that the last large record has left behind in `buf`, else 0.
    left: usize,
}

/// The record that is being received, while it is large.
#[derive(Debug)]
struct Large {
    /// Its beginning, and initialised bytes behind that.
    buf: BytesMut,
    filled: usize,
    whole: usize,
    size: usize,
}

impl Input {
    /// What has been received, for the core to take whole records from.
    pub(super) fn buf(&mut self) -> &mut BytesMut {
        &mut self.buf
    }

    /// Reads once: as much as is usual, or as the announced record justifies. The number of bytes; 0 is the end.
    pub(super) fn read(&mut self, stream: &mut impl Read, core: &ClientCore) -> io::Result<usize> {
        let missing = core.missing(&self.buf);
        if self.large.is_some() || missing > MOST {
            return self.read_large(stream, missing);
        }
        if self.left > 0 && self.buf.is_empty() {
            give(
                std::mem::take(&mut self.buf),
                std::mem::take(&mut self.left),
            );
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
        Ok(n)
    }

    fn read_large(&mut self, stream: &mut impl Read, missing: usize) -> io::Result<usize> {
        let record = self.large.get_or_insert_with(|| {
            let filled = self.buf.len();
            let (buf, size) = large(&self.buf, missing);
            Large {
                buf,
                filled,
                whole: filled + missing,
                size,
            }
        });
        if record.filled == record.buf.len() {
            let most = record.whole.min(4 * record.filled + MOST);
            record.buf.resize(most, 0);
            record.size = record.size.max(most);
        }
        let n = stream.read(&mut record.buf[record.filled..])?;
        record.filled += n;
        if record.filled == record.whole
            && let Some(record) = self.large.take()
        {
            (self.buf, self.left) = (record.buf, record.size);
        }
        Ok(n)
    }
}
