//! Who keeps the server's thread busy does so for a turn: then those are next whose calls have come meanwhile.

use crate::support::*;
use rpcgen_runtime::server::Running;
use rpcgen_runtime::{Limits, Server};
use std::io::{self, Write};
use std::net::{TcpStream, UdpSocket};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

const BUSY: u32 = 2;
const OTHER: u32 = 1;

/// A server, and how many busy calls it has answered when the call comes to its turn that another connection makes during
/// the first of them.
struct Turns {
    running: Running,
    order: Arc<Mutex<Vec<u32>>>,
}

impl Turns {
    async fn start(results: usize) -> Self {
        let order = Arc::new(Mutex::new(Vec::new()));
        let other = Arc::new(Mutex::new(None::<TcpStream>));
        let program = {
            let (order, other) = (Arc::clone(&order), Arc::clone(&other));
            Program(&INTERFACE, move |cx, procedure, _| {
                order.lock().unwrap().push(procedure);
                if procedure == BUSY
                    && let Some(mut other) = other.lock().unwrap().take()
                {
                    other.write_all(&record(&call(9, OTHER))).unwrap();
                    // Not the end of that connection.
                    std::mem::forget(other);
                }
                async move {
                    match procedure {
                        BUSY => Ok(vec![7; results].into()),
                        _ => number(&cx, procedure),
                    }
                }
            })
        };
        let running = start(Server::new().serve(program)).await;
        let mut stream = connect(&running).await;
        expect(&mut stream, &call(8, OTHER), &answer(8, OTHER)).await;
        order.lock().unwrap().clear();
        *other.lock().unwrap() = Some(stream.into_std().unwrap());
        Self { running, order }
    }

    /// Waits for all of so many busy calls: how many came before the other.
    async fn before_the_other(&self, busy: usize) -> usize {
        let order = &self.order;
        eventually("all are answered", || order.lock().unwrap().len() > busy).await;
        let order = order.lock().unwrap();
        order.iter().position(|call| *call == OTHER).unwrap()
    }
}

#[tokio::test]
async fn small_calls_in_one_batch() {
    let turns = Turns::start(4).await;
    let mut stream = connect(&turns.running).await;
    let batch = record(&call(1, BUSY)).repeat(1000);
    stream.write_all(&batch).await.unwrap();
    assert_eq!(turns.before_the_other(1000).await, 128);
}

#[tokio::test]
async fn large_replies_to_one_batch() {
    let turns = Turns::start(64 << 10).await;
    let mut stream = connect(&turns.running).await;
    let batch = record(&call(1, BUSY)).repeat(30);
    stream.write_all(&batch).await.unwrap();
    assert_eq!(turns.before_the_other(30).await, 4);
}

#[tokio::test]
async fn datagrams_that_are_there_already() {
    // A turn ends with the batch that reaches 64 datagrams, or 256 KiB of calls and replies.
    for (results, most) in [(4, 96), (8000, 64)] {
        let before = datagrams_before_the_other(results).await;
        assert!(before <= most, "{before} with results of {results} bytes");
    }
}

async fn datagrams_before_the_other(results: usize) -> usize {
    let turns = Turns::start(results).await;
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(turns.running.udp().unwrap()).unwrap();
    for xid in 0..200 {
        socket.send(&call(xid, BUSY)).unwrap();
    }
    turns.before_the_other(200).await
}

#[tokio::test]
async fn connections_that_wait_to_be_accepted() {
    let turns = Turns::start(4).await;
    let connect = |xid| {
        let mut stream = TcpStream::connect(turns.running.tcp().unwrap()).unwrap();
        stream.write_all(&record(&call(xid, BUSY))).unwrap();
        stream
    };
    let waiting: Vec<_> = (0..100).map(connect).collect();
    let before = turns.before_the_other(100).await;
    assert!(before <= 8, "{before}");
    drop(waiting);
}

/// While one record is read for several turns, the others know what it holds already.
#[tokio::test]
async fn what_has_been_read_of_a_large_record_counts_at_the_end_of_each_turn() {
    const HELD: usize = 4 << 20;
    let limits = Limits::default().max_held(HELD);
    let running = start(Server::new().serve(numbers()).limits(limits)).await;
    let mut partial = record(&call_to(PROGRAM, 1, 1, &[0; 1 << 20]));
    partial.pop();
    let mut peers = Vec::new();
    for _ in 0..64 {
        let (mut ours, theirs) = tokio::io::duplex(2 << 20);
        ours.write_all(&partial).await.unwrap();
        running.serve_stream(theirs);
        peers.push(ours);
    }
    let mut most = 0;
    for _ in 0..1000 {
        tokio::task::yield_now().await;
        most = most.max(running.stats().held);
    }
    assert!(most > HELD, "the limit is reached");
    assert!(most < 2 * HELD, "{most}");
}

/// A peer that takes no reply: it makes a call that has one, and then sends calls without replies, and never stops.
struct Flood {
    next: Vec<u8>,
    on: Vec<u8>,
}

impl AsyncRead for Flood {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.next.is_empty() {
            self.next = self.on.repeat(500);
        }
        let n = buf.remaining().min(self.next.len());
        buf.put_slice(&self.next[..n]);
        self.next.drain(..n);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Flood {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Pending
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

#[tokio::test]
async fn who_fills_every_turn_has_deadlines_like_others() {
    let limits = Limits::default().write_deadline(Duration::from_millis(100));
    let running = start(Server::new().serve(numbers()).limits(limits)).await;
    running.serve_stream(Flood {
        next: record(&call(1, 1)),
        on: record(&call(2, 4)),
    });
    eventually("it is closed", || running.stats().deadlines == 1).await;
    assert!(running.stats().calls > 128);
}
