//! A broadcast without sockets and clock: what goes to which address and when, and which datagram answers it.
//!
//! IPv4 hosts are asked in version 2 of rpcbind (`PMAPPROC_CALLIT`, RFC 1833 §3.2), which every portmapper speaks,
//! IPv6 hosts in version 3 (`RPCBPROC_CALLIT`, §2.2.1).

use super::{Answer, Broadcast, networks};
use crate::Body;
use crate::auth::Credential;
use crate::error::{ConnectError, ConnectErrorKind, RpcError};
use crate::msg::ReplyRef;
use crate::proto::client::{Received, put_header, verdict};
use crate::proto::random::Random;
use crate::rpcbind::uaddr::from_uaddr;
use crate::rpcbind::wire::{MAX_STRING, PROGRAM};
use crate::xdr::{DecodeLimits, Mode, Reader, Writer};
use bytes::Bytes;
use std::collections::HashSet;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// rpcbind's procedure that calls another program of its host.
const CALLIT: u32 = 5;
/// Largest call: what C servers receive.
const MAX_CALL: usize = 8800;

/// The longest wait.
const LONG: Duration = Duration::from_secs(365 * 24 * 3600);
/// Bytes for a datagram: one more than it can have, so that none is cut off.
pub(in crate::client) const DATAGRAM: usize = 65_536;

/// How a call reaches the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Through each host's rpcbind.
    Rpcbind,
    /// At this port.
    Direct(u16),
}

impl Way {
    /// The address with the port to send to.
    pub(super) fn address(self, mut at: SocketAddr) -> SocketAddr {
        if at.port() == 0 {
            at.set_port(match self {
                Self::Rpcbind => crate::rpcbind::PORT,
                Self::Direct(port) => port,
            });
        }
        at
    }
}

/// The state of one broadcast.
#[derive(Debug)]
pub(in crate::client) struct Round {
    way: Way,
    to: Vec<SocketAddr>,
    until: Instant,
    /// When the call goes out once more.
    next: Instant,
    pause: Duration,
    xid: u32,
    /// For IPv4 and for IPv6.
    messages: [Vec<u8>; 2],
    credential: Option<Arc<dyn Credential>>,
    heard: HashSet<SocketAddr>,
    most: usize,
}

impl Round {
    /// A call of program, version and procedure, to be sent now.
    pub(in crate::client) fn new(
        wide: Broadcast,
        numbers: [u32; 3],
        args: &Body,
        now: Instant,
    ) -> Result<Self, RpcError> {
        let Broadcast {
            way, credential, ..
        } = wide;
        let to = match wide.to.is_empty() {
            true => networks::all().map_err(unreachable)?,
            false => wide.to,
        };
        let xid = Random::from_system().next_u32();
        let args = args.to_bytes();
        let message = |version| -> Result<Vec<u8>, RpcError> {
            let mut message = Vec::new();
            match way {
                Way::Direct(_) => {
                    put_header(&mut message, xid, numbers, credential.as_ref());
                    message.extend_from_slice(&args);
                }
                Way::Rpcbind => {
                    let outer = [PROGRAM, version, CALLIT];
                    put_header(&mut message, xid, outer, credential.as_ref());
                    let mut w = Writer::new();
                    for number in numbers {
                        w.u32(number);
                    }
                    w.opaque(&args, u32::MAX, "rpcb_rmtcallargs.args");
                    message.extend_from_slice(&w.finish()?.to_bytes());
                }
            }
            if message.len() > MAX_CALL {
                return Err(RpcError::CallTooLarge {
                    size: message.len() as u64,
                    limit: MAX_CALL as u64,
                });
            }
            Ok(message)
        };
        Ok(Self {
            messages: [message(2)?, message(3)?],
            to: to.into_iter().map(|at| way.address(at)).collect(),
            // Beyond what an instant can say: a year will do.
            until: now + wide.wait.min(LONG),
            next: now,
            pause: Duration::from_secs(1),
            way,
            xid,
            credential,
            heard: HashSet::new(),
            most: wide.most,
        })
    }

