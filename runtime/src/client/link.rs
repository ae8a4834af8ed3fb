//! The state behind a channel, and who moves bytes on it.
//!
//! A lone call drives the connection itself: its future writes, reads and wakes nobody. As soon as a second call is
//! pending the channel's task drives and the callers only wait: whoever holds a call that he does not poll could
//! otherwise keep the others from their replies. The task also connects, reconnects and watches an idle connection.
//!
//! Invariants: everything is behind one lock, which is never held across a wait. A call that is dropped leaves its
//! slot at once; its bytes, once begun, are written to the end by the task. No call has a timer of its own.

use super::connection::Connection;
use super::dial::{self, Plan};
use super::socket::Socket;
use crate::error::{ConnectError, ConnectErrorKind, RpcError, Sent};
use crate::proto::client::{CallId, ClientCore, Framing, NewCall};
use crate::proto::random::Random;
use crate::proto::retransmit::jitter;
use bytes::Bytes;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, Sleep, sleep, sleep_until, timeout_at};

/// How often the task looks at a connection that lone calls drive.
const TICK: Duration = Duration::from_secs(5);

/// What the clones of a channel share.
pub(crate) struct Link {
    plan: Arc<Plan>,
    /// One permit a pending call.
    permits: Semaphore,
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
    /// Who waits, by the index of his call.
    wakers: Vec<Option<Waker>>,
    wire: Wire,
    driver: Driver,
    timer: Option<Pin<Box<Sleep>>>,
    /// The channel's task: whether there is one, how to wake it, whether that has been done.
    task: bool,
    task_waker: Option<Waker>,
    task_woken: bool,
    /// Someone waits for a connection without having a call.
    wanted: bool,
    /// Attempts to connect since a connection proved good.
    failures: u32,
    /// Local address of the last connection: a server's reply cache knows us by it.
    local: Option<SocketAddr>,
    used: Instant,
    random: Random,
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
        let connection = Connection::new(socket, 0, true, 0);
        let link = Self::with(plan, Wire::Up(Box::new(connection)));
        link.phase.send_replace(Phase::Up);
        link
    }

    fn with(plan: Plan, wire: Wire) -> Arc<Self> {
        let mut random = Random::from_system();
        let seed = [random.next_u64(), random.next_u64()];
        let core = ClientCore::new(plan.core(), Random::from_key(seed));
        let max_pending = plan.options.max_pending.min(Semaphore::MAX_PERMITS);
        Arc::new(Self {
            permits: Semaphore::new(max_pending),
            plan: Arc::new(plan),
            phase: watch::Sender::new(Phase::Idle),
            state: Mutex::new(State {
                core,
                wakers: Vec::new(),
                wire,
                driver: Driver::Task,
                timer: None,
                task: false,
                task_waker: None,
                task_woken: false,
                wanted: false,
                failures: 0,
                local: None,
                used: Instant::now(),
                random,
            }),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic while the lock is held comes from a credential; the state is whole before it is asked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Makes a call.
    pub(crate) async fn call(
        self: &Arc<Self>,
        mut call: NewCall<'_>,
        wait: bool,
    ) -> Result<Bytes, RpcError> {
        let _permit = match self.permits.try_acquire() {
            Ok(permit) => permit,
            Err(_) if !wait => return Err(RpcError::Overloaded),
            Err(_) => {
                let begun = Instant::now();
                let timed_out = RpcError::TimedOut {
                    after: call.timeout,
                    sent: Sent::No,
                };
                let acquired = match begun.checked_add(call.timeout) {
                    Some(deadline) => timeout_at(deadline, self.permits.acquire()).await,
                    None => Ok(self.permits.acquire().await),
                };
                // The semaphore is never closed.
                let Ok(Ok(permit)) = acquired else {
                    return Err(timed_out);
                };
                call.timeout = call.timeout.saturating_sub(begun.elapsed());
                permit
            }
        };
        Pending {
            link: self,
            stage: Stage::New(Some(call)),
        }
        .await
    }

    /// Waits until there is a connection.
    pub(crate) async fn ready(self: &Arc<Self>) -> Result<(), RpcError> {
        let mut phase = self.phase.subscribe();
        {
            let mut state = self.lock();
            match &state.wire {
                Wire::Up(_) => return Ok(()),
                Wire::Closed(error) => return Err(error.clone()),
                Wire::Down | Wire::Dialing => {}
            }
            state.wanted = true;
            phase.mark_unchanged();
            self.ensure_task(&mut state);
            state.wake_task();
        }
        loop {
            if phase.changed().await.is_err() {
                return Err(RpcError::Closed);
            }
            match &*phase.borrow_and_update() {
                Phase::Up => return Ok(()),
                Phase::Failed(error) => return Err(error.clone()),
                Phase::Idle | Phase::Dialing => {}
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

    fn ensure_task(self: &Arc<Self>, state: &mut State) {
        if !state.task {
            state.task = true;
            state.task_woken = true;
            let task = Task {
                link: Arc::downgrade(self),
                dial: None,
                tick: None,
            };
            tokio::spawn(task.run());
        }
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
    }

    /// The connection is gone; the core decides what becomes of its calls.
    fn down(&mut self, source: Option<io::Error>) {
        if let Wire::Up(connection) = std::mem::replace(&mut self.wire, Wire::Down) {
            self.local = connection.local.or(self.local);
            self.failures = match connection.is_proven(&self.core) {
                true => 0,
                false => self.failures.saturating_add(1),
            };
            let source = source.filter(|e| e.kind() != io::ErrorKind::UnexpectedEof);
            self.core.handle_disconnect(source);
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
        loop {
            let Wire::Up(connection) = &mut self.wire else {
                return;
            };
            let sent = connection.poll_send(cx, &mut self.core);
            if let Poll::Ready(Err(e)) = sent {
                // What the server said before it closed is worth more than the error of writing to it.
                while let Poll::Ready(Ok(())) = connection.poll_receive(cx, &mut self.core) {}
                self.settle(me);
                return self.down(Some(e));
            }
            let received = connection.poll_receive(cx, &mut self.core);
            self.settle(me);
            match received {
                // Last of all: sending has set deadlines for sending again.
                Poll::Pending => match self.poll_timer(cx) {
                    true => self.settle(me),
                    false => return,
                },
                Poll::Ready(Err(e)) => return self.down(Some(e)),
                Poll::Ready(Ok(())) => {}
            }
            // The lone call looks for its result after each read.
            if me.is_some_and(|id| self.core.has_ended(id)) {
                return;
            }
        }
    }

    /// One timer for all calls. It may go off early, never late: a later deadline leaves it where it is.
    ///
    /// Whether it went off and calls may have ended or want to be sent again.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> bool {
        let mut fired = false;
        while let Some(at) = self.core.poll_timeout().map(Instant::from_std) {
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(at)));
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

/// A call until its result is there. Dropping it cancels the call.
struct Pending<'a> {
    link: &'a Arc<Link>,
    stage: Stage<'a>,
}

enum Stage<'a> {
    New(Option<NewCall<'a>>),
    Begun(CallId),
    Ended,
}

impl Future for Pending<'_> {
    type Output = Result<Bytes, RpcError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let mut guard = this.link.lock();
        let state = &mut *guard;
        let mut fresh = false;
        let id = match &mut this.stage {
            Stage::Begun(id) => *id,
            Stage::New(call) => {
                let Some(call) = call.take() else {
                    return Poll::Ready(Err(RpcError::Closed));
                };
                this.link.ensure_task(state);
                match state.begin(cx, call) {
                    Ok(id) => {
                        fresh = true;
                        this.stage = Stage::Begun(id);
                        id
                    }
                    Err(error) => {
                        this.stage = Stage::Ended;
                        return Poll::Ready(Err(error));
                    }
                }
            }
            Stage::Ended => return Poll::Ready(Err(RpcError::Closed)),
        };
        let lone = state.core.len() == 1 && matches!(state.wire, Wire::Up(_));
        if lone {
            state.driver = Driver::LoneCall;
            state.drive(cx, Some(id));
            if !matches!(state.wire, Wire::Up(_)) {
                state.task_drives();
            }
        } else if state.driver == Driver::LoneCall || fresh {
            state.task_drives();
        }
        match state.core.finish(id) {
            Some(result) => {
                state.leave(id);
                this.stage = Stage::Ended;
                Poll::Ready(result)
            }
            None => {
                state.set_waker(id, cx);
                Poll::Pending
            }
        }
    }
}

impl State {
    /// Begins a call; a connection that the server closed meanwhile is noticed before anything is written to it.
    fn begin(&mut self, cx: &mut Context<'_>, call: NewCall<'_>) -> Result<CallId, RpcError> {
        if let Wire::Closed(error) = &self.wire {
            return Err(error.clone());
        }
        if self.core.is_empty() {
            while let Wire::Up(connection) = &mut self.wire
                && let Poll::Ready(read) = connection.poll_receive(cx, &mut self.core)
            {
                if let Err(e) = read {
                    self.down(Some(e));
                }
            }
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

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        if let Stage::Begun(id) = self.stage {
            let mut state = self.link.lock();
            state.core.forget(id);
            state.leave(id);
        }
    }
}

/// The channel's task. It ends when the channel is dropped or closed.
struct Task {
    link: Weak<Link>,
    dial: Option<Dial>,
    tick: Option<Pin<Box<Sleep>>>,
}

type Dial = Pin<Box<dyn Future<Output = Result<Socket, ConnectError>> + Send>>;

impl Task {
    async fn run(mut self) {
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
    /// The runtime that ran us has ended, or we have: the next call starts another task.
    fn drop(&mut self) {
        if let Some(link) = self.link.upgrade() {
            let mut state = link.lock();
            state.task = false;
            state.task_waker = None;
            if matches!(state.wire, Wire::Dialing) {
                state.wire = Wire::Down;
            }
            // Timers and sockets belong to a runtime too.
            state.timer = None;
        }
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
        self.wire = Wire::Dialing;
        self.wanted = false;
        link.phase.send_replace(Phase::Dialing);
        // The same port again, so that a server's reply cache knows a replayed call (RFC 5531 §4 names no other way).
        let local = self.local.filter(|_| plan.keeps_port());
        Some(Box::pin(async move {
            if !wait.is_zero() {
                sleep(wait).await;
            }
            dial::dial(&plan, local).await
        }))
    }

    fn on_dialed(&mut self, link: &Link, result: Result<Socket, ConnectError>) {
        let options = &link.plan.options;
        match result {
            Ok(socket) => {
                let answered = self.core.stats().answered;
                let connection = Connection::new(
                    socket,
                    options.max_reply,
                    options.refused_is_final,
                    answered,
                );
                self.wire = Wire::Up(Box::new(connection));
                self.driver = Driver::Task;
                self.used = Instant::now();
                link.phase.send_replace(Phase::Up);
            }
            Err(error) => {
                tracing::debug!(%error, "not connected");
                self.failures = self.failures.saturating_add(1);
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

impl Plan {
    /// Whether a reconnect should come from the same local port.
    fn keeps_port(&self) -> bool {
        self.framing == Framing::Stream
            && self.options.call.replay.unwrap_or_default() != super::Replay::Never
    }
}
