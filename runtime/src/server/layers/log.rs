//! A line for each call.

use super::{Answer, fault_of};
use crate::Body;
use crate::server::Request;
use std::error::Error;
use std::task::{Context, Poll};
use std::time::Instant;
use tower_layer::Layer;
use tower_service::Service;

/// Writes an event for each call when it has been handled, at level `INFO`, target `rpcgen_runtime::calls`: peer, program,
/// version, procedure, bytes of arguments and result, time, and what became of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct CallLog;

/// The service of [`CallLog`].
#[derive(Clone, Debug)]
pub struct Logged<S>(S);

impl<S> Layer<S> for CallLog {
    type Service = Logged<S>;

    fn layer(&self, inner: S) -> Logged<S> {
        Logged(inner)
    }
}

impl<S> Service<Request> for Logged<S>
where
    S: Service<Request, Response = Body>,
    S::Future: Send + 'static,
    S::Error: Error + 'static,
{
    type Response = Body;
    type Error = S::Error;
    type Future = Answer<S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let start = Instant::now();
        let peer = request.cx.peer().clone();
        let (program, version) = (request.cx.program(), request.cx.version());
        let (interface, number) = (request.interface, request.procedure);
        let arguments = request.args.len();
        let answer = self.0.call(request);
        Box::pin(async move {
            let answer = answer.await;
            let procedure = interface.procedure(number).map_or("", |p| p.name);
            let (outcome, results) = match &answer {
                Ok(body) => (None, body.len()),
                Err(error) => (Some(fault_of(error)), 0),
            };
            tracing::info!(
                target: "rpcgen_runtime::calls",
                %peer,
                program,
                version,
                number,
                procedure,
                arguments,
                results,
                elapsed = ?start.elapsed(),
                fault = outcome.map(tracing::field::display),
            );
            answer
        })
    }
}
