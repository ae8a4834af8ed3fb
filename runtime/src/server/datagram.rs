//! A UDP socket: one task drains it in batches, answers what is ready at once, and lets the rest finish beside it.

use super::bindings::On;
use super::call::{Call, Done, Reply, Start};
use super::canceled::CancelOnDrop;
use super::context::Origin;
use super::listen::Task;
use super::programs::Table;
use super::turn::{Turn, others_first};
use super::{Canceled, Peer, Phase, Shared};
use crate::net::{Datagram, Datagrams, Received, Route};
use crate::proto::server::{Verdict, judge};
use bytes::Bytes;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

/// A call is never shorter (RFC 5531 §9: ten words).
const SHORTEST_CALL: usize = 40;
/// Datagrams received in a row before the other tasks of the thread get their turn.
const CALLS: usize = 64;

type PhaseWait = Pin<Box<dyn Future<Output = Phase> + Send>>;
type Permit = Pin<Box<dyn Future<Output = Option<OwnedSemaphorePermit>> + Send>>;

/// Serves a socket until the server has drained.
pub(crate) async fn serve(socket: Datagrams, on: On, task: Task) {
    let cancel = CancelOnDrop::default();
    let canceled = cancel.0.clone();
    let mut worker = Worker {
        socket,
        on,
        running: JoinSet::new(),
        waiting: None,
        received: Vec::new(),
        replies: VecDeque::new(),
        draining: false,
        phase_wait: wait_for(&task, Phase::Drain),
        canceled,
        task,
    };
    // What panics in here is not a handler that runs, but perhaps one that is dropped: the socket has other clients.
    let poll = |cx: &mut Context<'_>| match catch_unwind(AssertUnwindSafe(|| worker.poll(cx))) {
        Ok(polled) => polled,
        Err(_) => {
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    };
    poll_fn(poll).await;
    drop(cancel);
}

fn wait_for(task: &Task, wanted: Phase) -> PhaseWait {
    let mut phase = task.phase.clone();
    Box::pin(async move { wanted.reached(&mut phase).await })
}

struct Worker {
    socket: Datagrams,
    on: On,
    running: JoinSet<(Route, Done)>,
    /// A started call that waits for its share of the server's limit.
    waiting: Option<(Route, Call, Permit)>,
    received: Vec<Received>,
    replies: VecDeque<Datagram>,
    draining: bool,
    phase_wait: PhaseWait,
    canceled: Canceled,
    task: Task,
}

