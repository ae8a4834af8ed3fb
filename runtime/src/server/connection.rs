//! A stream connection: records in, replies out, many calls at once, within limits and deadlines.
//!
//! All of it runs in one task. A handler is polled once where its call is read; only one that is not ready at once
//! becomes a task. Limits work by not reading: a peer that sends too much or takes too little waits, nobody else does.

mod calls;
mod linger;
mod memory;

use self::memory::SMALL;
use super::bindings::On;
use super::call::{Call, Done};
use super::canceled::CancelOnDrop;
use super::context::Origin;
use super::pressure::Partial;
use super::turn::{Turn, others_first};
use super::{Peer, Phase, Shared};
use crate::net::{Incoming, Outgoing};
use crate::proto::record::{Decoder, RecordError};
use bytes::Bytes;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::task::{JoinSet, unconstrained};
use tokio::time::{Instant, Sleep};

/// Calls answered in a row before the other tasks of the thread get their turn.
const INLINE: usize = 128;
/// The same while the server holds too many bytes: what fails for it queues no reply that would stop the next.
const PRESSED: usize = 1;
/// A peer whose last call is older than this is not calling.
const RECENT: Duration = Duration::from_secs(5);
/// Pause between two looks: of a large record that is not complete, whether there is memory for all; of calls whose peer
/// sends no more, whether it is gone.
const LOOK: Duration = Duration::from_millis(500);
/// Pause before a look whether memory is free again.
const HELD_RETRY: Duration = Duration::from_millis(50);

/// Why a connection ended.
#[derive(Debug)]
pub(crate) enum End {
    /// The peer closed between two records, or the server drains.
    Orderly,
    /// The peer closed inside a record.
    Truncated,
    /// The stream is not RPC, or exceeds a limit.
    Record(RecordError),
    /// A message that cannot be answered.
    NotACall,
    /// A deadline passed; which one.
    Deadline(&'static str),
    /// The server stops.
    Stopped,
    /// The server holds too many bytes, and this connection has not moved for the longest time.
    Memory,
    /// The stream failed.
    Io(io::Error),
}

type Waiting = Pin<Box<dyn Future<Output = OwnedSemaphorePermit> + Send>>;
type PhaseWait = Pin<Box<dyn Future<Output = Phase> + Send>>;

/// Serves a stream until it ends.
pub(crate) async fn serve<S>(
    stream: S,
    (peer, on): (Peer, On),
    server: Arc<Shared>,
    phase: watch::Receiver<Phase>,
) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let now = Instant::now();
    // Dropped last: whatever works for this peer elsewhere learns that it is gone.
    let cancel = CancelOnDrop::default();
    let canceled = cancel.0.clone();
    let mut connection = Connection {
        stream,
        origin: Arc::new(Origin {
            peer,
            on,
            canceled,
            decoding: server.decoding(),
        }),
        decoder: Decoder::new(server.limits.record),
        input: Incoming::default(),
        out: Outgoing::default(),
        running: JoinSet::new(),
        waiting: None,
        throttled: None,
        eof: false,
        draining: false,
        accounted: 0,
        partial: None,
        record_since: None,
        idle_since: now,
        write_since: now,
        sleep: Box::pin(tokio::time::sleep_until(now + server.limits.idle_deadline)),
        phase_wait: wait_for(phase.clone(), Phase::Drain),
        waker: None,
        phase,
        server,
    };
    let end = poll_fn(|cx| connection.poll(cx)).await;
    connection.release();
    if matches!(end, End::Orderly) && connection.may_be_called() {
        // Boxed: connections are many, and few end like this.
        Box::pin(linger::linger(
            &mut connection.stream,
            connection.phase.clone(),
        ))
        .await;
    }
    drop(connection);
    drop(cancel);
    end
}

fn wait_for(mut phase: watch::Receiver<Phase>, wanted: Phase) -> PhaseWait {
    // Without a budget: when it is not ready it has seen to being woken, whatever else the task does.
    Box::pin(unconstrained(
        async move { wanted.reached(&mut phase).await },
    ))
}

