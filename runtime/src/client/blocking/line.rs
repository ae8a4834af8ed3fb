//! The connection behind a stub: calls take turns on it, and whoever has his turn does all that is to be done.

use super::socket::{SendError, Socket, Wait};
use super::turn::{Turn, Turns};
use super::{dial, wait};
use crate::client::dial::Plan;
use crate::client::provider::{Provider, rejection};
use crate::client::span::{CallSpan, Names};
use crate::error::{ConnectErrorKind, RpcError, Sent};
use crate::net::incoming;
use crate::proto::client::{CallId, ClientCore, NewCall, Transmit};
use crate::proto::random::Random;
use crate::proto::retransmit::jitter;
use bytes::Bytes;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// A connection unused for this long is looked at before a call is written to it: the server may have closed it.
pub(super) const FRESH: Duration = Duration::from_secs(1);

/// What the clones of a stub share.
pub(super) struct Line {
    plan: Plan,
    state: Turns<State>,
}

struct State {
    core: ClientCore,
    socket: Option<Socket>,
    used: Instant,
    /// Replies before there was this connection: when there are more, it has proved good.
    answered: u64,
    /// Attempts to connect since a connection proved good.
    failures: u32,
    /// When the last of them failed: the wait before the next is counted from then, whoever calls meanwhile.
    failed: Instant,
    /// Whether there has been a connection.
    connected: bool,
    /// Local address of the last one.
    local: Option<SocketAddr>,
    /// Keeps its port ours while there is no connection.
    hold: Option<socket2::Socket>,
    random: Random,
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Line").field(&self.plan).finish()
    }
}

impl Line {
    pub(super) fn new(plan: Plan) -> Self {
        let mut random = Random::from_system();
        let core = ClientCore::new(
            plan.core(),
            Random::from_key([random.next_u64(), random.next_u64()]),
        );
        Self {
            plan,
            state: Turns::new(State {
                core,
                socket: None,
                used: Instant::now(),
                answered: 0,
                failures: 0,
                failed: Instant::now(),
                connected: false,
                local: None,
                hold: None,
                random,
            }),
        }
    }

    /// Waits for its turn until the time of a call that began then is over. And the instant at which it came: a call
    /// that need not wait asks the clock as seldom as it can.
    fn turn(
        &self,
        begun: Instant,
        after: Duration,
    ) -> Result<(Turn<'_, State>, Instant), RpcError> {
        if let Some(turn) = self.state.try_take() {
            return Ok((turn, begun));
        }
        let timed_out = RpcError::TimedOut {
            after,
            sent: Sent::No,
        };
        let turn = self.state.wait(begun.checked_add(after)).ok_or(timed_out)?;
        Ok((turn, Instant::now()))
    }

    pub(super) fn connect(&self) -> Result<(), RpcError> {
        let begun = Instant::now();
        let (mut state, _) = self.turn(begun, self.plan.options.connect_timeout)?;
        let limit = self.plan.options.connect_timeout;
        let socket = dial::dial(&self.plan, None, limit)?;
        state.take(&self.plan, socket);
        state.connected = true;
        state.used = Instant::now();
        Ok(())
    }

    pub(super) fn call(&self, names: Names, call: NewCall<'_>) -> Result<Bytes, RpcError> {
        let begun = Instant::now();
        let span = CallSpan::new(names, call.numbers(), &self.plan);
        let _entered = span.enter();
        let (mut state, now) = self.turn(begun, call.timeout)?;
        let id = state.core.start_call(begun, call)?;
        span.begun(id.xid());
        state.look(now);
        let result = state.run(&self.plan, id, now);
        span.ended(&result);
        if let Err(RpcError::TimedOut { .. }) = &result
            && (self.plan.is_serial()
                || (self.plan.may_move() && !state.core.has_heard_since(begun)))
        {
            // The server may still be at work on it; or it may be elsewhere.
            state.lose(Err(io::ErrorKind::TimedOut.into()));
        }
        state.core.forget(id);
        state.used = Instant::now();
        result
    }

