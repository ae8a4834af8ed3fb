//! Calls to many hosts: what counts as an answer, and how long is listened. With rpcbind and C: `tests/interop`.

use super::blocking::tests::Client as BlockingClient;
use super::*;
use std::net::SocketAddr;

/// A host that the test plays.
async fn host() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let at = socket.local_addr().unwrap();
    (socket, at)
}

async fn call_at(socket: &UdpSocket) -> (Vec<u8>, u32, SocketAddr) {
    let mut buf = vec![0; 9000];
    let (n, from) = socket.recv_from(&mut buf).await.unwrap();
    buf.truncate(n);
    let xid = u32::from_be_bytes(buf[..4].try_into().unwrap());
    (buf, xid, from)
}

async fn say(socket: &UdpSocket, to: SocketAddr, reply: &[u32]) {
    socket.send_to(&words(reply), to).await.unwrap();
}

type Count = fn(EchoClient) -> BoxFuture<'static, Result<u32, RpcError>>;

async fn counted(wide: Broadcast) -> Result<Answers<EchoClient, Count>, RpcError> {
    let count: Count = |echo| Box::pin(async move { echo.count().await });
    wide.call(count).await
}

#[tokio::test]
async fn servers_are_called_at_their_port_and_heard_once_each() {
    let (one, _) = start().await;
    let (two, _) = start().await;
    let [a, b] = [&one, &two].map(|s| s.udp().unwrap());
    let wide = Broadcast::new().direct(9).to(a).to(b).to(a);
    let mut answers = counted(wide.wait(Duration::from_millis(1500)))
        .await
        .unwrap();
    let mut heard = Vec::new();
    while let Some(answer) = answers.next().await {
        answer.result.unwrap();
        heard.push(answer.host);
    }
    heard.sort();
    let mut both = [a, b];
    both.sort();
    assert_eq!(heard, both);
}

#[tokio::test]
async fn h081_h083_only_replies_to_this_call_are_answers() {
    let (socket, at) = host().await;
    let (other, elsewhere) = host().await;
    let wide = Broadcast::new().to(at).wait(Duration::from_millis(900));
    let mut answers = counted(wide.direct(1)).await.unwrap();
    let (call, xid, from) = call_at(&socket).await;
    assert_eq!(call[4..24], words(&[0, 2, PROGRAM, 1, 3]));
    for junk in [
        &[][..],
        &[xid],
        &[xid, 1, 2],
        &[xid, 0, 2, PROGRAM, 1, 3, 0, 0, 0, 0],
        &[xid ^ 1, 1, 0, 0, 0, 0, 5],
    ] {
        say(&socket, from, junk).await;
    }
    say(&socket, from, &[xid, 1, 0, 0, 0, 0, 7]).await;
    say(&socket, from, &[xid, 1, 0, 0, 0, 0, 8]).await;
    // Another host, with half a result, and one that refuses.
    say(&other, from, &[xid, 1, 0, 0, 0, 0]).await;
    let (third, refusing) = host().await;
    say(&third, from, &[xid, 1, 0, 0, 0, 2, 4, 6]).await;
    let first = answers.next().await.unwrap();
    assert_eq!((first.host, first.result.unwrap()), (at, 7));
    let second = answers.next().await.unwrap();
    assert_eq!(second.host, elsewhere);
    assert!(matches!(second.result, Err(RpcError::Decode(_))));
    let third = answers.next().await.unwrap();
    assert_eq!(third.host, refusing);
    let refusal = Refused::ProgMismatch { low: 4, high: 6 };
    assert!(matches!(third.result, Err(RpcError::Refused(why)) if why == refusal));
    assert!(answers.next().await.is_none());
}

#[tokio::test]
async fn through_rpcbind_the_port_is_believed_and_nothing_else() {
    for (v6, at) in [(false, "127.0.0.1:0"), (true, "[::1]:0")] {
        let socket = UdpSocket::bind(at).await.unwrap();
        let at = socket.local_addr().unwrap();
        let wide = Broadcast::new().to(at).wait(Duration::from_millis(900));
        let mut answers = counted(wide).await.unwrap();
        let (call, xid, from) = call_at(&socket).await;
        let version = if v6 { 3 } else { 2 };
        assert_eq!(call[8..24], words(&[2, 100_000, version, 5]));
        assert_eq!(call[40..], words(&[PROGRAM, 1, 3, 0]));
        // The answer comes from a port of rpcbind's choice.
        let forward = UdpSocket::bind((at.ip(), 0)).await.unwrap();
        let results = |place: &[u32]| [&[xid, 1, 0, 0, 0, 0][..], place, &[4, 42]].concat();
        let uaddr = |text: &str| {
            let mut bytes = text.as_bytes().to_vec();
            let len = bytes.len() as u32;
            bytes.resize(text.len().next_multiple_of(4), 0);
            let rest = bytes.chunks_exact(4);
            let rest = rest.map(|c| u32::from_be_bytes(c.try_into().unwrap()));
            [len].into_iter().chain(rest).collect::<Vec<u32>>()
        };
        let (bad, good) = match v6 {
            false => (vec![vec![0], vec![65536 + 2049]], vec![2049]),
            true => (
                ["", "2001:db8::9.0.0", "2001:db8::9.8.300"]
                    .map(uaddr)
                    .into(),
                uaddr("2001:db8::9.8.1"),
            ),
        };
        for bad in bad {
            say(&forward, from, &results(&bad)).await;
        }
        say(&forward, from, &[xid, 1, 0, 0, 0, 1]).await;
        say(&forward, from, &[xid, 1, 0, 0, 0, 0, 2049, 5000]).await;
        say(&forward, from, &results(&good)).await;
        let answer = answers.next().await.unwrap();
        assert_eq!(answer.host, SocketAddr::new(at.ip(), 2049));
        assert_eq!(answer.result.unwrap(), 42);
        assert!(answers.next().await.is_none());
    }
}

