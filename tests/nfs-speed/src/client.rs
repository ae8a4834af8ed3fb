//! Our clients under load: the generated stubs, one thread; the async one with as many calls in flight as told.

use crate::load::{BULK, Calls, Load};
use crate::measured::{Measured, processor_time};
use nfs3::nfs3::nfs_program::{NfsV3Client, blocking};
use nfs3::nfs3::*;
use rpcgen_runtime::auth::AuthSys;
use rpcgen_runtime::blocking::connect_with as connect_blocking;
use rpcgen_runtime::{CallOptions, ConnectOptions, Opaque, RpcError, connect_with};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

fn options() -> ConnectOptions {
    ConnectOptions::new().calls(CallOptions::new().cred(AuthSys::new(0, 0)))
}

fn measured(calls: u64, wall: Duration) -> Measured {
    let cpu = processor_time(std::process::id());
    Measured { calls, wall, cpu }
}

/// Calls for a while, `window` at once.
pub(crate) fn call(
    address: SocketAddr,
    load: Load,
    handle: &Opaque,
    window: usize,
    time: Duration,
) -> Measured {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().expect("a runtime");
    let calls = Rc::new(Calls::on(handle));
    let local = tokio::task::LocalSet::new();
    let (count, wall) = local.block_on(&runtime, async {
        let target = format!("tcp://{address}");
        let connected = connect_with(target.as_str(), options()).await;
        let nfs: NfsV3Client = connected.expect("the server");
        let start = Instant::now();
        let caller = |_| {
            let repeated = repeat(nfs.clone(), load, Rc::clone(&calls), start + time);
            tokio::task::spawn_local(repeated)
        };
        let callers: Vec<_> = (0..window).map(caller).collect();
        let mut count = 0;
        for caller in callers {
            count += caller.await.expect("a caller ends");
        }
        (count, start.elapsed())
    });
    measured(count, wall)
}

async fn repeat(nfs: NfsV3Client, load: Load, calls: Rc<Calls>, end: Instant) -> u64 {
    let mut count = 0;
    while Instant::now() < end {
        match load {
            Load::Getattr => stat(nfs.getattr(&calls.getattr).await),
            Load::Readdirplus => page(nfs.readdirplus(&calls.readdirplus).await),
            Load::Read => data(nfs.read(&calls.read).await),
            Load::Write => wrote(nfs.write(&calls.write).await),
        }
        count += 1;
    }
    count
}

/// Calls for a while by the blocking client: one call at a time.
pub(crate) fn call_blocking(
    address: SocketAddr,
    load: Load,
    handle: &Opaque,
    time: Duration,
) -> Measured {
    let target = format!("tcp://{address}");
    let connected = connect_blocking(target.as_str(), options());
    let nfs: blocking::NfsV3Client = connected.expect("the server");
    let calls = Calls::on(handle);
    let start = Instant::now();
    let mut count = 0;
    while start.elapsed() < time {
        match load {
            Load::Getattr => stat(nfs.getattr(&calls.getattr)),
            Load::Readdirplus => page(nfs.readdirplus(&calls.readdirplus)),
            Load::Read => data(nfs.read(&calls.read)),
            Load::Write => wrote(nfs.write(&calls.write)),
        }
        count += 1;
    }
    measured(count, start.elapsed())
}

fn stat(answer: Result<Getattr3Res, RpcError>) {
    let answer = answer.expect("an answer");
    assert!(matches!(answer, Getattr3Res::Ok(_)), "{answer:?}");
}

fn page(answer: Result<Readdirplus3Res, RpcError>) {
    match answer.expect("an answer") {
        Readdirplus3Res::Ok(page) => assert!(!page.reply.entries.is_empty(), "an empty page"),
        other => panic!("no page: {other:?}"),
    }
}

fn data(answer: Result<Read3Res, RpcError>) {
    match answer.expect("an answer") {
        Read3Res::Ok(read) => assert_eq!(read.data.len(), BULK as usize),
        other => panic!("no data: {other:?}"),
    }
}

fn wrote(answer: Result<Write3Res, RpcError>) {
    match answer.expect("an answer") {
        Write3Res::Ok(wrote) => assert_eq!(wrote.count, BULK),
        other => panic!("not written: {other:?}"),
    }
}
