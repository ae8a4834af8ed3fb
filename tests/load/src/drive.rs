//! The load: raw sockets, calls written by hand, one thread.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

/// The ways to call, in the order they are printed.
pub(crate) const WAYS: [&str; 7] = [
    "null",
    "echo128",
    "pipeline64",
    "connections64",
    "read1m",
    "write1m",
    "udp64",
];

/// Program number of the servers here.
pub(crate) const PROGRAM: u32 = 0x2000_0099;
/// Procedure that answers 1 MiB.
pub(crate) const READ: u32 = 2;

/// A call as a record: its mark, its header, its arguments.
fn call(procedure: u32, args: &[u8]) -> Vec<u8> {
    let mark = (40 + args.len()) as u32 | 1 << 31;
    let words = [mark, 1, 0, 2, PROGRAM, 1, procedure, 0, 0, 0, 0];
    let mut record: Vec<u8> = words.iter().flat_map(|w| w.to_be_bytes()).collect();
    record.extend(args);
    record
}

/// Opaque data with its length.
fn opaque(len: usize) -> Vec<u8> {
    let mut args = (len as u32).to_be_bytes().to_vec();
    args.resize(4 + len, 7);
    args
}

/// What a drive came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Driven {
    calls: usize,
    wall: Duration,
}

impl Driven {
    /// Calls per second on the clock.
    pub(crate) fn rate(self) -> f64 {
        self.calls as f64 / self.wall.as_secs_f64()
    }

    /// Calls per second of processor time, that of the client included.
    pub(crate) fn per_second_of(self, spent: Duration) -> f64 {
        self.calls as f64 / spent.as_secs_f64()
    }
}

/// Calls for so long.
pub(crate) fn drive(address: SocketAddr, way: &str, time: Duration) -> Driven {
    match way {
        "null" => streams(address, 1, 1, &call(0, &[]), 28, time),
        "echo128" => streams(address, 1, 1, &call(1, &opaque(128)), 28 + 132, time),
        "pipeline64" => streams(address, 1, 64, &call(0, &[]), 28, time),
        "connections64" => streams(address, 64, 1, &call(0, &[]), 28, time),
        "read1m" => streams(address, 1, 1, &call(READ, &[]), 32 + (1 << 20), time),
        "write1m" => streams(address, 1, 1, &call(3, &opaque(1 << 20)), 28, time),
        "udp64" => datagrams(address, 64, time),
        _ => panic!("ways: {WAYS:?}"),
    }
}

/// Sends `batch` calls on each of the connections, then reads all their replies, again and again.
fn streams(
    address: SocketAddr,
    connections: usize,
    batch: usize,
    record: &[u8],
    reply: usize,
    time: Duration,
) -> Driven {
    let connect = |_| {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_nodelay(true).expect("an option");
        stream
    };
    let mut streams: Vec<_> = (0..connections).map(connect).collect();
    let calls = record.repeat(batch);
    let mut replies = vec![0; reply * batch];
    let mut turn = || {
        for stream in &mut streams {
            stream.write_all(&calls).expect("calls are taken");
        }
        for stream in &mut streams {
            stream.read_exact(&mut replies).expect("replies come");
        }
    };
    repeat(time, connections * batch, &mut turn)
}

/// One call from each of the sockets, then all replies.
fn datagrams(address: SocketAddr, sockets: usize, time: Duration) -> Driven {
    let bind = |_| {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        socket.connect(address).expect("an address");
        socket
    };
    let sockets: Vec<_> = (0..sockets).map(bind).collect();
    let mut message = call(0, &[])[4..].to_vec();
    let mut xid = 0u32;
    let mut buf = [0; 100];
    let mut turn = || {
        // A new call each time: a repeated one comes from the reply cache.
        xid = xid.wrapping_add(1);
        message[..4].copy_from_slice(&xid.to_be_bytes());
        for socket in &sockets {
            socket.send(&message).expect("calls are taken");
        }
        for socket in &sockets {
            socket.recv(&mut buf).expect("replies come");
        }
    };
    repeat(time, sockets.len(), &mut turn)
}

fn repeat(time: Duration, calls: usize, turn: &mut dyn FnMut()) -> Driven {
    let (start, mut done) = (Instant::now(), 0);
    while start.elapsed() < time {
        turn();
        done += calls;
    }
    Driven {
        calls: done,
        wall: start.elapsed(),
    }
}
