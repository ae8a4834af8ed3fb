//! The signal that nobody waits for a call's result any more.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;

/// Tells work that runs apart from its handler (a task, a thread) that its caller is gone or the server stops.
///
/// A handler itself is dropped then: it needs no signal.
#[derive(Clone, Debug, Default)]
pub struct Canceled(Arc<State>);

#[derive(Debug, Default)]
struct State {
    fired: AtomicBool,
    notify: Notify,
}

impl Canceled {
    /// Whether it has happened.
    #[must_use]
    pub fn is_canceled(&self) -> bool {
        self.0.fired.load(Ordering::Acquire)
    }

    /// Completes when it happens, at once if it has.
    pub async fn canceled(self) {
        let mut notified = pin!(self.0.notify.notified());
        // Registered before the flag is looked at: one of both is seen.
        notified.as_mut().enable();
        if !self.is_canceled() {
            notified.await;
        }
    }

    pub(crate) fn fire(&self) {
        self.0.fired.store(true, Ordering::Release);
        self.0.notify.notify_waiters();
    }
}

/// Fires when it is dropped: held by a connection, or a socket that serves datagrams.
#[derive(Debug, Default)]
pub(crate) struct CancelOnDrop(pub(crate) Canceled);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.fire();
    }
}
