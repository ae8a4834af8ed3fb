//! Datagrams.

#![allow(
    clippy::redundant_closure,
    clippy::redundant_closure_for_method_calls,
    reason = "the named method is not general enough in its lifetimes"
)]

use crate::support::*;
use rpcgen_runtime::codegen::v1::{arguments, results};
use rpcgen_runtime::server::{Rate, ReplayLimits};
use rpcgen_runtime::{Limits, Server};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn h081_short_datagrams_are_dropped_and_counted() {
    let running = start(Server::new().serve(numbers())).await;
    let socket = udp(&running).await;
    let message = call(1, 1);
    for len in 0..40 {
        socket.send(&message[..len]).await.unwrap();
    }
    assert_eq!(received(&socket, SHORT).await, None);
    socket.send(&message).await.unwrap();
    assert_eq!(received(&socket, LONG).await, Some(answer(1, 1)));
    assert_eq!(running.stats().dropped, 40);
}

#[tokio::test]
async fn h082_a_short_request_after_a_long_one_sees_nothing_of_it() {
    let program = Program(&INTERFACE, |cx, _, args| async move {
        let words = arguments(&cx, &args, |r| r.opaque_vec(64))?;
        results(&cx, |w| w.opaque_vec(&words, 64, "words"))
    });
    let running = start(Server::new().serve(program)).await;
    let socket = udp(&running).await;
    let mut args = bytes(&[16]);
    args.extend([0xaa; 16]);
    socket.send(&call_to(PROGRAM, 1, 1, &args)).await.unwrap();
    assert_eq!(received(&socket, LONG).await.unwrap().len(), 24 + 20);
    // It says 16 bytes and has 4: the rest lies in no datagram of its own.
    socket
        .send(&call_to(PROGRAM, 2, 1, &args[..8]))
        .await
        .unwrap();
    assert_eq!(received(&socket, LONG).await, Some(refusal(2, 4)));
}

#[tokio::test]
async fn h091_h092_replies_are_not_answered_and_errors_are_smaller_than_calls() {
    let running = start(Server::new().serve(numbers())).await;
    let socket = udp(&running).await;
    let mut reply = answer(1, 1);
    reply.resize(100, 0);
    socket.send(&reply).await.unwrap();
    assert_eq!(received(&socket, SHORT).await, None);
    let mut wrong_version = call(1, 1);
    wrong_version[11] = 3;
    let mut mismatch = call(2, 1);
    mismatch[19] = 9;
    for message in [
        wrong_version,
        mismatch,
        call(3, 99),
        call_to(1, 4, 1, &[]),
        call_as(5, 1, 99, &[]),
        call_as(6, 1, 1, &[0; 8]),
    ] {
        socket.send(&message).await.unwrap();
        let answer = received(&socket, LONG).await.unwrap();
        assert!((20..=32).contains(&answer.len()), "{answer:02x?}");
        assert!(answer.len() < message.len());
    }
}

#[tokio::test]
async fn h093_a_flood_of_large_datagrams_leaves_the_server_as_it_was() {
    let running = start(Server::new().serve(numbers())).await;
    let address = running.udp().unwrap();
    let flood = move || {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        for _ in 0..500 {
            let _ = socket.send_to(&[0xff; 60_000], address);
        }
    };
    tokio::task::spawn_blocking(flood).await.unwrap();
    // The kernel drops what does not fit its queue; what was in it is worked off.
    let socket = udp(&running).await;
    let mut answered = false;
    for _ in 0..100 {
        socket.send(&call(1, 1)).await.unwrap();
        if received(&socket, Duration::from_millis(100)).await == Some(answer(1, 1)) {
            answered = true;
            break;
        }
    }
    assert!(answered);
    assert!(running.stats().dropped > 0);
}

#[tokio::test]
async fn a_batch_of_calls_from_many_clients_is_answered_to_each() {
    let running = start(Server::new().serve(numbers())).await;
    let mut clients = Vec::new();
    for _ in 0..64 {
        clients.push(udp(&running).await);
    }
    for (xid, client) in (0..).zip(&clients) {
        client.send(&call(xid, 1 + xid % 3)).await.unwrap();
    }
    for (xid, client) in (0..).zip(&clients) {
        assert_eq!(received(client, LONG).await, Some(answer(xid, 1 + xid % 3)));
    }
}

#[tokio::test]
async fn a_reply_too_long_for_a_datagram_is_a_system_error() {
    let program = Program(&INTERFACE, |_, procedure, _| async move {
        let size = if procedure == 1 { 8_776 } else { 8_780 };
        Ok(vec![7; size].into())
    });
    let running = start(Server::new().serve(program)).await;
    let socket = udp(&running).await;
    socket.send(&call(1, 1)).await.unwrap();
    assert_eq!(received(&socket, LONG).await.unwrap().len(), 8_800);
    socket.send(&call(2, 2)).await.unwrap();
    assert_eq!(received(&socket, LONG).await, Some(refusal(2, 5)));
}

#[tokio::test]
async fn calls_beyond_the_server_s_limit_wait_and_are_answered() {
    let limits = Limits::default().max_in_flight(2);
    let running = start(Server::new().serve(numbers()).limits(limits)).await;
    let socket = udp(&running).await;
    for xid in 0..20 {
        socket.send(&call(xid, 3)).await.unwrap();
    }
    let mut answers = Vec::new();
    for _ in 0..20 {
        answers.push(received(&socket, LONG).await.unwrap());
    }
    answers.sort();
    let expected: Vec<_> = (0..20).map(|xid| answer(xid, 3)).collect();
    assert_eq!(answers, expected);
}

