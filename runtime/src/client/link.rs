//! The state behind a channel, and who moves bytes on it.
//!
//! A lone call drives the connection itself: its future writes, reads and wakes nobody. As soon as a second call is
//! pending the channel's task drives and the callers only wait: whoever holds a call that he does not poll could
//! otherwise keep the others from their replies. The task also connects, reconnects and watches an idle connection.
//!
//! Invariants: everything is behind one lock, which is never held across a wait. A call that is dropped leaves its
//! slot at once; its bytes, once begun, are written to the end by the task. No call on its way has a timer of its own.

mod batch;
mod pending;
mod task;
mod turns;

pub(super) use self::pending::{Pending, Terms};
use self::task::Task;
use self::turns::Turns;
use super::CallOptions;
use super::connection::Connection;
use super::dial::Plan;
use super::observe::{CallInfo, Observer};
use super::provider::rejection;
use super::socket::Socket;
use super::span::{CallSpan, Names};
use crate::error::{RpcError, Sent};
use crate::proto::client::{CallId, ClientCore, NewCall};
use crate::proto::random::Random;
use bytes::Bytes;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep, timeout};

/// Reads in a row before others have their turn: a server may send without end.
const READS: usize = 16;
/// A time that no timer waits for: it is set when there is something to wait for.
const FAR: Duration = Duration::from_secs(86_400);

/// What the clones of a channel share.
pub(crate) struct Link {
    plan: Arc<Plan>,
    state: Mutex<State>,
    phase: watch::Sender<Phase>,
}

/// How far the connection is, for those who wait for it.
#[derive(Clone, Debug)]
pub(crate) enum Phase {
    /// No attempt is being made.
    Idle,
    /// An attempt is being made.
    Dialing,
    /// There is a connection.
    Up,
    /// The last attempt failed.
    Failed(RpcError),
}

struct State {
    core: ClientCore,
    /// One for each call that may be pending.
    turns: Turns,
    /// Who waits, by the index of his call.
    wakers: Vec<Option<Waker>>,
    /// Who waits until batched calls are written.
    flushers: Vec<Waker>,
    /// Batched calls go out even if nothing else does.
    flushing: bool,
    wire: Wire,
    driver: Driver,
    /// One for all calls. It comes and goes with the task, whose runtime it belongs to: a caller's may end before.
    timer: Option<Pin<Box<Sleep>>>,
    /// The channel's task: whether there is one, how to wake it, whether that has been done.
    task: bool,
    task_waker: Option<Waker>,
    task_woken: bool,
    /// Someone waits for a connection without having a call.
    wanted: bool,
    /// Attempts to connect since a connection proved good.
    failures: u32,
    /// When the last of them failed: the wait before the next is counted from then, whoever calls meanwhile.
    failed: Instant,
    /// Local address of the last connection: a server's reply cache knows us by it.
    local: Option<SocketAddr>,
    /// Keeps its port ours while there is no connection.
    hold: Option<socket2::Socket>,
    used: Instant,
    random: Random,
    observer: Option<Arc<dyn Observer>>,
}

enum Wire {
    Down,
    /// The task is connecting.
    Dialing,
    Up(Box<Connection>),
    /// For good.
    Closed(RpcError),
}

/// Who reads, writes and keeps the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Driver {
    Task,
    LoneCall,
}

impl Drop for Link {
    /// The task finds nobody to work for and ends.
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(waker) = state.task_waker.take() {
            waker.wake();
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Link").field(&self.plan).finish()
    }
}

impl Link {
    pub(crate) fn new(plan: Plan) -> Arc<Self> {
        Self::with(plan, Wire::Down)
    }

    /// A link over a stream that is there already; when it is lost there is no other.
    pub(crate) fn over(plan: Plan, socket: Socket) -> Arc<Self> {
        let connection = Connection::new(socket, &plan, 0);
        let link = Self::with(plan, Wire::Up(Box::new(connection)));
        link.phase.send_replace(Phase::Up);
        link
    }

