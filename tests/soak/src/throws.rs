//! The catalogue of hostile inputs to servers, as bytes and what is done with them on a socket.

use crate::random::Random;
use std::time::Duration;

/// Program of `soak.x`.
const PROGRAM: u32 = 0x2000_009a;
const ECHO: u32 = 1;
const READ: u32 = 2;
const WAIT: u32 = 4;
const PANIC: u32 = 5;
/// The server's limit for a record.
const LIMIT: usize = (1 << 20) + (64 << 10);
const LAST: u32 = 1 << 31;

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// A message as one record.
fn record(message: &[u8]) -> Vec<u8> {
    let mark = words(&[message.len() as u32 | LAST]);
    [&mark, message].concat()
}

fn message(xid: u32, procedure: u32, args: &[u32]) -> Vec<u8> {
    let head = [xid, 0, 2, PROGRAM, 1, procedure, 0, 0, 0, 0];
    words(&[&head, args].concat())
}

/// A call as a record.
pub(crate) fn call(xid: u32, procedure: u32, args: &[u32]) -> Vec<u8> {
    record(&message(xid, procedure, args))
}

/// A call with this credential: flavor, length, body as it is.
fn credential(flavor: u32, length: u32, body: &[u8]) -> Vec<u8> {
    let head = words(&[3, 0, 2, PROGRAM, 1, ECHO, flavor, length]);
    record(&[head, body.to_vec(), words(&[0, 0, 0])].concat())
}

/// AUTH_SYS: stamp, a machine's name, user, group, so many further groups.
fn auth_sys(name: usize, groups: u32) -> Vec<u8> {
    let mut body = words(&[1, name as u32]);
    body.resize(8 + name.next_multiple_of(4), b'a');
    body.extend(words(&[0, 0, groups]));
    body.extend(words(&vec![1; groups as usize]));
    credential(1, body.len() as u32, &body)
}

/// What is done with the bytes on a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Manner {
    /// Sent, then read until the server closes or says no more for a while.
    Listen,
    /// Sent, then the end; read likewise.
    Finish,
    /// Sent, and for so many milliseconds nothing.
    Hold(u64),
    /// Sent, and reset.
    Reset,
    /// Sent in so large pieces, a millisecond apart, for two seconds at most; then read.
    Trickle(usize),
}
use Manner::{Finish, Hold, Listen, Reset, Trickle};

/// Something for a connection, for a datagram, or for more than one of them.
#[derive(Debug)]
pub(crate) enum Throw {
    Stream(Vec<u8>, Manner),
    Datagrams(Vec<Vec<u8>>),
    /// So many connections, each closed at once.
    Storm(usize),
    /// So many connections, held for a while.
    Crowd(usize, Duration),
}

/// Makes a throw.
type Make = fn(&mut Random) -> Throw;