/// A UDP socket on another address of this machine.
async fn udp_from(
    address: &str,
    running: &rpcgen_runtime::server::Running,
) -> tokio::net::UdpSocket {
    let socket = tokio::net::UdpSocket::bind((address, 0)).await.unwrap();
    socket.connect(running.udp().unwrap()).await.unwrap();
    socket
}

#[tokio::test]
async fn h092_a_source_that_calls_too_fast_is_not_answered_and_others_are() {
    let limits = Limits::default().calls_per_source(Some(Rate::per_second(1).burst(10)));
    let running = start(Server::new().serve(numbers()).limits(limits)).await;
    // Two ports of one address are one source; errors cost as much as results.
    let (one, two) = (udp(&running).await, udp(&running).await);
    for xid in 0..20 {
        one.send(&call(xid, 1)).await.unwrap();
        two.send(&call_to(1, xid, 1, &[])).await.unwrap();
    }
    let other = udp_from("127.0.0.9", &running).await;
    other.send(&call(1, 1)).await.unwrap();
    assert_eq!(received(&other, LONG).await, Some(answer(1, 1)));
    let mut answers = 0;
    for socket in [&one, &two] {
        while received(socket, SHORT).await.is_some() {
            answers += 1;
        }
    }
    // The burst, and perhaps a call for each second that this took.
    assert!((10..20).contains(&answers), "{answers}");
    eventually("the rest is counted", || {
        running.stats().throttled == 40 - answers
    })
    .await;
    // Whoever asks again is answered in time.
    let mut answered = None;
    for _ in 0..100 {
        one.send(&call(99, 2)).await.unwrap();
        answered = received(&one, SHORT).await;
        if answered.is_some() {
            break;
        }
    }
    assert_eq!(answered, Some(answer(99, 2)));
}

#[tokio::test]
async fn h087_the_reply_cache_is_bounded_by_entries_bytes_and_age() {
    let runs = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counter = std::sync::Arc::clone(&runs);
    // The number of the run, and behind it as many bytes as the procedure's number times 1 000.
    let program = Program(&INTERFACE, move |cx, procedure, _| {
        let run = counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
        async move {
            results(&cx, |w| {
                w.u32(run);
                w.opaque(&vec![7; procedure as usize * 1_000].into(), u32::MAX, "it");
            })
        }
    });
    let cache = ReplayLimits {
        entries: 100,
        bytes: 50_000,
        age: Duration::from_millis(500),
    };
    let limits = Limits::default().reply_cache(Some(cache));
    let running = start(Server::new().serve(program).limits(limits)).await;
    let socket = udp(&running).await;
    let run = async |xid, procedure| {
        socket.send(&call(xid, procedure)).await.unwrap();
        let reply = received(&socket, LONG).await.unwrap();
        u32::from_be_bytes(reply[24..28].try_into().unwrap())
    };
    // Bytes: no more than 49 replies of a thousand.
    for xid in 1..=1_000 {
        assert_eq!(run(xid, 1).await, xid);
        assert!(running.stats().remembered <= 50);
    }
    assert_eq!(run(1_000, 1).await, 1_000, "replayed");
    assert_eq!(run(1, 1).await, 1_001, "forgotten");
    assert_eq!(running.stats().duplicates, 1);
    // Age: a call that was just replayed runs again.
    let last = run(5_000, 3).await;
    let start = std::time::Instant::now();
    while run(5_000, 3).await == last {
        assert!(start.elapsed() < LONG, "it is never forgotten");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(start.elapsed() >= Duration::from_millis(400));
}

/// A handler's future that panics when it is dropped, after its result: no poll is there to catch it.
struct Bomb(rpcgen_runtime::Context, u32);

impl Future for Bomb {
    type Output = Result<rpcgen_runtime::Body, rpcgen_runtime::Fault>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.1 == 3 {
            // Not at once: it becomes a task.
            self.1 = 2;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(number(&self.0, self.1))
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        assert_eq!(self.1, 1, "a future that panics when it is dropped");
    }
}

#[tokio::test]
async fn h102_a_handler_that_panics_when_it_is_dropped_does_not_end_the_socket() {
    let program = Program(&INTERFACE, |cx, procedure, _| Bomb(cx, procedure));
    let running = start(Server::new().serve(program)).await;
    let socket = udp(&running).await;
    for xid in 0..3 {
        socket.send(&call(100 + xid, 2)).await.unwrap();
        socket.send(&call(200 + xid, 3)).await.unwrap();
    }
    while received(&socket, SHORT).await.is_some() {}
    let other = udp(&running).await;
    for client in [&other, &socket] {
        client.send(&call(1, 1)).await.unwrap();
        assert_eq!(received(client, LONG).await, Some(answer(1, 1)));
    }
    // Over a stream it ends the connection, at most.
    let mut stream = connect(&running).await;
    let call = record(&call(1, 2));
    stream.write_all(&call[..20]).await.unwrap();
    eventually("half a call is held", || running.stats().held > 0).await;
    stream.write_all(&call[20..]).await.unwrap();
    let _ = reply(&mut stream).await;
    good(&running).await;
    drop(stream);
    eventually("nothing is left", || {
        let stats = running.stats();
        (stats.in_flight, stats.connections, stats.held) == (0, 0, 0)
    })
    .await;
}
