//! Calls that wait for their turn: none is lost, none is overtaken, whatever becomes of the others.

use super::*;
use crate::auth::Credential;
use crate::msg::{AuthRef, OpaqueAuth};
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::AtomicBool;
use std::task::{Poll, Wake, Waker};
use tokio::time::timeout;

type Counting = Pin<Box<dyn Future<Output = Result<u32, RpcError>> + Send>>;

fn count(client: &EchoClient) -> Counting {
    let client = client.clone();
    Box::pin(async move { client.count().await })
}

/// Polls a call once.
async fn poll_once<F: Future + ?Sized>(call: Pin<&mut F>) -> Poll<F::Output> {
    let mut call = Some(call);
    poll_fn(|cx| Poll::Ready(call.take().unwrap().poll(cx))).await
}

/// Asserts that exactly so many calls may be pending, and none is.
async fn assert_free(client: &EchoClient, limit: usize) {
    let eager = client.with(CallOptions::new().wait(false));
    let mut calls: Vec<_> = (0..limit).map(|_| Box::pin(eager.wait(10_000))).collect();
    for call in &mut calls {
        assert!(
            poll_once(call.as_mut()).await.is_pending(),
            "a turn is lost"
        );
    }
    let more = eager.wait(10_000).await;
    assert!(matches!(more, Err(RpcError::Overloaded)), "a turn too many");
    drop(calls);
    assert_eq!(client.channel().pending(), 0);
}

#[tokio::test]
async fn a_turn_that_came_to_a_dropped_call_goes_on_to_the_next() {
    let (client, mut peer, _listener) = with_peer(options(5000).max_pending(1)).await;
    let (mut first, mut second, mut third) = (count(&client), count(&client), count(&client));
    for call in [&mut first, &mut second, &mut third] {
        assert!(poll_once(call.as_mut()).await.is_pending());
    }
    let (xid, _) = next_call(&mut peer).await;
    peer.write_all(&reply(xid, 1)).await.unwrap();
    assert_eq!(first.await.unwrap(), 1);
    // It is the turn of the second, which has not looked yet.
    let late = client.with(CallOptions::new().wait(false)).count().await;
    assert!(matches!(late, Err(RpcError::Overloaded)), "overtaken");
    drop(second);
    let answer = async {
        let (xid, _) = next_call(&mut peer).await;
        peer.write_all(&reply(xid, 3)).await.unwrap();
    };
    let (third, ()) = tokio::join!(third, answer);
    assert_eq!(third.unwrap(), 3);
}

#[tokio::test]
async fn calls_begin_in_the_order_in_which_they_came() {
    let (server, _) = start().await;
    let limited = options(5000).max_pending(1);
    let client: EchoClient = connect_with(target(&server, false), limited).await.unwrap();
    let mut calls: Vec<_> = (0..20).map(|_| count(&client)).collect();
    for call in &mut calls {
        assert!(poll_once(call.as_mut()).await.is_pending());
    }
    let tasks: Vec<_> = calls.into_iter().rev().map(tokio::spawn).collect();
    for (task, nth) in tasks.into_iter().rev().zip(0..) {
        assert_eq!(task.await.unwrap().unwrap(), nth);
    }
}

#[derive(Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn a_waiting_call_that_moved_to_another_task_is_woken_there() {
    let (client, mut peer, _listener) = with_peer(options(5000).max_pending(1)).await;
    let (mut first, mut second) = (count(&client), count(&client));
    assert!(poll_once(first.as_mut()).await.is_pending());
    let left = Arc::new(Flag::default());
    let waker = Waker::from(Arc::clone(&left));
    let polled = second
        .as_mut()
        .poll(&mut std::task::Context::from_waker(&waker));
    assert!(polled.is_pending());
    let second = tokio::spawn(second);
    tokio::task::yield_now().await;
    for n in 1..=2 {
        let answer = async {
            let (xid, _) = next_call(&mut peer).await;
            peer.write_all(&reply(xid, n)).await.unwrap();
        };
        match n {
            1 => assert_eq!(tokio::join!(&mut first, answer).0.unwrap(), 1),
            _ => answer.await,
        }
    }
    assert_eq!(second.await.unwrap().unwrap(), 2);
    assert!(!left.0.load(Ordering::Relaxed), "the task it left is woken");
}

