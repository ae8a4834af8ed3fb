//! The `tracing` span of a call that reaches a handler. The fields are listed in the documentation of the module above.

use super::context::Origin;
use super::{Fault, Peer};
use crate::proto::server::Accepted;
use tracing::Span;
use tracing::field::{Empty, display};

/// The span of a call; `None` when nobody listens, which costs one load and a comparison.
#[inline]
pub(crate) fn open<T>(call: &Accepted<'_, T>, origin: &Origin) -> Option<Box<Span>> {
    if !tracing::enabled!(tracing::Level::DEBUG) {
        return None;
    }
    Some(Box::new(opened(call, origin)))
}

#[cold]
fn opened<T>(call: &Accepted<'_, T>, origin: &Origin) -> Span {
    let transport = match &origin.peer {
        Peer::Tcp(_) => Some("tcp"),
        Peer::Udp(_) => Some("udp"),
        Peer::Unix { .. } => Some("unix"),
        Peer::Local => None,
    };
    let user = match &origin.peer {
        Peer::Unix { uid, .. } => Some(*uid),
        _ => None,
    };
    let address = origin.peer.address();
    let program = Some(call.interface.name).filter(|name| !name.is_empty());
    tracing::debug_span!(
        "rpc",
        otel.kind = "server",
        rpc.system = "onc_rpc",
        onc_rpc.program.name = program,
        onc_rpc.program.number = call.program,
        onc_rpc.version = call.version,
        onc_rpc.procedure.name = call.info.map(|p| p.name),
        onc_rpc.procedure.number = call.procedure,
        network.transport = transport,
        client.address = address.map(|at| display(at.ip())),
        client.port = address.map(|at| at.port()),
        enduser.id = user,
        xid = call.xid,
        otel.status_code = Empty,
        error.r#type = Empty,
        error.message = Empty,
    )
}

/// The handler has ended.
pub(crate) fn ended(span: &Span, fault: Option<&Fault>) {
    match fault {
        None => {
            span.record("otel.status_code", "OK");
        }
        // As the handler or the interface wishes: neither good nor bad.
        Some(Fault::NoReply) => {}
        Some(fault) => {
            span.record("otel.status_code", "ERROR");
            span.record("error.type", fault.name());
            span.record("error.message", display(fault));
        }
    }
}
