//! Our client under load: the generated stub, as many calls in flight as told, one thread.

use crate::load::{self, BULK, Load};
use crate::measured::{Measured, processor_time};
use nfs3::nfs3::nfs_program::NfsV3Client;
use nfs3::nfs3::*;
use rpcgen_runtime::auth::AuthSys;
use rpcgen_runtime::{CallOptions, ConnectOptions, Opaque, connect_with};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Calls for a while.
pub(crate) fn call(
    address: SocketAddr,
    load: Load,
    handle: &Opaque,
    window: usize,
    time: Duration,
) -> Measured {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().expect("a runtime");
    let (calls, wall) = runtime.block_on(async {
        let calls = CallOptions::new().cred(AuthSys::new(0, 0));
        let options = ConnectOptions::new().calls(calls);
        let target = format!("tcp://{address}");
        let nfs: NfsV3Client = connect_with(target.as_str(), options)
            .await
            .expect("the server");
        let write = load::write(handle);
        let start = Instant::now();
        let caller = |_| {
            let (nfs, handle, write) = (nfs.clone(), handle.clone(), write.clone());
            tokio::spawn(repeat(nfs, load, handle, write, start + time))
        };
        let callers: Vec<_> = (0..window).map(caller).collect();
        let mut calls = 0;
        for caller in callers {
            calls += caller.await.expect("a caller ends");
        }
        (calls, start.elapsed())
    });
    Measured {
        calls,
        wall,
        cpu: processor_time(std::process::id()),
    }
}

async fn repeat(
    nfs: NfsV3Client,
    load: Load,
    handle: Opaque,
    write: Write3Args,
    end: Instant,
) -> u64 {
    let (getattr, readdirplus) = (load::getattr(&handle), load::readdirplus(&handle));
    let read = load::read(&handle);
    let mut calls = 0;
    while Instant::now() < end {
        let good = match load {
            Load::Getattr => {
                let answer = nfs.getattr(&getattr).await;
                matches!(answer.expect("an answer"), Getattr3Res::Ok(_))
            }
            Load::Readdirplus => match nfs.readdirplus(&readdirplus).await.expect("an answer") {
                Readdirplus3Res::Ok(page) => !page.reply.entries.is_empty(),
                Readdirplus3Res::Other(..) => false,
            },
            Load::Read => match nfs.read(&read).await.expect("an answer") {
                Read3Res::Ok(read) => read.data.len() == BULK as usize,
                Read3Res::Other(..) => false,
            },
            Load::Write => match nfs.write(&write).await.expect("an answer") {
                Write3Res::Ok(wrote) => wrote.count == BULK,
                Write3Res::Other(..) => false,
            },
        };
        assert!(good, "{load:?} is done");
        calls += 1;
    }
    calls
}