    /// The same, and once more when the credential was out of date and could be refreshed.
    pub(super) fn call_again(
        &self,
        names: Names,
        call: NewCall<'_>,
        provider: &Provider,
    ) -> Result<Bytes, RpcError> {
        let (begun, generation) = (Instant::now(), provider.generation());
        let mut again = NewCall {
            args: call.args.clone(),
            ..call
        };
        let result = self.call(names, call);
        let Some(why) = rejection(&result) else {
            return result;
        };
        let until = begun.checked_add(again.timeout);
        let refreshed = wait::block_on(provider.refresh(generation, why), until);
        if refreshed != Some(true) {
            return result;
        }
        again.timeout = again.timeout.saturating_sub(begun.elapsed());
        self.call(names, again)
    }

    /// Queues a call that nobody waits for; when much has gathered it is written.
    pub(super) fn batch(&self, call: NewCall<'_>) -> Result<Bytes, RpcError> {
        let limit = call.timeout;
        let full = {
            let now = Instant::now();
            let (mut state, _) = self.turn(now, limit)?;
            state.core.start_call(now, call)?;
            state.core.batched() >= incoming::MOST
        };
        if full {
            self.flush(limit)?;
        }
        Ok(Bytes::new())
    }

    pub(super) fn flush(&self, limit: Duration) -> Result<(), RpcError> {
        let begun = Instant::now();
        let (mut state, now) = self.turn(begun, limit)?;
        state.look(now);
        let result = state.flush(&self.plan, begun, limit);
        state.used = Instant::now();
        result
    }
}

impl State {
    /// Lets go of a connection that the server closed while it was not used.
    fn look(&mut self, now: Instant) {
        let idle = now.saturating_duration_since(self.used);
        if idle > FRESH && self.socket.as_mut().is_some_and(Socket::has_ended) {
            self.lose(Err(io::ErrorKind::UnexpectedEof.into()));
        }
    }

    /// Writes batched calls until there are none.
    fn flush(&mut self, plan: &Plan, begun: Instant, limit: Duration) -> Result<(), RpcError> {
        // Beyond what an instant can say: a year will do.
        const LONG: Duration = Duration::from_secs(365 * 24 * 3600);
        let until = begun + limit.min(LONG);
        loop {
            while self.core.poll_done().is_some() {}
            if self.core.batched() == 0 {
                return self.core.take_batch_error().map_or(Ok(()), Err);
            }
            let now = Instant::now();
            if now >= until {
                let sent = Sent::Maybe;
                return Err(RpcError::TimedOut { after: limit, sent });
            }
            let outcome = match &mut self.socket {
                None => {
                    self.core.handle_timeout(now);
                    self.connect(plan, until)
                }
                Some(socket) => send_all(socket, &mut self.core, now, until),
            };
            self.lose(outcome);
        }
    }

    fn lose(&mut self, outcome: io::Result<()>) {
        if let Err(e) = outcome {
            let socket = self.socket.take();
            match self.core.stats().answered > self.answered {
                true => self.failures = 0,
                false => self.fail(),
            }
            // Where the time was over first, that is what the call is told.
            self.core.handle_timeout(Instant::now());
            if socket.is_some_and(|socket| socket.is_elsewhere(&e)) {
                return self.core.send_again();
            }
            let source = Some(e).filter(|e| e.kind() != io::ErrorKind::UnexpectedEof);
            self.core.handle_disconnect(source);
        }
    }

    /// Counts a failed attempt.
    fn fail(&mut self) {
        self.failures = self.failures.saturating_add(1);
        self.failed = Instant::now();
    }

    /// Does what is to be done until the call has ended.
    fn run(&mut self, plan: &Plan, id: CallId, now: Instant) -> Result<Bytes, RpcError> {
        let mut begun = Some(now);
        loop {
            // Nobody waits but us.
            while self.core.poll_done().is_some() {}
            if let Some(result) = self.core.finish(id) {
                return result.map_err(|error| *error);
            }
            let now = begun.take().unwrap_or_else(Instant::now);
            let until = self.core.poll_timeout().unwrap_or(now);
            if until <= now {
                self.core.handle_timeout(now);
                continue;
            }
            let outcome = match &mut self.socket {
                None => self.connect(plan, until),
                Some(socket) => exchange(socket, &mut self.core, id, now, until),
            };
            self.lose(outcome);
        }
    }

