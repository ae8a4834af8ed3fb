//! One call: from an accepted message to the reply's bytes.

use super::context::Decoding;
use super::{BoxFuture, Context, Dispatch, Fault, Peer, Shared};
use crate::Body;
use crate::msg::{AcceptStat, ReplyHeader};
use crate::proto::record;
use crate::proto::server::{Accepted, header_bytes};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll};

/// A call being handled; its output is the result to be framed by [`reply`].
pub(crate) struct Call {
    pub(crate) xid: u32,
    handler: BoxFuture<'static, Result<Body, Fault>>,
}

impl Call {
    /// Starts the handler.
    pub(crate) fn start(
        accepted: Accepted<Arc<dyn Dispatch>>,
        peer: &Arc<Peer>,
        server: &Shared,
    ) -> Self {
        let Accepted {
            xid,
            target,
            interface,
            procedure,
            cred,
            args,
        } = accepted;
        let info = interface.procedure(procedure);
        let deadline = server.limits.request_deadline;
        let cx = Context {
            peer: Arc::clone(peer),
            cred,
            xid,
            procedure,
            ratio: info.map_or(16, |p| p.args_ratio as usize),
            decoding: Decoding {
                limits: server.limits.decode,
                mode: server.mode,
            },
            deadline: deadline.map(|d| std::time::Instant::now() + d),
        };
        let oneway = info.is_some_and(|p| p.oneway);
        let start = AssertUnwindSafe(|| target.dispatch(cx, procedure, Body::from(args)));
        let handler =
            catch_unwind(start).unwrap_or_else(|_| Box::pin(async { Err(Fault::SystemErr) }));
        let handler = match deadline {
            None => handler,
            Some(limit) => Box::pin(async move {
                tokio::time::timeout(limit, handler)
                    .await
                    .unwrap_or(Err(Fault::SystemErr))
            }),
        };
        let handler = match oneway {
            false => handler,
            true => Box::pin(async move {
                let _ = handler.await;
                Err(Fault::NoReply)
            }),
        };
        Self { xid, handler }
    }
}

impl Future for Call {
    type Output = (u32, Result<Body, Fault>);

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        // A handler's panic is the failure of its call alone. The handler is never polled again.
        let polled = catch_unwind(AssertUnwindSafe(|| this.handler.as_mut().poll(cx)));
        let result = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(result)) => result,
            Err(_) => Err(Fault::SystemErr),
        };
        Poll::Ready((this.xid, result))
    }
}

/// The whole reply to a call, or `None` when it is not answered; a result beyond `max` bytes becomes SYSTEM_ERR.
pub(crate) fn reply(xid: u32, result: Result<Body, Fault>, max: usize) -> Option<Body> {
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
        Ok(mut body) => {
            body.prepend(&header_bytes(&ReplyHeader::accepted(
                xid,
                AcceptStat::Success,
            )));
            Some(body)
        }
        Err(fault) => fault
            .header(xid)
            .map(|header| Body::from(header_bytes(&header))),
    }
}

/// A reply as a record of one fragment.
pub(crate) fn marked(mut reply: Body) -> Option<Body> {
    reply.prepend(&record::mark(reply.len())?);
    Some(reply)
}
