//! The server: programs on listeners.
//!
//! ```
//! use rpcgen_runtime::server::{Grace, Server};
//! # async fn run() -> Result<(), rpcgen_runtime::server::ServeError> {
//! Server::new()
//!     // .serve(CalcV1Server(Calc)).serve(CalcV2Server(Calc))
//!     .tcp("[::]:0")
//!     .udp("[::]:0")
//!     .run_until(async { /* a signal, say */ }, Grace::secs(10))
//!     .await
//! # }
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run()).unwrap();
//! ```

mod call;
mod connection;
mod context;
mod datagram;
mod descriptors;
mod dispatch;
mod error;
mod fault;
mod limits;
mod listen;
mod noise;
mod programs;
mod registration;
mod running;
mod service;

pub use self::context::{Context, Peer};
pub use self::dispatch::{BoxFuture, Dispatch};
pub use self::dispatch::{arguments, no_procedure, results};
pub use self::error::ServeError;
pub use self::fault::Fault;
pub use self::limits::Limits;
pub use self::running::{Address, Grace, Running};
pub use self::service::{Handlers, Request};
pub use crate::proto::replay::ReplayLimits;
pub use crate::proto::server::Cred;

use self::listen::Task;
use self::programs::Table;
use self::registration::Registrar;
use self::service::Wrap;
use crate::net::{self, Listener};
use crate::proto::replay::ReplayCache;
use crate::rpcbind::Rpcbind;
use crate::{Body, Mode};
use std::future::Future;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use tokio::sync::{Semaphore, mpsc, watch};
use tower_layer::Layer;
use tower_service::Service;

/// Where a server is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Serves.
    Run,
    /// Starts nothing new and finishes what is in flight.
    Drain,
    /// Ends now.
    Stop,
}

impl Phase {
    /// Waits until the server has come to this phase, and says which it is in.
    async fn reached(self, phase: &mut watch::Receiver<Self>) -> Self {
        match phase.wait_for(|p| *p >= self).await {
            Ok(phase) => *phase,
            // Whoever ran the server is gone.
            Err(_) => Self::Stop,
        }
    }
}

/// What all tasks of a server share.
#[derive(Debug)]
pub(crate) struct Shared {
    programs: RwLock<Arc<Table>>,
    limits: Limits,
    mode: Mode,
    /// One for each unfinished call that is not ready at once.
    permits: Arc<Semaphore>,
    connections: AtomicUsize,
    /// Bytes of partial records and queued replies.
    held: AtomicUsize,
    replay: Mutex<ReplayCache>,
}

