//! Calls that nobody waits for: few writes, in order, and what was lost is told.

use super::*;
use std::io;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

/// A stream that counts the writes to it.
struct Counting(DuplexStream, Arc<AtomicU32>);

impl AsyncRead for Counting {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Counting {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.1.fetch_add(1, Ordering::Relaxed);
        Pin::new(&mut self.0).poll_write(cx, buf)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

fn counting() -> (EchoClient, DuplexStream, Arc<AtomicU32>) {
    let (ours, theirs) = tokio::io::duplex(1 << 20);
    let writes = Arc::new(AtomicU32::new(0));
    let stream = Counting(ours, Arc::clone(&writes));
    let client = EchoClient::from_channel(Channel::from_stream(stream, options(3000)));
    (client, theirs, writes)
}

fn quiet(client: &EchoClient) -> EchoClient {
    client.with(CallOptions::new().batch(true))
}

/// Lets other tasks run as long as they have anything to do.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

async fn next_call(peer: &mut DuplexStream) -> (u32, Vec<u8>) {
    let mark = peer.read_u32().await.unwrap();
    let mut call = vec![0; (mark & 0x7fff_ffff) as usize];
    peer.read_exact(&mut call).await.unwrap();
    (u32::from_be_bytes(call[..4].try_into().unwrap()), call)
}

#[tokio::test]
async fn batched_calls_go_out_in_one_write_with_the_next_ordinary_call() {
    let (client, mut peer, writes) = counting();
    let quiet = quiet(&client);
    // The channel's task has looked at its new connection.
    settle().await;
    for n in 0..500u32 {
        let data = Bytes::from(n.to_be_bytes().to_vec());
        quiet.note(&data).await.unwrap();
        settle().await;
    }
    assert_eq!(writes.load(Ordering::Relaxed), 0, "written before its time");
    let answer = async {
        for n in 0..500u32 {
            let (_, call) = next_call(&mut peer).await;
            assert_eq!(call[20..24], words(&[4]));
            assert_eq!(call[44..], words(&[n]), "out of order");
        }
        let (xid, call) = next_call(&mut peer).await;
        assert_eq!(call[20..24], words(&[3]));
        peer.write_all(&reply(xid, 6)).await.unwrap();
    };
    let (result, ()) = tokio::join!(client.count(), answer);
    assert_eq!(result.unwrap(), 6);
    assert_eq!(writes.load(Ordering::Relaxed), 1);
    assert_eq!(client.channel().pending(), 0);
    client.flush().await.unwrap();
}

#[tokio::test]
async fn a_flush_or_a_full_buffer_writes_what_has_gathered() {
    let (client, mut peer, writes) = counting();
    let quiet = quiet(&client);
    settle().await;
    quiet
        .note(&Bytes::from_static(b"last words"))
        .await
        .unwrap();
    quiet.flush().await.unwrap();
    assert_eq!(writes.load(Ordering::Relaxed), 1);
    next_call(&mut peer).await;
    // 10 000 calls of 60 bytes: a write for each 64 KiB, and none for the rest.
    let drain = tokio::spawn(async move { while next_call(&mut peer).await.0 != 0 {} });
    let data = Bytes::from_static(b"12 bytes now");
    for _ in 0..10_000 {
        quiet.note(&data).await.unwrap();
    }
    let written = writes.load(Ordering::Relaxed);
    assert!((9..=20).contains(&written), "{written} writes");
    client.flush().await.unwrap();
    assert_eq!(writes.load(Ordering::Relaxed), written + 1);
    drain.abort();
}

#[tokio::test]
async fn the_server_runs_them_before_the_call_that_follows() {
    let (server, echo) = start().await;
    let client: EchoClient = connect(target(&server, false)).await.unwrap();
    let quiet = quiet(&client);
    for _ in 0..10 {
        for _ in 0..100 {
            quiet.note(&Bytes::new()).await.unwrap();
        }
        client.count().await.unwrap();
    }
    assert_eq!(echo.ran.load(Ordering::Relaxed), 1010);
    // Over UDP and through middleware it is the same.
    let client: EchoClient = connect(target(&server, true)).await.unwrap();
    let layered = client.channel().intercept(|_| Ok(()));
    let layered = EchoClient::from_channel(layered).with(CallOptions::new().batch(true));
    for _ in 0..5 {
        layered.note(&Bytes::new()).await.unwrap();
    }
    layered.flush().await.unwrap();
    assert!(client.count().await.unwrap() >= 1010);
}

#[tokio::test]
async fn a_procedure_with_a_result_is_not_batched() {
    let (client, _peer, _) = counting();
    let error = quiet(&client).count().await.unwrap_err();
    assert!(matches!(error, RpcError::NoResult), "{error}");
    assert_eq!(error.execution(), Execution::No);
    assert_eq!(client.channel().pending(), 0);
}

#[tokio::test]
async fn what_is_lost_is_told_by_the_next_flush_and_once() {
    // No connection.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    drop(listener);
    let channel = Channel::lazy(at, options(2000)).unwrap();
    let client = EchoClient::from_channel(channel);
    quiet(&client).note(&Bytes::new()).await.unwrap();
    let error = client.flush().await.unwrap_err();
    assert!(matches!(error, RpcError::Connect(_)), "{error}");
    assert_eq!(error.execution(), Execution::No);
    client.flush().await.unwrap();
    assert_eq!(client.channel().pending(), 0);

    // A connection that takes nothing: the flush ends at its deadline, and the break is told.
    let (ours, theirs) = tokio::io::duplex(1000);
    let channel = Channel::from_stream(ours, options(300));
    let client = EchoClient::from_channel(channel);
    let long = Bytes::from(vec![7; 5000]);
    quiet(&client).note(&long).await.unwrap();
    let error = client.flush().await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    drop(theirs);
    let error = client.flush().await.unwrap_err();
    assert_eq!(error.execution(), Execution::Maybe, "{error}");

    // A closed channel says so.
    client.channel().close();
    let error = quiet(&client).note(&long).await.unwrap_err();
    assert_eq!(error.execution(), Execution::No, "{error}");
}
