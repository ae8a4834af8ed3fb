//! A server to be: programs, listeners, limits, middleware.

use super::bindings::{Bindings, On};
use super::endpoint::{self, Endpoint, Opened};
use super::listen::Task;
use super::registration::Registrar;
use super::service::Wrap;
use super::{
    Dispatch, Fault, Grace, Handlers, Limits, Phase, Request, Running, ServeError, Shared,
};
use super::{descriptors, fallback, service, shards};
use crate::auth::Authenticator;
use crate::rpcbind::Rpcbind;
use crate::{Body, Mode};
use std::future::Future;
use std::net::{TcpListener, UdpSocket};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tower_layer::Layer;
use tower_service::Service;

/// A server to be: programs, listeners, limits.
#[derive(Clone, Default)]
#[must_use = "a server does nothing until it is started"]
pub struct Server {
    programs: Bindings,
    endpoints: Vec<(Endpoint, On)>,
    /// The name that what is added now gets.
    on: On,
    limits: Limits,
    mode: Mode,
    rpcbind: Option<Rpcbind>,
    wraps: Vec<Wrap>,
    idle_exit: Option<Duration>,
    shards: usize,
}

/// What is served.
impl Server {
    /// A server without programs and listeners.
    pub fn new() -> Self {
        Self::default()
    }

    /// Serves one version of a program on every listener, or, inside of [`on`](Self::on), on those of a name. Call it again
    /// for each further version and program.
    pub fn serve(mut self, program: impl Dispatch) -> Self {
        // Middleware is put around it at the start, in whatever order they were named.
        self.programs.insert(&self.on, Arc::new(program), &[]);
        self
    }

    /// Binds programs to listeners: what is served inside is served on the listeners of this name alone, and what listens
    /// inside has the name. On all others its calls get PROG_UNAVAIL (or PROG_MISMATCH, where another version is served),
    /// and with rpcbind it is registered for no other address.
    ///
    /// A listener has one name, the innermost, and serves what is served outside as well. Everything else that is set inside
    /// goes for the whole server. Further programs and streams are bound by [`Running::on`].
    ///
    /// ```no_run
    /// # use rpcgen_runtime::{Dispatch, Server};
    /// # fn f(public: impl Dispatch, admin: impl Dispatch, status: impl Dispatch) -> Server {
    /// Server::new()
    ///     .serve(status) // everywhere
    ///     .on("public", |on| on.serve(public).tcp("[::]:4000").udp("[::]:4000"))
    ///     .on("admin", |on| on.serve(admin).unix("/run/desk/admin"))
    /// # }
    /// ```
    pub fn on(mut self, name: &str, add: impl FnOnce(Self) -> Self) -> Self {
        let outer = self.on.replace(name.into());
        let mut server = add(self);
        server.on = outer;
        server
    }

    /// Answers the calls of all programs that are not served, with arguments and results as bytes: for proxies and
    /// gateways. Procedure 0 comes too.
    ///
    /// ```
    /// # use rpcgen_runtime::{Fault, Server};
    /// let server = Server::new().fallback(|request| async move {
    ///     println!("program {}: {} bytes", request.cx.program(), request.args.len());
    ///     Err(Fault::ProgUnavail)
    /// });
    /// ```
    pub fn fallback<F, R>(mut self, handler: F) -> Self
    where
        F: Fn(Request) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Body, Fault>> + Send + 'static,
    {
        let handler = Arc::new(fallback::Fallback(handler));
        self.programs.change(|all| all.set_fallback(handler));
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
}

/// Where it is served.
impl Server {
    fn listen(mut self, endpoint: Endpoint) -> Self {
        self.endpoints.push((endpoint, self.on.clone()));
        self
    }

    /// Whether what is added now gets a name.
    #[cfg(feature = "listenfd")]
    pub(super) fn is_inside(&self) -> bool {
        self.on.is_some()
    }

    /// Listens on a TCP address, `"[::]:2049"` or `"127.0.0.1:0"`; port 0 lets the system choose.
    pub fn tcp(self, address: impl ToString) -> Self {
        self.listen(Endpoint::Tcp(address.to_string()))
    }

    /// Listens on a UDP address.
    pub fn udp(self, address: impl ToString) -> Self {
        self.listen(Endpoint::Udp(address.to_string()))
    }

    /// Listens on a unix socket; a socket file that nobody listens on any more is replaced.
    #[cfg(unix)]
    pub fn unix(self, path: impl Into<PathBuf>) -> Self {
        self.listen(Endpoint::Unix(path.into()))
    }

    /// Listens on a TCP socket that somebody else has opened.
    pub fn tcp_listener(self, listener: TcpListener) -> Self {
        self.listen(Endpoint::TcpListener(Arc::new(listener)))
    }

    /// Listens on a UDP socket that somebody else has opened.
    pub fn udp_socket(self, socket: UdpSocket) -> Self {
        self.listen(Endpoint::UdpSocket(Arc::new(socket)))
    }