struct Connection<S> {
    stream: S,
    origin: Arc<Origin>,
    decoder: Decoder,
    input: Incoming,
    out: Outgoing,
    running: JoinSet<Done>,
    /// A started call that waits for its share of the server's limit.
    waiting: Option<(Call, Waiting)>,
    /// A call that came too fast, and when it may run.
    throttled: Option<(Bytes, Instant)>,
    eof: bool,
    draining: bool,
    /// Bytes reported to the server as held by this connection.
    accounted: usize,
    /// This connection's entry among those that wait for memory.
    partial: Option<Partial>,
    record_since: Option<Instant>,
    idle_since: Instant,
    write_since: Instant,
    sleep: Pin<Box<Sleep>>,
    phase_wait: PhaseWait,
    /// Whom `phase_wait` wakes.
    waker: Option<Waker>,
    phase: watch::Receiver<Phase>,
    server: Arc<Shared>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        // Asked again only when there is something new, or somebody else to wake.
        let known = self.waker.as_ref();
        if !known.is_some_and(|waker| waker.will_wake(cx.waker()))
            || self.phase.has_changed().unwrap_or(true)
        {
            self.waker = Some(cx.waker().clone());
            while let Poll::Ready(phase) = self.phase_wait.as_mut().poll(cx) {
                if phase >= Phase::Stop {
                    return Poll::Ready(End::Stopped);
                }
                self.draining = true;
                self.phase_wait = wait_for(self.phase.clone(), Phase::Stop);
            }
        }
        let calls = match self.server.excess() {
            None => INLINE,
            Some(_) => PRESSED,
        };
        let mut turn = Turn::new(calls);
        loop {
            self.collect(cx);
            let stopped = match self.process(cx, &mut turn) {
                Ok(stopped) => stopped,
                Err(end) => {
                    // The calls before it have been run: as far as the peer takes their replies, it has them.
                    let _ = self.flush(cx);
                    return Poll::Ready(end);
                }
            };
            // Again: what has just been started must be able to wake this task.
            self.collect(cx);
            if let Poll::Ready(Err(error)) = self.flush(cx) {
                return Poll::Ready(End::Io(error));
            }
            if turn.is_over() {
                // Who fills every turn has no more memory than others, and no more time.
                self.account(self.holds());
                return match self.poll_deadlines(cx) {
                    Poll::Pending => others_first(cx),
                    end => end,
                };
            }
            if stopped && self.has_room() {
                // Calls may be left in the buffer, and nothing wakes this task for them.
                continue;
            }
            if !self.may_read() {
                break;
            }
            match self.read(cx) {
                Poll::Pending => break,
                Poll::Ready(Ok(0)) if !self.server.limits.half_close => {
                    return Poll::Ready(self.at_eof());
                }
                Poll::Ready(Ok(0)) => self.eof = true,
                Poll::Ready(Ok(n)) => turn.moved(n),
                Poll::Ready(Err(error)) => return Poll::Ready(End::Io(error)),
            }
        }
        if self.eof && self.is_calling() && self.is_lost(cx) {
            return Poll::Ready(End::Io(io::ErrorKind::BrokenPipe.into()));
        }
        self.account(self.holds());
        if let Some(end) = self.ended() {
            return Poll::Ready(end);
        }
        self.poll_deadlines(cx)
    }

    fn flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.out.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let mut progress = 0;
        let flushed = self.out.poll_flush(&mut self.stream, cx, &mut progress);
        if progress > 0 {
            let now = Instant::now();
            self.write_since = now;
            self.idle_since = now;
        }
        flushed
    }

    fn may_read(&self) -> bool {
        // With nothing in the buffer it is listened beyond the room for calls: to hear that the peer of those that run is
        // gone.
        let listens = self.input.buf.is_empty() && self.is_calling();
        !self.eof && !self.draining && (self.has_room() || listens) && self.has_memory()
    }

    /// Whether calls run.
    fn is_calling(&self) -> bool {
        !self.running.is_empty() || self.waiting.is_some()
    }

    /// Whether the stream is broken, for all that the system knows without sending anything.
    fn is_lost(&mut self, cx: &mut Context<'_>) -> bool {
        let nothing = Pin::new(&mut self.stream).poll_write(cx, &[]);
        matches!(nothing, Poll::Ready(Err(_)))
    }

    fn read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.server.excess().is_some() {
            // The next one is small.
            self.input.shrink();
        }
        let missing = self.decoder.missing(&self.input.buf);
        let polled = self.input.poll_read(&mut self.stream, cx, missing);
        if polled.is_pending() {
            // An idle connection keeps no buffers.
            self.input.shrink();
            self.out.shrink();
        }
        polled
    }

    /// Whether the peer may be sending calls, for all that is known.
    fn may_be_called(&self) -> bool {
        !self.eof && self.idle_since.elapsed() < RECENT
    }

    fn is_quiet(&self) -> bool {
        !self.is_calling() && self.out.is_empty()
    }

    /// How a connection ends whose peer has ended it.
    fn at_eof(&self) -> End {
        match self.decoder.at_boundary(&self.input.buf) {
            true => End::Orderly,
            false => End::Truncated,
        }
    }

    fn ended(&self) -> Option<End> {
        if !self.is_quiet() || (self.throttled.is_some() && !self.draining) {
            return None;
        }
        if self.eof {
            return Some(self.at_eof());
        }
        self.draining.then_some(End::Orderly)
    }

    fn poll_deadlines(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        let limits = self.server.limits;
        loop {
            let mut due: Option<(Instant, &'static str)> = None;
            let mut consider = |since: Instant, limit: Duration, what| {
                let at = since + limit;
                if due.is_none_or(|(earliest, _)| at < earliest) {
                    due = Some((at, what));
                }
            };
            if let Some(since) = self.record_since {
                consider(since, limits.record_deadline, "record");
            }
            if !self.out.is_empty() {
                consider(self.write_since, limits.write_deadline, "write");
            }
            if self.is_quiet() && self.record_since.is_none() && self.throttled.is_none() {
                consider(self.idle_since, limits.idle_deadline, "idle");
            }
            let now = Instant::now();
            if let Some((_, what)) = due.filter(|(at, _)| *at <= now) {
                return Poll::Ready(End::Deadline(what));
            }
            if !self.has_memory() {
                due = Some((now + HELD_RETRY, "memory"));
                if self.waits_too_long(now) {
                    return Poll::Ready(End::Memory);
                }
            } else {
                self.leave();
                // Nothing else wakes this task when others take what memory there is.
                let look = now + LOOK;
                if self.received() + self.out.len() > SMALL && due.is_none_or(|(at, _)| look < at) {
                    due = Some((look, "memory"));
                }
            }
            let look = now + LOOK;
            if self.eof && self.is_calling() && due.is_none_or(|(at, _)| look < at) {
                due = Some((look, "peer"));
            }
            if let Some((_, at)) = &self.throttled
                && due.is_none_or(|(earliest, _)| *at < earliest)
            {
                due = Some((*at, "throttled"));
            }
            // The timer is only moved forward to an earlier deadline; a later one is found when it fires.
            match due {
                Some((at, _)) if at < self.sleep.deadline() || self.sleep.is_elapsed() => {
                    self.sleep.as_mut().reset(at);
                }
                Some(_) => {}
                None => return Poll::Pending,
            }
            if self.sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            if due.is_some_and(|(_, what)| matches!(what, "memory" | "peer" | "throttled")) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    }
}
