//! The server: programs on listeners.
//!
//! ```text
//! listener ─▶ admission ─▶ connection ─▶ proto::server (header, authentication, program) ─▶ call (reply cache, deadline,
//!                                                                                           panics) ─▶ layers ─▶ Dispatch
//! UDP socket ────────────▶ datagram ───▶ …
//! ```
//!
//! # Turns
//!
//! A connection has its thread for 128 calls, or for 256 KiB of calls and replies; a UDP socket for 64 datagrams, or for as
//! many bytes. The replies of a turn leave in one vectored write. Then the other connections are next, those included whose
//! calls have come meanwhile: who sends without end holds nobody up for longer than a turn.
//!
//! # Spans
//!
//! Each call that reaches a handler is a [`tracing`] span named `rpc`, level DEBUG, target `rpcgen_runtime::server::span`,
//! which is entered while the handler and its middleware run. Its fields have the names of OpenTelemetry's conventions:
//!
//! | field | |
//! |---|---|
//! | `otel.kind` | `server` |
//! | `rpc.system` | `onc_rpc` |
//! | `onc_rpc.program.name`, `onc_rpc.program.number`, `onc_rpc.version` | the program; no name where a fallback answers |
//! | `onc_rpc.procedure.name`, `onc_rpc.procedure.number` | the procedure |
//! | `network.transport` | `tcp`, `udp`, `unix`; none inside a process |
//! | `client.address`, `client.port` | the peer, on the network |
//! | `enduser.id` | the peer's user id as the kernel knows it, on a unix socket |
//! | `xid` | joins it with the client's span |
//! | `otel.status_code` | `OK` or `ERROR` when it has ended; nothing when it is not answered or was dropped |
//! | `error.type`, `error.message` | [`Fault::name`] and the fault |
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

mod admission;
mod bindings;
mod blocking;
mod builder;
mod call;
mod canceled;
mod connection;
mod context;
mod datagram;
mod descriptors;
mod dispatch;
mod endpoint;
mod error;
mod extensions;
mod fallback;
mod fault;
mod inherited;
pub mod layers;
mod limits;
mod listen;
mod listeners;
mod noise;
mod pressure;
mod programs;
mod rate;
mod registration;
mod running;
mod service;
mod shards;
mod source;
mod span;
mod stats;
mod turn;

pub use self::blocking::BlockingPool;
pub use self::builder::Server;
pub use self::canceled::Canceled;
pub use self::context::{Context, Peer};
pub use self::dispatch::{BoxFuture, Dispatch};
pub use self::dispatch::{argument, arguments, boxed, no_procedure, reply, result, results, void};
pub use self::error::ServeError;
pub use self::extensions::Extensions;
pub use self::fault::Fault;
pub use self::limits::Limits;
pub use self::listeners::Listeners;
pub use self::rate::Rate;
pub use self::running::{Address, Grace, Running};
pub use self::service::{Handlers, Request};
pub use self::stats::Stats;
pub use crate::proto::replay::ReplayLimits;
pub use crate::proto::server::Cred;

use self::admission::Sources;
use self::bindings::{Bindings, On};
use self::context::Decoding;
use self::pressure::Partials;
use self::programs::Table;
use self::rate::Buckets;
use self::service::Wrap;
use self::stats::{Activity, Counters};
use crate::Mode;
use crate::proto::replay::ReplayCache;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use tokio::sync::{Notify, Semaphore, watch};

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
pub(crate) struct Shared {
    programs: RwLock<Bindings>,
    /// Rung when programs have come or gone.
    programs_changed: Notify,
    wraps: Vec<Wrap>,
    limits: Limits,
    mode: Mode,
    /// One for each unfinished call that is not ready at once.
    permits: Arc<Semaphore>,
    connections: AtomicUsize,
    sources: Sources,
    buckets: Buckets,
    /// Bytes of partial records, queued replies, and arguments of calls that run.
    held: AtomicUsize,
    partials: Partials,
    replay: Mutex<ReplayCache>,
    counters: Counters,
    activity: Activity,
}

impl Shared {
    fn new(programs: Bindings, wraps: Vec<Wrap>, limits: Limits, mode: Mode) -> Self {
        Self {
            programs: RwLock::new(programs.wrapped(&wraps)),
            programs_changed: Notify::new(),
            wraps,
            limits,
            mode,
            permits: Arc::new(Semaphore::new(limits.in_flight)),
            connections: AtomicUsize::new(0),
            sources: Sources::default(),
            buckets: Buckets::new(limits.calls_per_source),
            held: AtomicUsize::new(0),
            partials: Partials::default(),
            replay: Mutex::new(ReplayCache::new(limits.replay.unwrap_or_default())),
            counters: Counters::default(),
            activity: Activity::new(),
        }
    }

    fn decoding(&self) -> Decoding {
        Decoding {
            limits: self.limits.decode,
            mode: self.mode,
        }
    }

    /// What the listeners of a name serve now.
    fn programs(&self, on: &On) -> Arc<Table> {
        let programs = self.programs.read();
        Arc::clone(programs.unwrap_or_else(PoisonError::into_inner).table(on))
    }

    /// What all listeners serve now.
    fn bindings(&self) -> Bindings {
        let programs = self.programs.read();
        programs.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes what is served; calls that run go on.
    fn change<T>(&self, change: impl FnOnce(&mut Bindings, &[Wrap]) -> T) -> T {
        let mut programs = self
            .programs
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let changed = change(&mut programs, &self.wraps);
        drop(programs);
        self.programs_changed.notify_one();
        changed
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

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("programs", &self.programs)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