    fn with(plan: Plan, wire: Wire) -> Arc<Self> {
        let mut random = Random::from_system();
        let seed = [random.next_u64(), random.next_u64()];
        let core = ClientCore::new(plan.core(), Random::from_key(seed));
        let observer = plan.options.observer.clone();
        let max_pending = match plan.options.serial {
            true => 1,
            false => plan.options.max_pending,
        };
        Arc::new(Self {
            plan: Arc::new(plan),
            phase: watch::Sender::new(Phase::Idle),
            state: Mutex::new(State {
                core,
                turns: Turns::new(max_pending),
                wakers: Vec::new(),
                flushers: Vec::new(),
                flushing: false,
                wire,
                driver: Driver::Task,
                timer: None,
                task: false,
                task_waker: None,
                task_woken: false,
                wanted: false,
                failures: 0,
                failed: Instant::now(),
                local: None,
                hold: None,
                used: Instant::now(),
                random,
                observer,
            }),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic while the lock is held comes from a credential; the state is whole before it is asked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same after seeing to it that there is a task, if the channel is not closed.
    #[inline]
    fn lock_with_task(self: &Arc<Self>) -> MutexGuard<'_, State> {
        let state = self.lock();
        match state.task || matches!(state.wire, Wire::Closed(_)) {
            true => state,
            false => self.start_task(state),
        }
    }

    #[cold]
    fn start_task<'s>(
        self: &'s Arc<Self>,
        mut state: MutexGuard<'s, State>,
    ) -> MutexGuard<'s, State> {
        state.timer = Some(Box::pin(sleep(FAR)));
        state.task = true;
        state.task_woken = true;
        // In a runtime that has ended the task is dropped at once, and then needs the lock.
        drop(state);
        let task = Task {
            link: Arc::downgrade(self),
            dial: None,
            tick: None,
        };
        tokio::spawn(task.run());
        self.lock()
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Whether calls with these options are no more than a [`Pending`]; [`call`](Self::call) makes all others.
    pub(super) fn is_plain(&self, options: &CallOptions) -> bool {
        self.plan.options.observer.is_none()
            && options.refreshable().is_none()
            && !options.batches()
    }

    /// Makes a call.
    pub(crate) async fn call(
        self: &Arc<Self>,
        names: Names,
        call: NewCall<'_>,
        options: &CallOptions,
    ) -> Result<Bytes, RpcError> {
        if call.batched {
            return self.batch(call).await;
        }
        let span = CallSpan::new(names, call.numbers(), &self.plan);
        self.observed(call, options, span).await
    }

    async fn observed(
        self: &Arc<Self>,
        call: NewCall<'_>,
        options: &CallOptions,
        span: CallSpan,
    ) -> Result<Bytes, RpcError> {
        let Some(observer) = &self.plan.options.observer else {
            return self.attempts(call, options, span).await;
        };
        let info = CallInfo {
            program: call.program,
            version: call.version,
            procedure: call.procedure,
        };
        let begun = Instant::now();
        observer.started(info);
        let result = self.attempts(call, options, span).await;
        observer.ended(info, begun.elapsed(), result.as_ref().err());
        result
    }

    /// Makes a call, and once more when its credential was out of date and could be refreshed.
    async fn attempts(
        self: &Arc<Self>,
        mut call: NewCall<'_>,
        options: &CallOptions,
        span: CallSpan,
    ) -> Result<Bytes, RpcError> {
        let waits = options.waits();
        let Some(provider) = options.refreshable() else {
            return Pending::new(self, span).of(&mut call, waits).await;
        };
        let (begun, generation) = (Instant::now(), provider.generation());
        let mut again = NewCall {
            args: call.args.clone(),
            ..call
        };
        let first = Pending::new(self, span.clone());
        let result = first.of(&mut call, waits).await;
        let Some(why) = rejection(&result) else {
            return result;
        };
        let left = again.timeout.saturating_sub(begun.elapsed());
        let refreshed = timeout(left, provider.refresh(generation, why)).await;
        if refreshed != Ok(true) {
            return result;
        }
        again.timeout = again.timeout.saturating_sub(begun.elapsed());
        // It had its turn: it is not refused another.
        Pending::new(self, span).of(&mut again, true).await
    }

    /// Waits until there is a connection.
    pub(crate) async fn ready(self: &Arc<Self>) -> Result<(), RpcError> {
        let mut phase = self.phase.subscribe();
        loop {
            {
                let mut state = self.lock_with_task();
                match &state.wire {
                    Wire::Up(_) => return Ok(()),
                    Wire::Closed(error) => return Err(error.clone()),
                    Wire::Down | Wire::Dialing => {}
                }
                state.wanted = true;
                phase.mark_unchanged();
                state.wake_task();
            }
            loop {
                if phase.changed().await.is_err() {
                    return Err(RpcError::Closed);
                }
                match &*phase.borrow_and_update() {
                    Phase::Up => return Ok(()),
                    Phase::Failed(error) => return Err(error.clone()),
                    Phase::Dialing => {}
                    // It has come and gone, or nobody makes it any more.
                    Phase::Idle => break,
                }
            }
        }
    }

    /// Ends all calls and closes the connection for good.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.down(None);
        state.end(RpcError::Closed);
        self.phase.send_replace(Phase::Failed(RpcError::Closed));
    }

    /// Local address of the connection, if there is one with an address.
    pub(crate) fn local_addr(&self) -> Option<SocketAddr> {
        match &self.lock().wire {
            Wire::Up(connection) => connection.local,
            _ => None,
        }
    }

    /// Number of calls that have been begun and not ended.
    pub(crate) fn pending(&self) -> usize {
        self.lock().core.len()
    }

    /// Counters.
    pub(crate) fn stats(&self) -> crate::proto::client::ClientStats {
        self.lock().core.stats()
    }

    #[cfg(test)]
    pub(super) fn next_xid(&self, xid: u32) {
        self.lock().core.next_xid(xid);
    }
}