#[tokio::test]
async fn a_call_whose_turn_comes_too_late_is_not_sent() {
    let (client, mut peer, _listener) = with_peer(options(100).max_pending(1)).await;
    let (mut first, mut second) = (count(&client), count(&client));
    assert!(poll_once(first.as_mut()).await.is_pending());
    assert!(poll_once(second.as_mut()).await.is_pending());
    next_call(&mut peer).await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    for (call, sent) in [(first, Sent::Maybe), (second, Sent::No)] {
        match call.await.unwrap_err() {
            RpcError::TimedOut { after, sent: was } => {
                assert_eq!((after, was), (Duration::from_millis(100), sent));
            }
            error => panic!("{error}"),
        }
    }
    let more = timeout(Duration::from_millis(20), peer.read_u8()).await;
    assert!(more.is_err(), "sent");
}

#[tokio::test]
async fn the_wait_is_part_of_the_time_limit() {
    let (client, mut peer, _listener) = with_peer(options(600).max_pending(1)).await;
    let begun = Instant::now();
    let (mut first, mut second) = (count(&client), count(&client));
    assert!(poll_once(first.as_mut()).await.is_pending());
    assert!(poll_once(second.as_mut()).await.is_pending());
    let (xid, _) = next_call(&mut peer).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    peer.write_all(&reply(xid, 1)).await.unwrap();
    first.await.unwrap();
    match second.await.unwrap_err() {
        RpcError::TimedOut { after, sent } => {
            // The whole limit is told, though its turn came near the end of it.
            assert_eq!((after, sent), (Duration::from_millis(600), Sent::Maybe));
        }
        error => panic!("{error}"),
    }
    assert!((600..990).contains(&begun.elapsed().as_millis()));
}

#[tokio::test]
async fn closing_the_channel_ends_those_who_wait_as_well() {
    let (client, _peer, _listener) = with_peer(options(5000).max_pending(2)).await;
    let calls: Vec<_> = (0..20).map(|_| tokio::spawn(count(&client))).collect();
    while client.channel().pending() < 2 {
        tokio::task::yield_now().await;
    }
    client.channel().close();
    let mut closed = 0;
    for call in calls {
        match call.await.unwrap().unwrap_err() {
            RpcError::Closed => closed += 1,
            RpcError::ConnectionLost { .. } => {}
            error => panic!("{error}"),
        }
    }
    assert!(closed >= 18, "{closed}");
}

#[tokio::test]
async fn those_who_wait_have_the_next_connection_when_this_one_is_lost() {
    let (client, mut peer, listener) = with_peer(options(5000).max_pending(1)).await;
    let (mut first, mut second, mut third) = (count(&client), count(&client), count(&client));
    for call in [&mut first, &mut second, &mut third] {
        assert!(poll_once(call.as_mut()).await.is_pending());
    }
    next_call(&mut peer).await;
    drop(peer);
    let answer = async {
        let mut peer = listener.accept().await.unwrap().0;
        for n in 2..=3 {
            let (xid, _) = next_call(&mut peer).await;
            peer.write_all(&reply(xid, n)).await.unwrap();
        }
        peer
    };
    let (first, second, third, _peer) = tokio::join!(first, second, third, answer);
    assert!(matches!(first, Err(RpcError::ConnectionLost { .. })));
    assert_eq!((second.unwrap(), third.unwrap()), (2, 3));
}

/// A credential that panics when it is told to.
#[derive(Debug, Default)]
struct Faulty(AtomicBool);

impl Credential for Faulty {
    fn credential(&self) -> OpaqueAuth {
        assert!(!self.0.load(Ordering::Relaxed), "told to");
        OpaqueAuth {
            flavor: 0,
            body: Bytes::new(),
        }
    }
    fn accepts(&self, _: AuthRef<'_>) -> bool {
        true
    }
}

