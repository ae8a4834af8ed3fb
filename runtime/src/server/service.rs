//! Middleware around the handlers: tower layers and plain closures.

use super::context::PassedOn;
use super::{BoxFuture, Context, Dispatch, Fault};
use crate::{Body, Interface};
use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{self, Poll};
use tower_layer::Layer;
use tower_service::Service;

/// A call on its way to its handler, as middleware sees it: the header is parsed and accepted, the arguments are bytes.
#[derive(Clone, Debug)]
pub struct Request {
    /// Who calls, and from where.
    pub cx: Context,
    /// Program and version, with the names of their procedures.
    pub interface: &'static Interface,
    /// Procedure number.
    pub procedure: u32,
    /// The encoded arguments.
    pub args: Body,
}

/// The innermost service: the handlers of one version of a program.
#[derive(Clone)]
pub struct Handlers(Arc<dyn Dispatch>);

impl fmt::Debug for Handlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Handlers").field(self.0.interface()).finish()
    }
}

impl Service<Request> for Handlers {
    type Response = Body;
    type Error = Fault;
    type Future = BoxFuture<'static, Result<Body, Fault>>;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> Poll<Result<(), Fault>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if let Some(PassedOn(passed_on)) = request.cx.extensions.get() {
            passed_on.store(true, Ordering::Relaxed);
        }
        let Request {
            cx,
            procedure,
            args,
            ..
        } = request;
        Arc::clone(&self.0).dispatch(cx, procedure, args)
    }
}

/// Something that puts middleware around the handlers of each version served.
pub(crate) type Wrap = Arc<dyn Fn(Arc<dyn Dispatch>) -> Arc<dyn Dispatch> + Send + Sync>;

/// Handlers behind a service of somebody's.
struct Wrapped<S> {
    service: S,
    interface: &'static Interface,
}

impl<S> Dispatch for Wrapped<S>
where
    S: Service<Request, Response = Body> + Clone + Send + Sync + 'static,
    S::Future: Send,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
{
    fn interface(&self) -> &'static Interface {
        self.interface
    }

    fn dispatch(
        self: Arc<Self>,
        cx: Context,
        procedure: u32,
        args: Body,
    ) -> BoxFuture<'static, Result<Body, Fault>> {
        let interface = self.interface;
        // A service is ready for one call; each call has a clone of its own, as tower expects.
        let mut service = self.service.clone();
        Box::pin(async move {
            let passed_on = PassedOn::default();
            let mut cx = cx;
            cx.extensions.insert(passed_on.clone());
            let fault = |error: S::Error| fault(error.into(), passed_on.0.load(Ordering::Relaxed));
            poll_fn(|cx| service.poll_ready(cx)).await.map_err(fault)?;
            let request = Request {
                cx,
                interface,
                procedure,
                args,
            };
            service.call(request).await.map_err(fault)
        })
    }
}

/// A layer's error as a reply: a [`Fault`] is what it says. Anything else is [`Fault::Busy`] (overload), but SYSTEM_ERR
/// where the layer has passed the call on (a deadline): it may have run, and must not run again.
fn fault(error: Box<dyn Error + Send + Sync>, passed_on: bool) -> Fault {
    match error.downcast_ref::<Fault>() {
        Some(fault) => *fault,
        None => {
            tracing::debug!(%error, "a layer refused the call");
            match passed_on {
                true => Fault::SystemErr,
                false => Fault::Busy,
            }
        }
    }
}

/// A tower layer as a wrapper.
pub(crate) fn layered<L>(layer: L) -> Wrap
where
    L: Layer<Handlers> + Send + Sync + 'static,
    L::Service: Service<Request, Response = Body> + Clone + Send + Sync + 'static,
    <L::Service as Service<Request>>::Future: Send,
    <L::Service as Service<Request>>::Error: Into<Box<dyn Error + Send + Sync>>,
{
    Arc::new(move |inner| {
        let interface = inner.interface();
        Arc::new(Wrapped {
            service: layer.layer(Handlers(inner)),
            interface,
        })
    })
}

/// Handlers behind a closure that looks at each call first.
struct Intercepted<F> {
    inner: Arc<dyn Dispatch>,
    look: Arc<F>,
}

impl<F> Dispatch for Intercepted<F>
where
    F: Fn(&mut Request) -> Result<(), Fault> + Send + Sync + 'static,
{
    fn interface(&self) -> &'static Interface {
        self.inner.interface()
    }

    fn dispatch(
        self: Arc<Self>,
        cx: Context,
        procedure: u32,
        args: Body,
    ) -> BoxFuture<'static, Result<Body, Fault>> {
        let interface = self.inner.interface();
        let mut request = Request {
            cx,
            interface,
            procedure,
            args,
        };
        match (self.look)(&mut request) {
            Ok(()) => Arc::clone(&self.inner).dispatch(request.cx, procedure, request.args),
            Err(fault) => Box::pin(std::future::ready(Err(fault))),
        }
    }
}

/// A closure as a wrapper.
pub(crate) fn intercepted<F>(look: F) -> Wrap
where
    F: Fn(&mut Request) -> Result<(), Fault> + Send + Sync + 'static,
{
    let look = Arc::new(look);
    Arc::new(move |inner| {
        let look = Arc::clone(&look);
        Arc::new(Intercepted { inner, look })
    })
}
