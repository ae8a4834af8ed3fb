//! Which reply belongs to which call, on connections.

use super::*;

/// Both ends of a call whose xid is known beforehand.
async fn call_with(client: &EchoClient, xid: u32) -> Result<u32, RpcError> {
    client.channel().next_xid(xid);
    client.count().await
}

#[tokio::test]
async fn h027_a_late_reply_is_nobodys_and_its_xid_is_not_given_out_again() {
    let (client, mut peer, _listener) = with_peer(options(5000)).await;
    let quick = client.with(CallOptions::new().timeout(Duration::from_millis(20)));
    let mut late = Vec::new();
    for round in 0..20 {
        // The source would give the same number each time.
        let (result, call) = tokio::join!(call_with(&quick, 77), next_call(&mut peer));
        assert!(result.unwrap_err().is_timeout());
        assert!(!late.contains(&call.0), "used again");
        late.push(call.0);
        let answer = async {
            let (xid, _) = next_call(&mut peer).await;
            for xid in &late {
                peer.write_all(&reply(*xid, 666)).await.unwrap();
            }
            peer.write_all(&reply(xid, round)).await.unwrap();
        };
        let (result, ()) = tokio::join!(client.count(), answer);
        assert_eq!(result.unwrap(), round);
    }
    assert_eq!(late.first(), Some(&77));
    assert_eq!(client.channel().stats().unmatched, (1..=20).sum());
}

#[tokio::test]
async fn h028_equal_xids_on_two_connections_are_calls_of_their_own() {
    let (one, mut first, _listener) = with_peer(options(5000)).await;
    let (two, mut second, _listener) = with_peer(options(5000)).await;
    let answers = async {
        let (a, _) = next_call(&mut first).await;
        let (b, _) = next_call(&mut second).await;
        assert_eq!((a, b), (5, 5));
        second.write_all(&reply(5, 2)).await.unwrap();
        first.write_all(&reply(5, 1)).await.unwrap();
    };
    let (a, b, ()) = tokio::join!(call_with(&one, 5), call_with(&two, 5), answers);
    assert_eq!((a.unwrap(), b.unwrap()), (1, 2));
    // What is pending on one connection is unknown on the other.
    let answers = async {
        let (a, _) = next_call(&mut first).await;
        let (b, _) = next_call(&mut second).await;
        first.write_all(&reply(b, 666)).await.unwrap();
        second.write_all(&reply(a, 666)).await.unwrap();
        first.write_all(&reply(a, 3)).await.unwrap();
        second.write_all(&reply(b, 4)).await.unwrap();
    };
    let (a, b, ()) = tokio::join!(call_with(&one, 6), call_with(&two, 7), answers);
    assert_eq!((a.unwrap(), b.unwrap()), (3, 4));
    for client in [one, two] {
        assert_eq!(client.channel().stats().unmatched, 1);
    }
}

#[tokio::test]
async fn h029_on_a_connection_each_call_goes_out_once_with_an_xid_of_its_own() {
    let (client, mut peer, _listener) = with_peer(options(5000)).await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let client = client.clone();
        calls.spawn(async move { call_with(&client, 9).await });
    }
    let mut xids = Vec::new();
    for _ in 0..64 {
        let (xid, _) = next_call(&mut peer).await;
        assert!(!xids.contains(&xid), "two calls with one xid");
        xids.push(xid);
    }
    // However long the server takes: a stream loses nothing.
    let more = tokio::time::timeout(Duration::from_millis(600), peer.read_u8());
    assert!(more.await.is_err(), "sent again");
    for (n, xid) in (0..).zip(xids) {
        peer.write_all(&reply(xid, n)).await.unwrap();
    }
    let mut results: Vec<u32> = calls.join_all().await.into_iter().flatten().collect();
    results.sort_unstable();
    assert!(results.into_iter().eq(0..64));
}

#[tokio::test]
async fn h030_the_first_and_the_last_xid_are_xids() {
    let (server, _) = start().await;
    for udp in [false, true] {
        let client: EchoClient = connect(target(&server, udp)).await.unwrap();
        for xid in [u32::MAX, 0, 1, 1 << 31] {
            let data = Bytes::from(xid.to_be_bytes().to_vec());
            client.channel().next_xid(xid);
            assert_eq!(client.echo(&data).await.unwrap(), data, "{xid}");
        }
        // While they are pending, a call beside them gets another.
        for xid in [u32::MAX, 0] {
            let (a, b) = tokio::join!(call_with(&client, xid), call_with(&client, xid));
            a.unwrap();
            b.unwrap();
        }
        assert_eq!(client.channel().stats().unmatched, 0);
    }
}