/// Numbers of the catalogue, and how to make what they stand for. Of the others, 20, 24-27, 38-40, 80 and further ones are
/// for clients, 41-60 and 126 on for codec and compiler, 68-79 for TLS and GSS, and 90, 94, 103, 104, 109-119 and 124
/// concern the machine, or need more than a peer's bytes.
pub(crate) const CATALOGUE: [(&str, Make); 42] = [
    ("1", |_| Throw::Stream(words(&[u32::MAX]), Listen)),
    ("2", |_| {
        Throw::Stream(words(&[(LIMIT as u32 + 1) | LAST]), Listen)
    }),
    ("3", |_| {
        let fragment = [words(&[65_536]), vec![0; 65_536]].concat();
        Throw::Stream(fragment.repeat(LIMIT / 65_536 + 1), Listen)
    }),
    ("4", |_| {
        let started = [words(&[(1 << 20) | LAST]), vec![0; 10]].concat();
        Throw::Stream(started, Hold(2_500))
    }),
    ("5", |_| {
        Throw::Stream(call(5, ECHO, &[400; 101]), Trickle(1))
    }),
    ("6", |random| {
        let fragment = [words(&[1]), vec![7]].concat();
        Throw::Stream(fragment.repeat(random.below(20_000) as usize), Listen)
    }),
    ("7", |_| Throw::Stream(vec![0; 4_000], Listen)),
    ("8", |_| Throw::Stream(words(&[LAST]), Listen)),
    ("9", |_| {
        let message = message(9, 0, &[]);
        let first = words(&[message.len() as u32]);
        Throw::Stream([first, message, words(&[LAST])].concat(), Listen)
    }),
    ("10", |random| {
        Throw::Stream(call(10, 0, &[]), Trickle(1 + random.below(3) as usize))
    }),
    ("11", |_| {
        let message = message(11, 0, &[]);
        let last = message.len() - 1;
        let fragment = |(at, byte): (usize, &u8)| {
            let mark = if at == last { 1 | LAST } else { 1 };
            [words(&[mark]), vec![*byte]].concat()
        };
        Throw::Stream(
            message.iter().enumerate().flat_map(fragment).collect(),
            Listen,
        )
    }),
    ("12", |_| {
        let all = (0..10_000).flat_map(|xid| call(xid, 0, &[]));
        Throw::Stream(all.collect(), Listen)
    }),
    ("13", |random| {
        let mut odd = message(13, ECHO, &[0]);
        odd.resize(odd.len() + 1 + random.below(3) as usize, 9);
        Throw::Stream(record(&odd), Listen)
    }),
    ("14", |random| {
        let len = 1 + random.below(7) as usize;
        let few = random.bytes(len);
        Throw::Stream(record(&few), Listen)
    }),
    ("15", |random| {
        let talk: [&[u8]; 3] = [
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            b"SSH-2.0-OpenSSH_9.2\r\n",
        ];
        Throw::Stream(talk[random.below(3) as usize].to_vec(), Listen)
    }),
    ("16", |random| {
        // The second has gone before its reply comes.
        let millis = [20, 1_000][random.below(2) as usize];
        Throw::Stream(call(16, WAIT, &[millis]), Finish)
    }),
    ("17", |random| {
        let whole = call(17, ECHO, &[8, 1, 2]);
        let cut = 1 + random.below(whole.len() as u64 - 1) as usize;
        Throw::Stream(whole[..cut].to_vec(), Finish)
    }),
    ("18", |_| Throw::Stream(call(18, WAIT, &[50]), Reset)),
    ("19", |_| {
        Throw::Stream(call(19, READ, &[1 << 20]).repeat(3), Reset)
    }),
    ("21", |random| {
        let version = [0, 1, 3, u32::MAX][random.below(4) as usize];
        let message = words(&[21, 0, version, PROGRAM, 1, 0, 0, 0, 0, 0]);
        Throw::Stream(record(&message), Listen)
    }),
    ("22", |random| {
        let kind = [2, u32::MAX][random.below(2) as usize];
        let message = words(&[22, kind, 2, PROGRAM, 1, 0, 0, 0, 0, 0]);
        Throw::Stream(record(&message), Listen)
    }),
    ("23", |_| {
        Throw::Stream(record(&words(&[23, 1, 0, 0, 0, 0])), Listen)
    }),
    ("28-30", |random| {
        let xid = [0, u32::MAX, 7][random.below(3) as usize];
        Throw::Stream(call(xid, WAIT, &[5]).repeat(2), Listen)
    }),
    ("31", |_| {
        Throw::Stream(record(&words(&[1, 0, 2, 99, 1, 1, 0, 0, 0, 0])), Listen)
    }),
    ("32", |random| {
        let version = [0, 2, u32::MAX][random.below(3) as usize];
        let message = words(&[32, 0, 2, PROGRAM, version, 1, 0, 0, 0, 0]);
        Throw::Stream(record(&message), Listen)
    }),
    ("33", |_| Throw::Stream(call(33, u32::MAX, &[]), Listen)),
    ("34", |_| Throw::Stream(call(34, 0, &[1; 100]), Listen)),
    ("35", |random| {
        let length = [401, 0x7fff_ffff, u32::MAX][random.below(3) as usize];
        Throw::Stream(credential(0, length, &[0; 404]), Listen)
    }),
    ("36", |_| {
        let body = [vec![0; 399], vec![1]].concat();
        Throw::Stream(credential(0, 399, &body), Listen)
    }),
    ("37", |random| {
        let whole = message(37, 0, &[]);
        let cut = 1 + random.below(39) as usize;
        Throw::Stream(record(&whole[..cut]), Listen)
    }),
    ("61, 65", |random| {
        let flavor = [2, 3, 4, 99, u32::MAX][random.below(5) as usize];
        Throw::Stream(credential(flavor, 4, &[0; 4]), Listen)
    }),
    ("62-64", |random| {
        let (name, groups) = [(8, 17), (256, 0), (8, 16), (0, 0)][random.below(4) as usize];
        Throw::Stream(auth_sys(name, groups), Listen)
    }),
    ("67", |_| Throw::Stream(credential(7, 0, &[]), Listen)),
    ("80b, 82", |random| {
        // A length that is a lie.
        let claim = [u32::MAX, 1 << 31, 100][random.below(3) as usize];
        Throw::Stream(call(82, ECHO, &[claim, 1]), Listen)
    }),
    ("81, 91", |random| {
        let len = random.below(40) as usize;
        Throw::Datagrams(vec![vec![0; len], words(&[91, 1, 0, 0, 0, 0, 0, 0, 0, 0])])
    }),
    ("86", |random| {
        Throw::Datagrams(vec![message(random.next() as u32, WAIT, &[5]); 5])
    }),
    ("87, 92", |random| {
        let many = |_| message(random.next() as u32, ECHO, &[4, 1]);
        Throw::Datagrams((0..500).map(many).collect())
    }),
    ("93", |random| {
        Throw::Datagrams(vec![random.bytes(65_000); 20])
    }),
    ("102", |_| {
        Throw::Stream(call(102, PANIC, &[]).repeat(5), Listen)
    }),
    ("105", |_| {
        Throw::Stream(call(105, READ, &[1 << 20]).repeat(50), Hold(3_000))
    }),
    ("106", |_| {
        Throw::Stream(call(106, WAIT, &[2]).repeat(10_000), Listen)
    }),
    ("107, 108", |random| match random.below(2) {
        0 => Throw::Storm(200),
        _ => Throw::Crowd(100, Duration::from_secs(1)),
    }),
];

/// Bytes that mean nothing, or nearly something.
pub(crate) fn noise(random: &mut Random) -> Throw {
    let mut bytes = match random.below(2) {
        0 => {
            let len = 1 + random.below(2_000) as usize;
            random.bytes(len)
        }
        _ => call(1, ECHO, &[8, 1, 2]),
    };
    for _ in 0..=random.below(8) {
        let at = random.below(bytes.len() as u64) as usize;
        bytes[at] ^= 1 << random.below(8);
    }
    match random.below(8) {
        0 => Throw::Datagrams(vec![bytes]),
        1 => Throw::Stream(bytes, Reset),
        2 => Throw::Stream(bytes, Finish),
        _ => Throw::Stream(bytes, Listen),
    }
}
