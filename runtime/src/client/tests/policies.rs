//! What options promise: replay, one reconnect for all, idle connections, every kind of socket.

use super::*;
use std::collections::HashSet;

#[tokio::test]
async fn calls_go_over_every_kind_of_socket() {
    let path = std::env::temp_dir().join(format!("rpcgen-kinds-{}", std::process::id()));
    let server = Server::new()
        .serve(EchoServer(Arc::default()))
        .tcp("127.0.0.1:0")
        .tcp("[::1]:0")
        .udp("127.0.0.1:0")
        .udp("[::1]:0")
        .unix(&path);
    let running = server.start().await.unwrap();
    assert_eq!(running.addresses().len(), 5);
    for at in running.addresses() {
        let at = at.to_string();
        let client: EchoClient = connect(&*at).await.unwrap();
        let data = Bytes::from(at.clone().into_bytes());
        assert_eq!(client.echo(&data).await.unwrap(), data, "{at}");
        // Without a scheme it is TCP.
        if let Some(bare) = at.strip_prefix("tcp://") {
            let client: EchoClient = connect(bare).await.unwrap();
            assert_eq!(client.echo(&data).await.unwrap(), data, "{bare}");
        }
    }
}

#[tokio::test]
async fn only_idempotent_calls_are_replayed_when_the_policy_says_so() {
    let calls = CallOptions::new()
        .replay(Replay::Idempotent)
        .timeout(Duration::from_secs(10));
    let (client, mut peer, listener) = with_peer(ConnectOptions::new().calls(calls)).await;
    let restart = async {
        let mut both = [next_call(&mut peer).await, next_call(&mut peer).await];
        both.sort_by_key(|(_, call)| call[23]);
        drop(peer);
        let (mut peer, _) = listener.accept().await.unwrap();
        let (xid, call) = next_call(&mut peer).await;
        assert_eq!((xid, &call), (both[0].0, &both[0].1), "xid and bytes");
        let results = record(&[xid, 1, 0, 0, 0, 0, 0]);
        peer.write_all(&results).await.unwrap();
        let more = tokio::time::timeout(Duration::from_millis(50), peer.read_u8());
        assert!(more.await.is_err(), "the other was replayed");
        peer
    };
    let nothing = Bytes::new();
    let (echo, count, _peer) = tokio::join!(client.echo(&nothing), client.count(), restart);
    assert_eq!(echo.unwrap(), nothing);
    let error = count.unwrap_err();
    assert!(matches!(error, RpcError::ConnectionLost { .. }), "{error}");
    assert_eq!(client.channel().stats().replayed, 1);
}

#[tokio::test]
async fn one_attempt_to_connect_serves_all_clones() {
    let (client, peer, listener) = with_peer(options(10_000)).await;
    drop(peer);
    while client.channel().local_addr().is_some() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.count().await })
        })
        .collect();
    let (mut peer, _) = listener.accept().await.unwrap();
    for n in 0..100 {
        let (xid, _) = next_call(&mut peer).await;
        peer.write_all(&reply(xid, n)).await.unwrap();
    }
    for call in calls {
        call.await.unwrap().unwrap();
    }
    let another = tokio::time::timeout(Duration::from_millis(50), listener.accept());
    assert!(another.await.is_err(), "a connection for each");
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_made_again() {
    let short = options(10_000).idle_timeout(Duration::from_millis(100));
    let (client, mut peer, listener) = with_peer(short).await;
    let end = tokio::time::timeout(Duration::from_secs(30), peer.read_u8()).await;
    end.expect("it stays open").expect_err("it ends");
    let answer = async {
        let (mut peer, _) = listener.accept().await.unwrap();
        let (xid, _) = next_call(&mut peer).await;
        peer.write_all(&reply(xid, 3)).await.unwrap();
        peer
    };
    let (result, _peer) = tokio::join!(client.count(), answer);
    assert_eq!(result.unwrap(), 3);
}

static QUIET: Interface = Interface {
    name: "QUIET",
    program: PROGRAM,
    version: 1,
    procedures: &[ProcInfo {
        oneway: true,
        ..procedure(4, "NOTE", false)
    }],
};

#[tokio::test]
async fn a_oneway_call_waits_for_no_reply() {
    let (client, mut peer, _listener) = with_peer(options(10_000)).await;
    for n in 0..3 {
        let stub = client.stub();
        let note = call(stub, &QUIET, &QUIET.procedures[0], |w| w.u32(n), |_| Ok(()));
        note.await.unwrap();
        assert_eq!(client.channel().pending(), 0);
        let (_, call) = next_call(&mut peer).await;
        assert_eq!(call[40..], n.to_be_bytes());
    }
}

#[tokio::test]
async fn xids_follow_no_pattern() {
    let (mut all, mut steps, mut ones) = (HashSet::new(), HashSet::new(), 0);
    for _ in 0..4 {
        let (client, mut peer, _listener) = with_peer(options(10_000)).await;
        let mut last = 0;
        for n in 0..250 {
            let answer = async {
                let (xid, _) = next_call(&mut peer).await;
                peer.write_all(&reply(xid, n)).await.unwrap();
                xid
            };
            let (result, xid) = tokio::join!(client.count(), answer);
            assert_eq!(result.unwrap(), n);
            all.insert(xid);
            steps.insert(xid.wrapping_sub(last));
            ones += xid.count_ones();
            last = xid;
        }
    }
    assert!(all.len() >= 998, "the same more than once");
    assert!(steps.len() >= 998, "one can be told from the one before");
    // Of 32 000 bits half are set, give or take five standard deviations.
    assert!((15_550..16_450).contains(&ones), "{ones}");
}

/// Counts the attempts to connect that failed.
#[derive(Clone, Debug, Default)]
struct Attempts(Arc<AtomicU32>);

impl Observer for Attempts {
    fn connect_failed(&self, _: &crate::ConnectError) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A client of a server that is not there yet, and where it will be.
fn away(options: ConnectOptions) -> (EchoClient, std::net::SocketAddr) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let channel = Channel::lazy(at, options).unwrap();
    (EchoClient::from_channel(channel), at)
}

#[tokio::test]
async fn nobody_connects_for_calls_that_have_ended() {
    let attempts = Attempts::default();
    let policy = Reconnect::constant(Duration::from_millis(1));
    let options = options(10_000).reconnect(policy);
    let (client, _) = away(options.observer(attempts.clone()));
    let error = client.count().await.unwrap_err();
    assert!(matches!(error, RpcError::Connect(_)), "{error}");
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(attempts.0.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn the_wait_before_an_attempt_begins_with_the_failure_of_the_last() {
    let policy = Reconnect::constant(Duration::from_secs(1));
    let (client, at) = away(options(500).reconnect(policy));
    client.count().await.unwrap_err();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let _listener = std::net::TcpListener::bind(at).unwrap();
    // It has half a second, and would not be sent if it had the whole wait before it.
    let error = client.count().await.unwrap_err();
    assert_eq!(error.execution(), Execution::Maybe, "{error}");
}
