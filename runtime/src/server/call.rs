//! One call: from an accepted message to the reply's bytes.

use super::context::{Decoding, Origin};
use super::{BoxFuture, Context, Dispatch, Extensions, Fault, Shared};
use crate::Body;
use crate::msg::{AcceptStat, OpaqueAuth, ReplyHeader};
use crate::proto::record;
use crate::proto::replay::{Admission, CallKey};
use crate::proto::server::{Accepted, header_bytes};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll};
use std::time::Instant;
use tracing::Span;

/// What becomes of an accepted call.
pub(crate) enum Start {
    /// Its handler runs.
    Running(Call),
    /// A duplicate of a call that has run: this was its reply, if it had one.
    Replayed(Option<Body>),
    /// A duplicate of a call that runs: not answered.
    Duplicate,
}

/// A call being handled.
pub(crate) struct Call {
    xid: u32,
    verf: OpaqueAuth,
    handler: BoxFuture<'static, Result<Body, Fault>>,
    remembered: Option<InProgress>,
    span: Span,
}

/// A call that has been handled.
pub(crate) struct Done {
    xid: u32,
    verf: OpaqueAuth,
    result: Result<Body, Fault>,
    remembered: Option<InProgress>,
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
    pub(crate) fn start(
        accepted: Accepted<Arc<dyn Dispatch>>,
        origin: &Arc<Origin>,
        server: &Arc<Shared>,
    ) -> Start {
        let remembered = match remember(&accepted, origin, server) {
            Ok(remembered) => remembered,
            Err(Admission::Replay(reply)) => return Start::Replayed(reply.map(Body::from)),
            Err(_) => return Start::Duplicate,
        };
        let span = span(&accepted, origin);
        let info = accepted.interface.procedure(accepted.procedure);
        let deadline = server.limits.request_deadline;
        let cx = Context {
            origin: Arc::clone(origin),
            cred: accepted.auth.cred,
            xid: accepted.xid,
            program: accepted.program,
            version: accepted.version,
            procedure: accepted.procedure,
            ratio: info.map_or(16, |p| p.args_ratio as usize),
            decoding: Decoding {
                limits: server.limits.decode,
                mode: server.mode,
            },
            deadline: deadline.map(|d| Instant::now() + d),
            extensions: Extensions::default(),
        };
        let (target, args) = (accepted.target, Body::from(accepted.args));
        let procedure = accepted.procedure;
        let oneway = info.is_some_and(|p| p.oneway);
        let start = AssertUnwindSafe(|| target.dispatch(cx, procedure, args));
        let handler = span.in_scope(|| catch_unwind(start));
        let handler = handler.unwrap_or_else(|_| Box::pin(async { Err(Fault::SystemErr) }));
        // Over UDP silence makes the client ask again; over a stream it would wait for ever.
        let late = if origin.peer.is_datagram() {
            Fault::NoReply
        } else {
            Fault::SystemErr
        };
        let handler = match deadline {
            None => handler,
            Some(limit) => Box::pin(async move {
                tokio::time::timeout(limit, handler)
                    .await
                    .unwrap_or(Err(late))
            }),
        };
        let handler = match oneway {
            false => handler,
            true => Box::pin(async move {
                let _ = handler.await;
                Err(Fault::NoReply)
            }),
        };
        Start::Running(Self {
            xid: accepted.xid,
            verf: accepted.auth.verf,
            handler,
            remembered,
            span,
        })
    }
}

/// The span of a call, with the field names of OpenTelemetry's conventions for ONC RPC.
fn span<T>(call: &Accepted<T>, origin: &Origin) -> Span {
    let name = || call.interface.procedure(call.procedure).map(|p| p.name);
    tracing::debug_span!(
        "rpc",
        rpc.system = "onc_rpc",
        onc_rpc.program.name = call.interface.name,
        onc_rpc.program.number = call.program,
        onc_rpc.version = call.version,
        onc_rpc.procedure.name = name(),
        onc_rpc.procedure.number = call.procedure,
        client.address = %origin.peer,
        xid = call.xid,
        otel.status_code = tracing::field::Empty,
    )
}

/// Enters the call into the reply cache, where there is one for this peer.
fn remember(
    accepted: &Accepted<Arc<dyn Dispatch>>,
    origin: &Origin,
    server: &Arc<Shared>,
) -> Result<Option<InProgress>, Admission> {
    let peer = &origin.peer;
    let Some(address) = peer.address().filter(|_| server.remembers(peer)) else {
        return Ok(None);
    };
    let numbers = (accepted.program, accepted.version, accepted.procedure);
    let mut cache = server.replay();
    let key = cache.key(address, accepted.xid, numbers, &accepted.args);
    match cache.admit(Instant::now(), key) {
        Admission::Run => {
            let server = Arc::clone(server);
            Ok(Some(InProgress {
                key: Some(key),
                server,
            }))
        }
        other => Err(other),
    }
}

impl Future for Call {
    type Output = Done;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Done> {
        let this = &mut *self;
        // A handler's panic is the failure of its call alone. The handler is never polled again.
        let entered = this.span.enter();
        let polled = catch_unwind(AssertUnwindSafe(|| this.handler.as_mut().poll(cx)));
        let result = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(result)) => result,
            Err(_) => Err(Fault::SystemErr),
        };
        let status = if result.is_ok() { "OK" } else { "ERROR" };
        this.span.record("otel.status_code", status);
        drop(entered);
        Poll::Ready(Done {
            xid: this.xid,
            verf: std::mem::take(&mut this.verf),
            result,
            remembered: this.remembered.take(),
        })
    }
}

impl Done {
    /// The whole reply, or `None` when the call is not answered; a result beyond `max` bytes becomes SYSTEM_ERR.
    pub(crate) fn reply(self, max: usize) -> Option<Body> {
        let Self {
            xid,
            verf,
            result,
            remembered,
        } = self;
        let reply = frame(xid, verf, result, max);
        if let Some(mut call) = remembered
            && let Some(key) = call.key.take()
        {
            let bytes = reply.as_ref().map(Body::to_bytes);
            call.server.replay().finish(Instant::now(), key, bytes);
        }
        reply
    }
}

fn frame(xid: u32, verf: OpaqueAuth, result: Result<Body, Fault>, max: usize) -> Option<Body> {
    let too_long = |body: &Body| body.len() > max.saturating_sub(ReplyHeader::SUCCESS_LEN);
    let result = match result {
        Ok(body) if too_long(&body) => {
            tracing::error!(
                xid,
                bytes = body.len(),
                limit = max,
                "reply exceeds the limit"
            );
            Err(Fault::SystemErr)
        }
        other => other,
    };
    match result {
        Ok(mut body) if verf == OpaqueAuth::NONE => {
            body.prepend(&ReplyHeader::success(xid));
            Some(body)
        }
        Ok(mut body) => {
            let header = ReplyHeader::accepted_with(xid, verf, AcceptStat::Success);
            body.prepend(&header_bytes(&header));
            Some(body)
        }
        Err(fault) => fault
            .header(xid, verf)
            .map(|header| Body::from(header_bytes(&header))),
    }
}

/// A reply as a record of one fragment.
pub(crate) fn marked(mut reply: Body) -> Option<Body> {
    reply.prepend(&record::mark(reply.len())?);
    Some(reply)
}
