//! What a server accepts from all its peers together and from each of them.

use super::Rate;
use crate::DecodeLimits;
use crate::proto::record::RecordLimits;
use crate::proto::replay::ReplayLimits;
use std::time::Duration;

/// Limits of a server. Every number that bounds all peers together, or one connection, has a default that is fit for an open
/// network.
///
/// What no default can know has none: what one source may have of the whole, for behind one address there may be one client
/// or an office of them, and how long a handler may run. Where not every client is trusted, set these, too:
///
/// ```
/// # use rpcgen_runtime::{Limits, server::Rate};
/// # use std::time::Duration;
/// let limits = Limits::default()
///     .max_connections_per_source(Some(64))
///     .calls_per_source(Some(Rate::per_second(1_000)))
///     .request_deadline(Some(Duration::from_secs(10)));
/// # let _ = limits;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub(crate) record: RecordLimits,
    pub(crate) reply: usize,
    pub(crate) datagram_reply: usize,
    pub(crate) decode: DecodeLimits,
    pub(crate) connections: usize,
    pub(crate) connections_per_source: Option<usize>,
    pub(crate) calls_per_source: Option<Rate>,
    pub(crate) per_connection: usize,
    pub(crate) in_order: bool,
    pub(crate) half_close: bool,
    pub(crate) in_flight: usize,
    pub(crate) queued: usize,
    pub(crate) held: usize,
    pub(crate) record_deadline: Duration,
    pub(crate) idle_deadline: Duration,
    pub(crate) write_deadline: Duration,
    pub(crate) keepalive: Option<Duration>,
    pub(crate) request_deadline: Option<Duration>,
    pub(crate) replay: Option<ReplayLimits>,
    pub(crate) replay_streams: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            record: RecordLimits::bytes((1 << 20) + (64 << 10)),
            reply: 64 << 20,
            datagram_reply: 8_800,
            decode: DecodeLimits::default(),
            connections: 8_192,
            connections_per_source: None,
            calls_per_source: None,
            per_connection: 128,
            in_order: false,
            half_close: true,
            in_flight: 4_096,
            queued: 4 << 20,
            held: 512 << 20,
            record_deadline: Duration::from_secs(30),
            idle_deadline: Duration::from_secs(360),
            write_deadline: Duration::from_secs(30),
            keepalive: Some(Duration::from_secs(60)),
            request_deadline: None,
            replay: Some(ReplayLimits::default()),
            replay_streams: false,
        }
    }
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $t:ty => $($field:ident).+;)*) => {
        impl Limits {$(
            $(#[$doc])*
            #[must_use]
            pub const fn $name(mut self, $name: $t) -> Self {
                self.$($field).+ = $name;
                self
            }
        )*}
    };
}

setters! {
    /// Bytes of a call over a stream (default 1 MiB + 64 KiB); a larger one closes the connection.
    max_record: usize => record.record;
    /// Fragments of one record (default 65 536).
    max_fragments: u32 => record.fragments;
    /// Empty fragments of one record (default 64).
    max_empty_fragments: u32 => record.empty_fragments;
    /// Bytes of a reply over a stream (default 64 MiB); a larger one becomes SYSTEM_ERR.
    max_reply: usize => reply;
    /// Bytes of a reply in a datagram (default 8 800, what C clients receive); a larger one becomes SYSTEM_ERR.
    max_datagram_reply: usize => datagram_reply;
    /// Depth and memory of a decode.
    decode: DecodeLimits => decode;
    /// Connections at once (default 8 192, and never more than 0.8 of the process's descriptors); more are closed.
    max_connections: usize => connections;
    /// Connections at once from one address, or one IPv6 network of 64 bits (default no limit); more are closed.
    max_connections_per_source: Option<usize> => connections_per_source;
    /// Calls in a time from one address, or one IPv6 network of 64 bits, errors and duplicates included (default no limit).
    /// Over streams further ones wait, unread; over UDP they are dropped: who is told to answer to a forged address sends
    /// little there.
    calls_per_source: Option<Rate> => calls_per_source;
    /// Whether the calls of a connection run one after the other, in the order they came (default no).
    in_order: bool => in_order;
    /// Whether a peer that has ended its direction of a stream gets the replies to what it has called (default yes, as C
    /// servers do it). If not, that end is taken for its going: the calls of the connection that still run are dropped.
    /// TCP does not tell a client that waits from one that is gone for good before something is sent to it: a reply, or the
    /// questions of [`keepalive`](Self::keepalive).
    half_close: bool => half_close;
    /// Calls in flight on one connection (default 128); then it is not read from.
    per_connection: usize => per_connection;
    /// Unfinished calls of the whole server (default 4 096); then nobody's further calls are started.
    max_in_flight: usize => in_flight;
    /// Bytes of replies that one connection has not taken (default 4 MiB); then it is not read from.
    max_queued: usize => queued;
    /// Bytes of partial records, queued replies, results that are about to be queued, and arguments of calls that run, as
    /// received and as decoded, of all peers (default 512 MiB). Then only small calls are read, in a quarter more, and none
    /// of a peer that has not taken its replies; if that does not help within a second, the connection is closed whose
    /// partial record, or replies, have waited for their peer for the longest time. A result of 4 KiB or more that is ready
    /// when half of the quarter is used up becomes SYSTEM_ERR. The reply cache has a limit of its own.
    ///
    /// What the process has from the system may be more, for allocators keep what was freed. glibc's gives it back with
    /// `MALLOC_MMAP_THRESHOLD_=131072` and `MALLOC_TRIM_THRESHOLD_=131072` in the environment: worth it for a server with
    /// several threads and large records.
    max_held: usize => held;
    /// From the first byte of a record to its last (default 30 s); then the connection is closed.
    record_deadline: Duration => record_deadline;
    /// Without a call (default 6 minutes); then the connection is closed.
    idle_deadline: Duration => idle_deadline;
    /// Without progress in writing replies (default 30 s); then the connection is closed.
    write_deadline: Duration => write_deadline;
    /// How long the peer of a TCP connection may be silent before the kernel asks whether it is still there (default 60 s,
    /// in whole seconds from 1 on; `None` leaves the listeners as they are). One that is gone without a word is noticed
    /// after twice this time, and so is one that has closed the connection while its calls run: the kernel of its host
    /// remembers it for a while, a minute on Linux.
    keepalive: Option<Duration> => keepalive;
    /// For a handler (default none); then it is dropped, and the caller gets SYSTEM_ERR.
    request_deadline: Option<Duration> => request_deadline;
    /// The cache that makes a retransmitted call run once (default on); `None` turns it off.
    reply_cache: Option<ReplayLimits> => replay;
    /// Whether the reply cache serves TCP as well as UDP (default no): for clients that replay after reconnecting.
    reply_cache_for_tcp: bool => replay_streams;
}
