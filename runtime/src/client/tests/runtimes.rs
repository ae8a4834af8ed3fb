//! Channels and the runtimes they are used from.

use super::*;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

#[test]
fn outside_of_a_runtime_a_call_panics_and_leaves_the_channel_usable() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (server, _) = runtime.block_on(start());
    let lazy = Channel::lazy(target(&server, false), options(5000).max_pending(1)).unwrap();
    let client = EchoClient::from_channel(lazy);
    let mut outside = Box::pin(client.count());
    let polled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let mut cx = TaskContext::from_waker(Waker::noop());
        outside.as_mut().poll(&mut cx).is_pending()
    }));
    assert!(polled.is_err());
    drop(outside);
    assert_eq!(runtime.block_on(client.count()).unwrap(), 0);
    // Its turn is free.
    let eager = client.with(CallOptions::new().wait(false));
    runtime.block_on(eager.count()).unwrap();
}

/// A channel that is used from two runtimes, as one in a static is by tests.
#[test]
fn a_channel_outlives_a_runtime_that_used_it() {
    let new = || tokio::runtime::Runtime::new().unwrap();
    let serving = new();
    let (server, _) = serving.block_on(start());
    let at = target(&server, false);
    let first = new();
    let client: EchoClient = first.block_on(connect_with(&at, options(5000))).unwrap();
    // The other one comes, calls and ends.
    new().block_on(client.count()).unwrap();
    assert_eq!(first.block_on(client.count()).unwrap(), 1);
    // The first one ends while the others call: its connection is gone, but nobody hangs.
    for calls in [1, 3] {
        let (first, other) = (new(), new());
        let client: EchoClient = first.block_on(connect_with(&at, options(5000))).unwrap();
        let calls: Vec<_> = (0..calls)
            .map(|_| {
                let client = client.clone();
                other.spawn(async move { client.wait(200).await })
            })
            .collect();
        while client.channel().pending() < calls.len() {
            std::thread::yield_now();
        }
        drop(first);
        for call in calls {
            let ended =
                other.block_on(async { tokio::time::timeout(Duration::from_secs(20), call).await });
            let result = ended.expect("it hangs").unwrap();
            assert!(
                matches!(result, Err(RpcError::ConnectionLost { .. })),
                "{result:?}"
            );
        }
        assert!(other.block_on(client.count()).is_ok());
    }
}

/// Whoever waits for a connection that another runtime was making gets one that his own makes.
#[test]
fn a_connection_is_waited_for_beyond_the_runtime_that_made_it() {
    let new = || tokio::runtime::Runtime::new().unwrap();
    let (first, other) = (new(), new());
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = free.local_addr().unwrap();
    drop(free);
    let slow = options(5000).reconnect(Reconnect::constant(Duration::from_secs(1)));
    let channel = Channel::lazy(at, slow).unwrap();
    first.block_on(channel.ready()).unwrap_err();
    // The next attempt is one second away.
    let ready = other.spawn(async move { channel.ready().await });
    std::thread::sleep(Duration::from_millis(100));
    drop(first);
    let _listener = std::net::TcpListener::bind(at).unwrap();
    let ready =
        other.block_on(async { tokio::time::timeout(Duration::from_secs(20), ready).await });
    ready.expect("it hangs").unwrap().unwrap();
}

/// A stream that panics when it is read.
struct Broken;

impl AsyncRead for Broken {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut TaskContext<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        panic!("broken");
    }
}

impl AsyncWrite for Broken {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut TaskContext<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_stream_that_panics_ends_the_calls_on_it() {
    let client = EchoClient::from_channel(Channel::from_stream(Broken, options(5000)));
    let calls: Vec<_> = (0..3)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.count().await })
        })
        .collect();
    for call in calls {
        let ended = tokio::time::timeout(Duration::from_secs(20), call).await;
        // Whoever reads alone panics himself.
        if let Ok(result) = ended.expect("it hangs") {
            let error = result.unwrap_err();
            assert!(!error.is_timeout(), "{error}");
        }
    }
}
