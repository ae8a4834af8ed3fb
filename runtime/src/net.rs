//! Sockets: what a target is and how to reach it, how listeners are made.

pub(crate) mod incoming;
mod listener;
mod outgoing;
pub(crate) mod patient;
pub(crate) mod resolve;
pub(crate) mod resvport;
pub mod target;
mod tcp;
mod udp;
#[cfg(unix)]
mod unix;

pub(crate) use self::incoming::Incoming;
pub(crate) use self::listener::{Listener, StdListener, Stream};
pub(crate) use self::outgoing::Outgoing;
pub(crate) use self::patient::{Behind, Patient};
pub(crate) use self::tcp::{listen as listen_tcp, watch};
pub(crate) use self::udp::{Datagram, Datagrams, Received, Route, bind as bind_udp};
#[cfg(unix)]
pub(crate) use self::unix::listen as listen_unix;
