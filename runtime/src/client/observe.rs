//! Watching a channel: calls as they start and end, connections as they come and go.

use crate::error::{ConnectError, RpcError};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// Which call something is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct CallInfo {
    /// Program number.
    pub program: u32,
    /// Version number.
    pub version: u32,
    /// Procedure number.
    pub procedure: u32,
}

/// Is told what happens on a channel: for metrics and logs.
///
/// The methods are called while a call is made or driven: they must be quick and must not make calls themselves. All
/// of them do nothing unless they are written.
pub trait Observer: fmt::Debug + Send + Sync + 'static {
    /// A call begins; perhaps it waits for its turn first ([`max_pending`](super::ConnectOptions::max_pending)).
    fn started(&self, call: CallInfo) {
        let _ = call;
    }

    /// A call has ended; its wait counts. A call that is dropped before does not end.
    fn ended(&self, call: CallInfo, took: Duration, error: Option<&RpcError>) {
        let _ = (call, took, error);
    }

    /// A message goes out again: a datagram that was not answered, or a call replayed on another connection.
    fn sent_again(&self, xid: u32, attempt: u32) {
        let _ = (xid, attempt);
    }

    /// There is a connection.
    fn connected(&self, local: Option<SocketAddr>) {
        let _ = local;
    }

    /// The connection is gone: the peer closed it in good order when there is no error.
    fn disconnected(&self, error: Option<&io::Error>) {
        let _ = error;
    }

    /// An attempt to connect failed.
    fn connect_failed(&self, error: &ConnectError) {
        let _ = error;
    }
}
