//! What a server answers, byte for byte, on real sockets: the table of who answers what.

use rpcgen_runtime::server::{BoxFuture, Running};
use rpcgen_runtime::{Body, Context, Dispatch, Fault, Interface, ProcInfo, Server};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

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

static PROCEDURES: [ProcInfo; 4] = [
    procedure(1, "ADD"),
    procedure(2, "PANIC"),
    procedure(3, "SLOW"),
    procedure(4, "FAIL"),
];

macro_rules! version {
    ($name:ident, $number:literal) => {
        struct $name;
        impl Dispatch for $name {
            fn interface(&self) -> &'static Interface {
                static INTERFACE: Interface = Interface {
                    name: "CALC",
                    program: 0x2000_0001,
                    version: $number,
                    procedures: &PROCEDURES,
                };
                &INTERFACE
            }
            fn dispatch(
                self: Arc<Self>,
                cx: Context,
                procedure: u32,
                args: Body,
            ) -> BoxFuture<'static, Result<Body, Fault>> {
                Box::pin(handle(cx, procedure, args))
            }
        }
    };
}
version!(Two, 2);
version!(Four, 4);

async fn handle(cx: Context, procedure: u32, args: Body) -> Result<Body, Fault> {
    use rpcgen_runtime::codegen::v1::{arguments, results};
    match procedure {
        1 => {
            let (a, b) = arguments(&cx, &args, |r| Ok((r.i32()?, r.i32()?)))?;
            results(&cx, |w| w.i32(a.wrapping_add(b)))
        }
        2 => panic!("a handler that panics"),
        3 => {
            tokio::time::sleep(Duration::from_millis(50)).await;
            results(&cx, |w| w.i32(3))
        }
        _ => Err(Fault::SystemErr),
    }
}

async fn server() -> Running {
    let server = Server::new().serve(Two).serve(Four);
    server
        .tcp("127.0.0.1:0")
        .udp("127.0.0.1:0")
        .start()
        .await
        .unwrap()
}

/// Words in hex, `00000001 deadbeef`, as bytes.
fn hex(words: &str) -> Vec<u8> {
    let digits: String = words.split_whitespace().collect();
    (0..digits.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&digits[i..i + 2], 16).unwrap())
        .collect()
}

fn record(words: &str) -> Vec<u8> {
    let body = hex(words);
    let mut record = (0x8000_0000 | body.len() as u32).to_be_bytes().to_vec();
    record.extend(body);
    record
}

fn read_record(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut mark = [0; 4];
    stream.read_exact(&mut mark).ok()?;
    let mut body = vec![0; (u32::from_be_bytes(mark) & 0x7fff_ffff) as usize];
    stream.read_exact(&mut body).ok()?;
    Some(body)
}

/// Runs blocking socket code beside the server.
async fn with_tcp(test: impl FnOnce(TcpStream) + Send + 'static) {
    let running = server().await;
    let tcp = running.tcp().unwrap();
    tokio::task::spawn_blocking(move || {
        let stream = TcpStream::connect(tcp).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        test(stream);
    })
    .await
    .unwrap();
}

/// Sends over TCP and UDP, and expects this answer, or none: a closed connection and silence.
async fn expect(sent: &str, answer: Option<&str>) {
    let running = server().await;
    let (tcp, udp) = (running.tcp().unwrap(), running.udp().unwrap());
    let (sent, answer) = (sent.to_owned(), answer.map(hex));
    tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(tcp).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        stream.write_all(&record(&sent)).unwrap();
        assert_eq!(read_record(&mut stream), answer, "over TCP");

        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(udp).unwrap();
        let wait = if answer.is_some() { 5_000 } else { 100 };
        socket
            .set_read_timeout(Some(Duration::from_millis(wait)))
            .unwrap();
        socket.send(&hex(&sent)).unwrap();
        let mut buf = [0; 9000];
        let received = socket.recv(&mut buf).ok().map(|n| buf[..n].to_vec());
        assert_eq!(received, answer, "over UDP");
    })
    .await
    .unwrap();
}

const NONE: &str = "00000000 00000000 00000000 00000000";

fn call(rpcvers: u32, program: u32, version: u32, procedure: u32, rest: &str) -> String {
    format!("11223344 00000000 {rpcvers:08x} {program:08x} {version:08x} {procedure:08x} {rest}")
}

fn add(rest: &str) -> String {
    call(2, 0x2000_0001, 2, 1, rest)
}

fn two_and_three() -> String {
    add(&format!("{NONE} 00000002 00000003"))
}

fn five() -> String {
    format!("{SUCCESS} 00000005")
}

const SUCCESS: &str = "11223344 00000001 00000000 00000000 00000000 00000000";
const GARBAGE: &str = "11223344 00000001 00000000 00000000 00000000 00000004";
const SYSTEM_ERR: &str = "11223344 00000001 00000000 00000000 00000000 00000005";

fn auth_error(stat: u32) -> String {
    format!("11223344 00000001 00000001 00000001 {stat:08x}")
}

#[tokio::test]
async fn a_call_is_answered() {
    expect(&two_and_three(), Some(&five())).await;
}

