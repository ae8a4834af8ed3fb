//! How the server calls generated code.

use super::call;
use super::context::Decoding;
use super::{Context, Fault};
use crate::proto::server::REPLY_ROOM;
use crate::xdr::{Reader, Writer, decode_body, field, value};
use crate::{Body, Decode, DecodeError, Encode, EncodeError, Interface};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// A boxed future.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One version of a program, ready to be called: what generated `…Server` types implement.
pub trait Dispatch: Send + Sync + 'static {
    /// Its numbers and names.
    fn interface(&self) -> &'static Interface;

    /// Runs a procedure of [`interface`](Self::interface).
    fn dispatch(
        self: Arc<Self>,
        cx: Context,
        procedure: u32,
        args: Body,
    ) -> BoxFuture<'static, Result<Body, Fault>>;
}

/// Decodes the arguments of a call.
///
/// # Errors
/// [`Fault::GarbageArgs`].
pub fn arguments<T>(
    cx: &Context,
    args: &Body,
    decode: impl for<'b> FnOnce(&mut Reader<'b>) -> Result<T, DecodeError>,
) -> Result<T, Fault> {
    let Decoding { limits, mode } = cx.origin.decoding;
    let counted = |r: &mut Reader<'_>| {
        let budget = r.budget();
        let value = decode(r)?;
        call::decoded(budget.saturating_sub(r.budget()));
        Ok(value)
    };
    decode_body(args, limits, mode, cx.ratio as usize, counted).map_err(|error| garbage(cx, &error))
}

/// Decodes the only argument of a call.
///
/// # Errors
/// [`Fault::GarbageArgs`].
pub fn argument<T>(cx: &Context, args: &Body, name: &'static str) -> Result<T, Fault>
where
    T: for<'a> Decode<'a>,
{
    arguments(cx, args, |r| field(name, value(r)))
}

/// Decodes the arguments of a procedure that has none.
///
/// # Errors
/// As [`arguments`].
#[inline]
pub fn void(cx: &Context, args: &Body) -> Result<(), Fault> {
    match args.is_empty() {
        true => Ok(()),
        // What is in it decides about the error, or about none.
        false => arguments(cx, args, |_| Ok(())),
    }
}

/// Not in every procedure's code: an event is a lot of it.
#[cold]
#[inline(never)]
fn garbage(cx: &Context, error: &DecodeError) -> Fault {
    tracing::debug!(peer = %cx.peer(), xid = cx.xid, procedure = cx.procedure, %error, "arguments do not decode");
    Fault::GarbageArgs
}

/// Encodes the results of a call, with room in front for the reply's header.
///
/// # Errors
/// [`Fault::SystemErr`] when a value exceeds what its declaration allows.
pub fn results(cx: &Context, encode: impl FnOnce(&mut Writer)) -> Result<Body, Fault> {
    let mut w = Writer::with_room(REPLY_ROOM);
    encode(&mut w);
    w.finish().map_err(|error| unsound(cx, &error))
}

/// Encodes the result of a call.
///
/// # Errors
/// As [`results`].
pub fn result<T: Encode>(cx: &Context, value: &T) -> Result<Body, Fault> {
    results(cx, |w| value.encode(w))
}

/// Encodes the result of a call that has one.
///
/// # Errors
/// That of the handler, or as [`results`].
#[inline]
pub fn reply<T: Encode>(cx: &Context, outcome: Result<T, Fault>) -> Result<Body, Fault> {
    match outcome {
        Ok(value) => result(cx, &value),
        Err(fault) => Err(fault),
    }
}

/// A handler as the server holds it. A function, for it spares rustc to look for ways from one type to the other.
#[inline]
pub fn boxed(
    handler: impl Future<Output = Result<Body, Fault>> + Send + 'static,
) -> BoxFuture<'static, Result<Body, Fault>> {
    Box::pin(handler)
}

#[cold]
#[inline(never)]
fn unsound(cx: &Context, error: &EncodeError) -> Fault {
    tracing::error!(peer = %cx.peer(), xid = cx.xid, procedure = cx.procedure, %error, "result cannot be encoded");
    Fault::SystemErr
}

/// The answer to a procedure that does not exist.
#[must_use]
pub fn no_procedure() -> BoxFuture<'static, Result<Body, Fault>> {
    Box::pin(std::future::ready(Err(Fault::ProcUnavail)))
}
