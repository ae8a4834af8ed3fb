//! The `tracing` span of a call, at level DEBUG, with the field names of OpenTelemetry's conventions for ONC RPC.
//!
//! The name is `rpc`, as on the server; `xid` joins the two. While nobody listens a call pays for one load and a
//! comparison.

use super::dial::Plan;
use crate::error::RpcError;
use crate::interface::{Interface, ProcInfo};
use crate::net::target::{Target, Transport};
use std::borrow::Borrow;
use tracing::Span;
use tracing::field::{Empty, display};

/// What a call is called: its program's and its procedure's name, empty where only numbers are known.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Names {
    pub(crate) program: &'static str,
    pub(crate) procedure: &'static str,
}

impl Names {
    /// Those of a procedure.
    pub(super) fn of(interface: &'static Interface, procedure: &'static ProcInfo) -> Self {
        Self {
            program: interface.name,
            procedure: procedure.name,
        }
    }
}

/// The span of a call; nothing when nobody listens.
#[derive(Clone, Debug)]
pub(super) struct CallSpan(Option<Box<Span>>);

impl CallSpan {
    /// Of a call of this program, version and procedure.
    #[inline]
    pub(super) fn new(names: Names, numbers: [u32; 3], plan: &Plan) -> Self {
        if !tracing::enabled!(tracing::Level::DEBUG) {
            return Self(None);
        }
        Self(Some(Box::new(open(names, numbers, plan))))
    }

    /// Makes it the current one while `work` runs.
    #[inline]
    pub(super) fn enter(&self) -> Option<tracing::span::Entered<'_>> {
        self.0.as_deref().map(Span::enter)
    }

    /// The call has begun.
    #[inline]
    pub(super) fn begun(&self, xid: u32) {
        if let Some(span) = &self.0 {
            span.record("xid", xid);
        }
    }

    /// The call has ended.
    #[inline]
    pub(super) fn ended<T>(&self, result: &Result<T, impl Borrow<RpcError>>) {
        let Some(span) = &self.0 else { return };
        match result {
            Ok(_) => {
                span.record("otel.status_code", "OK");
            }
            Err(error) => {
                let error = error.borrow();
                span.record("otel.status_code", "ERROR");
                span.record("error.type", error.name());
                span.record("error.message", display(error));
            }
        }
    }
}

#[cold]
fn open(names: Names, numbers: [u32; 3], plan: &Plan) -> Span {
    let [program, version, procedure] = numbers;
    let target = plan.destination.as_ref().map(|d| &d.target);
    let (address, port) = match target {
        Some(Target::Tcp(host) | Target::Udp(host)) => (host.name.clone(), host.port),
        Some(Target::Unix(path)) => (path.display().to_string(), None),
        None => (String::new(), None),
    };
    let transport = target.map(|target| match target.transport() {
        Transport::Tcp => "tcp",
        Transport::Udp => "udp",
        Transport::Unix => "unix",
    });
    let name = |name: &'static str| Some(name).filter(|name| !name.is_empty());
    tracing::debug_span!(
        "rpc",
        otel.kind = "client",
        rpc.system = "onc_rpc",
        onc_rpc.program.name = name(names.program),
        onc_rpc.program.number = program,
        onc_rpc.version = version,
        onc_rpc.procedure.name = name(names.procedure),
        onc_rpc.procedure.number = procedure,
        network.transport = transport,
        server.address = Some(address.as_str()).filter(|address| !address.is_empty()),
        server.port = port,
        xid = Empty,
        otel.status_code = Empty,
        error.r#type = Empty,
        error.message = Empty,
    )
}
