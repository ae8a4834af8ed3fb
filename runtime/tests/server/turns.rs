//! Who keeps the server's thread busy does so for a turn: then those are next whose calls have come meanwhile.

use crate::support::*;
use rpcgen_runtime::Server;
use rpcgen_runtime::server::Running;
use std::io::Write;
use std::net::{TcpStream, UdpSocket};
use std::sync::{Arc, Mutex};
use tokio::io::AsyncWriteExt;

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
    let turns = Turns::start(4).await;
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(turns.running.udp().unwrap()).unwrap();
    for xid in 0..200 {
        socket.send(&call(xid, BUSY)).unwrap();
    }
    let before = turns.before_the_other(200).await;
    assert!(
        before <= 96,
        "a turn is 64, and ends with a batch: {before}"
    );
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