#[tokio::test]
async fn null_is_answered_undeclared() {
    expect(&call(2, 0x2000_0001, 4, 0, NONE), Some(SUCCESS)).await;
}

#[tokio::test]
async fn h021_another_rpc_version_is_a_mismatch() {
    for version in [0, 1, 3, u32::MAX] {
        let answer = "11223344 00000001 00000001 00000000 00000002 00000002";
        expect(&call(version, 1, 1, 1, NONE), Some(answer)).await;
        // Behind the version everything may be of another shape.
        let shapeless = call(version, 1, 1, 1, "ffffffff ffffffff ffffffff ffffffff");
        expect(&shapeless, Some(answer)).await;
    }
    with_tcp(|mut stream| {
        stream
            .write_all(&record("11223344 00000000 00000003"))
            .unwrap();
        let answer = hex("11223344 00000001 00000001 00000000 00000002 00000002");
        assert_eq!(read_record(&mut stream), Some(answer));
    })
    .await;
}

#[tokio::test]
async fn h022_h023_neither_unknown_messages_nor_replies_are_answered() {
    for kind in [1, 2, u32::MAX] {
        expect(&format!("11223344 {kind:08x} 00000000 {NONE} {NONE}"), None).await;
    }
}

#[tokio::test]
async fn h031_unknown_program() {
    let answer = "11223344 00000001 00000000 00000000 00000000 00000001";
    expect(&call(2, 0x2000_0002, 2, 1, NONE), Some(answer)).await;
}

#[tokio::test]
async fn h032_unknown_versions_learn_the_lowest_and_the_highest() {
    for version in [0, 3, 5] {
        let answer = "11223344 00000001 00000000 00000000 00000000 00000002 00000002 00000004";
        expect(&call(2, 0x2000_0001, version, 1, NONE), Some(answer)).await;
    }
}

#[tokio::test]
async fn h033_unknown_procedure() {
    let answer = "11223344 00000001 00000000 00000000 00000000 00000003";
    expect(&call(2, 0x2000_0001, 2, u32::MAX, NONE), Some(answer)).await;
}

#[tokio::test]
async fn short_arguments_are_garbage_and_trailing_bytes_are_ignored() {
    expect(&add(&format!("{NONE} 00000002")), Some(GARBAGE)).await;
    expect(
        &format!("{} 00000000 00000000", two_and_three()),
        Some(&five()),
    )
    .await;
}

#[tokio::test]
async fn h035_long_credentials_and_verifiers() {
    let pad = "00".repeat(404);
    let long_cred = add(&format!("00000000 00000191 {pad} 00000000 00000000"));
    expect(&long_cred, Some(&auth_error(1))).await;
    let long_verf = add(&format!("00000000 00000000 00000000 00000191 {pad}"));
    expect(&long_verf, Some(&auth_error(3))).await;
    // Beyond the end of the message there is nothing to go on with.
    for length in ["7fffffff", "ffffffff"] {
        let cred = add(&format!("00000000 {length} 00000000 00000000"));
        expect(&cred, None).await;
        let verf = add(&format!("00000000 00000000 00000000 {length}"));
        expect(&verf, None).await;
    }
    let longest = "00".repeat(400);
    for auth in [
        format!("00000000 00000190 {longest} 00000000 00000000"),
        format!("00000000 00000000 00000000 00000190 {longest}"),
    ] {
        let sent = add(&format!("{auth} 00000002 00000003"));
        expect(&sent, Some(&five())).await;
    }
}

#[tokio::test]
async fn h061_h065_unknown_flavors_are_rejected_before_the_program_is_looked_up() {
    for flavor in [2, 3, 6, 99, u32::MAX] {
        let sent = call(
            2,
            77,
            2,
            1,
            &format!("{flavor:08x} 00000000 00000000 00000000"),
        );
        expect(&sent, Some(&auth_error(2))).await;
    }
}

#[tokio::test]
async fn h062_auth_sys() {
    let sys = |words: &str| {
        let len = hex(words).len();
        add(&format!(
            "00000001 {len:08x} {words} 00000000 00000000 00000002 00000003"
        ))
    };
    let good = five();
    expect(
        &sys("01020304 00000001 68000000 000003e8 00000064 00000000"),
        Some(&good),
    )
    .await;
    let gids = |n: usize| {
        format!(
            "01020304 00000000 00000000 00000000 {n:08x} {}",
            "00000001".repeat(n)
        )
    };
    expect(&sys(&gids(16)), Some(&good)).await;
    expect(&sys(&gids(17)), Some(&auth_error(1))).await;
    let name = format!(
        "01020304 00000100 {} 00000000 00000000 00000000",
        "61".repeat(256)
    );
    expect(&sys(&name), Some(&auth_error(1))).await;
    expect(
        &sys("01020304 00000000 00000000 00000000"),
        Some(&auth_error(1)),
    )
    .await;
    let verf =
        add("00000001 00000014 00000000 00000000 00000000 00000000 00000000 00000005 00000000");
    expect(&verf, Some(&auth_error(3))).await;
}

