//! Batched calls: queued in the core until something else is written, a buffer is full, or somebody asks.

use super::{Driver, Link, State, Wire};
use crate::error::{RpcError, Sent};
use crate::proto::client::NewCall;
use bytes::Bytes;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// Bytes that gather before they are written: what one write may well take.
const FULL: usize = 64 << 10;

impl Link {
    /// Queues a call that nobody waits for, and writes what has gathered when it is much.
    pub(super) async fn batch(self: &Arc<Self>, call: NewCall<'_>) -> Result<Bytes, RpcError> {
        let limit = call.timeout;
        let full = {
            let mut state = self.lock_with_task();
            if let Wire::Closed(error) = &state.wire {
                return Err(error.clone());
            }
            state.core.start_call(Instant::now().into_std(), call)?;
            state.core.batched() >= FULL
        };
        if full {
            self.flush(limit).await?;
        }
        Ok(Bytes::new())
    }

    /// Waits until all batched calls are written.
    pub(crate) async fn flush(self: &Arc<Self>, limit: Duration) -> Result<(), RpcError> {
        let flushed = poll_fn(|cx| self.lock_with_task().poll_flush(cx));
        match timeout(limit, flushed).await {
            Ok(result) => result,
            Err(_) => Err(RpcError::TimedOut {
                after: limit,
                sent: Sent::Maybe,
            }),
        }
    }
}

impl State {
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RpcError>> {
        self.flushing = true;
        if self.core.batched() > 0 && self.core.attended() == 0 && self.is_up() {
            // Nobody else drives: no need to wake the task for it.
            self.used = Instant::now();
            self.driver = Driver::LoneCall;
            self.drive(cx, None);
        }
        if !self.is_flushed() {
            if !self.flushers.iter().any(|w| w.will_wake(cx.waker())) {
                self.flushers.push(cx.waker().clone());
            }
            self.task_drives();
            return Poll::Pending;
        }
        if !self.is_up() {
            // Whatever became of the connection is the task's matter.
            self.task_drives();
        }
        self.flushing = false;
        Poll::Ready(match self.core.take_batch_error() {
            Some(error) => Err(error),
            None => Ok(()),
        })
    }

    fn is_up(&self) -> bool {
        matches!(self.wire, Wire::Up(_))
    }

    /// Whether nothing that was batched is still to be written.
    fn is_flushed(&self) -> bool {
        let writing = match &self.wire {
            Wire::Up(connection) => connection.is_writing_batch(),
            _ => false,
        };
        self.core.batched() == 0 && !writing
    }

    /// Wakes those who wait for it once all is written, or lost.
    pub(super) fn settle_flushes(&mut self) {
        if self.flushing && self.is_flushed() {
            self.flushing = false;
            for waker in self.flushers.drain(..) {
                waker.wake();
            }
        }
    }
}
