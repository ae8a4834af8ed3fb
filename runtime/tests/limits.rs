//! The limits of a server, at the limit and one above, on real sockets. Numbers are those of the catalogue.

#![allow(
    clippy::redundant_closure,
    clippy::redundant_closure_for_method_calls,
    reason = "the named method is not general enough in its lifetimes"
)]

use rpcgen_runtime::codegen::v1::{arguments, results};
use rpcgen_runtime::server::{BoxFuture, Running};
use rpcgen_runtime::{Body, Bytes, Context, Dispatch, Fault, Interface, Limits, ProcInfo, Server};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const fn procedure(number: u32, name: &'static str) -> ProcInfo {
    ProcInfo {
        number,
        name,
        oneway: false,
        idempotent: false,
        args_ratio: 16,
        result_ratio: 16,
    }
}

static INTERFACE: Interface = Interface {
    name: "BLOBS",
    program: 0x2000_0002,
    version: 1,
    procedures: &[
        procedure(1, "SIZE"),
        procedure(2, "MAKE"),
        procedure(3, "SLEEP"),
    ],
};

/// 1: the size of the opaque argument. 2: opaque data of that size. 3: answers after so many milliseconds.
#[derive(Default)]
struct Blobs {
    running: AtomicUsize,
    most: AtomicUsize,
}

impl Dispatch for Blobs {
    fn interface(&self) -> &'static Interface {
        &INTERFACE
    }

    fn dispatch(
        self: Arc<Self>,
        cx: Context,
        procedure: u32,
        args: Body,
    ) -> BoxFuture<'static, Result<Body, Fault>> {
        Box::pin(async move {
            match procedure {
                1 => {
                    let blob = arguments(&cx, &args, |r| r.opaque(u32::MAX))?;
                    results(&cx, |w| w.u32(blob.len() as u32))
                }
                2 => {
                    let size = arguments(&cx, &args, |r| r.u32())?;
                    let blob = Bytes::from(vec![7; size as usize]);
                    results(&cx, |w| w.opaque(&blob, u32::MAX, "blob"))
                }
                _ => {
                    let pause = arguments(&cx, &args, |r| r.u32())?;
                    let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
                    self.most.fetch_max(running, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_millis(pause.into())).await;
                    self.running.fetch_sub(1, Ordering::SeqCst);
                    results(&cx, |w| w.u32(running as u32))
                }
            }
        })
    }
}

/// Serves with these limits, and runs blocking socket code beside the server.
fn with(limits: Limits, test: impl FnOnce(SocketAddr) + Send + 'static) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let running = start(limits).await;
        let address = running.tcp().unwrap();
        tokio::task::spawn_blocking(move || test(address))
            .await
            .unwrap();
    });
}

async fn start(limits: Limits) -> Running {
    Server::new()
        .serve(Blobs::default())
        .limits(limits)
        .tcp("127.0.0.1:0")
        .start()
        .await
        .unwrap()
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    stream
}

fn call(procedure: u32, args: &[u8]) -> Vec<u8> {
    let words = [7, 0, 2, INTERFACE.program, 1, procedure, 0, 0, 0, 0];
    let mut message: Vec<u8> = words.iter().flat_map(|w: &u32| w.to_be_bytes()).collect();
    message.extend(args);
    message
}

fn fragment(data: &[u8], last: bool) -> Vec<u8> {
    let mark = data.len() as u32 | if last { 1 << 31 } else { 0 };
    [&mark.to_be_bytes(), data].concat()
}

/// A call of procedure 1 whose record has exactly `len` bytes.
fn call_of(len: usize) -> Vec<u8> {
    let blob = len - 44;
    let mut args = (blob as u32).to_be_bytes().to_vec();
    args.resize(4 + blob, 7);
    call(1, &args)
}

/// The reply's bytes, or `None` when the server has closed.
fn reply(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut mark = [0; 4];
    match stream.read_exact(&mut mark) {
        Ok(()) => {}
        Err(e)
            if matches!(
                e.kind(),
                ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset
            ) =>
        {
            return None;
        }
        Err(e) => panic!("neither a reply nor an end: {e}"),
    }
    let mut body = vec![0; (u32::from_be_bytes(mark) & 0x7fff_ffff) as usize];
    stream.read_exact(&mut body).unwrap();
    Some(body)
}

/// A call that must succeed: the server lives.
fn good(stream: &mut TcpStream) {
    stream.write_all(&fragment(&call_of(48), true)).unwrap();
    let answer = reply(stream).expect("an answer");
    assert_eq!(answer.len(), 28, "{answer:02x?}");
}

/// Sends bytes, expects the connection to be closed without an answer, and a good call to work afterwards.
fn closes(limits: Limits, bytes: Vec<u8>) {
    with(limits, move |address| {
        let mut bad = connect(address);
        let _ = bad.write_all(&bytes);
        assert_eq!(reply(&mut bad), None);
        good(&mut connect(address));
    });
}

