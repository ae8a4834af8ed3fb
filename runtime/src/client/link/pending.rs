//! A call as a future.

use super::turns::Turn;
use super::{Driver, Link, Phase, State, Wire};
use crate::client::span::CallSpan;
use crate::error::{RpcError, Sent};
use crate::proto::client::{CallId, NewCall, Outcome};
use bytes::Bytes;
use std::future::poll_fn;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Instant;

/// A call until its result is there. Dropping it cancels the call.
///
/// What is called is made by whoever polls it, when its turn has come: a call's future is moved more than once, and
/// costs by its size.
pub(in crate::client) struct Pending<'c> {
    link: &'c Arc<Link>,
    stage: Stage,
    span: CallSpan,
}

enum Stage {
    New,
    /// Others are to end first.
    Waiting(Box<Turn>),
    /// About to begin.
    Admitted,
    Begun(CallId),
    Ended,
}

/// How a call comes to its turn.
#[derive(Clone, Copy, Debug)]
pub(in crate::client) struct Terms {
    /// For all of the call, waiting included.
    pub(in crate::client) timeout: Duration,
    /// Whether it waits when as many are pending as may be.
    pub(in crate::client) waits: bool,
}

impl<'c> Pending<'c> {
    pub(in crate::client) fn new(link: &'c Arc<Link>, span: CallSpan) -> Self {
        Self {
            link,
            span,
            stage: Stage::New,
        }
    }

    /// The result of a call that is made already.
    pub(super) async fn of(
        mut self,
        call: &mut NewCall<'_>,
        waits: bool,
    ) -> Result<Bytes, RpcError> {
        let timeout = call.timeout;
        let terms = Terms { timeout, waits };
        let mut call = || call.take();
        let outcome = poll_fn(|cx| self.poll(cx, terms, &mut call)).await;
        outcome.map_err(|error| *error)
    }

    /// Its result, once there is one.
    #[inline]
    pub(in crate::client) fn poll<'a>(
        &mut self,
        cx: &mut Context<'_>,
        terms: Terms,
        call: impl FnOnce() -> NewCall<'a>,
    ) -> Poll<Outcome> {
        let _entered = self.span.enter();
        let mut guard = self.link.lock_with_task();
        let state = &mut *guard;
        let (id, fresh) = match self.stage {
            Stage::Begun(id) => (id, false),
            Stage::Ended => return Poll::Ready(Err(RpcError::Closed.into())),
            Stage::New | Stage::Waiting(_) | Stage::Admitted => {
                let turn = ready!(self.stage.poll_turn(state, cx, terms));
                let begun = turn.and_then(|since| state.begin(cx, since, call()));
                match begun {
                    Ok(id) => {
                        self.span.begun(id.xid());
                        self.stage = Stage::Begun(id);
                        (id, true)
                    }
                    Err(error) => {
                        self.stage.leave(state);
                        let result = Err(error.into());
                        self.span.ended(&result);
                        return Poll::Ready(result);
                    }
                }
            }
        };
        match self.link.result(state, cx, id, fresh) {
            Some(result) => {
                self.stage = Stage::Ended;
                self.span.ended(&result);
                Poll::Ready(result)
            }
            None => Poll::Pending,
        }
    }
}

impl Stage {
    /// Takes a turn, and says since when it was waited for, if it was.
    #[inline]
    fn poll_turn(
        &mut self,
        state: &mut State,
        cx: &mut Context<'_>,
        terms: Terms,
    ) -> Poll<Result<Option<Instant>, RpcError>> {
        if matches!(self, Self::New) {
            if state.turns.take() {
                *self = Self::Admitted;
                return Poll::Ready(Ok(None));
            }
            if !terms.waits {
                return Poll::Ready(Err(RpcError::Overloaded));
            }
            *self = Self::Waiting(Box::new(state.turns.wait(terms.timeout)));
        }
        let Self::Waiting(turn) = self else {
            return Poll::Ready(Err(RpcError::Closed));
        };
        let has_come = ready!(turn.poll(cx));
        let begun = turn.begun();
        if has_come {
            *self = Self::Admitted;
        }
        // It may come too late: with the end of a call that had the same limit.
        Poll::Ready(match has_come && begun.elapsed() < terms.timeout {
            true => Ok(Some(begun)),
            false => Err(RpcError::TimedOut {
                after: terms.timeout,
                sent: Sent::No,
            }),
        })
    }

