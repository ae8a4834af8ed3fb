//! One address, many calls in flight.

use super::dial::Plan;
use super::link::Link;
use super::options::Destination;
use super::service::{Answer, Call};
use super::socket::{ByteStream, Socket};
use super::span::Names;
use super::{CallOptions, ClientStub, ConnectOptions};
use crate::Body;
use crate::error::{ConnectError, Refused, RpcError};
use crate::interface::{Interface, ProcInfo};
use crate::net::target::{IntoTarget, Target};
use crate::proto::client::ClientStats;
use crate::server::{Dispatch, Server};
use bytes::Bytes;
use std::net::SocketAddr;
use std::sync::Arc;

/// Room in front of arguments for a record mark and a header without credential.
const ROOM: usize = 4 + 40;

/// A way to a server: cheap to clone, shared by the clients of all programs and versions served there.
///
/// Any number of calls may be in flight; replies come in any order. When the connection is lost it is made again by
/// the next call, or at once for calls that may be replayed. Dropping the future of a call cancels it.
#[derive(Clone, Debug)]
pub struct Channel {
    inner: Inner,
    options: Arc<CallOptions>,
}

/// Where calls go.
#[derive(Clone, Debug)]
enum Inner {
    /// Over a connection.
    Link(Arc<Link>),
    /// To a service; with the connection behind it, if it is middleware around one.
    Service(Arc<dyn Answer>, Option<Arc<Link>>),
}

impl Channel {
    fn over(link: Arc<Link>) -> Self {
        let options = Arc::new(link.plan().options.call.clone());
        Self {
            inner: Inner::Link(link),
            options,
        }
    }

    pub(super) fn answered_by(service: Arc<dyn Answer>) -> Self {
        Self {
            inner: Inner::Service(service, None),
            options: Arc::default(),
        }
    }

    /// This channel behind middleware.
    pub(super) fn behind(&self, service: Arc<dyn Answer>) -> Self {
        Self {
            inner: Inner::Service(service, self.link().cloned()),
            options: Arc::clone(&self.options),
        }
    }

    fn link(&self) -> Option<&Arc<Link>> {
        match &self.inner {
            Inner::Link(link) => Some(link),
            Inner::Service(_, link) => link.as_ref(),
        }
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

    /// A channel to a program in the same process: no sockets, but everything else that lies between a client and a
    /// server. For tests of servers, and of clients with a server made for the purpose.
    ///
    /// ```ignore
    /// let calc: CalcV1Client = ClientStub::from_channel(Channel::local(CalcV1Server(FakeCalc)));
    /// ```
    #[must_use]
    pub fn local(program: impl Dispatch) -> Self {
        Self::local_server(Server::new().serve(program), ConnectOptions::default())
    }

    /// A channel to a server in the same process, with its limits and layers. It is started by the first call; its
    /// listeners, if it has any, are opened too.
    #[must_use]
    pub fn local_server(server: Server, options: ConnectOptions) -> Self {
        Self::over(Link::new(Plan::local(server, options)))
    }

    /// Waits until there is a connection.
    ///
    /// # Errors
    /// The attempt to make one failed.
    pub async fn ready(&self) -> Result<(), RpcError> {
        match self.link() {
            Some(link) => link.ready().await,
            None => Ok(()),
        }
    }

    /// Writes batched calls out ([`CallOptions::batch`]), within the time limit of the channel's calls. Then the system
    /// has taken them; that the server has them only the reply to a later call can say.
    ///
    /// # Errors
    /// They could not be written in time, or some were lost since this was last asked.
    pub async fn flush(&self) -> Result<(), RpcError> {
        match self.link() {
            Some(link) => link.flush(self.options.time_limit()).await,
            None => Ok(()),
        }
    }

    /// Ends all calls and closes the connection, for all clones of this channel. A channel to a service has nothing to
    /// close.
    pub fn close(&self) {
        if let Some(link) = self.link() {
            link.close();
        }
    }

    /// The link on which calls with these options are made without more ado; [`call`](Self::call) makes all others.
    pub(super) fn plain(&self, options: &CallOptions) -> Option<&Arc<Link>> {
        match &self.inner {
            Inner::Link(link) if link.is_plain(options) => Some(link),
            _ => None,
        }
    }

    /// The options of calls that have none of their own.
    pub(crate) fn options(&self) -> &Arc<CallOptions> {
        &self.options
    }

    /// Calls begun and not ended.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.link().map_or(0, |link| link.pending())
    }