impl Shared {
    fn programs(&self) -> Arc<Table> {
        Arc::clone(&self.programs.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn replay(&self) -> MutexGuard<'_, ReplayCache> {
        self.replay.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether calls of this peer go through the reply cache.
    fn remembers(&self, peer: &Peer) -> bool {
        match peer {
            Peer::Udp(_) => self.limits.replay.is_some(),
            Peer::Tcp(_) => self.limits.replay.is_some() && self.limits.replay_streams,
            _ => false,
        }
    }
}

/// Where to listen, as the user said it.
#[derive(Clone, Debug)]
enum Endpoint {
    Tcp(String),
    Udp(String),
    #[cfg(unix)]
    Unix(PathBuf),
}

/// A server to be: programs, listeners, limits.
#[derive(Clone, Default)]
#[must_use = "a server does nothing until it is started"]
pub struct Server {
    programs: Table,
    endpoints: Vec<Endpoint>,
    limits: Limits,
    mode: Mode,
    rpcbind: Option<Rpcbind>,
    wraps: Vec<Wrap>,
}

impl Server {
    /// A server without programs and listeners.
    pub fn new() -> Self {
        Self::default()
    }

    /// Serves one version of a program on every listener. Call it again for each further version and program.
    pub fn serve(mut self, program: impl Dispatch) -> Self {
        self.programs.insert(Arc::new(program));
        self
    }

    /// Listens on a TCP address, `"[::]:2049"` or `"127.0.0.1:0"`; port 0 lets the system choose.
    pub fn tcp(mut self, address: impl ToString) -> Self {
        self.endpoints.push(Endpoint::Tcp(address.to_string()));
        self
    }

    /// Listens on a UDP address.
    pub fn udp(mut self, address: impl ToString) -> Self {
        self.endpoints.push(Endpoint::Udp(address.to_string()));
        self
    }

    /// Listens on a unix socket; a socket file that nobody listens on any more is replaced.
    #[cfg(unix)]
    pub fn unix(mut self, path: impl Into<PathBuf>) -> Self {
        self.endpoints.push(Endpoint::Unix(path.into()));
        self
    }

    /// Registers every program at every TCP and UDP address (default: [`Rpcbind::none`]).
    ///
    /// A registration that rpcbind has lost, because it was started anew or somebody removed it, is made again within a
    /// few seconds. It is taken back when the server stops.
    pub fn rpcbind(mut self, rpcbind: Rpcbind) -> Self {
        self.rpcbind = Some(rpcbind);
        self
    }

    /// Puts a tower layer around every handler. The first layer added is the outermost.
    ///
    /// An error of the layer that is a [`Fault`] is answered as such; any other is SYSTEM_ERR over a stream and silence
    /// over UDP. Procedure 0 where it is undeclared, and calls that cannot be accepted, do not come through it.
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<Handlers> + Send + Sync + 'static,
        L::Service: Service<Request, Response = Body> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Future: Send,
        <L::Service as Service<Request>>::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.wraps.push(service::layered(layer));
        self
    }

    /// Looks at each call before its handler does, in the order of the layers; an `Err` is the answer.
    ///
    /// ```
    /// # use rpcgen_runtime::{Cred, Fault, Server, msg::AuthStat};
    /// // Nobody without an AUTH_SYS credential.
    /// let server = Server::new().intercept(|request| match request.cx.cred() {
    ///     Cred::Sys(_) => Ok(()),
    ///     _ => Err(Fault::Denied(AuthStat::TOOWEAK)),
    /// });
    /// ```
    pub fn intercept<F>(mut self, look: F) -> Self
    where
        F: Fn(&Request) -> Result<(), Fault> + Send + Sync + 'static,
    {
        self.wraps.push(service::intercepted(look));
        self
    }

    /// Sets the limits.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Decodes arguments in this mode (default [`Mode::Interop`]).
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Opens the listeners and serves in the background of the current tokio runtime.
    ///
    /// # Errors
    /// An address does not resolve or cannot be bound, or a registration that was demanded fails; then nothing is left
    /// behind.
    pub async fn start(mut self) -> Result<Running, ServeError> {
        self.limits.connections = self.limits.connections.min(descriptors::connections());
        let (phase, watched) = watch::channel(Phase::Run);
        let (alive, ended) = mpsc::channel(1);
        let server = Arc::new(Shared {
            programs: RwLock::new(Arc::new(self.programs.wrapped(&self.wraps))),
            permits: Arc::new(Semaphore::new(self.limits.in_flight)),
            limits: self.limits,
            mode: self.mode,
            connections: AtomicUsize::new(0),
            held: AtomicUsize::new(0),
            replay: Mutex::new(ReplayCache::new(self.limits.replay.unwrap_or_default())),
        });
        let task = Task {
            server,
            phase: watched,
            alive,
        };
        let mut listeners = Vec::new();
        let mut sockets = Vec::new();
        let mut addresses = Vec::new();
        for endpoint in &self.endpoints {
            let failed = |source| ServeError::listen(endpoint.to_string(), source);
            match endpoint {
                Endpoint::Tcp(address) => {
                    let listener = first(address, net::listen_tcp).map_err(failed)?;
                    addresses.push(Address::Tcp(listener.local_addr().map_err(failed)?));
                    listeners.push(Listener::Tcp(listener));
                }
                Endpoint::Udp(address) => {
                    let socket = first(address, net::bind_udp).map_err(failed)?;
                    addresses.push(Address::Udp(socket.local_addr().map_err(failed)?));
                    sockets.push(socket);
                }
                #[cfg(unix)]
                Endpoint::Unix(path) => {
                    listeners.push(Listener::Unix(net::listen_unix(path).map_err(failed)?));
                    addresses.push(Address::Unix(path.clone()));
                }
            }
        }
        let rpcbind = self.rpcbind.unwrap_or(Rpcbind::none());
        let mut registrar = Registrar::new(rpcbind, task.server.programs().pairs(), &addresses);
        registrar.start().await?;
        let Task {
            phase: watched,
            alive,
            ..
        } = task.clone();
        tokio::spawn(async move {
            registrar.keep(watched).await;
            drop(alive);
        });
        for listener in listeners {
            let task = task.clone();
            tokio::spawn(listen::accept(listener, task));
        }
        for socket in sockets {
            let Task {
                server,
                phase,
                alive,
            } = task.clone();
            tokio::spawn(async move {
                datagram::serve(socket, server, phase).await;
                drop(alive);
            });
        }
        Ok(Running::new(task, addresses, phase, ended))
    }

    /// Serves until `stop` completes, then finishes what is in flight within the grace time.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn run_until(
        self,
        stop: impl Future<Output = ()>,
        grace: Grace,
    ) -> Result<(), ServeError> {
        let running = self.start().await?;
        stop.await;
        running.shutdown(grace).await;
        Ok(())
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("programs", &self.programs)
            .field("endpoints", &self.endpoints)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "tcp://{address}"),
            Self::Udp(address) => write!(f, "udp://{address}"),
            #[cfg(unix)]
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Opens the first address that a name resolves to and that can be opened.
fn first<T>(address: &str, open: impl Fn(SocketAddr) -> std::io::Result<T>) -> std::io::Result<T> {
    let mut last = std::io::Error::new(std::io::ErrorKind::NotFound, "the name has no address");
    for address in address.to_socket_addrs()? {
        match open(address) {
            Ok(opened) => return Ok(opened),
            Err(error) => last = error,
        }
    }
    Err(last)
}
