//! Calling a server as if it were local.
//!
//! ```no_run
//! # use rpcgen_runtime::{CallOptions, ClientStub, RpcError};
//! # async fn f<CalcV1Client: ClientStub>() -> Result<(), RpcError> {
//! let calc: CalcV1Client = rpcgen_runtime::connect("tcp://server").await?; // asks rpcbind for the port
//! let quick = calc.with(CallOptions::new().timeout(std::time::Duration::from_millis(200)));
//! # Ok(()) }
//! ```
//!
//! A [`Channel`] is one address: cheap to clone, shared by the clients of all programs and versions served there, with
//! any number of calls in flight. A generated client is a [`Stub`]: a channel and the options its calls are made with.

pub mod blocking;
mod broadcast;
mod channel;
mod connection;
mod dial;
mod link;
mod local;
mod observe;
mod options;
mod provider;
mod service;
mod socket;
mod span;
mod stub;

pub use self::broadcast::{Answer, Answers, Broadcast, RawAnswers};
pub use self::channel::{Channel, connect, connect_with};
pub use self::observe::{CallInfo, Observer};
pub use self::options::{CallOptions, ConnectOptions, Reconnect, Replay};
pub use self::service::{Call, Calls};
pub use self::socket::ByteStream;
pub use self::stub::{ClientStub, Stub, call, call_with, ping};
pub use crate::auth::Credential;
pub use crate::error::RpcError;
pub use crate::proto::client::ClientStats;
pub use crate::proto::retransmit::Retransmit;

#[cfg(test)]
mod tests;
