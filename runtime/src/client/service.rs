//! Middleware around calls, and channels that lead to code instead of a server: tower services over [`Call`].
//!
//! ```
//! # use rpcgen_runtime::{Body, Channel, RpcError};
//! // A mock takes three lines: every call of it is answered by this closure.
//! let channel = Channel::from_fn(|call| async move {
//!     if call.procedure == 1 { Ok(Body::from(vec![0, 0, 0, 5])) } else { Err(RpcError::Closed) }
//! });
//! # let _ = channel;
//! ```

use super::{CallOptions, Channel, RpcError};
use crate::Body;
use crate::interface::{Interface, ProcInfo};
use crate::server::BoxFuture;
use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

/// A call on its way out, as middleware sees it: the arguments are bytes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Call {
    /// Name of the program; empty for calls by number.
    pub program_name: &'static str,
    /// Program number.
    pub program: u32,
    /// Version number.
    pub version: u32,
    /// Procedure number.
    pub procedure: u32,
    /// What the interface file says of the procedure; its name is empty for calls by number.
    pub info: ProcInfo,
    /// The encoded arguments.
    pub args: Body,
    /// Time limit, credential and the rest.
    pub options: CallOptions,
}

impl Call {
    /// A generated client's call.
    pub(super) fn new(
        interface: &Interface,
        procedure: &ProcInfo,
        args: Body,
        options: &CallOptions,
    ) -> Self {
        Self {
            program_name: interface.name,
            program: interface.program,
            version: interface.version,
            procedure: procedure.number,
            info: *procedure,
            args,
            options: options.clone(),
        }
    }
}

/// What layers wrap: the calls of a channel.
#[derive(Clone, Debug)]
pub struct Calls(Channel);

impl Service<Call> for Calls {
    type Response = Body;
    type Error = RpcError;
    type Future = BoxFuture<'static, Result<Body, RpcError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), RpcError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Call) -> Self::Future {
        let channel = self.0.clone();
        Box::pin(async move { channel.send(call).await })
    }
}

/// A service behind a channel.
pub(crate) trait Answer: Send + Sync {
    /// Makes a call.
    fn answer(&self, call: Call) -> BoxFuture<'static, Result<Body, RpcError>>;
}

impl fmt::Debug for dyn Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Service")
    }
}

impl<S> Answer for S
where
    S: Service<Call, Response = Body> + Clone + Send + Sync + 'static,
    S::Future: Send,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
{
    fn answer(&self, call: Call) -> BoxFuture<'static, Result<Body, RpcError>> {
        // A service is ready for one call; each call has a clone of its own, as tower expects.
        let mut service = self.clone();
        Box::pin(async move {
            poll_fn(|cx| service.poll_ready(cx))
                .await
                .map_err(|e| layer_error(e.into()))?;
            service.call(call).await.map_err(|e| layer_error(e.into()))
        })
    }
}

/// A layer's error: an [`RpcError`] is what it says, anything else was decided before a byte was sent, or not.
fn layer_error(error: Box<dyn Error + Send + Sync>) -> RpcError {
    match error.downcast::<RpcError>() {
        Ok(error) => *error,
        Err(error) => RpcError::Layer(Arc::from(error)),
    }
}

/// A closure as a service.
struct Function<F>(Arc<F>);

impl<F> Clone for Function<F> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<F, R> Service<Call> for Function<F>
where
    F: Fn(Call) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Body, RpcError>> + Send + 'static,
{
    type Response = Body;
    type Error = RpcError;
    type Future = BoxFuture<'static, Result<Body, RpcError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), RpcError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Call) -> Self::Future {
        Box::pin((self.0)(call))
    }
}

impl Channel {
    /// A channel whose calls go to a service: a mock, a recording, a balancer over other channels.
    pub fn from_service<S>(service: S) -> Self
    where
        S: Service<Call, Response = Body> + Clone + Send + Sync + 'static,
        S::Future: Send,
        S::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        Self::answered_by(Arc::new(service))
    }

    /// A channel whose calls are answered by a closure.
    pub fn from_fn<F, R>(answer: F) -> Self
    where
        F: Fn(Call) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Body, RpcError>> + Send + 'static,
    {
        Self::from_service(Function(Arc::new(answer)))
    }

    /// This channel behind a tower layer. The channel itself stays as it is.
    pub fn layer<L>(&self, layer: L) -> Self
    where
        L: Layer<Calls>,
        L::Service: Service<Call, Response = Body> + Clone + Send + Sync + 'static,
        <L::Service as Service<Call>>::Future: Send,
        <L::Service as Service<Call>>::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let service = layer.layer(Calls(self.clone()));
        self.behind(Arc::new(service))
    }

    /// This channel behind a closure that looks at each call before it is made, and may change or refuse it.
    pub fn intercept<F>(&self, look: F) -> Self
    where
        F: Fn(&mut Call) -> Result<(), RpcError> + Send + Sync + 'static,
    {
        let inner = self.clone();
        let service = move |mut call: Call| {
            let looked = look(&mut call);
            let inner = inner.clone();
            async move {
                looked?;
                inner.send(call).await
            }
        };
        let service = Function(Arc::new(service));
        self.behind(Arc::new(service))
    }
}
