//! The channel's task: connects, drives when several calls are pending, watches an idle connection.

use super::{Driver, Link, Phase, State, Wire};
use crate::client::connection::Connection;
use crate::client::dial;
use crate::client::socket::Socket;
use crate::error::{ConnectError, ConnectErrorKind, RpcError};
use crate::proto::client::Framing;
use crate::proto::retransmit::jitter;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::thread::panicking;
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep};

/// How often the task looks at a connection that lone calls drive.
const TICK: Duration = Duration::from_secs(5);

/// The channel's task. It ends when the channel is dropped or closed.
pub(super) struct Task {
    pub(super) link: Weak<Link>,
    pub(super) dial: Option<Dial>,
    pub(super) tick: Option<Pin<Box<Sleep>>>,
}

pub(super) type Dial = Pin<Box<dyn Future<Output = Result<Socket, ConnectError>> + Send>>;

impl Task {
    pub(super) async fn run(mut self) {
        poll_fn(move |cx| self.poll(cx)).await;
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(link) = self.link.upgrade() else {
            return Poll::Ready(());
        };
        loop {
            let dialed = match &mut self.dial {
                None => None,
                Some(dial) => match dial.as_mut().poll(cx) {
                    Poll::Pending => None,
                    Poll::Ready(result) => {
                        self.dial = None;
                        Some(result)
                    }
                },
            };
            let mut guard = link.lock();
            let state = &mut *guard;
            state.task_woken = false;
            match &mut state.task_waker {
                Some(waker) => waker.clone_from(cx.waker()),
                none => *none = Some(cx.waker().clone()),
            }
            if let Some(result) = dialed {
                state.on_dialed(&link, result);
            }
            match &state.wire {
                Wire::Closed(_) => return Poll::Ready(()),
                Wire::Down if self.dial.is_none() => {
                    state.poll_timer(cx);
                    state.settle(None);
                    if !state.wanted && !state.core.wants_transmit() {
                        return Poll::Pending;
                    }
                    match state.dial(&link) {
                        Some(dial) => self.dial = Some(dial),
                        None => return Poll::Ready(()),
                    }
                }
                Wire::Down | Wire::Dialing => {
                    state.poll_timer(cx);
                    state.settle(None);
                    return Poll::Pending;
                }
                Wire::Up(_) => {
                    if self.poll_up(cx, &link, state).is_pending() {
                        return Poll::Pending;
                    }
                }
            }
        }
    }

    /// Ready when the connection has gone down.
    fn poll_up(&mut self, cx: &mut Context<'_>, link: &Link, state: &mut State) -> Poll<()> {
        let tick = self.tick.get_or_insert_with(|| Box::pin(sleep(TICK)));
        let mut ticked = false;
        while tick.as_mut().poll(cx).is_ready() {
            ticked = true;
            tick.as_mut().reset(Instant::now() + TICK);
        }
        if ticked && state.core.is_empty() {
            // The last caller's waker is gone; from here on we hear when the server closes.
            state.driver = Driver::Task;
            if let Wire::Up(connection) = &mut state.wire {
                connection.shrink();
            }
            if state.used.elapsed() >= link.plan.options.idle {
                tracing::debug!("closing an idle connection");
                state.down(None);
                state.failures = 0;
                link.phase.send_replace(Phase::Idle);
                return Poll::Ready(());
            }
        }
        if ticked && state.core.batched() > 0 {
            state.flushing = true;
            state.driver = Driver::Task;
        }
        if state.driver == Driver::Task {
            state.drive(cx, None);
            if !matches!(state.wire, Wire::Up(_)) {
                link.phase.send_replace(Phase::Idle);
                return Poll::Ready(());
            }
        }
        Poll::Pending
    }
}

impl Drop for Task {
    /// The runtime that ran us has ended, or we have: the next call that is polled starts another task.
    fn drop(&mut self) {
        let Some(link) = self.link.upgrade() else {
            return;
        };
        let mut guard = link.lock();
        let state = &mut *guard;
        state.task = false;
        state.task_waker = None;
        // Timers and sockets belong to a runtime too.
        state.timer = None;
        match state.wire {
            Wire::Dialing => {
                state.wire = Wire::Down;
                link.phase.send_replace(Phase::Idle);
            }
            // A stream or an observer: it would do so again.
            Wire::Up(_) if panicking() => {
                state.wire = Wire::Down;
                state.fail();
                state.core.handle_disconnect(None);
            }
            Wire::Down | Wire::Up(_) | Wire::Closed(_) => {}
        }
        let callers = state.wakers.iter_mut().filter_map(Option::take);
        let flushers = state.flushers.drain(..);
        callers.chain(flushers).for_each(Waker::wake);
    }
}

impl State {
    /// An attempt to connect, after the wait that is due; nothing if there is to be none.
    fn dial(&mut self, link: &Link) -> Option<Dial> {
        let plan = Arc::clone(&link.plan);
        let first = self.failures == 0 && self.local.is_none();
        let wait = match plan.options.reconnect.wait(self.failures) {
            Some((wait, true)) => jitter(wait, &mut self.random),
            Some((wait, false)) => wait,
            None if first => Duration::ZERO,
            None => {
                let error = plan.error(ConnectErrorKind::NoReconnect).into();
                link.phase
                    .send_replace(Phase::Failed(RpcError::clone(&error)));
                self.end(error);
                return None;
            }
        };
        let wait = wait.saturating_sub(self.failed.elapsed());
        self.wire = Wire::Dialing;
        self.wanted = false;
        link.phase.send_replace(Phase::Dialing);
        // The same port again, so that a server's reply cache knows a replayed call (RFC 5531 §4 names no other way).
        let replays = plan.keeps_port() || self.core.replays();
        let local = self
            .local
            .filter(|_| replays && plan.framing == Framing::Stream);
        Some(Box::pin(async move {
            if !wait.is_zero() {
                sleep(wait).await;
            }
            dial::dial(&plan, local).await
        }))
    }

    /// Counts a failed attempt.
    pub(super) fn fail(&mut self) {
        self.failures = self.failures.saturating_add(1);
        self.failed = Instant::now();
    }

    fn on_dialed(&mut self, link: &Link, result: Result<Socket, ConnectError>) {
        let options = &link.plan.options;
        match result {
            Ok(socket) => {
                let answered = self.core.stats().answered;
                let connection = Connection::new(socket, &link.plan, answered);
                if let Some(observer) = &self.observer {
                    observer.connected(connection.local);
                }
                if link.plan.keeps_port()
                    && let Socket::Tcp(_) = connection.socket
                    && connection.local != self.local
                {
                    self.hold = connection.local.and_then(dial::hold);
                }
                self.local = connection.local.or(self.local);
                self.wire = Wire::Up(Box::new(connection));
                self.driver = Driver::Task;
                self.used = Instant::now();
                link.phase.send_replace(Phase::Up);
            }
            Err(error) => {
                tracing::debug!(%error, "not connected");
                if let Some(observer) = &self.observer {
                    observer.connect_failed(&error);
                }
                self.fail();
                let error = RpcError::from(error);
                let last = options.reconnect.wait(1).is_none();
                self.core.handle_unreachable(&error, last);
                self.wire = Wire::Down;
                self.settle(None);
                link.phase.send_replace(Phase::Failed(error));
            }
        }
    }
}
