//! Calls from code without an async runtime: plain sockets, no threads, the same method names. (But the look-up of a host
//! name, which the system lets nobody put a deadline on: it runs in a short-lived thread, so that a call keeps its own.)
//!
//! ```no_run
//! # use rpcgen_runtime::blocking;
//! # fn f<CalcV1Client: blocking::ClientStub>() -> Result<(), rpcgen_runtime::RpcError> {
//! let calc = blocking::connect::<CalcV1Client>("tcp://server")?;
//! # let _ = calc; Ok(()) }
//! ```
//!
//! A handle makes one call at a time; the others wait for their turn, each no longer than its time limit. For more at once,
//! connect more than one. A client of another program or version shares the connection when it is made of the same stub:
//! `CalcV2Client::from_stub(calc.stub().clone())`. To use the async client from blocking code instead, make a
//! current-thread tokio runtime and `block_on` its calls.
//!
//! A call on a connection in use costs one write and one read.

mod broadcast;
mod dial;
mod input;
mod line;
mod socket;
mod turn;
mod wait;

pub use self::broadcast::{Answers, Broadcast, RawAnswers};
use self::line::Line;
use super::dial::Plan;
use super::options::Destination;
use super::service::Call;
use super::span::Names;
use super::{CallOptions, ConnectOptions};
use crate::Body;
use crate::error::RpcError;
use crate::interface::{Interface, ProcInfo};
use crate::net::target::{IntoTarget, Target};
use crate::xdr::{Decode, DecodeError, Encode, Reader, Writer, value};
use bytes::Bytes;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What a generated blocking client is made of. Cheap to clone; clones share the connection.
#[derive(Clone, Debug)]
pub struct Stub {
    way: Way,
    options: Arc<CallOptions>,
}

/// Where calls go.
#[derive(Clone)]
enum Way {
    Line(Arc<Line>),
    Function(Arc<dyn Fn(Call) -> Result<Body, RpcError> + Send + Sync>),
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => line.fmt(f),
            Self::Function(_) => f.write_str("Function"),
        }
    }
}

impl Stub {
    /// A stub that connects with its first call.
    pub(crate) fn lazy(target: Target, options: ConnectOptions) -> Self {
        let destination = Destination {
            target,
            program: None,
        };
        Self::new(Plan::new(destination, options))
    }

    fn new(plan: Plan) -> Self {
        Self {
            options: Arc::new(plan.options.call.clone()),
            way: Way::Line(Arc::new(Line::new(plan))),
        }
    }

    /// A stub whose calls are answered by a closure: for tests of code that calls.
    ///
    /// ```
    /// # use rpcgen_runtime::{Body, RpcError, client::blocking::Stub};
    /// let five = Stub::from_fn(|call| match call.procedure {
    ///     1 => Ok(Body::from(vec![0, 0, 0, 5])),
    ///     _ => Err(RpcError::Closed),
    /// });
    /// # let _ = five; // CalcV1Client::from_stub(five).add(2, 3) is 5
    /// ```
    #[must_use]
    pub fn from_fn<F>(answer: F) -> Self
    where
        F: Fn(Call) -> Result<Body, RpcError> + Send + Sync + 'static,
    {
        Self {
            way: Way::Function(Arc::new(answer)),
            options: Arc::default(),
        }
    }

    /// The same connection with other options; what they leave open stays as it is here.
    #[must_use]
    pub fn with(&self, options: CallOptions) -> Self {
        Self {
            way: self.way.clone(),
            options: Arc::new(options.or(&self.options)),
        }
    }

    /// Makes a call; its results, nothing if it is batched.
    fn call(
        &self,
        interface: &'static Interface,
        procedure: &'static ProcInfo,
        args: Body,
    ) -> Result<Bytes, RpcError> {
        let options = &*self.options;
        let line = match &self.way {
            Way::Line(line) => line,
            Way::Function(answer) => {
                let call = Call::new(interface, procedure, args, options);
                return Ok(answer(call)?.into_bytes());
            }
        };
        let call = options.call(interface, procedure, args);
        if options.batches() {
            return line.batch(call);
        }
        let names = Names::of(interface, procedure);
        match options.refreshable() {
            None => line.call(names, call),
            Some(provider) => line.call_again(names, call, provider),
        }
    }

    fn flush(&self, limit: Duration) -> Result<(), RpcError> {
        match &self.way {
            Way::Line(line) => line.flush(limit),
            Way::Function(_) => Ok(()),
        }
    }
}

/// A generated blocking client.
pub trait ClientStub: Clone + Sized {
    /// The program and version it calls.
    const INTERFACE: &'static Interface;

    /// A client made of a stub.
    fn from_stub(stub: Stub) -> Self;

    /// The stub it is made of.
    fn stub(&self) -> &Stub;

    /// The same client with other options: time limit, credential.
    #[must_use]
    fn with(&self, options: CallOptions) -> Self {
        Self::from_stub(self.stub().with(options))
    }

    /// Writes batched calls out ([`CallOptions::batch`]), within the time limit of a call. Then the system has taken
    /// them; that the server has them only the reply to a later call can say.
    ///
    /// # Errors
    /// They could not be written in time, or some were lost since this was last asked.
    fn flush(&self) -> Result<(), RpcError> {
        let stub = self.stub();
        stub.flush(stub.options.time_limit())
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
    decode: impl FnOnce(&mut Reader<'_>) -> Result<T, DecodeError>,
) -> Result<T, RpcError> {
    let options = &stub.options;
    let mut w = Writer::with_room(super::Channel::room(options));
    encode(&mut w);
    let args = w.finish()?;
    if options.batches() {
        // Nothing will come back, so nothing must be expected.
        let nothing = options.read(procedure, &Bytes::new(), decode);
        let nothing = nothing.map_err(|_| RpcError::NoResult)?;
        stub.call(interface, procedure, args)?;
        return Ok(nothing);
    }
    let results = stub.call(interface, procedure, args)?;
    options.read(procedure, &results, decode)
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
) -> Result<T, RpcError> {
    call(stub, interface, procedure, |w| argument.encode(w), value)
}

/// Connects a client: `blocking::connect::<CalcV1Client>("tcp://server")`.
///
/// # Errors
/// The target is none, or cannot be reached within 5 seconds.
pub fn connect<C: ClientStub>(target: impl IntoTarget) -> Result<C, RpcError> {
    connect_with(target, ConnectOptions::default())
}

/// Connects a client with options.
///
/// # Errors
/// The target is none, or cannot be reached within the connect timeout.
pub fn connect_with<C: ClientStub>(
    target: impl IntoTarget,
    options: ConnectOptions,
) -> Result<C, RpcError> {
    let destination = Destination {
        target: target.into_target()?,
        program: Some((C::INTERFACE.program, C::INTERFACE.version)),
    };
    let stub = Stub::new(Plan::new(destination, options));
    if let Way::Line(line) = &stub.way {
        line.connect()?;
    }
    Ok(C::from_stub(stub))
}

/// Calls procedure 0.
///
/// # Errors
/// See [`RpcError`].
pub fn ping<C: ClientStub>(client: &C) -> Result<(), RpcError> {
    call(
        client.stub(),
        C::INTERFACE,
        &super::stub::NULL,
        |_| (),
        |_| Ok(()),
    )
}

#[cfg(test)]
pub(super) mod tests;
