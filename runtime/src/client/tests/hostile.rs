//! Replies that a broken or hostile server sends over a connection.

use super::*;
use crate::auth::AuthSys;
use crate::msg::{AuthStat, Denied};

/// Answers one call with bytes made of its xid.
async fn answered(
    options: ConnectOptions,
    bytes: impl FnOnce(u32) -> Vec<u8>,
) -> (Result<u32, RpcError>, EchoClient, TcpStream) {
    let (client, mut peer, _listener) = with_peer(options).await;
    let answer = async {
        let (xid, _) = next_call(&mut peer).await;
        peer.write_all(&bytes(xid)).await.unwrap();
    };
    let (result, ()) = tokio::join!(client.count(), answer);
    (result, client, peer)
}

#[tokio::test]
async fn h020_a_reply_beyond_the_limit_is_a_typed_error_for_its_call() {
    let (result, ..) = answered(options(2000).max_reply(1000), |xid| {
        [words(&[1 << 31 | 1001, xid]), vec![0; 4]].concat()
    })
    .await;
    let error = result.unwrap_err();
    assert!(
        matches!(
            error,
            RpcError::ReplyTooLarge {
                size: 1001,
                limit: 1000
            }
        ),
        "{error}"
    );
    assert_eq!(error.execution(), Execution::Yes);
}

#[tokio::test]
async fn h020_the_limit_itself_is_accepted_and_fragments_are_summed() {
    let (result, ..) = answered(options(2000).max_reply(28), |xid| reply(xid, 5)).await;
    assert_eq!(result.unwrap(), 5);
    let (result, ..) = answered(options(2000).max_reply(28), |xid| {
        [words(&[24, xid, 1, 0, 0, 0, 0]), words(&[1 << 31 | 8])].concat()
    })
    .await;
    assert!(matches!(
        result,
        Err(RpcError::ReplyTooLarge { size: 32, .. })
    ));
}

#[tokio::test]
async fn h001_h002_a_mark_beyond_the_limit_ends_the_connection_at_once() {
    for mark in [u32::MAX, 1 << 31 | 1001] {
        let start = Instant::now();
        let (result, ..) = answered(options(5000).max_reply(1000), |_| words(&[mark])).await;
        let error = result.unwrap_err();
        assert!(matches!(error, RpcError::ConnectionLost { .. }), "{error}");
        assert_eq!(error.execution(), Execution::Maybe);
        assert!(start.elapsed().as_millis() < 4000, "not at the deadline");
    }
}

#[tokio::test]
async fn h024_a_call_from_the_server_is_never_taken_for_a_reply() {
    let (result, client, _) = answered(options(2000), |xid| {
        let call = record(&[xid, 0, 2, PROGRAM, 1, 0, 0, 0, 0, 0]);
        [call, reply(xid, 6)].concat()
    })
    .await;
    assert_eq!(result.unwrap(), 6);
    assert_eq!(client.channel().stats().calls, 1);
}

#[tokio::test]
async fn h025_h026_unknown_and_doubled_replies_are_discarded() {
    let (result, client, mut peer) = answered(options(2000), |xid| {
        let (other, own) = (reply(xid ^ 1, 1), reply(xid, 2));
        [other, own, reply(xid, 3)].concat()
    })
    .await;
    assert_eq!(result.unwrap(), 2);
    let answer = async {
        let (xid, _) = next_call(&mut peer).await;
        peer.write_all(&reply(xid, 4)).await.unwrap();
    };
    let (result, ()) = tokio::join!(client.count(), answer);
    assert_eq!(result.unwrap(), 4, "the connection lives");
    assert_eq!(client.channel().stats().unmatched, 2);
}

#[tokio::test]
async fn replies_may_come_in_any_order_and_any_pieces() {
    let (client, mut peer, _listener) = with_peer(options(2000)).await;
    let answer = async {
        let mut xids = Vec::new();
        for _ in 0..3 {
            xids.push(next_call(&mut peer).await.0);
        }
        peer.set_nodelay(true).unwrap();
        for (i, xid) in xids.into_iter().enumerate().rev() {
            for byte in reply(xid, i as u32) {
                peer.write_all(&[byte]).await.unwrap();
                tokio::task::yield_now().await;
            }
        }
        peer
    };
    let (a, b, c, _peer) = tokio::join!(client.count(), client.count(), client.count(), answer);
    assert_eq!([a.unwrap(), b.unwrap(), c.unwrap()], [0, 1, 2]);
}

#[tokio::test]
async fn h038_unknown_numbers_are_kept_and_a_broken_header_ends_the_connection() {
    let (result, ..) = answered(options(2000), |xid| record(&[xid, 1, 0, 0, 0, 99])).await;
    assert!(matches!(
        result,
        Err(RpcError::Refused(Refused::Unknown(99)))
    ));
    let (result, ..) = answered(options(2000), |xid| record(&[xid, 1, 1, 1, 99])).await;
    assert!(matches!(
        result,
        Err(RpcError::Denied(Denied::Auth(AuthStat(99))))
    ));
    for broken in [[2, 0, 0], [1, 2, 0]] {
        let (result, ..) = answered(options(2000), |xid| {
            record(&[&[xid, 1][..], &broken[..]].concat())
        })
        .await;
        assert!(
            matches!(result, Err(RpcError::ConnectionLost { .. })),
            "{result:?}"
        );
    }
}