#[test]
fn h001_a_header_that_announces_two_gibibytes() {
    closes(Limits::default(), vec![0xff; 4]);
}

#[test]
fn h002_records_at_the_limit_and_one_above() {
    let limits = Limits::default().max_record(1000);
    with(limits, |address| {
        let mut stream = connect(address);
        stream.write_all(&fragment(&call_of(1000), true)).unwrap();
        assert!(reply(&mut stream).is_some());
    });
    closes(limits, fragment(&call_of(1004), true));
    // The default limit: a mebibyte of data and its header pass.
    with(Limits::default(), |address| {
        let mut stream = connect(address);
        stream
            .write_all(&fragment(&call_of((1 << 20) + (64 << 10)), true))
            .unwrap();
        assert_eq!(reply(&mut stream).unwrap().len(), 28);
    });
    closes(
        Limits::default(),
        fragment(&call_of((1 << 20) + (64 << 10) + 4), true),
    );
}

#[test]
fn h003_the_header_that_passes_the_limit_closes_before_its_data() {
    let half = fragment(&[0; 600], false);
    let header = (600u32 | 1 << 31).to_be_bytes();
    closes(
        Limits::default().max_record(1000),
        [&half[..], &header].concat(),
    );
}

#[test]
fn h004_h005_a_record_that_never_ends_meets_its_deadline() {
    let deadline = Duration::from_millis(200);
    with(
        Limits::default().record_deadline(deadline),
        move |address| {
            let mut slow = connect(address);
            let start = Instant::now();
            let mut header = (1u32 << 20 | 1 << 31).to_be_bytes().to_vec();
            header.extend([0; 10]);
            slow.write_all(&header).unwrap();
            let mut drip = slow.try_clone().unwrap();
            std::thread::spawn(move || {
                while drip.write_all(&[0]).is_ok() {
                    std::thread::sleep(Duration::from_millis(20));
                }
            });
            good(&mut connect(address));
            assert_eq!(reply(&mut slow), None);
            assert!(start.elapsed() >= deadline);
        },
    );
}

#[test]
fn h006_fragments_are_counted() {
    let limits = Limits::default().max_fragments(40);
    // So many fragments of a byte each, the rest of the call in the last.
    let cut = |count: usize| {
        let message = call_of(48);
        let (bytes, rest) = message.split_at(count - 1);
        let pieces = bytes.chunks(1).map(|byte| fragment(byte, false));
        pieces.chain([fragment(rest, true)]).collect::<Vec<_>>()
    };
    with(limits, {
        let bytes = cut(40).concat();
        move |address| {
            let mut stream = connect(address);
            for _ in 0..3 {
                stream.write_all(&bytes).unwrap();
                assert!(reply(&mut stream).is_some());
            }
        }
    });
    closes(limits, cut(41).concat());
}

#[test]
fn h007_empty_fragments_are_counted() {
    let message = fragment(&call_of(48), true);
    let empties = |n: usize| [vec![0; 4 * n], message.clone()].concat();
    with(Limits::default(), {
        let bytes = empties(64);
        move |address| {
            let mut stream = connect(address);
            stream.write_all(&bytes).unwrap();
            assert!(reply(&mut stream).is_some());
        }
    });
    closes(Limits::default(), empties(65));
}

#[test]
fn h008_h009_empty_records_and_empty_last_fragments() {
    closes(Limits::default(), vec![0x80, 0, 0, 0]);
    with(Limits::default(), |address| {
        let mut stream = connect(address);
        let bytes = [fragment(&call_of(48), false), fragment(&[], true)].concat();
        stream.write_all(&bytes).unwrap();
        assert!(reply(&mut stream).is_some());
    });
}

#[test]
fn h010_headers_split_anywhere() {
    with(Limits::default(), |address| {
        for at in 1..4 {
            let mut stream = connect(address);
            stream.set_nodelay(true).unwrap();
            let bytes = fragment(&call_of(48), true);
            stream.write_all(&bytes[..at]).unwrap();
            std::thread::sleep(Duration::from_millis(20));
            stream.write_all(&bytes[at..]).unwrap();
            assert!(reply(&mut stream).is_some());
        }
    });
}

#[test]
fn h014_h015_what_is_not_rpc() {
    for n in 1..8 {
        closes(Limits::default(), fragment(&vec![0; n], true));
    }
    closes(
        Limits::default(),
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
    );
    closes(
        Limits::default(),
        vec![0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3],
    );
    closes(Limits::default(), b"SSH-2.0-OpenSSH_9.2\r\n".to_vec());
}

