//! What a generated client is made of.

use super::link::Pending;
use super::span::{CallSpan, Names};
use super::{CallOptions, Channel};
use crate::Body;
use crate::error::RpcError;
use crate::interface::{Interface, ProcInfo};
use crate::proto::client::Outcome;
use crate::server::BoxFuture;
use crate::xdr::{Decode, DecodeError, Encode, EncodeError, Reader, Writer, value};
use bytes::Bytes;
use std::future::poll_fn;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// A channel and the options its calls are made with. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Stub {
    channel: Channel,
    options: Arc<CallOptions>,
}

impl Stub {
    /// A stub that calls over `channel` with its options.
    #[must_use]
    pub fn new(channel: Channel) -> Self {
        let options = Arc::clone(channel.options());
        Self { channel, options }
    }

    /// The channel.
    #[must_use]
    pub fn channel(&self) -> &Channel {
        &self.channel
    }

    /// The options of calls.
    #[must_use]
    pub fn options(&self) -> &CallOptions {
        &self.options
    }

    /// The same channel with other options; what they leave open stays as it is here.
    #[must_use]
    pub fn with(&self, options: CallOptions) -> Self {
        Self {
            channel: self.channel.clone(),
            options: Arc::new(options.or(&self.options)),
        }
    }
}

/// A generated client.
///
/// The trait and not the type has these methods, so that a procedure may have any name: where one is called `with`,
/// write `ClientStub::with(&client, …)`.
pub trait ClientStub: Clone + Sized {
    /// The program and version it calls.
    const INTERFACE: &'static Interface;

    /// A client made of a stub.
    fn from_stub(stub: Stub) -> Self;

    /// The stub it is made of.
    fn stub(&self) -> &Stub;

    /// A client that calls over `channel`.
    #[must_use]
    fn from_channel(channel: Channel) -> Self {
        Self::from_stub(Stub::new(channel))
    }

    /// The channel it calls over, to share with clients of other programs and versions.
    fn channel(&self) -> &Channel {
        self.stub().channel()
    }

    /// The same client with other options: time limit, credential, replay.
    #[must_use]
    fn with(&self, options: CallOptions) -> Self {
        Self::from_stub(self.stub().with(options))
    }

    /// Writes batched calls out, see [`Channel::flush`].
    ///
    /// # Errors
    /// As [`Channel::flush`].
    fn flush(&self) -> impl Future<Output = Result<(), RpcError>> + Send {
        let channel = self.channel().clone();
        async move { channel.flush().await }
    }
}

/// Calls a procedure: what generated methods consist of.
///
/// # Errors
/// See [`RpcError`].
#[doc(hidden)]
pub fn call<T>(
    stub: &Stub,
    interface: &'static Interface,
    procedure: &'static ProcInfo,
    encode: impl FnOnce(&mut Writer),
    decode: impl Fn(&mut Reader<'_>) -> Result<T, DecodeError>,
) -> impl Future<Output = Result<T, RpcError>> {
    // The arguments are written here, not when the future is polled: it then borrows nothing but the stub.
    let mut w = Writer::with_room(Channel::room(&stub.options));
    encode(&mut w);
    let mut results = Results {
        stub,
        interface,
        procedure,
        stage: Stage::New(w.finish()),
    };
    poll_fn(move |cx| {
        // Nothing will come back, so nothing must be expected.
        if results.will_be_none() && results.read(&Bytes::new(), &decode).is_err() {
            return Poll::Ready(Err(RpcError::NoResult));
        }
        let received = ready!(results.poll(cx)).map_err(|error| *error)?;
        Poll::Ready(results.read(&received, &decode))
    })
}

/// The encoded results of a call, to be polled.
struct Results<'s> {
    stub: &'s Stub,
    interface: &'static Interface,
    procedure: &'static ProcInfo,
    stage: Stage<'s>,
}

enum Stage<'s> {
    /// With the arguments.
    New(Result<Body, EncodeError>),
    /// Nearly all calls.
    Plain(Body, Pending<'s>),
    /// Calls behind layers, under an observer, with a credential that can be renewed, batched.
    Other(BoxFuture<'s, Result<Bytes, RpcError>>),
}

impl Results<'_> {
    /// Whether this is a call of the kind that has no results, not begun yet.
    fn will_be_none(&self) -> bool {
        matches!(self.stage, Stage::New(_)) && self.stub.options.batches()
    }

    fn read<T>(
        &self,
        results: &Bytes,
        decode: impl FnOnce(&mut Reader<'_>) -> Result<T, DecodeError>,
    ) -> Result<T, RpcError> {
        self.stub.options.read(self.procedure, results, decode)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Outcome> {
        let (interface, procedure) = (self.interface, self.procedure);
        let (channel, options) = (&self.stub.channel, &*self.stub.options);
        if let Stage::New(arguments) = &mut self.stage {
            let arguments = match arguments {
                Ok(arguments) => mem::take(arguments),
                Err(error) => return Poll::Ready(Err(Box::new(error.clone().into()))),
            };
            self.stage = match channel.plain(options) {
                Some(link) => {
                    let names = Names::of(interface, procedure);
                    let numbers = [interface.program, interface.version, procedure.number];
                    let span = CallSpan::new(names, numbers, link.plan());
                    Stage::Plain(arguments, Pending::new(link, span))
                }
                None => {
                    let results = channel.call(interface, procedure, arguments, options);
                    Stage::Other(Box::pin(results))
                }
            };
        }
        match &mut self.stage {
            Stage::New(_) => Poll::Ready(Err(RpcError::Closed.into())),
            Stage::Plain(arguments, pending) => pending.poll(cx, options.terms(), || {
                options.call(interface, procedure, mem::take(arguments))
            }),
            Stage::Other(results) => results.as_mut().poll(cx).map_err(Box::new),
        }
    }
}

/// Calls a procedure with one argument and a result that are each encoded as they are.
///
/// # Errors
/// See [`RpcError`].
#[doc(hidden)]
#[inline]
pub fn call_with<T: for<'a> Decode<'a>>(
    stub: &Stub,
    interface: &'static Interface,
    procedure: &'static ProcInfo,
    argument: &impl Encode,
) -> impl Future<Output = Result<T, RpcError>> {
    call(stub, interface, procedure, |w| argument.encode(w), value)
}

/// The procedure 0 that every version of every program has: no arguments, no results.
pub(crate) static NULL: ProcInfo = ProcInfo {
    number: 0,
    name: "NULL",
    oneway: false,
    idempotent: true,
    args_ratio: 0,
    result_ratio: 0,
};

/// Calls procedure 0: is the server there, and does it serve this program and version?
///
/// # Errors
/// See [`RpcError`].
pub async fn ping<C: ClientStub>(client: &C) -> Result<(), RpcError> {
    call(client.stub(), C::INTERFACE, &NULL, |_| (), |_| Ok(())).await
}
