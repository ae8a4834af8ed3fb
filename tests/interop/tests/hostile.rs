//! Wire garbage of any kind gets the reply that the RFC names, or closes the connection; a good client beside it loses
//! no call, and the next client is served.

use interop::arith::arith_prog::ArithV1Client;
use interop::server::{self, server};
use interop::wire::{Outcome, Wire, call, record, words};
use rpcgen_runtime::{Grace, connect};
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const XID: u32 = 0x1122_3344;
const EVERY: u32 = 0x2000_0a01;
const ARITH: u32 = 0x2000_0a02;

/// What the server must do.
#[derive(Clone, Debug)]
enum Wanted {
    /// Reply with these words after xid and REPLY; the connection stays.
    Reply(Vec<u32>),
    /// Close (TCP), say nothing (UDP).
    Close,
}
use Wanted::{Close, Reply};

fn denied(words: &[u32]) -> Wanted {
    Reply([&[1], words].concat())
}

/// MSG_ACCEPTED, AUTH_NONE verifier, and `accept_stat` with what follows.
fn accepted(words: &[u32]) -> Wanted {
    Reply([&[0, 0, 0], words].concat())
}

fn garbage_args() -> Wanted {
    accepted(&[4])
}

fn system_err() -> Wanted {
    accepted(&[5])
}

fn with(message: Vec<u8>, more: &[u32]) -> Vec<u8> {
    [message, words(more)].concat()
}

/// A call with this credential: flavor, length, body as it is.
fn credential(flavor: u32, length: u32, body: &[u32]) -> Vec<u8> {
    let head = words(&[XID, 0, 2, ARITH, 1, 1, flavor, length]);
    [head, words(body), words(&[0, 0, 7, 5])].concat()
}

/// Whole messages that a server must not take for a good call.
fn messages() -> Vec<(String, Vec<u8>, Wanted)> {
    let mut all: Vec<(String, Vec<u8>, Wanted)> = Vec::new();
    let mut add =
        |name: &str, message: Vec<u8>, wanted: Wanted| all.push((name.into(), message, wanted));

    for version in [0, 1, 3, u32::MAX] {
        let message = words(&[XID, 0, version, ARITH, 1, 1, 0, 0, 0, 0]);
        add(
            &format!("RPC version {version}"),
            message,
            denied(&[0, 2, 2]),
        );
    }
    for kind in [2, u32::MAX] {
        add(
            &format!("message type {kind}"),
            words(&[XID, kind, 2, ARITH, 1, 0, 0, 0, 0, 0]),
            Close,
        );
    }
    add("a reply to a server", words(&[XID, 1, 0, 0, 0, 0]), Close);
    add(
        "unknown program",
        call(XID, ARITH + 100, 1, 1),
        accepted(&[1]),
    );
    for version in [0, 2, 5, u32::MAX] {
        add(
            &format!("version {version}"),
            call(XID, ARITH, version, 1),
            accepted(&[2, 1, 4]),
        );
    }
    for procedure in [99, u32::MAX] {
        add(
            &format!("procedure {procedure}"),
            call(XID, ARITH, 1, procedure),
            accepted(&[3]),
        );
    }

    for flavor in [99, u32::MAX] {
        add(
            &format!("flavor {flavor}"),
            credential(flavor, 0, &[]),
            denied(&[1, 2]),
        );
    }
    add(
        "unknown flavor, unknown program",
        words(&[XID, 0, 2, 1, 1, 1, 99, 0, 0, 0]),
        denied(&[1, 2]),
    );
    add(
        "credential of 404 bytes",
        credential(0, 404, &[0; 101]),
        denied(&[1, 1]),
    );
    let verifier = [
        words(&[XID, 0, 2, ARITH, 1, 1, 0, 0, 0, 404]),
        words(&[0; 101]),
    ]
    .concat();
    add("verifier of 404 bytes", verifier, denied(&[1, 3]));
    add(
        "AUTH_SYS cut short",
        credential(1, 8, &[0, 3]),
        denied(&[1, 1]),
    );
    let seventeen = [&[0, 0, 0, 0, 17][..], &[1; 17]].concat();
    add(
        "AUTH_SYS with 17 groups",
        credential(1, 22 * 4, &seventeen),
        denied(&[1, 1]),
    );
    add(
        "AUTH_SYS with a name of 256 bytes",
        credential(1, 4 * 69, &[&[0, 256][..], &[0; 67]].concat()),
        denied(&[1, 1]),
    );

    add("no arguments", call(XID, ARITH, 1, 1), garbage_args());
    add(
        "half the arguments",
        with(call(XID, ARITH, 1, 1), &[7]),
        garbage_args(),
    );
    let string = |length: u32| with(call(XID, EVERY, 1, 15), &[length, 0x6162_6364]);
    for length in [5, 0x8000_0000, u32::MAX] {
        add(
            &format!("string of {length} bytes in 4"),
            string(length),
            garbage_args(),
        );
    }
    for count in [2, 0x2000_0001, 0x4000_0000, u32::MAX] {
        let message = with(call(XID, ARITH, 1, 3), &[count, 0, 0]);
        add(
            &format!("array of {count} doubles in 8 bytes"),
            message,
            garbage_args(),
        );
    }
    let handle = [words(&[65]), vec![7; 68]].concat();
    add(
        "65 bytes in opaque<64>",
        [call(XID, EVERY, 1, 16), handle].concat(),
        garbage_args(),
    );
    for value in [2, 99, 0xffff_fff0] {
        add(
            &format!("undeclared enum value {value}"),
            with(call(XID, EVERY, 1, 14), &[value]),
            garbage_args(),
        );
    }
    add(
        "union without that arm",
        with(call(XID, EVERY, 1, 28), &[0, 7, 1]),
        garbage_args(),
    );
    // A tree that leans to the left: 1, key, name, 1, key, name ...
    let tree: Vec<u32> = (0..20_000).flat_map(|_| [1, 0, 1, 0]).collect();
    add(
        "a tree 20 000 deep",
        with(call(XID, EVERY, 1, 27), &tree)[..65_000].to_vec(),
        garbage_args(),
    );

    add(
        "a result above its bound",
        with(call(XID, ARITH, 1, 2), &server::TOO_LONG),
        system_err(),
    );
    add(
        "a handler that panics",
        with(call(XID, ARITH, 1, 2), &server::PANIC),
        system_err(),
    );

    for cut in 0..40 {
        let message = call(XID, ARITH, 1, 0)[..cut].to_vec();
        add(&format!("a header cut at byte {cut}"), message, Close);
    }
    all
}

