//! Sockets that another program hands over: inetd's way as standard input, systemd's as `LISTEN_FDS`. The server is this
//! program again, in a process of its own.

#![cfg(unix)]

#[path = "server/support.rs"]
#[allow(dead_code, reason = "shared with the other tests of the server")]
mod support;

use rpcgen_runtime::{Grace, Server};
use std::net::{TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use support::*;

const IDLE: Duration = Duration::from_millis(500);

#[cfg(feature = "listenfd")]
static NAMED: rpcgen_runtime::Interface = rpcgen_runtime::Interface {
    program: PROGRAM + 1,
    ..INTERFACE
};

/// The server. Its socket is standard input; for `LISTEN_FDS` the shell has made it descriptor 3.
#[tokio::test]
#[ignore = "what the others start"]
async fn child() {
    let server = Server::new().serve(numbers()).idle_exit(IDLE);
    match std::env::var("LISTEN_FDS") {
        Err(_) => {
            let running = server.start_from_inetd().await.unwrap();
            running.idle(IDLE).await;
            running.shutdown(Grace::secs(1)).await;
        }
        #[cfg(feature = "listenfd")]
        Ok(_) => {
            // What is bound to the name that systemd gives its sockets, besides.
            let server = server.on("named", |on| {
                on.serve(Program(&NAMED, |cx, _, _| async move {
                    number(&cx, cx.listener().map_or(0, |name| name.len() as u32))
                }))
            });
            let server = server.inherited().unwrap();
            let stop = std::future::pending();
            server.run_until(stop, Grace::secs(1)).await.unwrap();
        }
        #[cfg(not(feature = "listenfd"))]
        Ok(_) => {}
    }
}

/// Hands a socket to the server.
fn hand_over(socket: impl Into<OwnedFd>, script: &str) -> Child {
    let mut command = Command::new("sh");
    command
        .args(["-c", script, "sh"])
        .arg(std::env::current_exe().unwrap());
    command.stdin(Stdio::from(socket.into()));
    command.stdout(Stdio::null());
    command.spawn().unwrap()
}

const AS_INETD: &str = "exec \"$1\" child --exact --ignored";

/// It exits by itself when it is not used any more.
async fn exits(mut child: Child) {
    for _ in 0..500 {
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success());
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let _ = child.kill();
    panic!("it does not exit");
}

async fn called(address: std::net::SocketAddr) {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    expect(&mut stream, &call(1, 1), &answer(1, 1)).await;
}

#[tokio::test]
async fn inetd_hands_over_a_listener() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let child = hand_over(listener, AS_INETD);
    called(address).await;
    called(address).await;
    exits(child).await;
}

#[tokio::test]
async fn inetd_hands_over_a_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let (accepted, _) = listener.accept().unwrap();
    let child = hand_over(accepted, AS_INETD);
    expect(&mut stream, &call(1, 3), &answer(1, 3)).await;
    drop(stream);
    exits(child).await;
}

#[tokio::test]
async fn inetd_hands_over_a_udp_socket() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let child = hand_over(socket, AS_INETD);
    let client = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    client.connect(address).await.unwrap();
    client.send(&call(1, 1)).await.unwrap();
    assert_eq!(received(&client, LONG).await, Some(answer(1, 1)));
    exits(child).await;
}

#[cfg(feature = "listenfd")]
#[tokio::test]
async fn systemd_hands_over_a_listener() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let script = "LISTEN_FDS=1 LISTEN_PID=$$ exec \"$1\" child --exact --ignored 3<&0 </dev/null";
    let child = hand_over(listener, script);
    called(address).await;
    exits(child).await;
}

#[cfg(feature = "listenfd")]
#[tokio::test]
async fn systemd_hands_over_a_udp_socket_and_a_unix_listener() {
    let script = "LISTEN_FDS=1 LISTEN_PID=$$ exec \"$1\" child --exact --ignored 3<&0 </dev/null";
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let child = hand_over(socket, script);
    let client = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    client.connect(address).await.unwrap();
    client.send(&call(1, 1)).await.unwrap();
    assert_eq!(received(&client, LONG).await, Some(answer(1, 1)));
    exits(child).await;

    let path = std::env::temp_dir().join(format!("rpc-{}-inherited", std::process::id()));
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let child = hand_over(listener, script);
    let mut stream = tokio::net::UnixStream::connect(&path).await.unwrap();
    expect(&mut stream, &call(1, 1), &answer(1, 1)).await;
    drop(stream);
    exits(child).await;
    // The socket file is whoever's made it.
    std::fs::remove_file(path).unwrap();
}

#[cfg(feature = "listenfd")]
#[tokio::test]
async fn systemd_names_the_listeners_it_hands_over() {
    for (names, expected) in [
        ("named:x", answer(2, 5)),
        ("other", refusal(2, 1)),
        ("", refusal(2, 1)),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let script = format!(
            "LISTEN_FDNAMES={names} LISTEN_FDS=1 LISTEN_PID=$$ exec \"$1\" child --exact --ignored 3<&0 </dev/null"
        );
        let child = hand_over(listener, &script);
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        expect(&mut stream, &call(1, 1), &answer(1, 1)).await;
        expect(&mut stream, &call_to(PROGRAM + 1, 2, 1, &[]), &expected).await;
        drop(stream);
        exits(child).await;
    }
}
