//! Record-marked values over a stream.

#![cfg(feature = "stream")]

use rpcgen_runtime::proto::record::{RecordError, RecordLimits};
use rpcgen_runtime::stream::{RecordStream, StreamError};
use rpcgen_runtime::xdr::DecodeErrorKind;
use rpcgen_runtime::{Bytes, DecodeLimits, Mode, XdrString};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(future)
}

/// Polls a future, which is not ready, and drops it.
fn poll_once(future: impl Future) {
    let polled = pin!(future).poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending());
}

/// A stream that delivers these bytes and ends.
async fn delivering(bytes: &[u8]) -> RecordStream<tokio::io::DuplexStream> {
    let (mut peer, stream) = duplex(bytes.len().max(1));
    peer.write_all(bytes).await.unwrap();
    let limits = RecordLimits::bytes(1000);
    RecordStream::with_limits(stream, limits, DecodeLimits::default(), Mode::Strict)
}

#[test]
fn values_of_several_types_come_through_a_narrow_pipe() {
    run(async {
        let (here, there) = duplex(3);
        let (mut here, mut there) = (RecordStream::new(here), RecordStream::new(there));
        let data = Bytes::from(vec![7; 100_000]);
        let write = async {
            here.write("hello").await.unwrap();
            here.write(&data).await.unwrap();
            here.write(&vec![1i64, 2]).await.unwrap();
            drop(here);
        };
        let read = async {
            assert_eq!(there.read::<XdrString>().await.unwrap().unwrap(), "hello");
            assert_eq!(there.read::<Bytes>().await.unwrap().unwrap(), data);
            assert_eq!(there.read().await.unwrap(), Some(vec![1i64, 2]));
            assert_eq!(there.read::<u32>().await.unwrap(), None);
        };
        tokio::join!(write, read);
    });
}

#[test]
fn the_bytes_are_a_record_of_one_fragment() {
    run(async {
        let (here, mut there) = duplex(100);
        RecordStream::new(here).write(&7u32).await.unwrap();
        let mut bytes = Vec::new();
        there.read_to_end(&mut bytes).await.unwrap();
        assert_eq!(bytes, *b"\x80\0\0\x04\0\0\0\x07");
    });
}

#[test]
fn fragments_are_put_together() {
    run(async {
        let mut stream = delivering(b"\0\0\0\x01\0\0\0\0\x02\0\0\x80\0\0\x01\x09").await;
        assert_eq!(stream.read::<u32>().await.unwrap(), Some(9));
        assert_eq!(stream.read::<u32>().await.unwrap(), None);
    });
}

#[test]
fn a_wrong_record_is_an_error_of_its_own() {
    run(async {
        let mut stream = delivering(b"\x80\0\0\x04\0\0\0\x02\x80\0\0\x04\0\0\0\x01").await;
        match stream.read::<bool>().await {
            Err(StreamError::Decode(error)) => assert_eq!(error.kind(), DecodeErrorKind::Flag(2)),
            other => panic!("{other:?}"),
        }
        assert_eq!(stream.read::<bool>().await.unwrap(), Some(true));
    });
}

#[test]
fn broken_streams_end() {
    run(async {
        for cut in [
            &b"\x80"[..],
            b"\x80\0\0\x04",
            b"\x80\0\0\x04\0\0\0",
            b"\0\0\0\x01a",
        ] {
            let mut stream = delivering(cut).await;
            let read = stream.read::<u32>().await;
            assert!(matches!(read, Err(StreamError::Truncated)), "{read:?}");
        }
        // The error, which a server logs, tells who is talking.
        for (talk, who) in [
            (&b"GET / HTTP/1.1"[..], "not RPC: HTTP"),
            (b"PRI * HTTP/2.0", "not RPC: HTTP"),
            (b"\x16\x03\x01\x02\0\x01", "not RPC: TLS"),
            (b"SSH-2.0-OpenSSH", "not RPC: SSH"),
            (b"EHLO\x1b[2J", "header \"EHLO\""),
        ] {
            let mut stream = delivering(talk).await;
            let error = stream.read::<u32>().await.unwrap_err();
            let too_large = matches!(error, StreamError::Record(RecordError::TooLarge { .. }));
            assert!(too_large, "{error:?}");
            assert!(error.to_string().contains(who), "{error}");
        }
        // What follows is not taken for records: nobody knows where the next one begins.
        let mut stream = delivering(b"\x80\0\0\0\x80\0\0\x04\0\0\0\x07").await;
        for _ in 0..2 {
            let read = stream.read::<u32>().await;
            let empty = matches!(read, Err(StreamError::Record(RecordError::Empty)));
            assert!(empty, "{read:?}");
        }
    });
}

#[test]
fn what_has_no_encoding_writes_nothing() {
    run(async {
        struct Refused;
        impl rpcgen_runtime::Encode for Refused {
            fn encode(&self, w: &mut rpcgen_runtime::xdr::Writer) {
                w.u32(1);
                w.invalid("refused");
            }
            fn encoded_len(&self) -> usize {
                4
            }
        }
        let (here, mut there) = duplex(100);
        let mut here = RecordStream::new(here);
        assert!(matches!(
            here.write(&Refused).await,
            Err(StreamError::Encode(_))
        ));
        here.write(&5u32).await.unwrap();
        drop(here);
        let mut bytes = Vec::new();
        there.read_to_end(&mut bytes).await.unwrap();
        assert_eq!(bytes.len(), 8);
    });
}

#[test]
fn dropped_calls_lose_nothing() {
    run(async {
        let (here, there) = duplex(5);
        let (mut here, mut there) = (RecordStream::new(here), RecordStream::new(there));
        poll_once(here.write(&vec![1u32, 2]));
        poll_once(here.write(&vec![7u32]));
        poll_once(there.read::<Vec<u32>>());
        let write = async {
            here.write(&3u32).await.unwrap();
        };
        let read = async {
            assert_eq!(there.read().await.unwrap(), Some(vec![1u32, 2]));
            assert_eq!(there.read().await.unwrap(), Some(vec![7u32]));
            assert_eq!(there.read().await.unwrap(), Some(3u32));
        };
        tokio::join!(write, read);
    });
}
