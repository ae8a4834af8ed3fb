//! Middleware that is ready to use: a log of calls, limits on concurrency, shedding, counters.
//!
//! ```
//! use rpcgen_runtime::Server;
//! use rpcgen_runtime::server::layers::{CallLog, Concurrency, Metrics, Shed};
//!
//! let metrics = Metrics::default();
//! let server = Server::new()
//!     .layer(metrics.clone()) // outermost: sees the faults of all others
//!     .layer(CallLog)
//!     .layer(Shed::above(1_000))
//!     .layer(Concurrency::per_peer(16));
//! println!("{}", metrics.snapshot().calls);
//! # let _ = server;
//! ```
//!
//! Each is a tower layer over any `Service<Request, Response = Body>`.

mod concurrency;
mod log;
mod metrics;

pub use self::concurrency::{Concurrency, Limited, Shed, Shedding};
pub use self::log::{CallLog, Logged};
pub use self::metrics::{Metered, Metrics, Snapshot};

use super::{BoxFuture, Fault};
use crate::Body;
use std::error::Error;

/// What the services here answer.
type Answer<E> = BoxFuture<'static, Result<Body, E>>;

/// The fault that an error of an inner service will be answered with, as far as it says.
fn fault_of<E>(error: &E) -> Fault
where
    E: Error + 'static,
{
    let error: &(dyn Error + 'static) = error;
    *error.downcast_ref().unwrap_or(&Fault::Busy)
}