    /// Listens on a unix socket that somebody else has opened; its file is left alone.
    #[cfg(unix)]
    pub fn unix_listener(self, listener: std::os::unix::net::UnixListener) -> Self {
        self.listen(Endpoint::UnixListener(Arc::new(listener)))
    }

    /// Serves in so many threads, each with a runtime and listeners of its own, instead of in the runtime that starts it.
    /// The system spreads connections and peers over them (`SO_REUSEPORT`).
    ///
    /// Worth it for many short calls on several processors: a connection never moves between them. Handlers run in the
    /// threads too, and one that blocks holds up all connections of its thread.
    pub fn shards(mut self, threads: usize) -> Self {
        self.shards = threads;
        self
    }
}

/// What is accepted.
impl Server {
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

    /// Lets calls with this flavor of credential in, as far as the authenticator accepts them. AUTH_NONE and AUTH_SYS are
    /// built in; calls with any other flavor are denied with AUTH_REJECTEDCRED.
    pub fn authenticator(mut self, flavor: u32, judge: impl Authenticator) -> Self {
        let judge = Arc::new(judge);
        self.programs
            .change(|all| all.set_authenticator(flavor, judge));
        self
    }

    /// Demands one of these flavors for all procedures of a program but procedure 0; others are denied with AUTH_TOOWEAK.
    ///
    /// ```
    /// # use rpcgen_runtime::{Server, msg::flavor};
    /// let server = Server::new().require(100_003, [flavor::SYS, flavor::GSS]);
    /// ```
    pub fn require(mut self, program: u32, flavors: impl Into<Vec<u32>>) -> Self {
        let flavors = flavors.into();
        self.programs
            .change(|all| all.require(program, None, flavors));
        self
    }

    /// The same for one procedure; it wins over what is demanded for the program.
    pub fn require_for(
        mut self,
        program: u32,
        procedure: u32,
        flavors: impl Into<Vec<u32>>,
    ) -> Self {
        let flavors = flavors.into();
        self.programs
            .change(|all| all.require(program, Some(procedure), flavors));
        self
    }

    /// Puts a tower layer around every handler. The first layer added is the outermost.
    ///
    /// An error of the layer that is a [`Fault`] is answered as such. Any other is [`Fault::Busy`], or SYSTEM_ERR where the
    /// layer has passed the call on: it may have run. Procedure 0 where it is undeclared, and calls that are not accepted
    /// (of programs not served, with credentials that do not do), do not come through it; they are counted in
    /// [`Stats::calls`](super::Stats::calls).
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
        F: Fn(&mut Request) -> Result<(), Fault> + Send + Sync + 'static,
    {
        self.wraps.push(service::intercepted(look));
        self
    }
}

/// How it runs.
impl Server {
    /// Lets [`run_until`](Self::run_until) end when there has been neither a connection nor a call for so long: for servers
    /// that are started on demand. After [`start`](Self::start) it is [`Running::idle`] that tells.
    pub fn idle_exit(mut self, after: Duration) -> Self {
        self.idle_exit = Some(after);
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
        let server = Shared::new(self.programs, self.wraps, self.limits, self.mode);
        let task = Task {
            server: Arc::new(server),
            phase: watched,
            alive,
        };
        for name in task.server.bindings().names() {
            if !self
                .endpoints
                .iter()
                .any(|(_, on)| on.as_ref() == Some(name))
            {
                tracing::warn!(
                    name = &**name,
                    "programs are bound to a name that no listener has"
                );
            }
        }
        let Opened {
            sockets,
            addresses,
            files,
        } = endpoint::open(&self.endpoints, self.shards.max(1))?;
        let listeners = sockets.iter().flat_map(|shard| &shard.listeners);
        listeners.for_each(|(listener, _)| listener.watch(self.limits.keepalive));
        // From here on an early end stops what has been started.
        let running = Running::new(task.clone(), addresses, files, phase, ended);
        let rpcbind = self.rpcbind.unwrap_or(Rpcbind::none());
        let names = self.endpoints.iter().map(|(_, on)| on.clone());
        let places = running.addresses().iter().zip(names);
        let mut registrar = Registrar::new(rpcbind, &task.server.bindings(), places);
        registrar.start().await?;
        tokio::spawn(registrar.keep(task.clone()));
        shards::serve(sockets, self.shards, &task)
            .map_err(|source| ServeError::listen("a thread".into(), source))?;
        Ok(running)
    }

    /// Serves until `stop` completes, then finishes what is in flight within the grace time.
    ///
    /// # Errors
    /// As [`start`](Self::start); and that there is nothing to listen on, since nobody else can hand this server a stream.
    pub async fn run_until(
        self,
        stop: impl Future<Output = ()>,
        grace: Grace,
    ) -> Result<(), ServeError> {
        if self.endpoints.is_empty() {
            return Err(ServeError::NO_LISTENER);
        }
        let idle_exit = self.idle_exit;
        let running = self.start().await?;
        match idle_exit {
            None => stop.await,
            Some(after) => tokio::select! {
                () = stop => {}
                () = running.idle(after) => tracing::info!("unused for long enough: stopping"),
            },
        }
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
