//! One call: from an accepted message to the reply's bytes.

use super::context::{Deadline, Origin};
use super::noise::Noise;
use super::{BoxFuture, Context, Dispatch, Extensions, Fault, Shared, span};
use crate::msg::{AcceptStat, OpaqueAuth, ReplyHeader};
use crate::net::Outgoing;
use crate::proto::record;
use crate::proto::replay::{Admission, CallKey};
use crate::proto::server::{Accepted, Cred, REPLY_ROOM, Verifier, header_bytes};
use crate::{Body, ProcInfo};
use bytes::Bytes;
use std::cell::Cell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{self, Poll};
use std::time::Instant;
use tracing::Span;

/// What becomes of an accepted call.
pub(crate) enum Start {
    /// Its handler runs.
    Running(Call),
    /// A duplicate of a call that has run: this was its reply, if it had one.
    Replayed(Option<Reply>),
    /// A duplicate of a call that runs: not answered.
    Duplicate,
}

/// A call being handled.
pub(crate) struct Call {
    xid: u32,
    verf: Verifier,
    handler: BoxFuture<'static, Result<Body, Fault>>,
    remembered: Option<Box<InProgress>>,
    /// `None` when nobody listens.
    span: Option<Box<Span>>,
    datagram: bool,
    /// Bytes of its arguments, and of what they are decoded to.
    arguments: usize,
    held: Option<Held>,
}

/// Bytes that the server knows to be held, until it is dropped.
struct Held {
    server: Arc<Shared>,
    bytes: usize,
}

impl Held {
    fn new(server: &Arc<Shared>, bytes: usize) -> Self {
        let server = Arc::clone(server);
        server.held.fetch_add(bytes, Ordering::Relaxed);
        Self { server, bytes }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.server.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

thread_local! {
    /// Memory that the handler polled last has decoded its arguments to.
    static DECODED: Cell<usize> = const { Cell::new(0) };
}

/// The handler that is being polled has decoded arguments to so many bytes of memory, beside the message itself.
#[inline]
pub(super) fn decoded(bytes: usize) {
    DECODED.set(DECODED.get().saturating_add(bytes));
}

/// Arguments and results below this are not counted: their number is limited, and there are many.
const SMALL: usize = 4 << 10;

/// A call that has been handled.
pub(crate) struct Done {
    xid: u32,
    verf: Verifier,
    result: Result<Body, Fault>,
    remembered: Option<Box<InProgress>>,
    held: Option<Held>,
}

/// A call in the reply cache. Dropped without a reply, it is forgotten: it did not run to its end.
struct InProgress {
    key: Option<CallKey>,
    server: Arc<Shared>,
}

impl Drop for InProgress {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            self.server.replay().abandon(key);
        }
    }
}

impl Call {
    /// Starts the handler, unless the call is a duplicate.
    #[inline]
    pub(crate) fn start(
        accepted: &mut Accepted<'_, Arc<dyn Dispatch>>,
        mut args: Bytes,
        origin: &Arc<Origin>,
        server: &Arc<Shared>,
    ) -> Start {
        let remembered = match remember(accepted, &args, origin, server) {
            Ok(remembered) => remembered,
            Err(Admission::Replay(reply)) => {
                return Start::Replayed(reply.map(|bytes| Body::from(bytes).into()));
            }
            Err(_) => return Start::Duplicate,
        };
        let span = span::open(accepted, origin);
        let deadline = server.limits.request_deadline;
        let mut extensions = Extensions::default();
        if let Some(limit) = deadline {
            extensions.insert(Deadline(Instant::now() + limit));
        }
        let arguments = args.len();
        // What the handler gets is put together where it is handed over: each copy of it costs.
        let start = AssertUnwindSafe(|| {
            let cx = Context {
                origin: Arc::clone(origin),
                cred: std::mem::replace(&mut accepted.auth.cred, Cred::None),
                xid: accepted.xid,
                program: accepted.program,
                version: accepted.version,
                procedure: accepted.procedure,
                ratio: accepted.info.map_or(16, |p| p.args_ratio),
                extensions: std::mem::take(&mut extensions),
            };
            let args = Body::from(std::mem::take(&mut args));
            Arc::clone(accepted.target).dispatch(cx, accepted.procedure, args)
        });
        let entered = span.as_deref().map(Span::enter);
        let handler = catch_unwind(start);
        drop(entered);
        let handler = handler.unwrap_or_else(|_| Box::pin(async { Err(Fault::SystemErr) }));
        let handler = match deadline {
            None => handler,
            Some(limit) => Box::pin(async move {
                tokio::time::timeout(limit, handler)
                    .await
                    .unwrap_or(Err(Fault::SystemErr))
            }),
        };
        let handler = match accepted.info {
            Some(ProcInfo { oneway: true, .. }) => Box::pin(async move {
                let _ = handler.await;
                Err(Fault::NoReply)
            }),
            _ => handler,
        };
        Start::Running(Self {
            xid: accepted.xid,
            verf: accepted.auth.verf.take(),
            handler,
            remembered,
            span,
            datagram: origin.peer.is_datagram(),
            arguments,
            held: None,
        })
    }

