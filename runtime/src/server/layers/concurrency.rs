//! How many calls run at once: those too many wait, or are refused.

use super::Answer;
use crate::Body;
use crate::server::source::Source;
use crate::server::{Fault, Peer, Request};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower_layer::Layer;
use tower_service::Service;

/// Limits the calls that run at once, in total or for each peer; further calls wait for their turn.
///
/// Waiting calls count against [`Limits`](crate::Limits) like others, so that a peer whose calls wait is soon not read from.
#[derive(Clone, Debug)]
pub struct Concurrency(Arc<Turns>);

#[derive(Debug)]
enum Turns {
    InTotal(Arc<Semaphore>),
    PerPeer {
        limit: usize,
        peers: Mutex<HashMap<Who, Arc<Semaphore>>>,
    },
}

/// Whose calls are counted together: those of a source on the network, or of a user on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Who {
    Source(Source),
    User(u32),
    Local,
}

impl Who {
    fn of(peer: &Peer) -> Self {
        match (Source::of(peer), peer) {
            (Some(source), _) => Self::Source(source),
            (None, Peer::Unix { uid, .. }) => Self::User(*uid),
            (None, _) => Self::Local,
        }
    }
}

impl Concurrency {
    /// So many calls in total.
    #[must_use]
    pub fn in_total(calls: usize) -> Self {
        let turns = Arc::new(Semaphore::new(calls.max(1)));
        Self(Arc::new(Turns::InTotal(turns)))
    }

    /// So many calls for each network address (or IPv6 network of 64 bits), or each user of a unix socket.
    #[must_use]
    pub fn per_peer(calls: usize) -> Self {
        Self(Arc::new(Turns::PerPeer {
            limit: calls.max(1),
            peers: Mutex::default(),
        }))
    }
}

type Peers = HashMap<Who, Arc<Semaphore>>;

fn lock(peers: &Mutex<Peers>) -> MutexGuard<'_, Peers> {
    peers.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A call's turn, and the entry that it keeps in the table of peers.
struct Turn {
    turns: Arc<Turns>,
    who: Option<Who>,
    semaphore: Option<Arc<Semaphore>>,
}

impl Turn {
    fn wanted(turns: &Arc<Turns>, peer: &Peer) -> Self {
        let (who, semaphore) = match &**turns {
            Turns::InTotal(semaphore) => (None, Arc::clone(semaphore)),
            Turns::PerPeer { limit, peers } => {
                let who = Who::of(peer);
                let mut peers = lock(peers);
                let semaphore = peers
                    .entry(who.clone())
                    .or_insert_with(|| Arc::new(Semaphore::new(*limit)));
                (Some(who), Arc::clone(semaphore))
            }
        };
        Self {
            turns: Arc::clone(turns),
            who,
            semaphore: Some(semaphore),
        }
    }

    async fn come(&self) -> Option<OwnedSemaphorePermit> {
        let semaphore = self.semaphore.clone()?;
        // The semaphore is never closed.
        semaphore.acquire_owned().await.ok()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.semaphore = None;
        if let (Turns::PerPeer { peers, .. }, Some(who)) = (&*self.turns, &self.who) {
            let mut peers = lock(peers);
            // The table's own handle is the last one: nobody waits and nobody runs.
            if peers.get(who).is_some_and(|s| Arc::strong_count(s) == 1) {
                peers.remove(who);
            }
        }
    }
}

/// The service of [`Concurrency`].
#[derive(Clone, Debug)]
pub struct Limited<S> {
    inner: S,
    turns: Arc<Turns>,
}

impl<S> Layer<S> for Concurrency {
    type Service = Limited<S>;

    fn layer(&self, inner: S) -> Limited<S> {
        let turns = Arc::clone(&self.0);
        Limited { inner, turns }
    }
}

impl<S> Service<Request> for Limited<S>
where
    S: Service<Request, Response = Body> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Send,
{
    type Response = Body;
    type Error = S::Error;
    type Future = Answer<S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        // The service that is ready handles the call; its clone is made ready for the next.
        let clone = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, clone);
        let turn = Turn::wanted(&self.turns, request.cx.peer());
        Box::pin(async move {
            let permit = turn.come().await;
            let answer = ready.call(request).await;
            drop(permit);
            drop(turn);
            answer
        })
    }
}

/// Refuses calls while too many run: [`Fault::Busy`].
#[derive(Clone, Debug)]
pub struct Shed {
    limit: usize,
    running: Arc<AtomicUsize>,
}

impl Shed {
    /// Refuses the calls that would be more than so many at once, counted over all programs and versions.
    #[must_use]
    pub fn above(calls: usize) -> Self {
        Self {
            limit: calls,
            running: Arc::default(),
        }
    }
}

/// The service of [`Shed`].
#[derive(Clone, Debug)]
pub struct Shedding<S> {
    inner: S,
    shed: Shed,
}

impl<S> Layer<S> for Shed {
    type Service = Shedding<S>;

    fn layer(&self, inner: S) -> Shedding<S> {
        let shed = self.clone();
        Shedding { inner, shed }
    }
}

/// A call that runs.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<S> Service<Request> for Shedding<S>
where
    S: Service<Request, Response = Body, Error = Fault>,
    S::Future: Send + 'static,
{
    type Response = Body;
    type Error = Fault;
    type Future = Answer<Fault>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let before = self.shed.running.fetch_add(1, Ordering::Relaxed);
        let counted = Counted(Arc::clone(&self.shed.running));
        if before >= self.shed.limit {
            return Box::pin(std::future::ready(Err(Fault::Busy)));
        }
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await;
            drop(counted);
            answer
        })
    }
}
