//! Calls over datagrams.

use super::*;
use std::net::SocketAddr;

async fn peer(options: ConnectOptions) -> (EchoClient, UdpSocket) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let target = format!("udp://{}", socket.local_addr().unwrap());
    (connect_with(target, options).await.unwrap(), socket)
}

async fn next(socket: &UdpSocket) -> (u32, Vec<u8>, SocketAddr) {
    let mut buf = vec![0; 65_535];
    let (n, from) = socket.recv_from(&mut buf).await.unwrap();
    buf.truncate(n);
    (u32::from_be_bytes(buf[..4].try_into().unwrap()), buf, from)
}

fn datagram(xid: u32, result: u32) -> Vec<u8> {
    words(&[xid, 1, 0, 0, 0, 0, result])
}

#[tokio::test]
async fn calls_are_answered() {
    let (server, _) = start().await;
    let client: EchoClient = connect(target(&server, true)).await.unwrap();
    ping(&client).await.unwrap();
    for size in [0usize, 1, 8000] {
        let data = Bytes::from(vec![7; size]);
        assert_eq!(client.echo(&data).await.unwrap(), data);
    }
    let (a, b) = tokio::join!(client.wait(20), client.wait(10));
    assert_eq!((a.unwrap(), b.unwrap()), (20, 10));
}

#[tokio::test]
async fn a_call_that_fits_no_datagram_is_not_sent() {
    let (server, _) = start().await;
    let client: EchoClient = connect(target(&server, true)).await.unwrap();
    let error = client.echo(&Bytes::from(vec![0; 9000])).await.unwrap_err();
    assert!(
        matches!(error, RpcError::CallTooLarge { limit: 8800, .. }),
        "{error}"
    );
    assert_eq!(error.execution(), Execution::No);
}

#[tokio::test]
async fn an_unanswered_call_is_sent_again_unchanged() {
    let (client, socket) = peer(options(5000)).await;
    let answer = async {
        let (_, first, _) = next(&socket).await;
        let (xid, second, from) = next(&socket).await;
        assert_eq!(first, second);
        socket.send_to(&datagram(xid, 3), from).await.unwrap();
    };
    let (result, ()) = tokio::join!(client.count(), answer);
    assert_eq!(result.unwrap(), 3);
    assert_eq!(client.channel().stats().retransmitted, 1);
}

#[tokio::test]
async fn h083_reply_from_wrong_udp_peer_is_ignored() {
    let (client, socket) = peer(options(2000)).await;
    let stranger = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let answer = async {
        let (xid, _, from) = next(&socket).await;
        stranger.send_to(&datagram(xid, 666), from).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        socket.send_to(&datagram(xid, 1), from).await.unwrap();
    };
    let (result, ()) = tokio::join!(client.count(), answer);
    assert_eq!(result.unwrap(), 1);
}

#[tokio::test]
async fn h081_h084_junk_is_dropped_and_triggers_nothing() {
    let (client, socket) = peer(options(3000)).await;
    let answer = async {
        let (xid, call, from) = next(&socket).await;
        for n in 0..40 {
            socket.send_to(&call[..n], from).await.unwrap();
            let junk = words(&[xid, 1, 2, 3, 4]);
            socket.send_to(&junk, from).await.unwrap();
        }
        // Nothing is sent again before its time.
        let again = tokio::time::timeout(Duration::from_millis(150), next(&socket)).await;
        assert!(again.is_err());
        socket.send_to(&datagram(xid, 2), from).await.unwrap();
    };
    let (result, ()) = tokio::join!(client.count(), answer);
    assert_eq!(result.unwrap(), 2);
    assert!(client.channel().stats().junk >= 40);
}

#[tokio::test]
async fn h085_a_reply_that_was_cut_off_is_a_typed_error() {
    let (client, socket) = peer(options(2000).max_reply(100)).await;
    let answer = async {
        let (xid, _, from) = next(&socket).await;
        let long = [datagram(xid, 1), vec![0; 200]].concat();
        socket.send_to(&long, from).await.unwrap();
    };
    let (result, ()) = tokio::join!(client.count(), answer);
    let error = result.unwrap_err();
    assert!(matches!(error, RpcError::ReplyTruncated), "{error}");
    assert_eq!(error.execution(), Execution::Yes);
}

#[tokio::test]
async fn h089_a_server_that_is_not_there_yet_is_waited_for() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let at = socket.local_addr().unwrap();
    drop(socket);
    let client: EchoClient = connect_with(format!("udp://{at}"), options(5000))
        .await
        .unwrap();
    let later = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let socket = UdpSocket::bind(at).await.unwrap();
        let (xid, _, from) = next(&socket).await;
        socket.send_to(&datagram(xid, 4), from).await.unwrap();
        socket
    };
    let (result, _socket) = tokio::join!(client.count(), later);
    assert_eq!(result.unwrap(), 4);
}

#[tokio::test]
async fn h089_a_refusal_fails_fast_by_option() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let at = socket.local_addr().unwrap();
    drop(socket);
    let options = options(5000).fail_when_refused(true);
    let client: EchoClient = connect_with(format!("udp://{at}"), options).await.unwrap();
    let begun = Instant::now();
    let error = client.count().await.unwrap_err();
    assert!(matches!(error, RpcError::ConnectionLost { .. }), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn without_an_answer_the_call_ends_at_its_deadline() {
    let (client, _socket) = peer(options(300)).await;
    let begun = Instant::now();
    let error = client.count().await.unwrap_err();
    assert!(error.is_timeout());
    assert!((300..2000).contains(&begun.elapsed().as_millis()));
}

#[tokio::test]
async fn a_refusal_of_a_call_sent_twice_leaves_open_what_the_first_did() {
    let (client, socket) = peer(options(5000)).await;
    let answer = async {
        next(&socket).await;
        let (xid, _, from) = next(&socket).await;
        let unavailable = words(&[xid, 1, 0, 0, 0, 1]);
        socket.send_to(&unavailable, from).await.unwrap();
    };
    let (result, ()) = tokio::join!(client.count(), answer);
    let error = result.unwrap_err();
    assert!(
        matches!(&error, RpcError::Repeated(e) if matches!(**e, RpcError::Refused(Refused::ProgUnavail))),
        "{error}"
    );
    assert_eq!(error.execution(), Execution::Maybe);
}