    /// Polls the handler.
    #[inline]
    pub(crate) fn poll_handler(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<Body, Fault>> {
        let entered = self.span.as_deref().map(Span::enter);
        DECODED.set(0);
        let mut polled = Poll::Pending;
        // A handler's panic is the failure of its call alone. The handler is never polled again.
        let caught = catch_unwind(AssertUnwindSafe(|| polled = self.handler.as_mut().poll(cx)));
        drop(entered);
        if caught.is_err() {
            polled = Poll::Ready(Err(Fault::SystemErr));
        }
        match &polled {
            Poll::Pending => self.hold_decoded(DECODED.get()),
            Poll::Ready(result) => {
                if let Some(span) = &self.span {
                    span::ended(span, result.as_ref().err());
                }
            }
        }
        polled
    }

    /// The call has ended with this result.
    pub(crate) fn done(&mut self, result: Result<Body, Fault>) -> Done {
        let result = match result {
            Err(Fault::Busy) => Err(self.put_off()),
            result => result,
        };
        Done {
            xid: self.xid,
            verf: std::mem::take(&mut self.verf),
            result,
            remembered: self.remembered.take(),
            held: None,
        }
    }

    /// Queues the reply to a call that has ended with these results, where it is like nearly all: small, without verifier,
    /// and not to be remembered. Whether it is; [`done`](Self::done) is for all.
    #[inline]
    pub(crate) fn queue(&self, results: &Body, max: usize, out: &mut Outgoing) -> bool {
        let Some(flat) = results.flat().filter(|flat| flat.len() <= room(max)) else {
            return false;
        };
        let Some(mark) = record::mark(ReplyHeader::SUCCESS_LEN + flat.len()) else {
            return false;
        };
        self.verf.is_none()
            && self.remembered.is_none()
            && out.push_flat(mark, &ReplyHeader::success(self.xid), flat)
    }

    /// It was not handled: a client that asks again begins anew. Over a stream nobody does; it would wait for ever.
    fn put_off(&mut self) -> Fault {
        self.remembered = None;
        match self.datagram {
            true => Fault::NoReply,
            false => Fault::SystemErr,
        }
    }

    fn hold_decoded(&mut self, bytes: usize) {
        self.arguments = self.arguments.saturating_add(bytes);
        if let Some(held) = &mut self.held
            && bytes > 0
        {
            held.server.held.fetch_add(bytes, Ordering::Relaxed);
            held.bytes = held.bytes.saturating_add(bytes);
        }
    }

    /// Counts the arguments among the bytes that the server holds, for as long as the call runs: it was not ready at once.
    pub(crate) fn hold(&mut self, server: &Arc<Shared>) {
        if self.arguments >= SMALL {
            self.held = Some(Held::new(server, self.arguments));
        }
    }
}

/// Enters the call into the reply cache, where there is one for this peer.
#[inline]
fn remember(
    accepted: &Accepted<'_, Arc<dyn Dispatch>>,
    args: &[u8],
    origin: &Origin,
    server: &Arc<Shared>,
) -> Result<Option<Box<InProgress>>, Admission> {
    let peer = &origin.peer;
    let Some(address) = peer.address().filter(|_| server.remembers(peer)) else {
        return Ok(None);
    };
    let numbers = (accepted.program, accepted.version, accepted.procedure);
    let mut cache = server.replay();
    let key = cache.key(address, accepted.xid, numbers, args);
    match cache.admit(Instant::now(), key) {
        Admission::Run => {
            let server = Arc::clone(server);
            Ok(Some(Box::new(InProgress {
                key: Some(key),
                server,
            })))
        }
        other => Err(other),
    }
}

impl Future for Call {
    type Output = Done;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Done> {
        self.poll_handler(cx).map(|result| self.done(result))
    }
}

/// A reply that has not been put together yet.
pub(crate) struct Reply {
    /// The xid of a plain success, whose header is not in `body`.
    success: Option<u32>,
    body: Body,
}

impl Done {
    /// Counts the result among the bytes that the server holds, until it is in the connection's queue. Where there is no
    /// memory for it the call has failed: many that have been begun may end together.
    #[inline]
    pub(crate) fn hold(mut self, server: &Arc<Shared>) -> Self {
        if let Ok(body) = &self.result
            && body.len() >= SMALL
        {
            let bytes = body.len();
            if server.is_exhausted() {
                no_memory(self.xid, bytes);
                self.result = Err(Fault::SystemErr);
            } else {
                self.held = Some(Held::new(server, bytes));
            }
        }
        self
    }