#[tokio::test]
async fn h039_h040_refusals_are_passed_on_as_they_are() {
    let (result, ..) = answered(options(2000), |xid| record(&[xid, 1, 0, 0, 0, 2, 9, 1])).await;
    assert!(matches!(
        result,
        Err(RpcError::Refused(Refused::ProgMismatch { low: 9, high: 1 }))
    ));
    let (result, ..) = answered(options(2000), |xid| {
        let mut long = vec![xid, 1, 1, 1, 5];
        long.resize(1 << 18, 7);
        record(&long)
    })
    .await;
    assert!(matches!(
        result,
        Err(RpcError::Denied(Denied::Auth(AuthStat::TOOWEAK)))
    ));
}

#[tokio::test]
async fn h080_a_reply_with_a_wrong_verifier_is_not_delivered() {
    let own = |cred: AuthSys| {
        ConnectOptions::new().calls(
            CallOptions::new()
                .cred(cred)
                .timeout(Duration::from_secs(2)),
        )
    };
    let verified = |flavor| move |xid| record(&[xid, 1, 0, flavor, 4, 0xabcd, 0, 42]);
    for flavor in [1, 6, 99] {
        let (result, ..) = answered(own(AuthSys::new(1, 1)), verified(flavor)).await;
        assert!(matches!(result, Err(RpcError::BadVerifier)), "{flavor}");
    }
    for flavor in [0, 2] {
        let (result, ..) = answered(own(AuthSys::new(1, 1)), verified(flavor)).await;
        assert_eq!(result.unwrap(), 42);
    }
    // AUTH_NONE: any flavor with at most 400 bytes.
    let (result, ..) = answered(options(2000), verified(99)).await;
    assert_eq!(result.unwrap(), 42);
    let (result, ..) = answered(options(2000), |xid| record(&[xid, 1, 0, 0, 401])).await;
    assert!(matches!(result, Err(RpcError::ConnectionLost { .. })));
}

#[tokio::test]
async fn results_that_do_not_decode_fail_their_call_only() {
    let (result, client, mut peer) =
        answered(options(2000), |xid| record(&[xid, 1, 0, 0, 0, 0])).await;
    let error = result.unwrap_err();
    assert!(matches!(error, RpcError::Decode(_)), "{error}");
    assert_eq!(error.execution(), Execution::Yes);
    let answer = async {
        let (xid, _) = next_call(&mut peer).await;
        peer.write_all(&reply(xid, 4)).await.unwrap();
    };
    let (result, ()) = tokio::join!(client.count(), answer);
    assert_eq!(result.unwrap(), 4);
}

#[tokio::test]
async fn a_server_that_is_none_is_named() {
    let (result, ..) = answered(options(2000), |_| {
        b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()
    })
    .await;
    let error = result.unwrap_err();
    assert!(error.to_string().contains("HTTP"), "{error}");
    assert_eq!(error.execution(), Execution::Maybe);
}

/// A peer that always has one more reply to nobody's call.
struct Endless(Bytes);

impl tokio::io::AsyncRead for Endless {
    fn poll_read(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        buf: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        while buf.remaining() >= self.0.len() {
            buf.put_slice(&self.0);
        }
        std::task::Poll::Ready(Ok(()))
    }
}

impl tokio::io::AsyncWrite for Endless {
    fn poll_write(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        buf: &[u8],
    ) -> std::task::Poll<std::io::Result<usize>> {
        std::task::Poll::Ready(Ok(buf.len()))
    }
    fn poll_flush(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }
    fn poll_shutdown(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn h025_replies_without_end_hold_up_neither_deadlines_nor_others() {
    let stream = Endless(Bytes::from(record(
        &[&[7, 1, 0, 0, 0], &[0; 994][..]].concat(),
    )));
    let channel = Channel::from_stream(stream, options(300));
    let client = EchoClient::from_channel(channel);
    for calls in [1, 1, 5] {
        let begun = Instant::now();
        let all = (0..calls).map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.count().await })
        });
        let all: Vec<_> = all.collect();
        let mut turns = 0;
        while !all.iter().all(tokio::task::JoinHandle::is_finished) {
            tokio::time::sleep(Duration::from_millis(1)).await;
            turns += 1;
        }
        assert!((300..5000).contains(&begun.elapsed().as_millis()));
        assert!(turns > 5, "{turns} turns");
        for call in all {
            assert!(call.await.unwrap().unwrap_err().is_timeout());
        }
    }

    // The same over a socket.
    let (client, mut peer, _listener) = with_peer(options(300)).await;
    let flood = tokio::spawn(async move {
        let replies = reply(7, 666).repeat(2000);
        while peer.write_all(&replies).await.is_ok() {}
    });
    for _ in 0..3 {
        let begun = Instant::now();
        assert!(client.count().await.unwrap_err().is_timeout());
        assert!((300..5000).contains(&begun.elapsed().as_millis()));
    }
    flood.abort();
}

#[tokio::test]
async fn a_server_may_close_at_any_byte_of_its_reply() {
    let whole = reply(0, 5).len();
    for cut in 0..=whole {
        let (client, mut peer, _listener) = with_peer(options(10_000)).await;
        let answer = async {
            let (xid, _) = next_call(&mut peer).await;
            peer.write_all(&reply(xid, 5)[..cut]).await.unwrap();
            drop(peer);
        };
        let (result, ()) = tokio::join!(client.count(), answer);
        match result {
            Ok(value) => assert_eq!((cut, value), (whole, 5)),
            Err(error) => {
                assert!(cut < whole, "{error}");
                assert!(matches!(error, RpcError::ConnectionLost { .. }), "{error}");
                assert_eq!(error.execution(), Execution::Maybe);
            }
        }
    }
}
