//! The listeners of a name while the server runs.

use super::bindings::On;
use super::listen::{self, Task};
use super::{Dispatch, Peer, Shared};
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};

/// The listeners of a name, and what is bound to them: from [`Running::on`](super::Running::on).
///
/// A name that no listener has is as good as any: streams can be handed in under it.
#[derive(Clone, Debug)]
pub struct Listeners<'a> {
    server: &'a Shared,
    task: Option<&'a Task>,
    name: Arc<str>,
}

impl<'a> Listeners<'a> {
    pub(super) fn new(server: &'a Shared, task: Option<&'a Task>, name: &str) -> Self {
        let name = name.into();
        Self { server, task, name }
    }

    /// Serves one more version of a program here, in place of one with the same numbers that was served here or everywhere.
    /// It is registered at the addresses of these listeners, where the server registers at all.
    pub fn add(&self, program: impl Dispatch) {
        let on: On = Some(Arc::clone(&self.name));
        self.server
            .change(|all, wraps| all.insert(&on, Arc::new(program), wraps));
    }

    /// Binds a version of a program to these listeners no longer; whether it was bound to them. One of the same numbers that
    /// is served everywhere is served here again; calls that run go on.
    pub fn remove(&self, program: u32, version: u32) -> bool {
        self.server
            .change(|all, _| all.remove_from(&self.name, program, version))
    }

    /// Serves a stream that is connected already, as if it had come by one of these listeners.
    pub fn serve_stream<S>(&self, stream: S, peer: Peer)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        if let Some(task) = self.task {
            listen::spawn(stream, peer, &Some(Arc::clone(&self.name)), task);
        }
    }
}