    /// Uses a new connection.
    fn take(&mut self, plan: &Plan, socket: Socket) {
        let local = socket.local_addr();
        if plan.keeps_port() && local != self.local {
            self.hold = local.and_then(crate::client::dial::hold);
        }
        self.local = local;
        self.answered = self.core.stats().answered;
        self.socket = Some(socket);
    }

    /// Connects, after the wait that is due. A failure ends the calls that were not sent.
    fn connect(&mut self, plan: &Plan, until: Instant) -> io::Result<()> {
        let wait = match plan.options.reconnect.wait(self.failures) {
            Some((wait, true)) => jitter(wait, &mut self.random),
            Some((wait, false)) => wait,
            None if !self.connected => Duration::ZERO,
            None => {
                let error = plan.error(ConnectErrorKind::NoReconnect).into();
                self.core.handle_unreachable(&error, true);
                return Ok(());
            }
        };
        let left = until.saturating_duration_since(Instant::now());
        let wait = wait.saturating_sub(self.failed.elapsed());
        if !wait.is_zero() {
            std::thread::sleep(wait.min(left));
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        // A server's reply cache knows a replayed call by the address it comes from.
        let replays = plan.keeps_port() || self.core.replays();
        let local = self.local.filter(|_| replays);
        match dial::dial(plan, local, left.min(plan.options.connect_timeout)) {
            Ok(socket) => {
                self.take(plan, socket);
                self.connected = true;
            }
            Err(error) => {
                self.fail();
                let last = plan.options.reconnect.wait(1).is_none();
                self.core.handle_unreachable(&error.into(), last);
            }
        }
        Ok(())
    }
}

/// Writes what the core has to send, until an instant at most. Batched calls go out together, and with the call that
/// follows them.
fn send_all(
    socket: &mut Socket,
    core: &mut ClientCore,
    mut now: Instant,
    until: Instant,
) -> io::Result<()> {
    let batch = core.batched() > 0;
    while core.wants_transmit()
        && let Some(mut transmit) = core.poll_transmit(now)
    {
        let mut alone = true;
        if batch && socket.is_stream() && core.wants_transmit() {
            let mut gathered = transmit.message.to_bytes().to_vec();
            while gathered.len() < incoming::MOST
                && let Some(next) = core.poll_transmit(now)
            {
                alone = false;
                gathered.extend_from_slice(&next.message.to_bytes());
            }
            transmit.message = gathered.into();
        }
        let Transmit {
            id,
            attempt,
            message,
        } = transmit;
        match socket.send(message, now, until) {
            Ok(()) if core.wants_transmit() => now = Instant::now(),
            Ok(()) => {}
            Err(SendError::Nothing(message, e)) if alone => {
                core.give_back(Transmit {
                    id,
                    attempt,
                    message,
                });
                return Err(e);
            }
            Err(SendError::TooLarge(size)) => {
                let limit = size.saturating_sub(1);
                core.fail(id, RpcError::CallTooLarge { size, limit });
                return Ok(());
            }
            Err(SendError::Partly(e) | SendError::Nothing(_, e)) => {
                if batch {
                    core.batch_lost(RpcError::lost(Sent::Maybe, None));
                }
                return Err(e);
            }
        }
    }
    Ok(())
}

/// Writes what the core has to send and reads once, until an instant at most.
fn exchange(
    socket: &mut Socket,
    core: &mut ClientCore,
    call: CallId,
    now: Instant,
    until: Instant,
) -> io::Result<()> {
    send_all(socket, core, now, until)?;
    if core.has_ended(call) {
        return Ok(());
    }
    // Sending may have set an earlier instant, for sending again.
    let until = core.poll_timeout().unwrap_or(until);
    match socket.receive(core, until) {
        Ok(Wait::Received | Wait::TimedOut) => Ok(()),
        Err(e) => Err(e),
    }
}
