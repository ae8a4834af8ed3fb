//! Sockets into runtimes: the current one, or one for each shard.

use super::endpoint::Sockets;
use super::listen::{self, Task};
use super::{Phase, datagram};
use crate::net::Datagrams;
use std::io;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Serves the sockets: the first set in the current runtime, or, with a number of shards, each set in a thread of its own.
pub(crate) fn serve(sockets: Vec<Sockets>, shards: usize, task: &Task) -> io::Result<()> {
    if shards == 0 {
        return sockets
            .into_iter()
            .try_for_each(|sockets| spawn(sockets, task));
    }
    sockets
        .into_iter()
        .enumerate()
        .try_for_each(|(index, sockets)| shard(index, sockets, task.clone()))
}

/// Serves a set of sockets in the current runtime.
fn spawn(sockets: Sockets, task: &Task) -> io::Result<()> {
    let Sockets {
        listeners,
        datagrams,
    } = sockets;
    // All are opened before one is served.
    let listeners = listeners
        .into_iter()
        .map(|(listener, on)| Ok((listener.into_tokio()?, on)));
    let listeners: Vec<_> = listeners.collect::<io::Result<_>>()?;
    let datagrams = datagrams
        .into_iter()
        .map(|(socket, on)| Ok((Datagrams::new(socket)?, on)));
    let datagrams: Vec<_> = datagrams.collect::<io::Result<_>>()?;
    for (listener, on) in listeners {
        tokio::spawn(listen::accept(listener, on, task.clone()));
    }
    for (socket, on) in datagrams {
        tokio::spawn(datagram::serve(socket, on, task.clone()));
    }
    Ok(())
}

/// Serves a set of sockets in a thread with a runtime, for as long as any of its connections lives.
fn shard(index: usize, sockets: Sockets, task: Task) -> io::Result<()> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build()?;
    let thread = std::thread::Builder::new().name(format!("rpc-{index}"));
    thread.spawn(move || {
        let (alive, mut ended) = mpsc::channel(1);
        let mut phase = task.phase.clone();
        let mine = Task {
            server: Arc::clone(&task.server),
            phase: task.phase.clone(),
            alive,
        };
        runtime.block_on(async {
            if let Err(error) = spawn(sockets, &mine) {
                tracing::error!(shard = index, %error, "a shard does not serve");
            }
            // Handed-in streams are served where they are handed in; here everything comes of the sockets.
            Phase::Drain.reached(&mut phase).await;
            drop(mine);
            ended.recv().await;
        });
        drop(task);
    })?;
    Ok(())
}