    /// Ends a call that has not begun: its turn is another's.
    fn leave(&mut self, state: &mut State) {
        match mem::replace(self, Self::Ended) {
            Self::Waiting(turn) => state.turns.leave(*turn),
            Self::Admitted => state.turns.give(),
            Self::New | Self::Begun(_) | Self::Ended => {}
        }
    }
}

impl Link {
    /// The result of a call that has begun, if it is there or is to be had without waiting.
    #[inline]
    fn result(
        &self,
        state: &mut State,
        cx: &mut Context<'_>,
        id: CallId,
        fresh: bool,
    ) -> Option<Outcome> {
        let lone = state.core.attended() == 1 && matches!(state.wire, Wire::Up(_));
        if lone {
            state.driver = Driver::LoneCall;
            state.drive(cx, Some(id));
            if !matches!(state.wire, Wire::Up(_)) {
                state.task_drives();
            }
        } else if state.driver == Driver::LoneCall || fresh {
            state.task_drives();
        }
        let spoiled = self.is_spoiled_by(state, id);
        let Some(result) = state.core.finish(id) else {
            state.set_waker(id, cx);
            return None;
        };
        state.leave(id);
        if spoiled {
            self.abandon(state);
        }
        Some(result)
    }

    /// Whether the connection must not be used again should this call end now: the server is still at work on it, and
    /// can do one thing at a time; or nobody has answered a datagram, and the server may be elsewhere.
    fn is_spoiled_by(&self, state: &State, id: CallId) -> bool {
        let core = &state.core;
        (self.plan.is_serial() && core.is_unanswered(id))
            || (self.plan.may_move() && core.len() == 1 && core.is_silent(id))
    }

    /// Lets go of the connection; the next call makes another.
    fn abandon(&self, state: &mut State) {
        state.down(None);
        state.failures = 0;
        self.phase.send_replace(Phase::Idle);
    }
}

impl State {
    /// Begins a call, whose time runs already if it waited; a connection that the server closed meanwhile is noticed
    /// before anything is written to it.
    fn begin(
        &mut self,
        cx: &mut Context<'_>,
        since: Option<Instant>,
        call: NewCall<'_>,
    ) -> Result<CallId, RpcError> {
        if let Wire::Closed(error) = &self.wire {
            return Err(error.clone());
        }
        if self.core.attended() == 0
            && let Wire::Up(connection) = &self.wire
            && !connection.socket.is_quiet()
            && let Err(e) = self.read_on(cx)
        {
            self.down(Some(e));
        }
        let now = Instant::now();
        self.used = now;
        let begun = since.unwrap_or(now);
        self.core.start_call(begun.into_std(), call)
    }

    /// A call has ended or was dropped.
    fn leave(&mut self, id: CallId) {
        if let Some(waker) = self.wakers.get_mut(id.index()) {
            *waker = None;
        }
        self.turns.give();
        // A record that was begun is finished, by the task if there is no caller.
        if let Wire::Up(connection) = &self.wire
            && connection.is_writing()
        {
            self.task_drives();
        }
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        let id = match self.stage {
            Stage::New | Stage::Ended => return,
            Stage::Waiting(_) | Stage::Admitted => return self.stage.leave(&mut self.link.lock()),
            Stage::Begun(id) => id,
        };
        let mut state = self.link.lock();
        let spoiled = self.link.is_spoiled_by(&state, id);
        state.core.forget(id);
        state.leave(id);
        if spoiled {
            self.link.abandon(&mut state);
        }
    }
}
