//! Handlers that block: run beside the event loop, in a bounded number of threads.

use super::{BoxFuture, Fault};
use crate::Body;
use std::fmt;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Threads for handlers that block: those of the tokio runtime, but no more than so many of them.
///
/// A call that finds all of them busy waits for its turn. A handler that runs cannot be stopped: when its peer is gone it
/// runs to its end, and its result is dropped. Clones share the threads.
#[derive(Clone)]
pub struct BlockingPool(Arc<Semaphore>);

impl BlockingPool {
    /// Threads of a pool unless told otherwise.
    pub const DEFAULT: usize = 64;

    /// A pool of so many threads.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        Self(Arc::new(Semaphore::new(threads.max(1))))
    }

    /// Runs a handler in the pool. A panic is SYSTEM_ERR.
    #[must_use]
    pub fn run<F>(&self, handler: F) -> BoxFuture<'static, Result<Body, Fault>>
    where
        F: FnOnce() -> Result<Body, Fault> + Send + 'static,
    {
        let turns = Arc::clone(&self.0);
        Box::pin(async move {
            let turn = turns.acquire_owned().await.map_err(|_| Fault::SystemErr)?;
            let span = tracing::Span::current();
            let work = move || {
                let result = span.in_scope(handler);
                drop(turn);
                result
            };
            tokio::task::spawn_blocking(work)
                .await
                .unwrap_or(Err(Fault::SystemErr))
        })
    }
}

impl Default for BlockingPool {
    fn default() -> Self {
        Self::new(Self::DEFAULT)
    }
}

impl fmt::Debug for BlockingPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let free = self.0.available_permits();
        write!(f, "BlockingPool({free} threads free)")
    }
}
