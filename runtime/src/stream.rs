//! Record-marked values over any stream (RFC 5531 §11), without RPC around them: bytes ↔ values.
//!
//! Each value is a record of its own. What comes in obeys the same limits as the records of a connection: a fragment
//! header is a claim, and memory grows with the bytes that arrive.

use crate::body::Body;
use crate::proto::record::{Decoder, RecordError, RecordLimits, mark};
use crate::xdr::{
    Decode, DecodeError, DecodeLimits, Encode, EncodeError, Mode, Writer, from_bytes_with,
};
use bytes::{Buf, Bytes, BytesMut};
use core::fmt;
use std::collections::VecDeque;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The least that is read at once.
const READ: usize = 4 << 10;
/// The most that is reserved before bytes have arrived.
const STEP: usize = 64 << 10;
/// Largest record by default: what a client accepts as a reply.
const RECORD: usize = 64 << 20;

/// Values over a stream of bytes, each in a record of its own.
///
/// Both directions are cancel safe: a future that is dropped loses nothing, the next call goes on where it stopped. A
/// value whose [`write`](Self::write) is dropped waits in memory to be written by the next call.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use rpcgen_runtime::stream::RecordStream;
/// let (here, there) = tokio::io::duplex(64);
/// let mut here = RecordStream::new(here);
/// here.write(&vec![1i32, 2, 3]).await?;
/// drop(here);
/// let mut there = RecordStream::new(there);
/// assert_eq!(there.read::<Vec<i32>>().await?, Some(vec![1, 2, 3]));
/// assert_eq!(there.read::<Vec<i32>>().await?, None);
/// # Ok::<(), rpcgen_runtime::stream::StreamError>(()) }).unwrap();
/// ```
#[derive(Debug)]
pub struct RecordStream<S> {
    stream: S,
    decoder: Decoder,
    received: BytesMut,
    /// Records of calls that were dropped before all was written, and the last one.
    unsent: VecDeque<Body>,
    /// Why the stream can be read no further.
    broken: Option<RecordError>,
    limits: DecodeLimits,
    mode: Mode,
}

impl<S> RecordStream<S> {
    /// Values over `stream`, decoded strictly, in records of at most 64 MiB.
    pub fn new(stream: S) -> Self {
        Self::with_limits(
            stream,
            RecordLimits::bytes(RECORD),
            DecodeLimits::default(),
            Mode::Strict,
        )
    }

    /// Values over `stream`, within the given limits and in the given mode.
    pub fn with_limits(stream: S, records: RecordLimits, limits: DecodeLimits, mode: Mode) -> Self {
        Self {
            stream,
            decoder: Decoder::new(records),
            received: BytesMut::new(),
            unsent: VecDeque::new(),
            broken: None,
            limits,
            mode,
        }
    }

    /// The stream; bytes that have been read from it but belong to no value yet are lost.
    pub fn into_inner(self) -> S {
        self.stream
    }
}

impl<S: AsyncRead + Unpin> RecordStream<S> {
    /// The next value, or `None` when the stream has ended between two records.
    ///
    /// # Errors
    /// The stream fails, ends inside a record or violates a limit, and can be read no further (there is no telling where
    /// the next record begins); or a record holds no value of this type, and the next one can still be read.
    pub async fn read<T: for<'a> Decode<'a>>(&mut self) -> Result<Option<T>, StreamError> {
        match self.read_record().await? {
            Some(record) => Ok(Some(from_bytes_with(&record, self.limits, self.mode)?)),
            None => Ok(None),
        }
    }

    /// The next record as it is, or `None` when the stream has ended between two records.
    ///
    /// # Errors
    /// As [`read`](Self::read), but for the decoding.
    pub async fn read_record(&mut self) -> Result<Option<Bytes>, StreamError> {
        if let Some(error) = self.broken {
            return Err(error.into());
        }
        loop {
            match self.decoder.next(&mut self.received) {
                Ok(None) => {}
                Ok(record) => return Ok(record),
                Err(error) => {
                    self.broken = Some(error);
                    return Err(error.into());
                }
            }
            let growth = self.received.len().saturating_mul(3).max(STEP);
            let missing = self.decoder.missing(&self.received);
            self.received.reserve(missing.min(growth).max(READ));
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return if self.decoder.at_boundary(&self.received) {
                    Ok(None)
                } else {
                    Err(StreamError::Truncated)
                };
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> RecordStream<S> {
    /// Writes a value as a record of one fragment and flushes the stream; bulk data is not copied.
    ///
    /// Records that earlier, dropped calls have not finished are written first.
    ///
    /// # Errors
    /// The stream fails, and what has been written is unknown; or the value has no encoding, and nothing is written.
    pub async fn write<T: Encode + ?Sized>(&mut self, value: &T) -> Result<(), StreamError> {
        let mut w = Writer::with_room(4);
        value.encode(&mut w);
        let mut record = w.finish()?;
        // Beyond 31 bits a fragment header has no length.
        let mark = mark(record.len()).ok_or(StreamError::TooLong(record.len()))?;
        record.prepend(&mark);
        self.unsent.push_back(record);
        self.finish().await
    }

    /// Finishes the records that dropped calls to [`write`](Self::write) have left behind.
    ///
    /// # Errors
    /// The stream fails.
    pub async fn finish(&mut self) -> Result<(), StreamError> {
        while let Some(record) = self.unsent.front_mut() {
            while record.has_remaining() {
                if self.stream.write_buf(record).await? == 0 {
                    return Err(StreamError::Io(io::ErrorKind::WriteZero.into()));
                }
            }
            self.unsent.pop_front();
        }
        Ok(self.stream.flush().await?)
    }
}

/// Why a value did not come through.
#[derive(Debug)]
#[non_exhaustive]
pub enum StreamError {
    /// The stream failed.
    Io(io::Error),
    /// The peer's records violate a limit.
    Record(RecordError),
    /// The stream ended inside a record.
    Truncated,
    /// A record does not hold a value of the expected type.
    Decode(DecodeError),
    /// The value has no encoding.
    Encode(EncodeError),
    /// The value has this many bytes, which no fragment header can announce.
    TooLong(usize),
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "stream: {error}"),
            Self::Record(error) => error.fmt(f),
            Self::Truncated => f.write_str("stream ends inside a record"),
            Self::Decode(error) => error.fmt(f),
            Self::Encode(error) => error.fmt(f),
            Self::TooLong(len) => write!(f, "record of {len} bytes is longer than 2^31 - 1"),
        }
    }
}

impl core::error::Error for StreamError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Io(error) => error.source(),
            _ => None,
        }
    }
}

impl From<io::Error> for StreamError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<RecordError> for StreamError {
    fn from(error: RecordError) -> Self {
        Self::Record(error)
    }
}

impl From<DecodeError> for StreamError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl From<EncodeError> for StreamError {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error)
    }
}