impl Worker {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Poll::Ready(phase) = self.phase_wait.as_mut().poll(cx) {
            if phase >= Phase::Stop {
                return Poll::Ready(());
            }
            self.draining = true;
            self.phase_wait = wait_for(&self.task, Phase::Stop);
        }
        let mut turn = Turn::new(CALLS);
        while !turn.is_over() {
            // Replies that do not fit stay, and none are added meanwhile: what is not received waits in the kernel's queue.
            if self.socket.poll_send(cx, &mut self.replies).is_pending() {
                return Poll::Pending;
            }
            self.collect(cx, &mut turn);
            if self.socket.poll_send(cx, &mut self.replies).is_pending() {
                return Poll::Pending;
            }
            if self.draining || self.waiting.is_some() {
                return self.ended();
            }
            match self.socket.poll_receive(cx, &mut self.received) {
                Poll::Pending => return Poll::Pending,
                // What became of earlier replies (ICMP); the socket itself lives on.
                Poll::Ready(Err(error)) => {
                    turn.called();
                    tracing::debug!(%error, "error on a UDP socket");
                }
                Poll::Ready(Ok(())) => {}
            }
            self.process(cx, &mut turn);
        }
        // More may wait in the socket, and replies in the queue.
        others_first(cx)
    }

    fn ended(&self) -> Poll<()> {
        if self.draining && self.running.is_empty() && self.waiting.is_none() {
            return Poll::Ready(());
        }
        Poll::Pending
    }

    /// Takes the results of handlers that have finished.
    fn collect(&mut self, cx: &mut Context<'_>, turn: &mut Turn) {
        if let Some((_, _, permit)) = &mut self.waiting
            && let Poll::Ready(permit) = permit.as_mut().poll(cx)
            && let Some((route, call, _)) = self.waiting.take()
        {
            self.spawn(route, call, permit);
        }
        while let Poll::Ready(Some(done)) = self.running.poll_join_next(cx) {
            // Panics are caught inside the call; a task is only ever aborted with its socket.
            if let Ok((route, done)) = done {
                let limit = self.task.server.limits.datagram_reply;
                self.answer(route, done.reply(limit), turn);
            }
        }
    }

    fn answer(&mut self, route: Route, reply: Option<Reply>, turn: &mut Turn) {
        if let Some(reply) = reply {
            let data = reply.into_bytes();
            turn.moved(data.len());
            self.replies.push_back(Datagram { route, data });
        }
    }

    fn process(&mut self, cx: &mut Context<'_>, turn: &mut Turn) {
        let server = Arc::clone(&self.task.server);
        server.activity.touch();
        let programs = server.programs(&self.on);
        let mut received = std::mem::take(&mut self.received);
        for datagram in received.drain(..) {
            let route = datagram.route;
            let message = self.socket.message(&datagram);
            turn.called();
            turn.moved(message.len());
            if message.len() < SHORTEST_CALL || !is_answerable(route) {
                server.counters.dropped.add(1);
                continue;
            }
            if !server.buckets.take(&Peer::udp(route.peer)) {
                server.counters.throttled.add(1);
                continue;
            }
            match self.receive(cx, message, route, (&server, &programs)) {
                Outcome::Reply(reply) => self.answer(route, reply, turn),
                Outcome::Running(call) => self.suspend(cx, route, call),
            }
        }
        self.received = received;
    }

    fn receive(
        &self,
        cx: &mut Context<'_>,
        message: &[u8],
        route: Route,
        (server, programs): (&Arc<Shared>, &Table),
    ) -> Outcome {
        let verdict = judge(message, programs, server.mode);
        if matches!(verdict, Verdict::Ignore(_)) {
            server.counters.dropped.add(1);
        } else {
            server.counters.calls.add(1);
        }
        let mut accepted = match verdict {
            Verdict::Ignore(_) => return Outcome::Reply(None),
            Verdict::Reply(header) => {
                server.counters.answered(&header);
                return Outcome::Reply(Some(Reply::from(&header)));
            }
            Verdict::Run(accepted) => accepted,
        };
        // Judged where it lies: most calls have few arguments or none, and only these outlive the batch.
        let args = message.get(accepted.args_at..).unwrap_or_default();
        let args = Bytes::copy_from_slice(args);
        let origin = Arc::new(Origin {
            peer: Peer::udp(route.peer),
            on: self.on.clone(),
            canceled: self.canceled.clone(),
            decoding: server.decoding(),
        });
        match Call::start(&mut accepted, args, &origin, server) {
            Start::Replayed(reply) => {
                server.counters.duplicates.add(1);
                Outcome::Reply(reply)
            }
            Start::Duplicate => {
                server.counters.duplicates.add(1);
                Outcome::Reply(None)
            }
            Start::Running(mut call) => match pin!(&mut call).poll(cx) {
                Poll::Ready(done) => Outcome::Reply(done.reply(server.limits.datagram_reply)),
                Poll::Pending => Outcome::Running(call),
            },
        }
    }

    /// A handler was not ready at once: it becomes a task, if the server's limit has room for it.
    fn suspend(&mut self, cx: &mut Context<'_>, route: Route, mut call: Call) {
        call.hold(&self.task.server);
        let server = Arc::clone(&self.task.server);
        let permits = Arc::clone(&server.permits);
        if self.waiting.is_some() {
            // The rest of a batch, behind a call that waits already: these wait in tasks, a batch at most.
            self.running.spawn(async move {
                let _permit = permits.acquire_owned().await;
                (route, call.await.hold(&server))
            });
            return;
        }
        match Arc::clone(&permits).try_acquire_owned() {
            Ok(permit) => self.spawn(route, call, Some(permit)),
            Err(_) => {
                self.waiting = Some((route, call, Box::pin(acquire(permits))));
                cx.waker().wake_by_ref();
            }
        }
    }

    fn spawn(&mut self, route: Route, call: Call, permit: Option<OwnedSemaphorePermit>) {
        let server = Arc::clone(&self.task.server);
        self.running.spawn(async move {
            let done = call.await.hold(&server);
            drop(permit);
            (route, done)
        });
    }
}

async fn acquire(permits: Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    // The semaphore is never closed.
    permits.acquire_owned().await.ok()
}

/// What has become of a message.
enum Outcome {
    /// The reply, if the message gets one.
    Reply(Option<Reply>),
    /// The handler was not ready at once.
    Running(Call),
}

/// Whether an answer would go to a client: not to nobody, to everybody, or to an rpcbind that forwards what it is told.
fn is_answerable(route: Route) -> bool {
    let port = route.peer.port();
    let broadcast = match route.peer.ip().to_canonical() {
        IpAddr::V4(ip) => ip.is_broadcast() || ip.is_multicast() || ip.is_unspecified(),
        IpAddr::V6(ip) => ip.is_multicast() || ip.is_unspecified(),
    };
    port != 0 && port != crate::rpcbind::PORT && !broadcast
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h090_sources_that_no_client_has_are_not_answered() {
        let from = |peer: &str| Route {
            peer: peer.parse().unwrap(),
            asked: None,
        };
        for good in [
            "192.0.2.1:700",
            "192.0.2.1:112",
            "[2001:db8::1]:1",
            "127.0.0.1:1",
        ] {
            assert!(is_answerable(from(good)), "{good}");
        }
        for bad in [
            "192.0.2.1:0",
            "192.0.2.1:111",
            "255.255.255.255:700",
            "[::ffff:255.255.255.255]:700",
            "224.0.0.1:700",
            "0.0.0.0:700",
            "[ff02::1]:700",
            "[::]:700",
        ] {
            assert!(!is_answerable(from(bad)), "{bad}");
        }
    }
}