#[tokio::test]
async fn a_credential_that_panics_costs_no_turn() {
    let (server, _) = start().await;
    let limited = options(5000).max_pending(1);
    let client: EchoClient = connect_with(target(&server, false), limited).await.unwrap();
    let faulty = Arc::new(Faulty::default());
    let with = client.with(CallOptions::new().cred(Arc::clone(&faulty)));
    with.count().await.unwrap();
    faulty.0.store(true, Ordering::Relaxed);
    // At once, and after a wait.
    for waits in [false, true] {
        let mut before = Box::pin(client.wait(50));
        if waits {
            assert!(poll_once(before.as_mut()).await.is_pending());
        }
        let panics = tokio::spawn(count(&with));
        if waits {
            before.await.unwrap();
        }
        assert!(panics.await.unwrap_err().is_panic());
    }
    assert_free(&client, 1).await;
    faulty.0.store(false, Ordering::Relaxed);
    with.count().await.unwrap();
}

#[tokio::test]
async fn calls_without_a_reply_give_their_turns_back() {
    let (client, mut peer, _listener) = with_peer(options(5000).max_pending(1)).await;
    static QUIET: ProcInfo = ProcInfo {
        oneway: true,
        ..procedure(4, "NOTE", false)
    };
    for n in 0..3 {
        let note = call(client.stub(), &ECHO, &QUIET, |w| w.u32(n), |_| Ok(()));
        note.await.unwrap();
        next_call(&mut peer).await;
    }
    // Batched ones need none.
    let mut pending = count(&client);
    assert!(poll_once(pending.as_mut()).await.is_pending());
    let batch = client.with(CallOptions::new().batch(true).wait(false));
    for _ in 0..3 {
        batch.note(&Bytes::from_static(b"x")).await.unwrap();
    }
    drop(pending);
    assert_free(&client, 1).await;
}

#[tokio::test]
async fn arguments_that_cannot_be_encoded_cost_no_turn_and_are_never_sent() {
    let (client, mut peer, _listener) = with_peer(options(5000).max_pending(1)).await;
    let mut bad = pin!(call(
        client.stub(),
        &ECHO,
        &ECHO.procedures[1],
        |w| w.opaque(&Bytes::from_static(b"long"), 3, "data"),
        |_| Ok(()),
    ));
    // Whoever polls an ended future again must not cause a call.
    for _ in 0..2 {
        match poll_once(bad.as_mut()).await {
            Poll::Ready(Err(error)) => assert!(matches!(error, RpcError::Encode(_)), "{error}"),
            other => panic!("{other:?}"),
        }
    }
    let more = timeout(Duration::from_millis(20), peer.read_u8()).await;
    assert!(more.is_err(), "sent");
    assert_free(&client, 1).await;
}

/// Calls that are dropped, time out, wait and do not, from two threads at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_turn_is_lost_whatever_becomes_of_calls() {
    const LIMIT: usize = 3;
    let (server, _) = start().await;
    for serial in [false, true] {
        let limited = options(5000).max_pending(LIMIT).serial(serial);
        let client: EchoClient = connect_with(target(&server, false), limited).await.unwrap();
        let tasks: Vec<_> = (0..32u64)
            .map(|task| {
                let client = client.clone();
                tokio::spawn(async move {
                    for round in 0..40u64 {
                        let ms =
                            |n: u64| Duration::from_micros((task * 31 + round * 17) * n % 4000);
                        let hurried = client.with(CallOptions::new().timeout(ms(3)));
                        let eager = client.with(CallOptions::new().wait(false));
                        match (task + round) % 4 {
                            0 => drop(timeout(ms(5), client.wait(1)).await),
                            1 => drop(hurried.wait(1).await),
                            2 => drop(timeout(ms(7), eager.wait(1)).await),
                            _ => drop(client.echo(&Bytes::from_static(b"data")).await.unwrap()),
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_free(&client, if serial { 1 } else { LIMIT }).await;
    }
}
