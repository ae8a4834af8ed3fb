//! One call to every host of a network: a datagram to the broadcast address, and the answers as they come.
//!
//! ```no_run
//! # use rpcgen_runtime::{ClientStub, RpcError, client::Broadcast};
//! # async fn f<CalcV1Client: ClientStub + Calc>() -> Result<(), RpcError> {
//! # use std::time::Duration;
//! let wide = Broadcast::new().wait(Duration::from_secs(3));
//! let mut answers = wide.call(|calc: CalcV1Client| async move { calc.add(2, 3).await }).await?;
//! while let Some(answer) = answers.next().await {
//!     println!("{} says {:?}", answer.host, answer.result);
//! }
//! # Ok(()) }
//! # trait Calc { fn add(&self, a: i32, b: i32) -> impl Future<Output = Result<i32, RpcError>>; }
//! ```
//!
//! Nobody knows the port of a service on hosts he does not know, so the call goes to each host's rpcbind, which calls
//! the service and passes the results on (RFC 1833 §2.2.1 CALLIT). Many of today's rpcbinds do so only when told
//! (`rpcbind -r`); a service at a fixed port can be called [directly](Broadcast::direct).
//!
//! Invariants: a host is heard once; what is no reply to this call costs nothing but the reading; nothing is kept but
//! the addresses that were heard, at most [`most`](Broadcast::most); nothing goes out or comes in after the time is
//! over.

mod networks;
mod round;

use self::round::Way;
pub(super) use self::round::{DATAGRAM, Round, unreachable};
use super::{Call, Channel, ClientStub, Credential, blocking};
use crate::Body;
use crate::error::RpcError;
use bytes::Bytes;
use std::fmt;
use std::future::{pending, ready};
use std::io;
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::{Instant, sleep, sleep_until};

/// How to call every host of a network.
#[derive(Clone, Debug)]
pub struct Broadcast {
    way: Way,
    to: Vec<SocketAddr>,
    wait: Duration,
    most: usize,
    credential: Option<Arc<dyn Credential>>,
}

/// One host's answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Answer<T> {
    /// Where the service is: the host that answered, and the service's UDP port there. A
    /// `Target::Udp` of it leads to the same service.
    pub host: SocketAddr,
    /// What the service answered. Services mostly stay silent rather than refuse a call that was broadcast.
    pub result: Result<T, RpcError>,
}

impl Default for Broadcast {
    fn default() -> Self {
        Self {
            way: Way::Rpcbind,
            to: Vec::new(),
            wait: Duration::from_secs(5),
            most: 1000,
            credential: None,
        }
    }
}

impl Broadcast {
    /// To rpcbind on every host of every network this machine is on: the IPv4 broadcast address of each interface, and
    /// for IPv6 the group `ff02::202` (RFC 1833 names none; it is rpcbind's by IANA).
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// To the service itself at this UDP port, past rpcbind.
    #[must_use]
    pub fn direct(mut self, port: u16) -> Self {
        self.way = Way::Direct(port);
        self
    }

    /// To this broadcast, multicast or single address instead of all networks'. May be said several times. Port 0
    /// stands for the port given to [`direct`](Self::direct), or rpcbind's.
    #[must_use]
    pub fn to(mut self, address: SocketAddr) -> Self {
        self.to.push(address);
        self
    }

    /// How long answers are waited for (default 5 s). Until then the call is sent again after 1 s, 2 s more, and every
    /// 4 s from there on, always with the same xid: a service runs it more than once unless it has a reply cache.
    #[must_use]
    pub fn wait(mut self, time: Duration) -> Self {
        self.wait = time;
        self
    }

    /// After how many answers to stop (default 1000).
    #[must_use]
    pub fn most(mut self, answers: usize) -> Self {
        self.most = answers;
        self
    }

    /// Credential of the call (default AUTH_NONE). rpcbind passes on AUTH_SYS and nothing else.
    #[must_use]
    pub fn cred(mut self, credential: impl Credential) -> Self {
        self.credential = Some(Arc::new(credential));
        self
    }

    /// Makes the call that `question` makes of the client it is given; answers are decoded by the same method.
    ///
    /// `question` runs once to learn the call and once for each answer, always without a network.
    ///
    /// # Errors
    /// `question` makes no call, its arguments have no encoding, or nothing can be sent to any network.
    pub async fn call<C, F, R, T>(self, question: F) -> Result<Answers<C, F>, RpcError>
    where
        C: ClientStub,
        F: Fn(C) -> R,
        R: Future<Output = Result<T, RpcError>>,
    {
        let seen = Arc::new(Mutex::new(None));
        let sink = Arc::clone(&seen);
        let channel = Channel::from_fn(move |call: Call| {
            let mut first = sink.lock().unwrap_or_else(PoisonError::into_inner);
            first.get_or_insert(call);
            ready(Err(RpcError::Closed))
        });
        let outcome = question(C::from_channel(channel)).await;
        let call = seen.lock().unwrap_or_else(PoisonError::into_inner).take();
        if call.is_none() {
            // An argument that has no encoding ends it before there is a call.
            outcome?;
        }
        let (this, numbers, args) = self.asked(call)?;
        let raw = this.start(numbers, args).await?;
        Ok(Answers {
            raw,
            question,
            client: PhantomData,
        })
    }

    /// Calls a procedure by its numbers, with encoded arguments.
    ///
    /// # Errors
    /// The call is larger than a datagram may be (8 800 bytes), or nothing can be sent to any network.
    pub async fn call_raw(
        self,
        program: u32,
        version: u32,
        procedure: u32,
        args: Body,
    ) -> Result<RawAnswers, RpcError> {
        self.start([program, version, procedure], args).await
    }

