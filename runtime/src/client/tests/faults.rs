//! Servers that die under load, storms of cancellations, losing networks. Scaled down; `RPCGEN_FAULTS=1000` (kills,
//! thousands of cancelled calls, tens of datagram calls) runs them full size. Each prints its figures.

use super::*;
use crate::server::{Limits, ReplayLimits};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use tokio::task::JoinSet;

fn scale(default: u32) -> u32 {
    let set = std::env::var("RPCGEN_FAULTS").ok();
    set.and_then(|n| n.parse().ok()).unwrap_or(default)
}

/// Counts how often each number was called, across restarts of the server that runs it.
#[derive(Debug, Default)]
struct Ledger(Mutex<HashMap<u32, u32>>);

struct LedgerServer(Arc<Ledger>);

impl Dispatch for LedgerServer {
    fn interface(&self) -> &'static Interface {
        &ECHO
    }
    fn dispatch(
        self: Arc<Self>,
        cx: Context,
        _: u32,
        args: Body,
    ) -> BoxFuture<'static, Result<Body, Fault>> {
        Box::pin(async move {
            let number = arguments(&cx, &args, |r| r.u32())?;
            *self.0.0.lock().unwrap().entry(number).or_default() += 1;
            // Some replies are on the way when the server dies, some handlers run.
            tokio::time::sleep(Duration::from_millis(u64::from(number % 4))).await;
            results(&cx, |w| w.u32(!number))
        })
    }
}

async fn note(client: &EchoClient, number: u32) -> Result<u32, RpcError> {
    call(
        &client.0,
        &ECHO,
        &ECHO.procedures[3],
        |w| w.u32(number),
        |r| r.u32(),
    )
    .await
}

/// Numbers of what happened to calls, and what must hold of each.
#[derive(Debug, Default)]
struct Fates {
    answered: u32,
    not_run: u32,
    unknown: u32,
}