#[tokio::test]
async fn it_is_sent_again_unchanged_and_ends_in_time_and_number() {
    let (socket, at) = host().await;
    let wide = Broadcast::new().direct(1).to(at);
    let mut answers = counted(wide.clone().wait(Duration::from_millis(1500)))
        .await
        .unwrap();
    let begun = Instant::now();
    assert!(answers.next().await.is_none());
    assert!(begun.elapsed() >= Duration::from_millis(1400));
    assert!(begun.elapsed() < Duration::from_secs(10));
    let (first, second) = (call_at(&socket).await, call_at(&socket).await);
    assert_eq!(first, second);

    let mut answers = counted(wide.most(2)).await.unwrap();
    let (_, xid, from) = call_at(&socket).await;
    for n in 0..5 {
        let (host, _) = host().await;
        say(&host, from, &[xid, 1, 0, 0, 0, 0, n]).await;
    }
    let mut count = 0;
    while answers.next().await.is_some() {
        count += 1;
    }
    assert_eq!(count, 2);
}

#[tokio::test]
async fn what_cannot_be_sent_is_an_error_at_once() {
    let (_socket, at) = host().await;
    let wide = Broadcast::new().direct(1).to(at);
    let long = Body::from(vec![0; 8800]);
    let error = wide.clone().call_raw(PROGRAM, 1, 1, long).await;
    assert!(matches!(error, Err(RpcError::CallTooLarge { .. })));
    let none = wide.call(|_: EchoClient| async { Ok(()) }).await;
    assert!(matches!(none, Err(RpcError::Layer(_))), "no call");
}

/// What a broadcast without a runtime hears, in a thread of its own.
async fn heard(wide: Broadcast) -> Vec<Answer<u32>> {
    let wide = wide.blocking();
    let listen = move || {
        let answers = wide.call(|echo: BlockingClient| echo.count());
        answers.unwrap().collect()
    };
    tokio::task::spawn_blocking(listen).await.unwrap()
}

#[tokio::test]
async fn without_a_runtime_the_answers_are_an_iterator_over_both_families() {
    let serve = |at: &'static str| async move {
        let server = Server::new().serve(EchoServer(Arc::default())).udp(at);
        server.start().await.unwrap()
    };
    let (one, two) = (serve("127.0.0.1:0").await, serve("[::1]:0").await);
    let [a, b] = [&one, &two].map(|server| server.udp().unwrap());
    let wide = Broadcast::new().direct(9).to(a).to(b).to(a);
    let begun = Instant::now();
    let answers = heard(wide.clone().wait(Duration::from_millis(1500))).await;
    assert!(begun.elapsed() >= Duration::from_millis(1400));
    let mut hosts: Vec<_> = answers.iter().map(|answer| answer.host).collect();
    hosts.sort();
    assert_eq!(hosts, [a, b]);
    assert!(answers.iter().all(|answer| answer.result.is_ok()));
    // Enough is enough, long before the time is over.
    assert_eq!(heard(wide.wait(Duration::MAX).most(1)).await.len(), 1);
}

#[tokio::test]
async fn without_a_runtime_it_is_sent_again_and_junk_is_no_answer() {
    let (socket, at) = host().await;
    let wide = Broadcast::new().to(at).wait(Duration::from_millis(1500));
    let (silent, _) = host().await;
    let answer = async {
        let (first, _, _) = call_at(&socket).await;
        let (call, xid, from) = call_at(&socket).await;
        assert_eq!(first, call);
        assert_eq!(call[8..24], words(&[2, 100_000, 2, 5]));
        for junk in [&[][..], &[xid], &[xid ^ 1, 1, 0, 0, 0, 0, 9, 4, 1]] {
            say(&silent, from, junk).await;
        }
        for result in [42, 43] {
            say(&silent, from, &[xid, 1, 0, 0, 0, 0, 2049, 4, result]).await;
        }
    };
    let (answers, ()) = tokio::join!(heard(wide.clone()), answer);
    let [answer] = &answers[..] else {
        panic!("{answers:?}")
    };
    assert_eq!(answer.host, SocketAddr::new(at.ip(), 2049));
    assert!(matches!(answer.result, Ok(42)));

    let none = wide.clone().blocking();
    let none = none.call(|_: BlockingClient| Ok(()));
    assert!(matches!(none, Err(RpcError::Layer(_))), "no call");
    let long = Body::from(vec![0; 8800]);
    let error = wide.blocking().call_raw(PROGRAM, 1, 1, long);
    assert!(matches!(error, Err(RpcError::CallTooLarge { .. })));
}
