//! Peers that go while their calls run.

use crate::support::*;
use rpcgen_runtime::server::Running;
use rpcgen_runtime::{Context, Dispatch, Limits, Server};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpStream, UnixStream};

/// A program whose procedure 2 never ends, and whether it has been told that its caller is gone.
fn endless() -> (impl Dispatch, Arc<AtomicBool>) {
    let canceled = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&canceled);
    let program = Program(&INTERFACE, move |cx: Context, procedure, _| {
        let flag = Arc::clone(&flag);
        async move {
            if procedure == 2 {
                let cancel = cx.cancel();
                tokio::spawn(async move {
                    cancel.canceled().await;
                    flag.store(true, Ordering::SeqCst);
                });
                std::future::pending::<()>().await;
            }
            number(&cx, procedure)
        }
    });
    (program, canceled)
}

/// A server with these limits whose call to procedure 2 runs on a TCP connection, and whether it has been told.
async fn called(limits: Limits) -> (Running, TcpStream, Arc<AtomicBool>) {
    let (program, canceled) = endless();
    let running = start(Server::new().serve(program).limits(limits)).await;
    let mut stream = connect(&running).await;
    send(&mut stream, &call(1, 2)).await;
    eventually("it runs", || running.stats().in_flight == 1).await;
    assert!(!canceled.load(Ordering::SeqCst));
    (running, stream, canceled)
}

/// The call is told and dropped, nothing is left of it, and the server lives.
async fn is_over(running: &Running, canceled: &AtomicBool) {
    eventually("it is told", || canceled.load(Ordering::SeqCst)).await;
    eventually("its place is free", || {
        let stats = running.stats();
        (stats.in_flight, stats.connections, stats.held) == (0, 0, 0)
    })
    .await;
    good(running).await;
}

#[tokio::test]
async fn h018_a_reset_while_a_handler_runs_cancels_it_and_frees_its_place() {
    let (running, stream, canceled) = called(Limits::default()).await;
    reset(stream);
    is_over(&running, &canceled).await;
}

#[tokio::test]
async fn h018_a_reset_is_heard_where_no_further_call_may_run() {
    for limits in [
        Limits::default().in_order(true),
        Limits::default().per_connection(1),
    ] {
        let (running, stream, canceled) = called(limits).await;
        reset(stream);
        is_over(&running, &canceled).await;
    }
    // The server's own limit: the call of the second waits for the first.
    let (running, first, canceled) = called(Limits::default().max_in_flight(1)).await;
    let mut second = connect(&running).await;
    send(&mut second, &call(1, 2)).await;
    eventually("it is there", || running.stats().calls == 2).await;
    reset(second);
    eventually("it is gone", || running.stats().connections == 1).await;
    reset(first);
    is_over(&running, &canceled).await;
}

#[tokio::test]
async fn h016_h018_one_that_has_ended_its_direction_is_waited_for_until_it_resets() {
    let (running, mut stream, canceled) = called(Limits::default()).await;
    stream.shutdown().await.unwrap();
    tokio::time::sleep(SHORT).await;
    assert!(
        !canceled.load(Ordering::SeqCst),
        "it may wait for its reply"
    );
    reset(stream);
    is_over(&running, &canceled).await;
}

#[tokio::test]
async fn h018_without_half_close_the_end_of_a_stream_is_the_end_of_its_calls() {
    let limits = Limits::default().half_close(false);
    let (running, mut stream, canceled) = called(limits).await;
    stream.shutdown().await.unwrap();
    is_over(&running, &canceled).await;
    // What has run is answered.
    let mut stream = connect(&running).await;
    send(&mut stream, &call(1, 1)).await;
    stream.shutdown().await.unwrap();
    assert_eq!(reply(&mut stream).await, Some(answer(1, 1)));
    assert_eq!(reply(&mut stream).await, None);
}

#[tokio::test]
async fn h018_where_the_system_tells_a_peer_that_has_closed_is_gone() {
    for in_memory in [false, true] {
        let (program, canceled) = endless();
        let running = start(Server::new().serve(program)).await;
        let message = call(1, 2);
        if in_memory {
            let (mut ours, theirs) = tokio::io::duplex(1 << 10);
            running.serve_stream(theirs);
            send(&mut ours, &message).await;
            eventually("it runs", || running.stats().in_flight == 1).await;
        } else {
            let (mut ours, theirs) = UnixStream::pair().unwrap();
            running.serve_stream(theirs);
            send(&mut ours, &message).await;
            eventually("it runs", || running.stats().in_flight == 1).await;
        }
        is_over(&running, &canceled).await;
    }
    // One that only sends no more is waited for there, too.
    let running = start(Server::new().serve(numbers())).await;
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    running.serve_stream(theirs);
    send(&mut ours, &call(1, 3)).await;
    ours.shutdown().await.unwrap();
    assert_eq!(reply(&mut ours).await, Some(answer(1, 3)));
    assert_eq!(reply(&mut ours).await, None);
}
