//! A broadcast without sockets and clock: the message for each address, and which datagram answers it.
//!
//! IPv4 hosts are asked in version 2 of rpcbind (`PMAPPROC_CALLIT`, RFC 1833 §3.2), which every portmapper speaks,
//! IPv6 hosts in version 3 (`RPCBPROC_CALLIT`, §2.2.1).

use super::Answer;
use crate::Body;
use crate::auth::Credential;
use crate::error::RpcError;
use crate::msg::ReplyRef;
use crate::proto::client::{outcome, put_header};
use crate::proto::random::Random;
use crate::rpcbind::uaddr::from_uaddr;
use crate::rpcbind::wire::{MAX_STRING, PROGRAM};
use crate::xdr::{DecodeLimits, Mode, Reader, Writer};
use bytes::Bytes;
use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;

/// rpcbind's procedure that calls another program of its host.
const CALLIT: u32 = 5;
/// Largest call: what C servers receive.
const MAX_CALL: usize = 8800;

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
pub(super) struct Round {
    way: Way,
    xid: u32,
    /// For IPv4 and for IPv6.
    messages: [Vec<u8>; 2],
    credential: Option<Arc<dyn Credential>>,
    heard: HashSet<SocketAddr>,
    most: usize,
}

impl Round {
    /// A call of program, version and procedure.
    pub(super) fn new(
        way: Way,
        numbers: [u32; 3],
        args: &Body,
        credential: Option<Arc<dyn Credential>>,
        most: usize,
    ) -> Result<Self, RpcError> {
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
            way,
            xid,
            credential,
            heard: HashSet::new(),
            most,
        })
    }

    /// What to send there.
    pub(super) fn message(&self, to: &SocketAddr) -> &[u8] {
        let [v4, v6] = &self.messages;
        match to {
            SocketAddr::V4(_) => v4,
            SocketAddr::V6(_) => v6,
        }
    }

    /// Whether as many hosts have been heard as were to be.
    pub(super) fn is_full(&self) -> bool {
        self.heard.len() >= self.most
    }

    /// The answer in a datagram, if it is one and its host has not been heard.
    pub(super) fn answer(&mut self, from: SocketAddr, datagram: &[u8]) -> Option<Answer<Bytes>> {
        let reply = ReplyRef::parse(datagram).ok()?;
        if reply.xid != self.xid || self.is_full() {
            return None;
        }
        let message = Bytes::copy_from_slice(datagram);
        let result = outcome(&message, &reply, self.credential.as_deref());
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