#[tokio::test]
async fn h067_the_tls_probe_without_tls() {
    expect(
        &call(2, 0x2000_0001, 2, 0, "00000007 00000000 00000000 00000000"),
        Some(SUCCESS),
    )
    .await;
    expect(
        &add("00000007 00000000 00000000 00000000"),
        Some(&auth_error(1)),
    )
    .await;
    let body = "00000007 00000004 00000000 00000000 00000000";
    expect(&call(2, 0x2000_0001, 2, 0, body), Some(&auth_error(1))).await;
    // A verifier that is not AUTH_NONE, or not empty.
    let sys = "00000007 00000000 00000001 00000000";
    expect(&call(2, 0x2000_0001, 2, 0, sys), Some(&auth_error(3))).await;
    let full = "00000007 00000000 00000000 00000004 53544152";
    expect(&call(2, 0x2000_0001, 2, 0, full), Some(&auth_error(3))).await;
}

#[tokio::test]
async fn h102_panics_and_failures_are_system_errors_and_the_connection_lives() {
    expect(&call(2, 0x2000_0001, 2, 2, NONE), Some(SYSTEM_ERR)).await;
    expect(&call(2, 0x2000_0001, 2, 4, NONE), Some(SYSTEM_ERR)).await;
    with_tcp(|mut stream| {
        stream
            .write_all(&record(&call(2, 0x2000_0001, 2, 2, NONE)))
            .unwrap();
        assert_eq!(read_record(&mut stream), Some(hex(SYSTEM_ERR)));
        stream.write_all(&record(&two_and_three())).unwrap();
        assert_eq!(read_record(&mut stream), Some(hex(&five())));
    })
    .await;
}

#[tokio::test]
async fn h011_h016_one_byte_fragments_and_a_half_close_are_answered() {
    with_tcp(|mut stream| {
        let body = hex(&two_and_three());
        let mut bytes = Vec::new();
        for (i, byte) in body.iter().enumerate() {
            let last = if i + 1 == body.len() {
                0x8000_0000u32
            } else {
                0
            };
            bytes.extend((last | 1).to_be_bytes());
            bytes.push(*byte);
        }
        bytes.extend(record(&call(2, 0x2000_0001, 2, 3, NONE)));
        stream.write_all(&bytes).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(read_record(&mut stream), Some(hex(&five())));
        assert_eq!(
            read_record(&mut stream),
            Some(hex(&format!("{SUCCESS} 00000003")))
        );
        assert_eq!(read_record(&mut stream), None);
    })
    .await;
}

#[tokio::test]
async fn h012_ten_thousand_calls_in_one_burst_are_all_answered() {
    with_tcp(|mut stream| {
        let mut writer = stream.try_clone().unwrap();
        let writing = std::thread::spawn(move || {
            writer
                .write_all(&record(&two_and_three()).repeat(10_000))
                .unwrap();
        });
        for _ in 0..10_000 {
            assert_eq!(read_record(&mut stream), Some(hex(&five())));
        }
        writing.join().unwrap();
    })
    .await;
}

#[tokio::test]
async fn h086_a_retransmitted_datagram_runs_once() {
    use std::sync::atomic::{AtomicU32, Ordering};
    static RUNS: AtomicU32 = AtomicU32::new(0);
    struct Counter;
    impl Dispatch for Counter {
        fn interface(&self) -> &'static Interface {
            Two.interface()
        }
        fn dispatch(
            self: Arc<Self>,
            cx: Context,
            procedure: u32,
            _: Body,
        ) -> BoxFuture<'static, Result<Body, Fault>> {
            Box::pin(async move {
                let runs = RUNS.fetch_add(1, Ordering::Relaxed) + 1;
                if procedure == 3 {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                rpcgen_runtime::codegen::v1::results(&cx, |w| w.u32(runs))
            })
        }
    }
    let running = Server::new()
        .serve(Counter)
        .udp("127.0.0.1:0")
        .start()
        .await
        .unwrap();
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(running.udp().unwrap()).await.unwrap();
    let mut buf = [0; 100];
    let mut answer = async |message: String| {
        socket.send(&hex(&message)).await.unwrap();
        let wait = tokio::time::timeout(Duration::from_millis(300), socket.recv(&mut buf));
        wait.await.ok().map(|n| buf[..n.unwrap()].to_vec())
    };
    for _ in 0..3 {
        assert_eq!(
            answer(two_and_three()).await,
            Some(hex(&format!("{SUCCESS} 00000001")))
        );
    }
    // The duplicate of a call that still runs is dropped: one answer for three datagrams.
    let slow = call(2, 0x2000_0001, 2, 3, NONE);
    socket.send(&hex(&slow)).await.unwrap();
    socket.send(&hex(&slow)).await.unwrap();
    assert_eq!(
        answer(slow).await,
        Some(hex(&format!("{SUCCESS} 00000002")))
    );
    let nothing =
        tokio::time::timeout(Duration::from_millis(300), socket.recv(&mut [0; 100])).await;
    assert!(nothing.is_err(), "one answer");
    assert_eq!(RUNS.load(Ordering::Relaxed), 2);
}
