//! Calls over connections.

use super::*;

#[tokio::test]
async fn many_calls_are_in_flight_on_one_connection() {
    let (server, _) = start().await;
    let client: EchoClient = connect(target(&server, false)).await.unwrap();
    let ended = std::sync::Mutex::new(Vec::new());
    let wait = async |ms| {
        assert_eq!(client.wait(ms).await.unwrap(), ms);
        ended.lock().unwrap().push(ms);
    };
    tokio::join!(wait(900), wait(500), wait(100));
    // One after the other would be the other way round.
    assert_eq!(*ended.lock().unwrap(), [100, 500, 900]);
    assert_eq!(client.channel().pending(), 0);
    ping(&client).await.unwrap();
}

#[tokio::test]
async fn data_of_any_size_comes_back() {
    let (server, _) = start().await;
    let client: EchoClient = connect(target(&server, false)).await.unwrap();
    for size in [0usize, 1, 3, 4095, 4096, 4097, 70_000, 1 << 20] {
        let data: Bytes = (0..size).map(|i| i as u8).collect();
        assert_eq!(client.echo(&data).await.unwrap(), data, "{size}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_tasks_get_their_own_answers() {
    let (server, _) = start().await;
    let client: EchoClient = connect(target(&server, false)).await.unwrap();
    let tasks: Vec<_> = (0..1000u32)
        .map(|i| {
            let client = client.clone();
            tokio::spawn(async move {
                for round in 0..10u32 {
                    let data = Bytes::from([i.to_be_bytes(), round.to_be_bytes()].concat());
                    assert_eq!(client.echo(&data).await.unwrap(), data);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(client.channel().pending(), 0);
}

#[tokio::test]
async fn a_call_ends_at_its_deadline() {
    let (server, echo) = start().await;
    let client: EchoClient = connect(target(&server, false)).await.unwrap();
    let quick = client.with(CallOptions::new().timeout(Duration::from_millis(100)));
    let begun = Instant::now();
    let error = quick.wait(400).await.unwrap_err();
    assert!(error.is_timeout());
    assert_eq!(error.execution(), Execution::Maybe);
    let took = begun.elapsed();
    assert!((100..380).contains(&took.as_millis()), "{took:?}");
    // The reply comes late and is nobody's.
    assert_eq!(client.wait(500).await.unwrap(), 500);
    assert_eq!(client.channel().stats().unmatched, 1);
    assert_eq!(echo.ran.load(Ordering::Relaxed), 2);
}

/// A future that drives the connection and is not polled any more must not keep others from their replies.
#[tokio::test]
async fn a_caller_that_sleeps_does_not_hold_up_the_others() {
    let (server, _) = start().await;
    let client: EchoClient = connect(target(&server, false)).await.unwrap();
    let mut sleeper = Box::pin(client.wait(50));
    tokio::select! {
        biased;
        _ = &mut sleeper => panic!("too fast"),
        () = std::future::ready(()) => {}
    }
    for i in 0..3 {
        let data = Bytes::from(vec![i; 8]);
        let echoed = tokio::time::timeout(Duration::from_secs(2), client.echo(&data)).await;
        assert_eq!(echoed.expect("held up").unwrap(), data);
    }
    assert_eq!(sleeper.await.unwrap(), 50);
}

#[tokio::test]
async fn dropped_future_frees_slot() {
    let (server, _) = start().await;
    let limited = options(5000).max_pending(2);
    let client: EchoClient = connect_with(target(&server, false), limited).await.unwrap();
    for _ in 0..20 {
        let (a, b) = (client.wait(1000), client.wait(1000));
        let none = tokio::time::timeout(Duration::from_millis(5), async { tokio::join!(a, b) });
        assert!(none.await.is_err());
        assert_eq!(client.channel().pending(), 0);
    }
    assert_eq!(
        client.echo(&Bytes::from_static(b"x")).await.unwrap(),
        &b"x"[..]
    );
}

#[tokio::test]
async fn calls_beyond_the_limit_wait_or_fail_at_once() {
    let (server, _) = start().await;
    let limited = options(5000).max_pending(1);
    let client: EchoClient = connect_with(target(&server, false), limited).await.unwrap();
    let eager = client.with(CallOptions::new().wait(false));
    let (first, second, waits) = tokio::join!(client.wait(100), eager.wait(1), client.wait(1));
    first.unwrap();
    assert!(matches!(second, Err(RpcError::Overloaded)));
    waits.unwrap();
    let late = client.with(CallOptions::new().timeout(Duration::from_millis(50)));
    let (first, late) = tokio::join!(client.wait(200), late.wait(1));
    first.unwrap();
    let error = late.unwrap_err();
    assert!(
        matches!(error, RpcError::TimedOut { sent: Sent::No, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_call_that_is_dropped_while_it_waits_keeps_nobody_waiting() {
    let (server, _) = start().await;
    let limited = options(5000).max_pending(1);
    let client: EchoClient = connect_with(target(&server, false), limited).await.unwrap();
    let impatient = tokio::time::timeout(Duration::from_millis(20), client.wait(1));
    let (first, dropped, last) = tokio::join!(client.wait(100), impatient, client.wait(1));
    first.unwrap();
    assert!(dropped.is_err());
    last.unwrap();
    client.wait(1).await.unwrap();
}

#[tokio::test]
async fn the_connection_is_made_again_after_the_server_closed_it() {
    let (client, peer, listener) = with_peer(options(2000)).await;
    assert!(client.channel().local_addr().is_some());
    drop(peer);
    // Nobody calls: the idle connection is watched.
    let noticed = async {
        while client.channel().local_addr().is_some() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let noticed = tokio::time::timeout(Duration::from_secs(10), noticed).await;
    noticed.expect("an idle connection that ended is not noticed");
    assert_eq!(client.channel().stats().calls, 0);
    let answer = async {
        let (mut peer, _) = listener.accept().await.unwrap();
        let (xid, _) = next_call(&mut peer).await;
        peer.write_all(&reply(xid, 7)).await.unwrap();
        peer
    };
    let (result, _peer) = tokio::join!(client.count(), answer);
    assert_eq!(result.unwrap(), 7);
}

#[tokio::test]
async fn h095_calls_on_the_way_are_told_that_the_connection_was_lost() {
    let (client, mut peer, _listener) = with_peer(options(2000)).await;
    let kill = async {
        for _ in 0..64 {
            next_call(&mut peer).await;
        }
        drop(peer);
    };
    let calls: Vec<_> = (0..64)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.count().await })
        })
        .collect();
    kill.await;
    for call in calls {
        let error = call.await.unwrap().unwrap_err();
        assert!(matches!(error, RpcError::ConnectionLost { .. }), "{error}");
        assert_eq!(error.execution(), Execution::Maybe);
    }
}

#[tokio::test]
async fn a_replayed_call_has_the_same_xid_bytes_and_local_port() {
    let calls = CallOptions::new()
        .replay(Replay::Always)
        .timeout(Duration::from_secs(5));
    let (client, mut peer, listener) = with_peer(ConnectOptions::new().calls(calls)).await;
    let from = peer.peer_addr().unwrap();
    let restart = async {
        let (_, first) = next_call(&mut peer).await;
        drop(peer);
        let (mut peer, _) = listener.accept().await.unwrap();
        let (xid, second) = next_call(&mut peer).await;
        assert_eq!(first, second);
        peer.write_all(&reply(xid, 9)).await.unwrap();
        peer
    };
    let (result, peer) = tokio::join!(client.count(), restart);
    assert_eq!(result.unwrap(), 9);
    assert_eq!(client.channel().stats().replayed, 1);
    assert_eq!(peer.peer_addr().unwrap(), from, "address and port");
}

#[tokio::test]
async fn h097_a_refused_connection_is_a_typed_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap();
    drop(listener);
    let error = connect::<EchoClient>(target).await.unwrap_err();
    assert!(
        matches!(&error, RpcError::Connect(e) if e.io_error().is_some()),
        "{error}"
    );
    assert_eq!(error.execution(), Execution::No);
}

#[tokio::test]
async fn without_reconnect_the_channel_ends_with_its_connection() {
    let (client, peer, _listener) = with_peer(options(500).reconnect(Reconnect::NEVER)).await;
    drop(peer);
    tokio::time::sleep(Duration::from_millis(20)).await;
    let error = client.count().await.unwrap_err();
    assert!(matches!(error, RpcError::Connect(_)), "{error}");
}

#[tokio::test]
async fn a_stream_of_any_kind_carries_calls() {
    let (ours, mut theirs) = tokio::io::duplex(64);
    let channel = Channel::from_stream(ours, options(2000));
    let client = EchoClient::from_channel(channel);
    let answer = async {
        let mut mark = [0; 4];
        theirs.read_exact(&mut mark).await.unwrap();
        let mut call = vec![0; (u32::from_be_bytes(mark) & 0x7fff_ffff) as usize];
        theirs.read_exact(&mut call).await.unwrap();
        let xid = u32::from_be_bytes(call[..4].try_into().unwrap());
        theirs.write_all(&reply(xid, 5)).await.unwrap();
    };
    let (result, ()) = tokio::join!(client.count(), answer);
    assert_eq!(result.unwrap(), 5);
    drop(theirs);
    let error = client.count().await.unwrap_err();
    assert_eq!(error.execution(), Execution::No, "{error}");
}

#[tokio::test]
async fn a_closed_channel_ends_its_calls() {
    let (server, _) = start().await;
    let client: EchoClient = connect(target(&server, false)).await.unwrap();
    let close = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        client.channel().close();
    };
    let (result, ()) = tokio::join!(client.wait(5000), close);
    assert!(matches!(
        result,
        Err(RpcError::ConnectionLost {
            sent: Sent::Maybe,
            ..
        })
    ));
    assert!(matches!(client.count().await, Err(RpcError::Closed)));
}

#[tokio::test]
async fn a_server_that_stops_lets_calls_finish_and_the_client_find_its_successor() {
    let (server, _) = start().await;
    let at = target(&server, false);
    let client: EchoClient = connect_with(&at, options(3000)).await.unwrap();
    let stop = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        server.shutdown(Grace::secs(5)).await;
    };
    let (result, ()) = tokio::join!(client.wait(100), stop);
    assert_eq!(result.unwrap(), 100);
    let error = client.count().await.unwrap_err();
    assert_eq!(error.execution(), Execution::No, "{error}");
    let again = Server::new()
        .serve(EchoServer(Arc::default()))
        .tcp(at.strip_prefix("tcp://").unwrap());
    let _again = again.start().await.unwrap();
    assert_eq!(client.count().await.unwrap(), 0);
}

#[tokio::test]
async fn generated_futures_can_be_spawned() {
    fn is_send<T: Send>(future: T) -> T {
        future
    }
    let (server, _) = start().await;
    let client: EchoClient = is_send(connect(target(&server, false))).await.unwrap();
    is_send(client.count()).await.unwrap();
}

#[tokio::test]
async fn a_serial_channel_has_one_call_on_the_way_and_none_behind_an_unanswered_one() {
    let (client, mut peer, listener) = with_peer(options(2000).serial(true)).await;
    let first_two = async {
        for n in 0..2 {
            let (xid, _) = next_call(&mut peer).await;
            let more = tokio::time::timeout(Duration::from_millis(50), peer.read_u8());
            assert!(more.await.is_err(), "the next call did not wait");
            peer.write_all(&reply(xid, n)).await.unwrap();
        }
    };
    let (a, b, ()) = tokio::join!(client.count(), client.count(), first_two);
    assert_eq!((a.unwrap(), b.unwrap()), (0, 1));
    // One that times out and one that is dropped: each takes its connection with it.
    let late = client.with(CallOptions::new().timeout(Duration::from_millis(100)));
    for dropped in [false, true] {
        let unanswered = async {
            match dropped {
                false => assert!(late.count().await.unwrap_err().is_timeout()),
                true => {
                    let short = Duration::from_millis(100);
                    let none = tokio::time::timeout(short, client.count()).await;
                    assert!(none.is_err(), "answered");
                }
            }
        };
        let closed = async {
            next_call(&mut peer).await;
            assert_eq!(peer.read(&mut [0]).await.unwrap(), 0);
        };
        let ((), closed) = tokio::join!(
            unanswered,
            tokio::time::timeout(Duration::from_secs(5), closed)
        );
        closed.expect("the connection is kept");
        let answer = async {
            let mut peer = listener.accept().await.unwrap().0;
            let (xid, _) = next_call(&mut peer).await;
            peer.write_all(&reply(xid, 5)).await.unwrap();
            peer
        };
        let (result, again) = tokio::join!(client.count(), answer);
        assert_eq!(result.unwrap(), 5);
        peer = again;
    }
}
