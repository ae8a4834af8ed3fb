//! A call as a future.

use super::{Driver, Link, Phase, State, Wire};
use crate::client::span::CallSpan;
use crate::error::RpcError;
use crate::proto::client::{CallId, NewCall};
use bytes::Bytes;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::time::Instant;

/// A call until its result is there. Dropping it cancels the call.
pub(super) struct Pending<'c, 'a> {
    link: &'c Arc<Link>,
    stage: Stage<'c, 'a>,
    span: CallSpan,
}

enum Stage<'c, 'a> {
    /// By reference: a call's future is moved more than once, and its caller has it already.
    New(&'c mut NewCall<'a>),
    Begun(CallId),
    Ended,
}

impl<'c, 'a> Pending<'c, 'a> {
    pub(super) fn new(link: &'c Arc<Link>, call: &'c mut NewCall<'a>, span: CallSpan) -> Self {
        Self {
            link,
            span,
            stage: Stage::New(call),
        }
    }
}

impl Future for Pending<'_, '_> {
    type Output = Result<Bytes, RpcError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let _entered = this.span.enter();
        let mut guard = this.link.lock();
        let state = &mut *guard;
        let mut fresh = false;
        let id = match &mut this.stage {
            Stage::Begun(id) => *id,
            Stage::New(call) => {
                this.link.ensure_task(state);
                match state.begin(cx, call.take()) {
                    Ok(id) => {
                        fresh = true;
                        this.span.begun(id.xid());
                        this.stage = Stage::Begun(id);
                        id
                    }
                    Err(error) => {
                        this.stage = Stage::Ended;
                        let result = Err(error);
                        this.span.ended(&result);
                        return Poll::Ready(result);
                    }
                }
            }
            Stage::Ended => return Poll::Ready(Err(RpcError::Closed)),
        };
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
        let spoiled = this.link.is_spoiled_by(state, id);
        match state.core.finish(id) {
            Some(result) => {
                state.leave(id);
                if spoiled {
                    this.link.abandon(state);
                }
                this.stage = Stage::Ended;
                this.span.ended(&result);
                Poll::Ready(result)
            }
            None => {
                state.set_waker(id, cx);
                Poll::Pending
            }
        }
    }
}

impl Link {
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
    /// Begins a call; a connection that the server closed meanwhile is noticed before anything is written to it.
    fn begin(&mut self, cx: &mut Context<'_>, call: NewCall<'_>) -> Result<CallId, RpcError> {
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
        self.core.start_call(now.into_std(), call)
    }

    /// A call has ended or was dropped.
    fn leave(&mut self, id: CallId) {
        if let Some(waker) = self.wakers.get_mut(id.index()) {
            *waker = None;
        }
        // A record that was begun is finished, by the task if there is no caller.
        if let Wire::Up(connection) = &self.wire
            && connection.is_writing()
        {
            self.task_drives();
        }
    }
}

impl Drop for Pending<'_, '_> {
    fn drop(&mut self) {
        if let Stage::Begun(id) = self.stage {
            let mut state = self.link.lock();
            let spoiled = self.link.is_spoiled_by(&state, id);
            state.core.forget(id);
            state.leave(id);
            if spoiled {
                self.link.abandon(&mut state);
            }
        }
    }
}
