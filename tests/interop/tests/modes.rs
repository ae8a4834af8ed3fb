//! What a server makes of arguments that a strict decoder and C take differently, in both modes, over TCP and UDP: generated
//! code on real sockets.

use interop::server::server;
use interop::wire::{Outcome, Wire, call, record, words};
use rpcgen_runtime::{DecodeLimits, Limits, Mode};
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

const XID: u32 = 0x1122_3344;
const EVERY: u32 = 0x2000_0a01;
const ARITH: u32 = 0x2000_0a02;

/// A message and the words behind xid and REPLY in each mode.
struct Case {
    message: Vec<u8>,
    interop: Vec<u32>,
    strict: Vec<u32>,
}

fn success(results: &[u32]) -> Vec<u32> {
    [&[0, 0, 0, 0], results].concat()
}

fn garbage_args() -> Vec<u32> {
    vec![0, 0, 0, 4]
}

fn bad_cred() -> Vec<u32> {
    vec![1, 1, 1]
}

fn with(message: Vec<u8>, more: &[u32]) -> Vec<u8> {
    [message, words(more)].concat()
}

/// Arguments for a procedure of version 1 of EVERY that are the same to both modes.
fn alike(procedure: u32, args: &[u32], answer: Vec<u32>) -> Case {
    differing(procedure, args, answer.clone(), answer)
}

fn differing(procedure: u32, args: &[u32], interop: Vec<u32>, strict: Vec<u32>) -> Case {
    let message = with(call(XID, EVERY, 1, procedure), args);
    Case {
        message,
        interop,
        strict,
    }
}

/// The next datagram.
fn datagram(udp: SocketAddr, message: &[u8]) -> Vec<u8> {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let limit = Some(Duration::from_secs(10));
    socket.set_read_timeout(limit).expect("a limit is set");
    socket.send_to(message, udp).expect("it is sent");
    let mut buffer = [0; 9000];
    let n = socket.recv(&mut buffer).expect("an answer");
    buffer[..n].to_vec()
}

/// Every case is answered as it should be; over UDP, too, where it fits a datagram. The connection lives.
async fn answered(cases: Vec<Case>) {
    answered_within(Limits::default(), cases).await;
}

async fn answered_within(limits: Limits, cases: Vec<Case>) {
    for mode in [Mode::Interop, Mode::Strict] {
        let server = server().mode(mode).limits(limits);
        let running = server.start().await.expect("it starts");
        let tcp = running.tcp().expect("it listens");
        let udp = running.udp().expect("it listens");
        let cases: Vec<(Vec<u8>, Vec<u8>)> = cases
            .iter()
            .map(|case| {
                let rest = match mode {
                    Mode::Strict => &case.strict,
                    _ => &case.interop,
                };
                (case.message.clone(), with(words(&[XID, 1]), rest))
            })
            .collect();
        let talk = move || {
            for (message, expected) in cases {
                let shown = &message[40..message.len().min(80)];
                let mut wire = Wire::connect(tcp);
                wire.send(&record(&message));
                let outcome = wire.outcome();
                assert!(
                    outcome == Outcome::Reply(expected.clone()),
                    "{mode:?}: {shown:02x?}"
                );
                wire.send(&record(&call(7, ARITH, 1, 0)));
                let null = words(&[7, 1, 0, 0, 0, 0]);
                assert_eq!(wire.outcome(), Outcome::Reply(null), "{mode:?}: afterwards");
                if message.len() <= 8_000 {
                    assert_eq!(datagram(udp, &message), expected, "{mode:?}: {shown:02x?}");
                }
            }
        };
        tokio::task::spawn_blocking(talk)
            .await
            .expect("as it should be");
    }
}

#[tokio::test]
async fn trailing_bytes_are_garbage_in_strict_mode_only() {
    let message = with(call(XID, ARITH, 1, 1), &[50, 8, 0, 0]);
    answered(vec![Case {
        message,
        interop: success(&[42]),
        strict: garbage_args(),
    }])
    .await;
}

#[tokio::test]
async fn pads_and_bools_are_inspected_in_strict_mode_only() {
    let abc = |pad: u32| 0x6162_6300 | pad;
    answered(vec![
        alike(15, &[3, abc(0)], success(&[3, abc(0)])),
        // What is not inspected is not echoed either.
        differing(15, &[3, abc(1)], success(&[3, abc(0)]), garbage_args()),
        alike(13, &[1], success(&[1])),
        differing(13, &[2], success(&[1]), garbage_args()),
        differing(13, &[u32::MAX], success(&[1]), garbage_args()),
    ])
    .await;
}

