//! Counters of calls, for whatever collects them.

use super::{Answer, fault_of};
use crate::Body;
use crate::server::{Fault, Request};
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tower_layer::Layer;
use tower_service::Service;

/// Counts calls by what became of them. Clones share the counters: one goes into the server, one is read.
#[derive(Clone, Debug, Default)]
pub struct Metrics(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    started: AtomicU64,
    succeeded: AtomicU64,
    garbage: AtomicU64,
    system: AtomicU64,
    denied: AtomicU64,
    unavailable: AtomicU64,
    unanswered: AtomicU64,
    busy: AtomicU64,
    dropped: AtomicU64,
    nanoseconds: AtomicU64,
}

/// The counters as they stood when they were asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot {
    /// Calls that reached their handler or the next layer.
    pub calls: u64,
    /// Calls that run.
    pub in_flight: u64,
    /// Calls answered with a result.
    pub succeeded: u64,
    /// GARBAGE_ARGS.
    pub garbage: u64,
    /// SYSTEM_ERR.
    pub system: u64,
    /// Denied.
    pub denied: u64,
    /// No such procedure or program.
    pub unavailable: u64,
    /// Not answered, as the handler wished.
    pub unanswered: u64,
    /// Not handled, for lack of time or room.
    pub busy: u64,
    /// Given up: the peer was gone, a deadline passed, or the handler panicked.
    pub dropped: u64,
    /// Time spent in all calls that have ended.
    pub time: Duration,
}

impl Metrics {
    /// The counters now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counts = &*self.0;
        let mut snapshot = Snapshot {
            calls: get(&counts.started),
            in_flight: 0,
            succeeded: get(&counts.succeeded),
            garbage: get(&counts.garbage),
            system: get(&counts.system),
            denied: get(&counts.denied),
            unavailable: get(&counts.unavailable),
            unanswered: get(&counts.unanswered),
            busy: get(&counts.busy),
            dropped: get(&counts.dropped),
            time: Duration::from_nanos(get(&counts.nanoseconds)),
        };
        let ended = snapshot.succeeded
            + snapshot.garbage
            + snapshot.system
            + snapshot.denied
            + snapshot.unavailable
            + snapshot.unanswered
            + snapshot.busy
            + snapshot.dropped;
        snapshot.in_flight = snapshot.calls.saturating_sub(ended);
        snapshot
    }
}

impl Counts {
    fn counter(&self, outcome: Option<Fault>) -> &AtomicU64 {
        match outcome {
            None => &self.succeeded,
            Some(Fault::GarbageArgs) => &self.garbage,
            Some(Fault::SystemErr) => &self.system,
            Some(Fault::Denied(_)) => &self.denied,
            Some(Fault::ProcUnavail | Fault::ProgUnavail) => &self.unavailable,
            Some(Fault::NoReply) => &self.unanswered,
            Some(Fault::Busy) => &self.busy,
        }
    }
}

/// A call that runs; dropped without an outcome, it counts as dropped.
struct Started {
    counts: Arc<Counts>,
    at: Instant,
    ended: bool,
}

impl Started {
    fn end(mut self, outcome: Option<Fault>) {
        self.ended = true;
        self.counts.counter(outcome).fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let spent = u64::try_from(self.at.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.counts.nanoseconds.fetch_add(spent, Ordering::Relaxed);
        if !self.ended {
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The service of [`Metrics`].
#[derive(Clone, Debug)]
pub struct Metered<S> {
    inner: S,
    counts: Arc<Counts>,
}

impl<S> Layer<S> for Metrics {
    type Service = Metered<S>;

    fn layer(&self, inner: S) -> Metered<S> {
        let counts = Arc::clone(&self.0);
        Metered { inner, counts }
    }
}

impl<S> Service<Request> for Metered<S>
where
    S: Service<Request, Response = Body>,
    S::Future: Send + 'static,
    S::Error: Error + 'static,
{
    type Response = Body;
    type Error = S::Error;
    type Future = Answer<S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        self.counts.started.fetch_add(1, Ordering::Relaxed);
        let started = Started {
            counts: Arc::clone(&self.counts),
            at: Instant::now(),
            ended: false,
        };
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await;
            started.end(answer.as_ref().err().map(fault_of));
            answer
        })
    }
}