impl Fates {
    fn add(&mut self, number: u32, result: Result<u32, RpcError>, ledger: &Ledger) {
        let ran = ledger.0.lock().unwrap().get(&number).copied().unwrap_or(0);
        match result {
            Ok(answer) => {
                assert_eq!(answer, !number, "answered with another's reply");
                assert!(ran > 0, "acknowledged and lost");
                self.answered += 1;
            }
            Err(error) => match error.execution() {
                Execution::No => {
                    assert_eq!(ran, 0, "{error}");
                    self.not_run += 1;
                }
                Execution::Maybe => self.unknown += 1,
                Execution::Yes => panic!("{error}"),
            },
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h095_h096_servers_are_killed_and_restarted_under_64_calls() {
    const DEADLINE: Duration = Duration::from_secs(2);
    let ledger = Arc::new(Ledger::default());
    let listen = |at: SocketAddr| {
        Server::new()
            .serve(LedgerServer(Arc::clone(&ledger)))
            .tcp(at)
            .start()
    };
    let mut server = listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let at = server.tcp().unwrap();
    let options = ConnectOptions::new()
        .reconnect(Reconnect::constant(Duration::from_millis(50)))
        .calls(CallOptions::new().timeout(DEADLINE));
    let client: EchoClient = connect_with(at, options).await.unwrap();
    let (mut fates, mut slowest, mut number) = (Fates::default(), Duration::ZERO, 0);
    let kills = scale(20);
    for _ in 0..kills {
        let mut calls = JoinSet::new();
        for _ in 0..64 {
            number += 1;
            let (client, number) = (client.clone(), number);
            calls.spawn(async move {
                let begun = Instant::now();
                let result = note(&client, number).await;
                (number, result, begun.elapsed())
            });
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
        drop(server);
        while let Some(done) = calls.join_next().await {
            let (number, result, took) = done.unwrap();
            assert!(took < DEADLINE + Duration::from_millis(500), "{took:?}");
            fates.add(number, result, &ledger);
        }
        server = loop {
            match listen(at).await {
                Ok(server) => break server,
                Err(_) => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        };
        // The listener is back: how long until a call gets through?
        let back = Instant::now();
        loop {
            number += 1;
            let result = note(&client, number).await;
            let answered = result.is_ok();
            fates.add(number, result, &ledger);
            if answered {
                break;
            }
        }
        slowest = slowest.max(back.elapsed());
    }
    assert_eq!(client.channel().pending(), 0);
    println!("{kills} kills: {fates:?}, slowest reconnect {slowest:?}");
    assert!(slowest < Duration::from_millis(200), "{slowest:?}");
    assert!(fates.answered > kills);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h101_a_storm_of_cancelled_calls_in_a_thousand_tasks_leaves_nothing_behind() {
    let (server, _) = start().await;
    let client: EchoClient = connect_with(target(&server, false), options(10_000))
        .await
        .unwrap();
    let thousands = scale(20);
    let mut tasks = JoinSet::new();
    for task in 0..1000u32 {
        let client = client.clone();
        tasks.spawn(async move {
            let mut dropped = 0u32;
            for round in 0..thousands {
                let data = Bytes::from([task.to_be_bytes(), round.to_be_bytes()].concat());
                let mut call = Box::pin(client.echo(&data));
                // Polled some times, at none of which it may matter that it is dropped.
                for _ in 0..(task + round) % 4 {
                    let polled =
                        std::future::poll_fn(|cx| std::task::Poll::Ready(call.as_mut().poll(cx)));
                    if let std::task::Poll::Ready(result) = polled.await {
                        assert_eq!(result.unwrap(), data);
                        dropped += 1;
                        break;
                    }
                    tokio::task::yield_now().await;
                }
                if round % 16 == 0 {
                    assert_eq!(client.echo(&data).await.unwrap(), data);
                }
            }
            dropped
        });
    }
    let mut finished = 0;
    while let Some(task) = tasks.join_next().await {
        finished += task.unwrap();
    }
    assert_eq!(client.channel().pending(), 0);
    println!(
        "{} calls dropped, {finished} of them finished before",
        thousands * 1000
    );
    let data = Bytes::from_static(b"still there");
    assert_eq!(client.echo(&data).await.unwrap(), data);
    assert_eq!(client.channel().stats().calls, 0);
}

/// Dropped wherever it may be: before it is sent, half written, waiting for its reply.
#[tokio::test]
async fn h099_a_dropped_call_is_written_whole_or_not_at_all() {
    let (client, mut peer, _listener) = with_peer(options(5000)).await;
    // More than the kernel takes while the peer does not read.
    let large = Bytes::from(vec![7; 16 << 20]);
    let (mut whole, mut late) = (0, 0);
    for polls in 0..6 {
        let mut call = Box::pin(client.echo(&large));
        for _ in 0..polls {
            let polled = std::future::poll_fn(|cx| std::task::Poll::Ready(call.as_mut().poll(cx)));
            assert!(polled.await.is_pending());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        drop(call);
        assert_eq!(client.channel().pending(), 0, "a slot is left");
        let answer = async {
            loop {
                let (xid, call) = next_call(&mut peer).await;
                if call.len() == 44 + large.len() {
                    assert_eq!(call[44..], large);
                    whole += 1;
                    peer.write_all(&reply(xid, 666)).await.unwrap();
                    late += 1;
                } else {
                    return peer.write_all(&reply(xid, polls)).await.unwrap();
                }
            }
        };
        let (result, ()) = tokio::join!(client.count(), answer);
        assert_eq!(result.unwrap(), polls);
    }
    assert_eq!(whole, 5, "what was begun was written to its end");
    assert_eq!(client.channel().stats().unmatched, late);
}

/// Forwards datagrams both ways, losing, doubling and reordering some.
async fn lossy_proxy(to: SocketAddr) -> SocketAddr {
    let front = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
    let at = front.local_addr().unwrap();
    let back = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
    back.connect(to).await.unwrap();
    let client = Arc::new(Mutex::new(None));
    for forward in [true, false] {
        let (front, back, client) = (Arc::clone(&front), Arc::clone(&back), Arc::clone(&client));
        tokio::spawn(async move {
            let mut dice = crate::proto::random::Random::from_key([7, forward.into()]);
            let mut buf = vec![0; 65_536];
            loop {
                let n = match forward {
                    true => {
                        let (n, from) = front.recv_from(&mut buf).await.unwrap();
                        *client.lock().unwrap() = Some(from);
                        n
                    }
                    false => back.recv(&mut buf).await.unwrap(),
                };
                let roll = dice.next_u32() % 100;
                let copies = match roll {
                    0..30 => 0,
                    30..35 => 2,
                    _ => 1,
                };
                for _ in 0..copies {
                    let datagram = buf[..n].to_vec();
                    let late = Duration::from_millis(u64::from(dice.next_u32() % 8));
                    let (front, back) = (Arc::clone(&front), Arc::clone(&back));
                    let to = *client.lock().unwrap();
                    tokio::spawn(async move {
                        tokio::time::sleep(late).await;
                        let _ = match (forward, to) {
                            (true, _) => back.send(&datagram).await,
                            (false, Some(to)) => front.send_to(&datagram, to).await,
                            (false, None) => Ok(0),
                        };
                    });
                }
            }
        });
    }
    at
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h088_calls_complete_through_a_network_that_loses_a_third() {
    let ledger = Arc::new(Ledger::default());
    // A call runs once as long as its entry lives.
    let cache = ReplayLimits {
        entries: 100_000,
        ..ReplayLimits::default()
    };
    let server = Server::new()
        .serve(LedgerServer(Arc::clone(&ledger)))
        .limits(Limits::default().reply_cache(Some(cache)))
        .udp("127.0.0.1:0")
        .start()
        .await
        .unwrap();
    let proxy = lossy_proxy(server.udp().unwrap()).await;
    // Scaled down, the waits are too.
    let (scale, ms) = (scale(30), Duration::from_millis);
    let retransmit = match scale {
        30 => Retransmit::default()
            .initial(ms(50))
            .bounds(ms(20), ms(200)),
        _ => Retransmit::default(),
    };
    let options = options(60_000).retransmit(retransmit);
    let client: EchoClient = connect_with(format!("udp://{proxy}"), options)
        .await
        .unwrap();
    let calls = scale * 10;
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for number in 0..calls {
        let client = client.clone();
        tasks.spawn(async move { (number, note(&client, number).await) });
    }
    let mut fates = Fates::default();
    while let Some(done) = tasks.join_next().await {
        let (number, result) = done.unwrap();
        fates.add(number, result, &ledger);
    }
    let stats = client.channel().stats();
    println!("{calls} calls, {fates:?}, {stats:?}, {:?}", begun.elapsed());
    assert_eq!(fates.answered, calls);
    let ran = ledger.0.lock().unwrap();
    assert!(
        ran.values().all(|n| *n == 1),
        "a call ran twice in spite of the reply cache"
    );
    assert!(stats.retransmitted > calls as u64 / 4);
}

/// Nobody is left when the last handle is gone: the peer sees the connection end.
#[tokio::test]
async fn h100_the_connection_ends_with_its_last_handle() {
    let (client, mut peer, _listener) = with_peer(options(1000)).await;
    let clone = client.clone();
    drop(client);
    drop(clone);
    let end = tokio::time::timeout(Duration::from_secs(1), peer.read(&mut [0; 1])).await;
    assert_eq!(end.expect("the socket stays open").unwrap(), 0);
}

#[tokio::test]
async fn h098_a_silent_peer_costs_a_call_its_deadline_and_no_more() {
    let (client, _peer, _listener) = with_peer(options(200)).await;
    for _ in 0..3 {
        let begun = Instant::now();
        assert!(client.count().await.unwrap_err().is_timeout());
        assert!((200..2000).contains(&begun.elapsed().as_millis()));
    }
}