#[tokio::test]
async fn bounds_are_kept_in_both_modes() {
    let label = |len: u32| {
        let mut args = vec![1, 7, len, 0x6161_6161, 0x6161_6161];
        args.resize(3 + len.div_ceil(4) as usize, 0x6100_0000);
        args.push(0);
        args
    };
    answered(vec![
        // A list of one node whose label may have eight bytes.
        alike(25, &label(8), success(&label(8))),
        alike(25, &label(9), garbage_args()),
        // Opaque data without a bound, which says that it has as many bytes as can be said.
        alike(21, &[0, 0, 0, 0, 0, 0, u32::MAX], garbage_args()),
        alike(15, &[u32::MAX, 0], garbage_args()),
    ])
    .await;
}

#[tokio::test]
async fn enums_and_unions_are_what_was_declared_in_both_modes() {
    answered(vec![
        alike(14, &[-3i32 as u32], success(&[-3i32 as u32])),
        alike(14, &[2], garbage_args()),
        // Arms 0 and 2^32 - 1, and no default.
        alike(28, &[0, 0, 5], success(&[0, 0, 5])),
        alike(28, &[0, 7, 5], garbage_args()),
    ])
    .await;
}

#[tokio::test]
async fn h052_a_list_of_a_hundred_thousand_nodes_is_answered() {
    const NODES: u32 = 100_000;
    // By itself, and behind a first node that is there by value.
    let list: Vec<u32> = (0..NODES).flat_map(|n| [1, n]).chain([0]).collect();
    let reversed: Vec<u32> = (0..NODES).rev().flat_map(|n| [1, n]).chain([0]).collect();
    let chain: Vec<u32> = (0..NODES)
        .flat_map(|n| [n % 0x8000, u32::from(n + 1 < NODES)])
        .collect();
    let message = with(call(XID, ARITH, 1, 5), &list);
    answered(vec![
        Case {
            message,
            interop: success(&reversed),
            strict: success(&reversed),
        },
        alike(26, &chain, success(&chain)),
    ])
    .await;
}

#[tokio::test]
async fn h062_bytes_behind_an_auth_sys_credential_are_denied_in_strict_mode_only() {
    let claim = [7u32, 0, 1, 2, 0];
    for (tail, strict) in [(&[][..], success(&[42])), (&[9, 9][..], bad_cred())] {
        let body = [&claim[..], tail].concat();
        let head = [XID, 0, 2, ARITH, 1, 1, 1, 4 * body.len() as u32];
        let message = words(&[&head[..], &body, &[0, 0, 50, 8]].concat());
        answered(vec![Case {
            message,
            interop: success(&[42]),
            strict,
        }])
        .await;
    }
}

#[tokio::test]
async fn h053_trees_at_the_depth_limit_and_one_above() {
    // Each node has a key, an empty name, and a node on its left alone.
    let tree = |depth: usize| {
        let down = [1, 0, 7, 0].repeat(depth);
        [down, vec![0; 1 + depth]].concat()
    };
    for (limits, depth) in [
        (DecodeLimits::default(), 64),
        (DecodeLimits::default().depth(5), 5),
    ] {
        let (at, above) = (tree(depth), tree(depth + 1));
        let cases = vec![
            alike(27, &at, success(&at)),
            alike(27, &above, garbage_args()),
        ];
        answered_within(Limits::default().decode(limits), cases).await;
    }
}

#[tokio::test]
async fn h045_arguments_at_the_memory_limit_and_above() {
    // Empty strings: four bytes each in the message, and several times as many when they are decoded.
    let items = |count: u32| {
        let mut args = vec![count];
        args.resize(1 + count as usize, 0);
        // What they are joined by.
        args.push(0);
        with(call(XID, ARITH, 1, 4), &args)
    };
    let limits = Limits::default().decode(DecodeLimits::default().memory(64 << 10));
    let case = |count, answer: Vec<u32>| Case {
        message: items(count),
        interop: answer.clone(),
        strict: answer,
    };
    let cases = vec![case(1_000, success(&[0])), case(10_000, garbage_args())];
    answered_within(limits, cases).await;
}
