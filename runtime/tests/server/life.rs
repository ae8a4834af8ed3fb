//! Start and stop.

use crate::support::*;
use rpcgen_runtime::server::Address;
use rpcgen_runtime::{Grace, Server};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpStream, UnixStream};

/// A path for a socket of this test, in a folder that goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("rpc-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn socket(&self) -> PathBuf {
        self.0.join("socket")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn h111_an_address_in_use_is_named_and_nothing_is_left_behind() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = Folder::new("h111");
    let server = Server::new().serve(numbers()).unix(folder.socket());
    let server = server.udp("127.0.0.1:0").tcp(&address);
    let error = server.clone().start().await.unwrap_err();
    assert!(error.is_address_in_use());
    assert!(error.to_string().contains(&address), "{error}");
    assert!(!folder.socket().exists());
    drop(taken);
    let running = server.start().await.unwrap();
    assert!(folder.socket().exists());
    drop(running);
    assert!(!folder.socket().exists());
}

#[tokio::test]
async fn h112_a_drain_finishes_what_is_in_flight_and_accepts_nothing_new() {
    let running = start(Server::new().serve(numbers())).await;
    let address = running.tcp().unwrap();
    let (mut busy, mut idle) = (connect(&running).await, connect(&running).await);
    let socket = udp(&running).await;
    expect(&mut idle, &call(1, 1), &answer(1, 1)).await;
    send(&mut busy, &call(2, 3)).await;
    socket.send(&call(3, 3)).await.unwrap();
    eventually("both run", || running.stats().in_flight == 2).await;
    let start = Instant::now();
    running.shutdown(Grace::secs(10)).await;
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(reply(&mut busy).await, Some(answer(2, 3)));
    assert_eq!(reply(&mut busy).await, None);
    assert_eq!(reply(&mut idle).await, None);
    assert_eq!(received(&socket, LONG).await, Some(answer(3, 3)));
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn h103_h112_a_handler_without_end_does_not_outlive_the_grace_time() {
    let program = Program(&INTERFACE, |_, _, _| std::future::pending());
    let running = start(Server::new().serve(program)).await;
    let mut stream = connect(&running).await;
    let socket = udp(&running).await;
    send(&mut stream, &call(1, 1)).await;
    socket.send(&call(2, 1)).await.unwrap();
    eventually("both run", || running.stats().in_flight == 2).await;
    let start = Instant::now();
    running
        .shutdown(Grace::new(Duration::from_millis(100)))
        .await;
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(100) && took < Duration::from_secs(5));
    assert_eq!(reply(&mut stream).await, None);
}

#[tokio::test]
async fn h116_socket_files() {
    let folder = Folder::new("h116");
    let path = folder.socket();
    let server = || Server::new().serve(numbers()).unix(&path);
    // Nobody listens on it any more: replaced.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let running = server().start().await.unwrap();
    assert_eq!(running.addresses(), [Address::Unix(path.clone())]);
    let mut stream = UnixStream::connect(&path).await.unwrap();
    expect(&mut stream, &call(1, 1), &answer(1, 1)).await;
    // Somebody listens: left alone, and still served.
    assert!(server().start().await.unwrap_err().is_address_in_use());
    UnixStream::connect(&path).await.unwrap();
    running.shutdown(Grace::secs(5)).await;
    assert!(!path.exists());
    // No socket: left alone.
    std::fs::write(&path, "precious").unwrap();
    assert!(server().start().await.is_err());
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
    // Longer than the system allows: an error that names it.
    let long = folder.0.join("x".repeat(120));
    let error = Server::new().unix(&long).start().await.unwrap_err();
    assert!(error.address().unwrap().contains("xxx"), "{error}");
}

#[tokio::test]
async fn a_peer_on_a_unix_socket_is_known_to_the_kernel() {
    let folder = Folder::new("peer");
    let program = Program(&INTERFACE, |cx: rpcgen_runtime::Context, _, _| async move {
        let rpcgen_runtime::server::Peer::Unix { pid, .. } = cx.peer() else {
            return number(&cx, 0);
        };
        number(&cx, pid.unwrap_or_default() as u32)
    });
    let server = Server::new().serve(program).unix(folder.socket());
    let _running = server.start().await.unwrap();
    let mut stream = UnixStream::connect(folder.socket()).await.unwrap();
    let expected = answer(1, std::process::id());
    expect(&mut stream, &call(1, 1), &expected).await;
}

#[tokio::test]
async fn an_unused_server_exits_and_a_used_one_does_not() {
    let after = Duration::from_millis(200);
    let server = Server::new().serve(numbers()).idle_exit(after);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = server.tcp_listener(listener);
    let start = Instant::now();
    let serving = tokio::spawn(server.run_until(std::future::pending(), Grace::secs(1)));
    let mut stream = TcpStream::connect(address).await.unwrap();
    for xid in 0..5 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        expect(&mut stream, &call(xid, 1), &answer(xid, 1)).await;
    }
    stream.shutdown().await.unwrap();
    drop(stream);
    serving.await.unwrap().unwrap();
    assert!(start.elapsed() >= Duration::from_millis(700));
}

#[tokio::test]
async fn a_dropped_server_ends_at_once() {
    let running = start(Server::new().serve(numbers())).await;
    let address = running.tcp().unwrap();
    let mut stream = connect(&running).await;
    expect(&mut stream, &call(1, 1), &answer(1, 1)).await;
    drop(running);
    assert_eq!(reply(&mut stream).await, None);
    for _ in 0..100 {
        if TcpStream::connect(address).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it still listens");
}

#[tokio::test]
async fn h112_under_load_every_call_that_has_run_is_answered() {
    let ran = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&ran);
    // Replies that fill the buffers on their way, so that some are under way whenever the end comes.
    let program = Program(&INTERFACE, move |_, procedure, _| {
        let count = Arc::clone(&count);
        async move {
            if procedure == 2 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            count.fetch_add(1, Ordering::SeqCst);
            Ok(vec![7; 100_000].into())
        }
    });
    let running = start(Server::new().serve(program)).await;
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..16 {
        let stream = connect(&running).await;
        clients.spawn(async move {
            let (mut from, mut to) = stream.into_split();
            // It goes on calling, whatever happens.
            let calls = tokio::spawn(async move {
                for xid in 0.. {
                    if to
                        .write_all(&record(&call(xid, 1 + client % 2)))
                        .await
                        .is_err()
                    {
                        return;
                    }
                }
            });
            let mut answered = 0;
            while reply(&mut from).await.is_some() {
                answered += 1;
                if client % 4 == 0 {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
            calls.abort();
            answered
        });
    }
    eventually("they call", || ran.load(Ordering::SeqCst) > 500).await;
    running.shutdown(Grace::secs(20)).await;
    let mut answered = 0;
    while let Some(client) = clients.join_next().await {
        answered += client.unwrap();
    }
    assert_eq!(answered, ran.load(Ordering::SeqCst));
}

#[tokio::test]
async fn a_server_that_nobody_can_call_says_so_and_does_not_wait() {
    let server = Server::new().serve(numbers());
    let error = server
        .run_until(std::future::pending(), Grace::secs(1))
        .await
        .unwrap_err();
    assert!(error.to_string().contains(".tcp("), "{error}");
    // To be handed streams is another matter.
    Server::new().serve(numbers()).start().await.unwrap();
}