    async fn start(self, numbers: [u32; 3], args: Body) -> Result<RawAnswers, RpcError> {
        let round = Round::new(self, numbers, &args, Instant::now().into_std())?;
        let [v4, v6] = round.families();
        let mut answers = RawAnswers {
            v4: bind(v4, Ipv4Addr::UNSPECIFIED.into()).await?,
            v6: bind(v6, Ipv6Addr::UNSPECIFIED.into()).await?,
            round,
            datagram: vec![0; DATAGRAM],
        };
        answers.send()?;
        Ok(answers)
    }

    /// The same without a runtime: the answers are an iterator that waits for them.
    ///
    /// ```no_run
    /// # use rpcgen_runtime::{RpcError, client::{Broadcast, blocking}};
    /// # fn f<CalcV1Client: blocking::ClientStub + Calc>() -> Result<(), RpcError> {
    /// let wide = Broadcast::new().blocking();
    /// for answer in wide.call(|calc: CalcV1Client| calc.add(2, 3))? {
    ///     println!("{} says {:?}", answer.host, answer.result);
    /// }
    /// # Ok(()) }
    /// # trait Calc { fn add(&self, a: i32, b: i32) -> Result<i32, RpcError>; }
    /// ```
    #[must_use]
    pub fn blocking(self) -> blocking::Broadcast {
        blocking::Broadcast::new(self)
    }

    /// The call that a question has made, or why it made none.
    pub(super) fn asked(mut self, call: Option<Call>) -> Result<(Self, [u32; 3], Body), RpcError> {
        let Some(mut call) = call else {
            let none = io::Error::new(io::ErrorKind::InvalidInput, "no call was made");
            return Err(RpcError::Layer(Arc::new(none)));
        };
        if let Some(provider) = call.options.credential.take() {
            self.credential = Some(Arc::clone(&provider.credential));
        }
        Ok((
            self,
            [call.program, call.version, call.procedure],
            call.args,
        ))
    }
}

/// A socket that is not connected: the answers come from addresses that nobody knows yet.
async fn bind(wanted: bool, at: IpAddr) -> Result<Option<UdpSocket>, RpcError> {
    if !wanted {
        return Ok(None);
    }
    let socket = UdpSocket::bind((at, 0)).await.map_err(unreachable)?;
    socket.set_broadcast(at.is_ipv4()).map_err(unreachable)?;
    socket.writable().await.map_err(unreachable)?;
    Ok(Some(socket))
}

/// The answers of the services, decoded.
#[derive(Debug)]
pub struct Answers<C, F> {
    raw: RawAnswers,
    question: F,
    client: PhantomData<fn() -> C>,
}

impl<C, F, R, T> Answers<C, F>
where
    C: ClientStub,
    F: Fn(C) -> R,
    R: Future<Output = Result<T, RpcError>>,
{
    /// The next answer; none when the time is over or enough have come. Dropping the future loses no answer.
    pub async fn next(&mut self) -> Option<Answer<T>> {
        let Answer { host, result } = self.raw.next().await?;
        let result = match result {
            Err(error) => Err(error),
            Ok(results) => {
                let channel = Channel::from_fn(move |_| ready(Ok(Body::from(results.clone()))));
                (self.question)(C::from_channel(channel)).await
            }
        };
        Some(Answer { host, result })
    }
}

/// The answers of the services, as bytes.
pub struct RawAnswers {
    v4: Option<UdpSocket>,
    v6: Option<UdpSocket>,
    round: Round,
    datagram: Vec<u8>,
}

impl fmt::Debug for RawAnswers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawAnswers")
            .field("round", &self.round)
            .finish_non_exhaustive()
    }
}

impl RawAnswers {
    fn send(&mut self) -> Result<(), RpcError> {
        let (v4, v6) = (&self.v4, &self.v6);
        let now = Instant::now().into_std();
        self.round.send(now, |message, to| {
            let socket = if to.is_ipv4() { v4 } else { v6 };
            let socket = socket.as_ref().ok_or(io::ErrorKind::NotFound)?;
            socket.try_send_to(message, to).map(|_| ())
        })
    }

    /// The next answer; none when the time is over or enough have come. Dropping the future loses no answer.
    pub async fn next(&mut self) -> Option<Answer<Bytes>> {
        loop {
            let now = Instant::now().into_std();
            if self.round.is_over(now) {
                return None;
            }
            if self.round.is_due(now) {
                // It was sent before; a network that is gone for a moment may be back for the next one.
                let _ = self.send();
            }
            let at = Instant::from_std(self.round.pause_until());
            let buf = &mut self.datagram;
            let received = match (&self.v4, &self.v6) {
                (Some(socket), None) | (None, Some(socket)) => {
                    tokio::select! {
                        received = socket.recv_from(buf) => received,
                        () = sleep_until(at) => continue,
                    }
                }
                (Some(v4), Some(v6)) => {
                    tokio::select! {
                        ready = v4.readable() => ready.and_then(|()| v4.try_recv_from(buf)),
                        ready = v6.readable() => ready.and_then(|()| v6.try_recv_from(buf)),
                        () = sleep_until(at) => continue,
                    }
                }
                (None, None) => pending().await,
            };
            match received {
                Ok((n, from)) => {
                    let datagram = self.datagram.get(..n).unwrap_or_default();
                    if let Some(answer) = self.round.answer(from, datagram) {
                        return Some(answer);
                    }
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(e) => {
                    tracing::debug!(error = %e, "answer not received");
                    // Should the error stay, it must not keep the processor busy.
                    sleep(Duration::from_millis(5)).await;
                }
            }
        }
    }
}
