//! A closure that answers for every program that is not served.

use super::{BoxFuture, Context, Dispatch, Fault, Request};
use crate::{Body, Interface};
use std::future::Future;
use std::sync::Arc;

/// What is known of a program that is not served: nothing.
static UNKNOWN: Interface = Interface {
    name: "",
    program: 0,
    version: 0,
    procedures: &[],
};

/// The closure.
pub(crate) struct Fallback<F>(pub(crate) F);

impl<F, R> Dispatch for Fallback<F>
where
    F: Fn(Request) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Body, Fault>> + Send + 'static,
{
    fn interface(&self) -> &'static Interface {
        &UNKNOWN
    }

    fn dispatch(
        self: Arc<Self>,
        cx: Context,
        procedure: u32,
        args: Body,
    ) -> BoxFuture<'static, Result<Body, Fault>> {
        Box::pin((self.0)(Request {
            cx,
            interface: &UNKNOWN,
            procedure,
            args,
        }))
    }
}
