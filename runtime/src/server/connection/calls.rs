//! The calls of a connection: taken off the buffer, judged, run, and their replies queued.

use super::memory::SMALL;
use super::{Connection, End};
use crate::Body;
use crate::proto::record::{self, RecordError};
use crate::proto::server::{Accepted, Verdict, judge};
use crate::server::Shared;
use crate::server::call::{Call, Done, Reply, Start};
use crate::server::dispatch::Dispatch;
use crate::server::turn::Turn;
use bytes::Bytes;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

impl<S> Connection<S> {
    /// Takes the results of handlers that have finished.
    pub(super) fn collect(&mut self, cx: &mut Context<'_>) {
        if let Some((_, permit)) = &mut self.waiting
            && let Poll::Ready(permit) = permit.as_mut().poll(cx)
            && let Some((call, _)) = self.waiting.take()
        {
            self.spawn(call, permit);
        }
        while !self.running.is_empty()
            && let Poll::Ready(Some(done)) = self.running.poll_join_next(cx)
        {
            // Panics are caught inside the call; a task is only ever aborted with its connection.
            if let Ok(done) = done {
                self.answer(done);
            }
        }
    }

    fn answer(&mut self, done: Done) {
        if let Some(reply) = done.reply(self.server.limits.reply) {
            self.push(reply);
        }
    }

    fn push(&mut self, reply: Reply) {
        if self.out.is_empty() {
            self.write_since = Instant::now();
        }
        reply.queue(&mut self.out);
        self.pushed();
    }

    /// Queues the reply to a call that has ended with these results, if it is like nearly all; whether it is.
    #[inline]
    fn push_small(&mut self, call: &Call, results: &Body) -> bool {
        let was_empty = self.out.is_empty();
        let pushed = call.queue(results, self.server.limits.reply, &mut self.out);
        if pushed && was_empty {
            self.write_since = Instant::now();
        }
        if pushed {
            self.pushed();
        }
        pushed
    }

    #[inline]
    fn pushed(&mut self) {
        if self.out.len() > SMALL {
            // At once: other calls are begun before this task is done.
            self.account(self.holds());
        }
    }

    fn spawn(&mut self, call: Call, permit: OwnedSemaphorePermit) {
        let server = Arc::clone(&self.server);
        self.running.spawn(async move {
            let done = call.await.hold(&server);
            drop(permit);
            done
        });
    }

    pub(super) fn has_room(&self) -> bool {
        let limits = &self.server.limits;
        let most = if limits.in_order {
            1
        } else {
            limits.per_connection
        };
        self.waiting.is_none()
            && self.running.len() < most
            && self.out.len() < self.may_queue()
            && self
                .throttled
                .as_ref()
                .is_none_or(|(_, at)| *at <= Instant::now())
    }

    /// The next record in the buffer, if there is a whole one that may be looked at now.
    fn next_record(&mut self) -> Result<Option<Bytes>, RecordError> {
        if let Some((call, _)) = self.throttled.take() {
            return Ok(Some(call));
        }
        let call = self.decoder.next(&mut self.input.buf)?;
        let Some(call) = call else {
            if self.decoder.at_boundary(&self.input.buf) {
                self.record_since = None;
            } else {
                self.record_since.get_or_insert_with(Instant::now);
            }
            return Ok(None);
        };
        self.record_since = None;
        match self.server.buckets.reserve(&self.origin.peer) {
            None => Ok(Some(call)),
            Some(at) => {
                self.server.counters.throttled.add(1);
                self.throttled = Some((call, at.into()));
                Ok(None)
            }
        }
    }

    /// Runs the calls in the buffer, as far as the limits allow; whether it stopped for them, and may have left some.
    pub(super) fn process(&mut self, cx: &mut Context<'_>, turn: &mut Turn) -> Result<bool, End> {
        let before = turn.calls;
        let processed = self.process_records(cx, turn);
        if turn.calls < before {
            self.server.counters.calls.add((before - turn.calls) as u64);
            self.idle_since = Instant::now();
        }
        processed
    }

    fn process_records(&mut self, cx: &mut Context<'_>, turn: &mut Turn) -> Result<bool, End> {
        if self.input.buf.is_empty() && self.throttled.is_none() {
            return Ok(false);
        }
        let server = Arc::clone(&self.server);
        let programs = server.programs(&self.origin.on);
        while !turn.is_over() && self.has_room() {
            // Nearly all are judged where they lie, so that a call without arguments never becomes a piece of its own.
            let limited = server.buckets.limit() || self.throttled.is_some();
            let whole = match self.decoder.peek(&self.input.buf) {
                Some(_) if !limited => None,
                _ => match self.next_record().map_err(End::Record)? {
                    Some(record) => Some(record),
                    None => return Ok(false),
                },
            };
            let record = match &whole {
                Some(record) => record,
                None => self.decoder.peek(&self.input.buf).unwrap_or_default(),
            };
            let len = record.len();
            let mut verdict = judge(record, &*programs, server.mode);
            let queued = self.out.len();
            let at = match &verdict {
                Verdict::Run(accepted) => accepted.args_at,
                Verdict::Reply(_) | Verdict::Ignore(_) => len,
            };
            let args = match whole {
                Some(record) => record.slice(at..),
                None => record::take(&mut self.input.buf, len, at),
            };
            self.record_since = None;
            match &mut verdict {
                Verdict::Run(accepted) => self.run(cx, accepted, args, &server),
                Verdict::Reply(header) => {
                    server.counters.answered(header);
                    self.push((&*header).into());
                }
                Verdict::Ignore(_) => return Err(End::NotACall),
            }
            turn.called();
            turn.moved(self.out.len().saturating_sub(queued));
        }
        Ok(true)
    }

    /// Makes a call. It is looked at where it lies: moving what was just put together costs more than to make it.
    #[inline]
    fn run(
        &mut self,
        cx: &mut Context<'_>,
        accepted: &mut Accepted<'_, Arc<dyn Dispatch>>,
        args: Bytes,
        server: &Arc<Shared>,
    ) {
        let mut start = Call::start(accepted, args, &self.origin, server);
        let pending = match &mut start {
            Start::Running(call) => match call.poll_handler(cx) {
                Poll::Ready(Ok(results)) if self.push_small(call, &results) => false,
                Poll::Ready(result) => {
                    self.answer(call.done(result).hold(server));
                    false
                }
                Poll::Pending => true,
            },
            Start::Replayed(reply) => {
                server.counters.duplicates.add(1);
                if let Some(reply) = reply.take() {
                    self.push(reply);
                }
                false
            }
            Start::Duplicate => {
                server.counters.duplicates.add(1);
                false
            }
        };
        if pending && let Start::Running(call) = start {
            self.suspend(cx, call);
        }
    }

    /// A handler was not ready at once: it becomes a task, if the server's limit has room for it.
    fn suspend(&mut self, cx: &mut Context<'_>, mut call: Call) {
        call.hold(&self.server);
        let permits = Arc::clone(&self.server.permits);
        match Arc::clone(&permits).try_acquire_owned() {
            Ok(permit) => self.spawn(call, permit),
            Err(_) => {
                let wait = async move {
                    loop {
                        // The semaphore is never closed; a failure would mean that it has been.
                        if let Ok(permit) = Arc::clone(&permits).acquire_owned().await {
                            return permit;
                        }
                        std::future::pending::<()>().await;
                    }
                };
                self.waiting = Some((call, Box::pin(wait)));
                cx.waker().wake_by_ref();
            }
        }
    }
}