    /// The reply, or `None` when the call is not answered; a result beyond `max` bytes becomes SYSTEM_ERR.
    pub(crate) fn reply(self, max: usize) -> Option<Reply> {
        let Self {
            xid,
            verf,
            result,
            remembered,
            held,
        } = self;
        drop(held);
        let reply = Reply::new(xid, verf, result, max);
        match remembered {
            None => reply,
            Some(call) => call.finish(reply),
        }
    }
}

#[cold]
fn no_memory(xid: u32, bytes: usize) {
    static NOISE: Noise = Noise::new();
    if let Some(more) = NOISE.line() {
        tracing::warn!(
            xid,
            bytes,
            more,
            "too many bytes are held: a result is dropped"
        );
    }
}

/// Bytes of results in a reply of `max` bytes.
#[inline]
fn room(max: usize) -> usize {
    max.saturating_sub(ReplyHeader::SUCCESS_LEN)
}

impl InProgress {
    /// Keeps the reply for duplicates of its call.
    fn finish(mut self, reply: Option<Reply>) -> Option<Reply> {
        let bytes = reply.map(Reply::into_bytes);
        if let Some(key) = self.key.take() {
            let reply = bytes.as_ref();
            self.server.replay().finish(Instant::now(), key, reply);
        }
        bytes.map(|bytes| Body::from(bytes).into())
    }
}

impl From<Body> for Reply {
    /// A reply with its header.
    fn from(body: Body) -> Self {
        let success = None;
        Self { success, body }
    }
}

impl From<&ReplyHeader> for Reply {
    /// A reply that is a header alone.
    fn from(header: &ReplyHeader) -> Self {
        Body::from(header_bytes(header)).into()
    }
}

impl Reply {
    fn new(xid: u32, verf: Verifier, result: Result<Body, Fault>, max: usize) -> Option<Self> {
        let mut result = result;
        if let Ok(body) = &result
            && body.len() > room(max)
        {
            let bytes = body.len();
            tracing::error!(xid, bytes, limit = max, "reply exceeds the limit");
            result = Err(Fault::SystemErr);
        }
        match (result, verf) {
            (Ok(body), None) => {
                let success = Some(xid);
                Some(Self { success, body })
            }
            (Ok(mut body), Some(verf)) => {
                let header = ReplyHeader::accepted_with(xid, *verf, AcceptStat::Success);
                body.prepend(&header_bytes(&header));
                Some(body.into())
            }
            (Err(fault), verf) => {
                let verf = verf.map_or(OpaqueAuth::NONE, |verf| *verf);
                fault.header(xid, verf).map(|header| (&header).into())
            }
        }
    }

    /// The whole message in one piece.
    pub(crate) fn into_bytes(self) -> Bytes {
        match (self.success, self.body.flat()) {
            (Some(xid), Some(flat)) if flat.len() < SMALL => {
                [&ReplyHeader::success(xid), flat].concat().into()
            }
            _ => self.into_body().into_bytes(),
        }
    }

    fn into_body(self) -> Body {
        let Self { success, mut body } = self;
        if let Some(xid) = success {
            body.prepend(&ReplyHeader::success(xid));
        }
        body
    }

    /// Queues it as a record of one fragment.
    #[inline]
    pub(crate) fn queue(self, out: &mut Outgoing) {
        let Some(xid) = self.success else {
            // Beyond 2 GiB there is no mark; limits are far below.
            if let Some(mark) = record::mark(self.body.len()) {
                out.push_behind(&mark, self.body);
            }
            return;
        };
        if let Some(mark) = record::mark(ReplyHeader::SUCCESS_LEN + self.body.len()) {
            let mut front = [0; REPLY_ROOM];
            let (head, header) = front.split_at_mut(mark.len());
            head.copy_from_slice(&mark);
            header.copy_from_slice(&ReplyHeader::success(xid));
            out.push_behind(&front, self.body);
        }
    }
}
