//! One address, many calls in flight.

use super::dial::Plan;
use super::link::Link;
use super::options::Destination;
use super::socket::{ByteStream, Socket};
use super::{CallOptions, ClientStub, ConnectOptions};
use crate::Body;
use crate::error::{ConnectError, RpcError};
use crate::interface::{Interface, ProcInfo};
use crate::net::target::{IntoTarget, Target};
use crate::proto::client::{ClientStats, NewCall};
use bytes::Bytes;
use std::sync::Arc;

/// Room in front of arguments for a record mark and a header without credential.
const ROOM: usize = 4 + 40;

/// A way to a server: cheap to clone, shared by the clients of all programs and versions served there.
///
/// Any number of calls may be in flight; replies come in any order. When the connection is lost it is made again by
/// the next call, or at once for calls that may be replayed. Dropping the future of a call cancels it.
#[derive(Clone, Debug)]
pub struct Channel {
    link: Arc<Link>,
    options: Arc<CallOptions>,
}

impl Channel {
    fn over(link: Arc<Link>) -> Self {
        let options = Arc::new(link.plan().options.call.clone());
        Self { link, options }
    }

    /// A channel that is connected by its first call.
    ///
    /// The target needs a port, or a path: without a program there is nothing to ask rpcbind for. See
    /// [`lazy_for`](Self::lazy_for).
    ///
    /// # Errors
    /// The target is none.
    pub fn lazy(target: impl IntoTarget, options: ConnectOptions) -> Result<Self, ConnectError> {
        Ok(Self::lazy_target(target.into_target()?, options))
    }

    /// A channel to where this version of a program is served, connected by its first call.
    ///
    /// # Errors
    /// The target is none.
    pub fn lazy_for(
        target: impl IntoTarget,
        interface: &Interface,
        options: ConnectOptions,
    ) -> Result<Self, ConnectError> {
        let destination = Destination {
            target: target.into_target()?,
            program: Some((interface.program, interface.version)),
        };
        Ok(Self::over(Link::new(Plan::new(destination, options))))
    }

    pub(crate) fn lazy_target(target: Target, options: ConnectOptions) -> Self {
        let destination = Destination {
            target,
            program: None,
        };
        Self::over(Link::new(Plan::new(destination, options)))
    }

    /// A channel over a stream that is connected already, such as a tunnel or one end of `tokio::io::duplex`. When
    /// the stream ends, the channel does.
    #[must_use]
    pub fn from_stream(stream: impl ByteStream, options: ConnectOptions) -> Self {
        let socket = Socket::Other(Box::new(stream));
        Self::over(Link::over(Plan::stream(options), socket))
    }

    /// Waits until there is a connection.
    ///
    /// # Errors
    /// The attempt to make one failed.
    pub async fn ready(&self) -> Result<(), RpcError> {
        self.link.ready().await
    }

    /// Ends all calls and closes the connection, for all clones of this channel.
    pub fn close(&self) {
        self.link.close();
    }

    /// The options of calls that have none of their own.
    pub(crate) fn options(&self) -> &Arc<CallOptions> {
        &self.options
    }

    /// Calls begun and not ended.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.link.pending()
    }

    /// Local address of the connection, if there is one and it has an address.
    #[must_use]
    pub fn local_addr(&self) -> Option<std::net::SocketAddr> {
        self.link.local_addr()
    }

    /// Counters.
    #[must_use]
    pub fn stats(&self) -> ClientStats {
        self.link.stats()
    }

    /// Bytes to keep free in front of arguments for what precedes them in a message.
    pub(crate) fn room(options: &CallOptions) -> usize {
        match &options.credential {
            None => ROOM,
            Some(_) => ROOM + 128,
        }
    }

    pub(crate) async fn call(
        &self,
        call: NewCall<'_>,
        options: &CallOptions,
    ) -> Result<Bytes, RpcError> {
        self.link.call(call, options.wait.unwrap_or(true)).await
    }

    /// Calls a procedure by its numbers, with encoded arguments: for proxies and tools.
    ///
    /// # Errors
    /// See [`RpcError`].
    pub async fn call_raw(
        &self,
        program: u32,
        version: u32,
        procedure: u32,
        args: Body,
    ) -> Result<Body, RpcError> {
        let options = &self.options;
        let interface = Interface {
            name: "",
            program,
            version,
            procedures: &[],
        };
        // Nobody says that it may run twice.
        let procedure = ProcInfo {
            number: procedure,
            idempotent: false,
            ..super::stub::NULL
        };
        let call = options.call(&interface, &procedure, args);
        let results = self.call(call, options).await?;
        Ok(Body::from(results))
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
    let channel = Channel::lazy_for(target, C::INTERFACE, options)?;
    channel.ready().await?;
    Ok(C::from_channel(channel))
}