#[test]
fn h037_headers_cut_at_every_byte() {
    with(Limits::default(), |address| {
        let message = call(0, &[]);
        for cut in 1..message.len() {
            let mut stream = connect(address);
            stream.write_all(&fragment(&message[..cut], true)).unwrap();
            // From the third word on the version is known to be right; nothing else can be answered.
            assert_eq!(reply(&mut stream), None, "{cut} bytes");
        }
        good(&mut connect(address));
    });
}

#[test]
fn h105_who_does_not_read_meets_the_write_deadline_and_others_do_not_notice() {
    let limits = Limits::default()
        .write_deadline(Duration::from_millis(300))
        .max_queued(1 << 20);
    with(limits, |address| {
        let mut deaf = connect(address);
        let ask = fragment(&call(2, &(1u32 << 20).to_be_bytes()), true).repeat(200);
        deaf.write_all(&ask).unwrap();
        for _ in 0..20 {
            good(&mut connect(address));
            std::thread::sleep(Duration::from_millis(50));
        }
        let mut taken = Vec::new();
        let end = deaf.read_to_end(&mut taken);
        assert!(
            end.is_err() || taken.len() < 200 << 20,
            "closed before all was sent"
        );
    });
}

#[test]
fn calls_that_came_together_are_all_answered_however_few_replies_may_queue() {
    with(Limits::default().max_queued(64 << 10), |address| {
        let mut stream = connect(address);
        let ask = fragment(&call(2, &(100u32 << 10).to_be_bytes()), true).repeat(8);
        stream.write_all(&ask).unwrap();
        for number in 1..=8 {
            assert!(reply(&mut stream).is_some(), "reply {number}");
        }
    });
}

#[test]
fn idle_connections_are_closed() {
    with(
        Limits::default().idle_deadline(Duration::from_millis(200)),
        |address| {
            let mut stream = connect(address);
            good(&mut stream);
            let start = Instant::now();
            assert_eq!(reply(&mut stream), None);
            assert!(start.elapsed() >= Duration::from_millis(150));
        },
    );
}

#[test]
fn connections_above_the_limit_are_closed_at_once() {
    with(Limits::default().max_connections(2), |address| {
        let (mut first, mut second) = (connect(address), connect(address));
        good(&mut first);
        good(&mut second);
        assert_eq!(reply(&mut connect(address)), None);
        drop(first);
        std::thread::sleep(Duration::from_millis(100));
        good(&mut connect(address));
    });
}

#[tokio::test]
async fn h106_calls_in_flight_are_bounded_per_connection_and_in_all() {
    for (limits, most) in [
        (Limits::default().per_connection(8), 8),
        (Limits::default().max_in_flight(5), 5),
    ] {
        let blobs = Arc::new(Blobs::default());
        struct Shared(Arc<Blobs>);
        impl Dispatch for Shared {
            fn interface(&self) -> &'static Interface {
                &INTERFACE
            }
            fn dispatch(
                self: Arc<Self>,
                cx: Context,
                procedure: u32,
                args: Body,
            ) -> BoxFuture<'static, Result<Body, Fault>> {
                Arc::clone(&self.0).dispatch(cx, procedure, args)
            }
        }
        let server = Server::new()
            .serve(Shared(Arc::clone(&blobs)))
            .limits(limits);
        let running = server.tcp("127.0.0.1:0").start().await.unwrap();
        let address = running.tcp().unwrap();
        tokio::task::spawn_blocking(move || {
            let mut stream = connect(address);
            stream
                .write_all(&fragment(&call(3, &20u32.to_be_bytes()), true).repeat(100))
                .unwrap();
            for _ in 0..100 {
                assert_eq!(reply(&mut stream).unwrap().len(), 28);
            }
        })
        .await
        .unwrap();
        let seen = blobs.most.load(Ordering::SeqCst);
        // A call that waits for the server's limit has been polled once already: one more on each connection.
        assert!(seen == most || seen == most + 1, "{seen} at once");
    }
}

#[test]
fn h103_a_handler_without_end_is_a_system_error_after_its_deadline() {
    with(
        Limits::default().request_deadline(Some(Duration::from_millis(100))),
        |address| {
            let mut stream = connect(address);
            stream
                .write_all(&fragment(&call(3, &60_000u32.to_be_bytes()), true))
                .unwrap();
            let answer = reply(&mut stream).unwrap();
            assert_eq!(answer[20..24], [0, 0, 0, 5], "SYSTEM_ERR");
            good(&mut stream);
        },
    );
}

#[test]
fn h058_a_reply_beyond_the_limit_is_a_system_error() {
    with(Limits::default().max_reply(1024), |address| {
        let mut stream = connect(address);
        for (size, stat) in [(996u32, 0), (1000, 5)] {
            stream
                .write_all(&fragment(&call(2, &size.to_be_bytes()), true))
                .unwrap();
            assert_eq!(reply(&mut stream).unwrap()[23], stat, "{size}");
        }
    });
}