/// A client that calls all the time and counts what fails.
struct GoodClient {
    stop: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<(u32, Duration)>,
}

impl GoodClient {
    async fn start(target: String) -> Self {
        let client: ArithV1Client = connect(target.as_str()).await.expect("the server is there");
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let task = tokio::spawn(async move {
            let (mut calls, mut slowest) = (0, Duration::ZERO);
            while !stopped.load(Ordering::Relaxed) {
                let start = Instant::now();
                let difference = client
                    .sub(50, 8)
                    .await
                    .expect("a good client loses no call");
                assert_eq!(difference, 42);
                slowest = slowest.max(start.elapsed());
                calls += 1;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            (calls, slowest)
        });
        Self { stop, task }
    }

    async fn stop(self, what: &str) {
        self.stop.store(true, Ordering::Relaxed);
        let (calls, slowest) = self.task.await.expect("a good client loses no call");
        assert!(
            calls > 20,
            "{what}: the good client made {calls} calls only"
        );
        println!("{what}: {calls} good calls beside it, the slowest took {slowest:?}");
    }
}

/// Runs an attack beside good clients on both transports, then serves one client more.
async fn beside_good_clients(
    what: &str,
    attack: impl FnOnce(SocketAddr, SocketAddr) + Send + 'static,
) {
    let server = server().start().await.expect("the server starts");
    let (tcp, udp) = (
        server.tcp().expect("it listens"),
        server.udp().expect("it listens"),
    );
    let good = [
        GoodClient::start(format!("tcp://{tcp}")).await,
        GoodClient::start(format!("udp://{udp}")).await,
    ];
    let start = Instant::now();
    tokio::task::spawn_blocking(move || attack(tcp, udp))
        .await
        .expect("the server does what it must");
    tokio::time::sleep(Duration::from_secs(1).saturating_sub(start.elapsed())).await;
    for client in good {
        client.stop(what).await;
    }
    for target in [format!("tcp://{tcp}"), format!("udp://{udp}")] {
        let next: ArithV1Client = connect(target.as_str())
            .await
            .expect("the next client is served");
        assert_eq!(next.sub(1, 2).await.expect("the next client is served"), -1);
    }
    server.shutdown(Grace::secs(5)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_message_gets_its_reply_over_tcp() {
    beside_good_clients("bad messages over TCP", |tcp, _| {
        for (name, message, wanted) in messages() {
            let mut wire = Wire::connect(tcp);
            wire.send(&record(&message));
            match wanted {
                Close => assert_eq!(wire.outcome(), Outcome::Closed, "{name}"),
                Reply(rest) => {
                    let expected = with(words(&[XID, 1]), &rest);
                    assert_eq!(wire.outcome(), Outcome::Reply(expected), "{name}");
                    // The connection goes on.
                    wire.send(&record(&call(7, ARITH, 1, 0)));
                    assert_eq!(
                        wire.outcome(),
                        Outcome::Reply(words(&[7, 1, 0, 0, 0, 0])),
                        "after {name}"
                    );
                }
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_message_gets_its_reply_over_udp() {
    beside_good_clients("bad messages over UDP", |_, udp| {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        socket.connect(udp).expect("an address is set");
        socket
            .set_read_timeout(Some(Duration::from_secs(2)))
            .expect("a time limit is set");
        let mut buffer = [0; 9000];
        for (name, message, wanted) in messages() {
            socket.send(&message).expect("a datagram is sent");
            if let Reply(rest) = &wanted {
                let n = socket
                    .recv(&mut buffer)
                    .unwrap_or_else(|e| panic!("{name}: {e}"));
                assert_eq!(buffer[..n], with(words(&[XID, 1]), rest), "{name}");
            }
            // Whatever came before is answered before this: so there was nothing where there should be nothing.
            socket
                .send(&call(7, ARITH, 1, 0))
                .expect("a datagram is sent");
            let n = socket
                .recv(&mut buffer)
                .unwrap_or_else(|e| panic!("after {name}: {e}"));
            assert_eq!(buffer[..n], words(&[7, 1, 0, 0, 0, 0]), "after {name}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_are_no_rpc_are_closed() {
    let limit = (1 << 20) + (64 << 10);
    let streams: Vec<(&str, Vec<u8>)> = vec![
        ("a fragment of 2 GiB", words(&[u32::MAX])),
        (
            "a fragment above the limit",
            words(&[0x8000_0000 | (limit + 1)]),
        ),
        (
            "fragments above the limit together",
            [words(&[1]), vec![0], words(&[limit])].concat(),
        ),
        ("1000 empty fragments", words(&[0; 1000])),
        ("an empty record", words(&[0x8000_0000])),
        (
            "HTTP",
            b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
        ),
        (
            "TLS",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        ),
        ("SSH", b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
        ("a record of 7 bytes", record(&[0; 7])),
    ];
    beside_good_clients("foreign protocols", move |tcp, _| {
        for (name, bytes) in streams {
            let mut wire = Wire::connect(tcp);
            wire.send(&bytes);
            assert_eq!(wire.outcome(), Outcome::Closed, "{name}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_in_one_byte_fragments_is_answered() {
    beside_good_clients("tiny fragments", |tcp, _| {
        let message = with(call(XID, ARITH, 1, 1), &[50, 8]);
        let mut wire = Wire::connect(tcp);
        for (at, byte) in message.iter().enumerate() {
            let last = u32::from(at + 1 == message.len()) << 31;
            wire.send(&[&words(&[last | 1])[..], &[*byte]].concat());
        }
        // Half-closed: the reply comes all the same.
        wire.finish();
        assert_eq!(
            wire.outcome(),
            Outcome::Reply(words(&[XID, 1, 0, 0, 0, 0, 42]))
        );
        assert_eq!(wire.outcome(), Outcome::Closed);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_and_half_finished_connections_cost_others_nothing() {
    beside_good_clients("300 silent connections", |tcp, _| {
        let whole = record(&with(call(XID, ARITH, 1, 1), &[50, 8]));
        let silent: Vec<Wire> = (0..300)
            .map(|n| {
                let mut wire = Wire::connect(tcp);
                wire.send(&whole[..n % whole.len()]);
                wire
            })
            .collect();
        std::thread::sleep(Duration::from_millis(300));
        drop(silent);
    })
    .await;
}

/// Valid calls with some bytes changed, and plain noise: whatever comes back, the server lives.
#[tokio::test(flavor = "multi_thread")]
async fn noise_and_mutations_do_no_harm() {
    beside_good_clients("noise", |tcp, udp| {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        socket.connect(udp).expect("an address is set");
        let mut random = Random(0x5eed);
        let sample = interop::samples::sample(interop::every::Kind::Everything, 7);
        let claim = interop::every::Claim {
            k: 7,
            value: sample,
        };
        let arguments = rpcgen_runtime::to_bytes(&claim).expect("a sample keeps its bounds");
        let good = [call(XID, EVERY, 2, 2), arguments.to_vec()].concat();
        for _ in 0..600 {
            let mut message = good.clone();
            for _ in 0..1 + random.below(8) {
                let at = random.below(message.len());
                message[at] = random.next() as u8;
            }
            message.truncate(random.below(message.len() + 1));
            let noise: Vec<u8> = (0..random.below(200))
                .map(|_| random.next() as u8)
                .collect();
            let mut wire = Wire::connect(tcp);
            wire.send(&record(&message));
            wire.send(&noise);
            wire.finish();
            assert_ne!(
                wire.outcome(),
                Outcome::Silence,
                "a server answers or closes"
            );
            for datagram in [&message, &noise] {
                let _ = socket.send(&datagram[..datagram.len().min(60_000)]);
            }
        }
    })
    .await;
}

/// splitmix64
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}