    /// Whether it goes to addresses of IPv4, and of IPv6.
    pub(in crate::client) fn families(&self) -> [bool; 2] {
        [
            self.to.iter().any(SocketAddr::is_ipv4),
            self.to.iter().any(SocketAddr::is_ipv6),
        ]
    }

    /// Sends the call to all addresses. An error is told only when it went to none of them.
    pub(in crate::client) fn send(
        &mut self,
        now: Instant,
        mut send: impl FnMut(&[u8], SocketAddr) -> io::Result<()>,
    ) -> Result<(), RpcError> {
        let mut sent = false;
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        let [v4, v6] = &self.messages;
        for to in &self.to {
            let message = if to.is_ipv4() { v4 } else { v6 };
            match send(message, *to) {
                Ok(()) => sent = true,
                Err(e) => {
                    tracing::debug!(%to, error = %e, "not broadcast");
                    last = e;
                }
            }
        }
        self.next = now + self.pause;
        self.pause = (self.pause * 2).min(Duration::from_secs(4));
        match sent {
            true => Ok(()),
            false => Err(unreachable(last)),
        }
    }

    /// Whether the call is to be sent once more.
    pub(in crate::client) fn is_due(&self, now: Instant) -> bool {
        now >= self.next
    }

    /// Whether the time is over, or as many hosts have been heard as were to be.
    pub(in crate::client) fn is_over(&self, now: Instant) -> bool {
        now >= self.until || self.is_full()
    }

    /// Until when answers are to be waited for before either is asked again.
    pub(in crate::client) fn pause_until(&self) -> Instant {
        self.next.min(self.until)
    }

    fn is_full(&self) -> bool {
        self.heard.len() >= self.most
    }

    /// The answer in a datagram, if it is one and its host has not been heard.
    pub(in crate::client) fn answer(
        &mut self,
        from: SocketAddr,
        datagram: &[u8],
    ) -> Option<Answer<Bytes>> {
        let reply = ReplyRef::parse(datagram).ok()?;
        if reply.xid != self.xid || self.is_full() {
            return None;
        }
        let result = verdict(&reply, self.credential.as_deref())
            .map(|()| Received::Beside(datagram).results(reply.results_at))
            .map_err(|error| *error);
        let (host, result) = match (self.way, result) {
            (Way::Direct(_), result) => (from, result),
            // rpcbind itself refuses: that is nothing of the service's.
            (Way::Rpcbind, Err(error)) => {
                tracing::debug!(%from, %error, "rpcbind refuses to pass a broadcast on");
                return None;
            }
            (Way::Rpcbind, Ok(results)) => {
                let (host, results) = passed_on(from, &results)?;
                (host, Ok(results))
            }
        };
        self.heard.insert(host).then_some(Answer { host, result })
    }
}

/// Nothing can be sent.
pub(in crate::client) fn unreachable(e: io::Error) -> RpcError {
    let kind = ConnectErrorKind::Unreachable;
    RpcError::Connect(ConnectError::new("broadcast", kind).with_source(e))
}

/// What rpcbind passes on: where the service is, and its results. Only the port is believed: a host speaks for itself.
fn passed_on(mut from: SocketAddr, results: &Bytes) -> Option<(SocketAddr, Bytes)> {
    let mut r = Reader::new(results, DecodeLimits::default(), Mode::Interop, 16);
    let port = match from {
        SocketAddr::V4(_) => u16::try_from(r.u32().ok()?).ok()?,
        SocketAddr::V6(_) => {
            let uaddr = r.string(MAX_STRING).ok()?;
            from_uaddr(uaddr.as_bytes())?.port()
        }
    };
    let results = r.opaque(u32::MAX).ok()?;
    from.set_port(port);
    (port != 0).then_some((from, results))
}
