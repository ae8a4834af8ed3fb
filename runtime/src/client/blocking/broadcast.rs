//! A broadcast without a runtime: its answers are an iterator.

use super::{ClientStub, Stub};
use crate::Body;
use crate::client::broadcast::{self, Answer, DATAGRAM, Round, unreachable};
use crate::error::RpcError;
use bytes::Bytes;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Where there are two sockets each is listened to for so long in turn.
const TURN: Duration = Duration::from_millis(10);

/// One call to every host of a network, made by [`Broadcast::blocking`](crate::client::Broadcast::blocking).
#[derive(Clone, Debug)]
pub struct Broadcast(broadcast::Broadcast);

impl Broadcast {
    pub(crate) fn new(wide: broadcast::Broadcast) -> Self {
        Self(wide)
    }

    /// Makes the call that `question` makes of the client it is given; answers are decoded by the same method.
    ///
    /// `question` runs once to learn the call and once for each answer, always without a network.
    ///
    /// # Errors
    /// `question` makes no call, its arguments have no encoding, or nothing can be sent to any network.
    pub fn call<C, F, T>(self, question: F) -> Result<Answers<C, F>, RpcError>
    where
        C: ClientStub,
        F: Fn(C) -> Result<T, RpcError>,
    {
        let seen = Arc::new(Mutex::new(None));
        let sink = Arc::clone(&seen);
        let stub = Stub::from_fn(move |call| {
            let mut first = sink.lock().unwrap_or_else(PoisonError::into_inner);
            first.get_or_insert(call);
            Err(RpcError::Closed)
        });
        let outcome = question(C::from_stub(stub));
        let call = seen.lock().unwrap_or_else(PoisonError::into_inner).take();
        if call.is_none() {
            // An argument that has no encoding ends it before there is a call.
            outcome?;
        }
        let (wide, numbers, args) = self.0.asked(call)?;
        Ok(Answers {
            raw: RawAnswers::new(wide, numbers, &args)?,
            question,
            client: PhantomData,
        })
    }

    /// Calls a procedure by its numbers, with encoded arguments.
    ///
    /// # Errors
    /// The call is larger than a datagram may be (8 800 bytes), or nothing can be sent to any network.
    pub fn call_raw(
        self,
        program: u32,
        version: u32,
        procedure: u32,
        args: Body,
    ) -> Result<RawAnswers, RpcError> {
        RawAnswers::new(self.0, [program, version, procedure], &args)
    }
}

/// The answers of the services, decoded: each as it comes, none when the time is over or enough have come.
#[derive(Debug)]
pub struct Answers<C, F> {
    raw: RawAnswers,
    question: F,
    client: PhantomData<fn() -> C>,
}

impl<C, F, T> Iterator for Answers<C, F>
where
    C: ClientStub,
    F: Fn(C) -> Result<T, RpcError>,
{
    type Item = Answer<T>;

    fn next(&mut self) -> Option<Answer<T>> {
        let Answer { host, result } = self.raw.next()?;
        let result = result.and_then(|results| {
            let stub = Stub::from_fn(move |_| Ok(Body::from(results.clone())));
            (self.question)(C::from_stub(stub))
        });
        Some(Answer { host, result })
    }
}

/// The answers of the services, as bytes: each as it comes, none when the time is over or enough have come.
pub struct RawAnswers {
    v4: Option<UdpSocket>,
    v6: Option<UdpSocket>,
    /// Whose turn it is, where there are two.
    turn: bool,
    round: Round,
    datagram: Vec<u8>,
}

impl fmt::Debug for RawAnswers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut f = f.debug_struct("RawAnswers");
        f.field("round", &self.round).finish_non_exhaustive()
    }
}

impl RawAnswers {
    fn new(wide: broadcast::Broadcast, numbers: [u32; 3], args: &Body) -> Result<Self, RpcError> {
        let round = Round::new(wide, numbers, args, Instant::now())?;
        let [v4, v6] = round.families();
        let bind = |wanted: bool, at: IpAddr| match wanted {
            true => bind(at).map(Some).map_err(unreachable),
            false => Ok(None),
        };
        let mut answers = Self {
            v4: bind(v4, Ipv4Addr::UNSPECIFIED.into())?,
            v6: bind(v6, Ipv6Addr::UNSPECIFIED.into())?,
            turn: false,
            round,
            datagram: vec![0; DATAGRAM],
        };
        answers.send()?;
        Ok(answers)
    }

    fn send(&mut self) -> Result<(), RpcError> {
        let (v4, v6) = (&self.v4, &self.v6);
        self.round.send(Instant::now(), |message, to| {
            let socket = if to.is_ipv4() { v4 } else { v6 };
            let socket = socket.as_ref().ok_or(io::ErrorKind::NotFound)?;
            socket.send_to(message, to).map(|_| ())
        })
    }

    /// Waits for a datagram, and for no longer than that.
    fn receive(&mut self, mut wait: Duration) -> io::Result<Option<Answer<Bytes>>> {
        let socket = match (&self.v4, &self.v6) {
            (Some(v4), Some(v6)) => {
                wait = wait.min(TURN);
                self.turn = !self.turn;
                if self.turn { v4 } else { v6 }
            }
            (Some(socket), None) | (None, Some(socket)) => socket,
            (None, None) => return Err(io::ErrorKind::NotFound.into()),
        };
        // The system takes zero for "no timeout".
        socket.set_read_timeout(Some(wait.max(Duration::from_micros(1))))?;
        let (n, from) = socket.recv_from(&mut self.datagram)?;
        let datagram = self.datagram.get(..n).unwrap_or_default();
        Ok(self.round.answer(from, datagram))
    }
}

/// A socket that is not connected: the answers come from addresses that nobody knows yet.
fn bind(at: IpAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind((at, 0))?;
    socket.set_broadcast(at.is_ipv4())?;
    Ok(socket)
}

impl Iterator for RawAnswers {
    type Item = Answer<Bytes>;

    fn next(&mut self) -> Option<Answer<Bytes>> {
        loop {
            let now = Instant::now();
            if self.round.is_over(now) {
                return None;
            }
            if self.round.is_due(now) {
                // It was sent before; a network that is gone for a moment may be back for the next one.
                let _ = self.send();
            }
            let wait = self.round.pause_until().saturating_duration_since(now);
            match self.receive(wait) {
                Ok(Some(answer)) => return Some(answer),
                Ok(None) => {}
                Err(e) => match e.kind() {
                    io::ErrorKind::WouldBlock
                    | io::ErrorKind::TimedOut
                    | io::ErrorKind::Interrupted => {}
                    _ => {
                        tracing::debug!(error = %e, "answer not received");
                        // Should the error stay, it must not keep the processor busy.
                        thread::sleep(Duration::from_millis(5));
                    }
                },
            }
        }
    }
}