    /// Local address of the connection, if there is one and it has an address.
    #[must_use]
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.link().and_then(|link| link.local_addr())
    }

    /// Counters.
    #[must_use]
    pub fn stats(&self) -> ClientStats {
        self.link().map(|link| link.stats()).unwrap_or_default()
    }

    /// Bytes to keep free in front of arguments for what precedes them in a message.
    pub(crate) fn room(options: &CallOptions) -> usize {
        match &options.credential {
            None => ROOM,
            Some(_) => ROOM + 128,
        }
    }

    /// The next call has this xid, if it is free.
    #[cfg(test)]
    pub(super) fn next_xid(&self, xid: u32) {
        if let Some(link) = self.link() {
            link.next_xid(xid);
        }
    }

    /// Makes a generated client's call.
    pub(crate) async fn call(
        &self,
        interface: &'static Interface,
        procedure: &'static ProcInfo,
        args: Body,
        options: &CallOptions,
    ) -> Result<Bytes, RpcError> {
        match &self.inner {
            Inner::Link(link) => {
                let call = options.call(interface, procedure, args);
                let names = Names::of(interface, procedure);
                link.call(names, call, options).await
            }
            Inner::Service(service, _) => {
                let call = Call::new(interface, procedure, args, options);
                Ok(service.answer(call).await?.into_bytes())
            }
        }
    }

    /// Makes a call that middleware has seen.
    pub(super) async fn send(&self, call: Call) -> Result<Body, RpcError> {
        match &self.inner {
            Inner::Service(service, _) => service.answer(call).await,
            Inner::Link(link) => {
                let options = call.options.or(&self.options);
                let interface = Interface {
                    name: call.program_name,
                    program: call.program,
                    version: call.version,
                    procedures: &[],
                };
                let procedure = ProcInfo {
                    number: call.procedure,
                    ..call.info
                };
                let new = options.call(&interface, &procedure, call.args);
                let names = Names {
                    program: call.program_name,
                    procedure: call.info.name,
                };
                Ok(Body::from(link.call(names, new, &options).await?))
            }
        }
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
        // Nobody says that it may run twice.
        let info = ProcInfo {
            number: procedure,
            name: "",
            idempotent: false,
            ..super::stub::NULL
        };
        let call = Call {
            program_name: "",
            program,
            version,
            procedure,
            info,
            args,
            options: CallOptions::clone(&self.options),
        };
        self.send(call).await
    }

    /// The highest of these versions of a program that the server serves too: found by calling procedure 0, at most
    /// three times.
    ///
    /// # Errors
    /// There is none ([`Refused::ProgMismatch`]), or the calls fail.
    pub async fn negotiate(&self, program: u32, versions: &[u32]) -> Result<u32, RpcError> {
        /// Calls of procedure 0 before the server's answers are not believed any more.
        const ATTEMPTS: usize = 3;
        let mut left = versions.to_vec();
        let mut refusal = RpcError::Refused(Refused::ProgUnavail);
        for _ in 0..ATTEMPTS {
            let Some(&version) = left.iter().max() else {
                break;
            };
            match self.call_raw(program, version, 0, Body::new()).await {
                Ok(_) => return Ok(version),
                Err(RpcError::Refused(why @ Refused::ProgMismatch { low, high })) => {
                    refusal = RpcError::Refused(why);
                    // There may be holes between the two, and the two may be nonsense.
                    left.retain(|v| *v != version && (low..=high).contains(v));
                }
                Err(error) => return Err(error),
            }
        }
        Err(refusal)
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
