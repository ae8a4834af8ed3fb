//! Batches: calls that the server does not answer, written together, in order before the call that does get an answer.

use interop::arith::arith_prog::{self, ArithV4Client};
use interop::peers::CServer;
use interop::server::server;
use rpcgen_runtime::{CallOptions, Grace, connect};
use std::time::Duration;

const MANY: u32 = 20_000;

fn batched() -> CallOptions {
    CallOptions::new().batch(true)
}

async fn notes_arrive(target: &str) {
    use rpcgen_runtime::ClientStub;
    let arith: ArithV4Client = connect(target).await.expect("the server is there");
    let quiet = arith.with(batched());
    for n in 0..MANY {
        quiet.note(n).await.expect("it is queued");
    }
    assert_eq!(arith.noted().await.expect("an answer"), MANY as i32);
    // Flushed, and asked for over another connection: nothing is held back.
    for n in 0..10 {
        quiet.note(n).await.expect("it is queued");
    }
    quiet.flush().await.expect("it is written");
    let other: ArithV4Client = connect(target).await.expect("the server is there");
    for _ in 0..1000 {
        if other.noted().await.expect("an answer") == 10 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("flushed notes did not arrive at {target}");
}

fn blocking_notes_arrive(target: &str) {
    use rpcgen_runtime::blocking::{self, ClientStub};
    let arith: arith_prog::blocking::ArithV4Client =
        blocking::connect(target).expect("the server is there");
    let quiet = arith.with(batched());
    for n in 0..MANY {
        quiet.note(n).expect("it is queued");
    }
    assert_eq!(arith.noted().expect("an answer"), MANY as i32);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_c_server_gets_batches_whole_and_in_order() {
    let c = CServer::start(false);
    let target = format!("tcp://127.0.0.1:{}", c.tcp);
    notes_arrive(&target).await;
    tokio::task::spawn_blocking(move || blocking_notes_arrive(&target))
        .await
        .expect("no panic");
    c.stop();
}

/// Handlers run side by side here, so the order is that in which they begin: in the order of the calls.
#[tokio::test(flavor = "multi_thread")]
async fn our_server_gets_batches_whole_and_in_order() {
    let ours = server().start().await.expect("the server starts");
    let target = format!("tcp://{}", ours.tcp().expect("it listens"));
    notes_arrive(&target).await;
    let at = target.clone();
    tokio::task::spawn_blocking(move || blocking_notes_arrive(&at))
        .await
        .expect("no panic");
    ours.shutdown(Grace::secs(5)).await;
}