impl State {
    fn wake_task(&mut self) {
        if !self.task_woken {
            self.task_woken = true;
            if let Some(waker) = &self.task_waker {
                waker.wake_by_ref();
            }
        }
    }

    /// Hands the driving to the task.
    fn task_drives(&mut self) {
        self.driver = Driver::Task;
        self.wake_task();
    }

    fn set_waker(&mut self, id: CallId, cx: &Context<'_>) {
        let at = id.index();
        if self.wakers.len() <= at {
            self.wakers.resize_with(at + 1, || None);
        }
        match &mut self.wakers[at] {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
    }

    /// Wakes those whose calls have ended.
    fn settle(&mut self, me: Option<CallId>) {
        while let Some(id) = self.core.poll_done() {
            if Some(id) != me
                && let Some(waker) = self.wakers.get_mut(id.index()).and_then(Option::take)
            {
                waker.wake();
            }
        }
        self.settle_flushes();
    }

    /// The connection is gone; the core decides what becomes of its calls.
    fn down(&mut self, source: Option<io::Error>) {
        if let Wire::Up(connection) = std::mem::replace(&mut self.wire, Wire::Down) {
            self.local = connection.local.or(self.local);
            match connection.is_proven(&self.core) {
                true => self.failures = 0,
                false => self.fail(),
            }
            let elsewhere = source.as_ref().is_some_and(|e| connection.is_elsewhere(e));
            let source = source.filter(|e| e.kind() != io::ErrorKind::UnexpectedEof);
            tracing::debug!(
                error = source.as_ref().map(tracing::field::display),
                "disconnected"
            );
            if let Some(observer) = &self.observer {
                observer.disconnected(source.as_ref());
            }
            if connection.is_writing_batch() {
                self.core.batch_lost(RpcError::lost(Sent::Maybe, None));
            }
            match elsewhere {
                true => self.core.send_again(),
                false => self.core.handle_disconnect(source),
            }
            self.settle(None);
        }
    }

    /// There will be no other connection.
    fn end(&mut self, why: RpcError) {
        self.core.handle_unreachable(&why, true);
        self.settle(None);
        self.wire = Wire::Closed(why);
        self.wake_task();
    }

    /// Keeps the time, writes and reads until the socket has no more, or the lone call has its result.
    fn drive(&mut self, cx: &mut Context<'_>, me: Option<CallId>) {
        for _ in 0..READS {
            let Wire::Up(connection) = &mut self.wire else {
                return;
            };
            let hold = self.core.attended() == 0 && !self.flushing;
            let sent = connection.poll_send(cx, &mut self.core, self.used, hold);
            if let Poll::Ready(Err(e)) = sent {
                // What the server said before it closed is worth more than the error of writing to it.
                let _ = self.read_on(cx);
                self.settle(me);
                return self.down(Some(e));
            }
            let received = connection.poll_receive(cx, &mut self.core);
            let large = connection.has_read_large();
            self.settle(me);
            match received {
                // Last of all: sending has set deadlines for sending again.
                Poll::Pending => match self.poll_timer(cx) {
                    true => self.settle(me),
                    false => return,
                },
                Poll::Ready(Err(e)) => return self.down(Some(e)),
                // Large replies are taken before the next one is read: their memory is had again, and still in a cache.
                // Whoever waits for them may be the future that the runtime blocks on, which a mere wake would not let in.
                Poll::Ready(Ok(())) if large && me.is_none() => {
                    let _ = pin!(tokio::task::yield_now()).poll(cx);
                    return;
                }
                Poll::Ready(Ok(())) => {}
            }
            // The lone call looks for its result after each read.
            if me.is_some_and(|id| self.core.has_ended(id)) {
                return;
            }
        }
        // The runtime lets no timer speak while reads use up what it allows a task in one turn.
        self.core.handle_timeout(Instant::now().into_std());
        self.settle(me);
        let _ = pin!(tokio::task::yield_now()).poll(cx);
    }

    /// Reads what is there already.
    fn read_on(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let Wire::Up(connection) = &mut self.wire else {
            return Ok(());
        };
        for _ in 0..READS {
            match connection.poll_receive(cx, &mut self.core) {
                Poll::Ready(read) => read?,
                Poll::Pending => break,
            }
        }
        Ok(())
    }

    /// The timer may go off early, never late: a later deadline leaves it where it is.
    ///
    /// Whether it went off and calls may have ended or want to be sent again.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> bool {
        let mut fired = false;
        while let Some(at) = self.core.poll_timeout().map(Instant::from_std)
            && let Some(timer) = &mut self.timer
        {
            if timer.deadline() > at || timer.is_elapsed() {
                timer.as_mut().reset(at);
            }
            if timer.as_mut().poll(cx).is_pending() {
                break;
            }
            self.core.handle_timeout(Instant::now().into_std());
            fired = true;
        }
        fired
    }
}
