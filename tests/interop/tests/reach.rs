//! How a server is reached, and how it is noticed that it cannot be any more: names with several addresses, reserved
//! ports, a cable that is taken out. And how a server notices that a client is gone.

use interop::arith::arith_prog::blocking::ArithV1Client as BlockingClient;
use interop::arith::arith_prog::{ArithV1Client, ArithV1Server};
use interop::namespace;
use interop::peers::CServer;
use interop::server::{Peer, server};
use interop::wire::{call, record, words};
use rpcgen_runtime::{
    CallOptions, ConnectOptions, Grace, Limits, RpcError, Server, blocking, connect_with,
};
use std::net::{Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::process::Command;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime")
}

fn run(program: &str, arguments: &str) {
    let done = Command::new(program)
        .args(arguments.split_whitespace())
        .env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin")
        .status();
    assert!(done.is_ok_and(|d| d.success()), "{program} {arguments}");
}

/// A listener whose queue is full: the kernel drops what else wants to connect.
fn full(at: SocketAddr) -> Vec<socket2::Socket> {
    let domain = socket2::Domain::for_address(at);
    let socket = || socket2::Socket::new(domain, socket2::Type::STREAM, None);
    let listener = socket().expect("a socket");
    listener.bind(&at.into()).expect("the address is free");
    listener.listen(0).expect("it listens");
    let mut all = vec![listener];
    while let Ok(waiting) = socket()
        && let limit = Duration::from_millis(200)
        && waiting.connect_timeout(&at.into(), limit).is_ok()
    {
        all.push(waiting);
    }
    all
}

#[test]
fn all_addresses_of_a_name_are_tried_and_looked_up_anew_at_each_reconnect() {
    namespace::inside(
        "all_addresses_of_a_name_are_tried_and_looked_up_anew_at_each_reconnect",
        || {
            let hosts = |text: &str| std::fs::write("/run/hosts", text).expect("/run is ours");
            std::fs::write("/run/nsswitch", "hosts: files\n").expect("/run is ours");
            hosts("127.0.0.2 many\n127.0.0.1 many\n::1 many\n");
            run("mount", "--bind /run/hosts /etc/hosts");
            run("mount", "--bind /run/nsswitch /etc/nsswitch.conf");
            let runtime = runtime();
            let first = runtime.block_on(server().start()).expect("it starts");
            let port = first.tcp().expect("it listens").port();
            let target = format!("tcp://many:{port}");
            let options = ConnectOptions::new;
            // Nobody listens at the other addresses.
            let client: ArithV1Client = runtime
                .block_on(connect_with(&target, options()))
                .expect("one of the addresses is good");
            let plain: BlockingClient =
                blocking::connect_with(&target, options()).expect("one of the addresses is good");
            assert_eq!(runtime.block_on(client.sub(3, 2)).expect("an answer"), 1);
            assert_eq!(plain.sub(3, 2).expect("an answer"), 1);

            // One of them lets nobody in and says nothing: the others have their share of the time.
            let full = full(SocketAddr::from((Ipv6Addr::LOCALHOST, port)));
            let begun = Instant::now();
            let _: ArithV1Client = runtime
                .block_on(connect_with(&target, options()))
                .expect("one of the addresses is good");
            let _: BlockingClient =
                blocking::connect_with(&target, options()).expect("one of the addresses is good");
            assert!(begun.elapsed() > Duration::from_secs(3), "it was not tried");
            drop(full);

            // It moves to another address.
            runtime.block_on(first.shutdown(Grace::secs(5)));
            hosts("127.0.0.3 many\n");
            let moved = SocketAddr::from(([127, 0, 0, 3], port));
            let second = Server::new().serve(ArithV1Server(Peer)).tcp(moved);
            let second = runtime.block_on(second.start()).expect("it starts");
            std::thread::sleep(Duration::from_millis(1100));
            assert_eq!(runtime.block_on(client.sub(5, 2)).expect("an answer"), 3);
            assert_eq!(plain.sub(5, 2).expect("an answer"), 3);
            runtime.block_on(second.shutdown(Grace::secs(5)));
        },
    );
}

#[test]
fn h114_reserved_ports_are_used_when_asked_for() {
    namespace::inside("h114_reserved_ports_are_used_when_asked_for", || {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let tcp = format!("tcp://{}", listener.local_addr().expect("an address"));
        let udp = format!("udp://{}", socket.local_addr().expect("an address"));
        let soon = CallOptions::new().timeout(Duration::from_millis(100));
        let options = || {
            ConnectOptions::new()
                .calls(soon.clone())
                .reserved_port(true)
        };
        let reserved = |from: SocketAddr| {
            assert!((600..1024).contains(&from.port()), "{from}");
        };
        let runtime = runtime();
        let client: ArithV1Client = runtime
            .block_on(connect_with(&tcp, options()))
            .expect("it is there");
        reserved(listener.accept().expect("a connection").1);
        let plain: BlockingClient = blocking::connect_with(&tcp, options()).expect("it is there");
        reserved(listener.accept().expect("a connection").1);
        drop((client, plain));
        let client: ArithV1Client = runtime
            .block_on(connect_with(&udp, options()))
            .expect("no connection");
        runtime
            .block_on(client.sub(1, 1))
            .expect_err("nobody answers");
        reserved(socket.recv_from(&mut [0; 100]).expect("a call").1);
        let plain: BlockingClient = blocking::connect_with(&udp, options()).expect("no connection");
        plain.sub(1, 1).expect_err("nobody answers");
        reserved(socket.recv_from(&mut [0; 100]).expect("a call").1);
    });
}

#[test]
fn h098_a_host_that_is_gone_without_a_word_is_noticed() {
    namespace::inside("h098_a_host_that_is_gone_without_a_word_is_noticed", || {
        run("ip", "link add here0 type veth peer name there0");
        run("ip", "addr add 203.0.113.1/24 dev here0");
        run("ip", "link set here0 up");
        let there = CServer::start_on_host("there0", "203.0.113.2/24");
        let target = format!("tcp://203.0.113.2:{}", there.tcp);
        let options = || {
            let calls = CallOptions::new().timeout(Duration::from_secs(60));
            let options = ConnectOptions::new().calls(calls);
            options.keepalive(Some(Duration::from_secs(1)))
        };
        let runtime = runtime();
        let idle: ArithV1Client = runtime
            .block_on(connect_with(&target, options()))
            .expect("it is there");
        let client: ArithV1Client = runtime
            .block_on(connect_with(&target, options()))
            .expect("it is there");
        let plain: BlockingClient =
            blocking::connect_with(&target, options()).expect("it is there");
        assert_eq!(runtime.block_on(client.sub(3, 2)).expect("an answer"), 1);
        assert_eq!(plain.sub(3, 2).expect("an answer"), 1);
        there.unplug("there0");
        let lost = |outcome: Result<i32, RpcError>, begun: Instant| {
            let error = outcome.expect_err("nobody can answer");
            println!("{error} after {:?}", begun.elapsed());
            assert!(matches!(error, RpcError::ConnectionLost { .. }), "{error}");
            assert!(begun.elapsed() < Duration::from_secs(30));
        };
        let begun = Instant::now();
        std::thread::scope(|scope| {
            scope.spawn(|| lost(plain.sub(1, 1), begun));
            lost(runtime.block_on(client.sub(1, 1)), begun);
        });
        // One that is not used is noticed, too.
        let end = Instant::now() + Duration::from_secs(30);
        while rpcgen_runtime::ClientStub::channel(&idle)
            .local_addr()
            .is_some()
        {
            assert!(Instant::now() < end, "an idle connection to nobody");
            std::thread::sleep(Duration::from_millis(50));
        }
    });
}

#[test]
fn h018_h098_a_client_that_is_gone_without_a_word_is_noticed() {
    namespace::inside(
        "h018_h098_a_client_that_is_gone_without_a_word_is_noticed",
        || runtime().block_on(clients_go()),
    );
}

async fn clients_go() {
    // How long the kernel remembers a connection that was closed, whose other end says nothing.
    std::fs::write("/proc/sys/net/ipv4/tcp_fin_timeout", "1").expect("a network of one's own");
    run("ip", "addr add 203.0.113.9/32 dev lo");
    let limits = Limits::default().keepalive(Some(Duration::from_secs(1)));
    let server = server().limits(limits).start().await.expect("it starts");
    let address = server.tcp().expect("it listens");
    // ARITH_SLEEP_MS, for ten minutes.
    let message = [call(1, 0x2000_0a02, 1, 6), words(&[600_000])].concat();
    for vanishes in [false, true] {
        let socket = TcpSocket::new_v4().expect("a socket");
        let from = if vanishes {
            "203.0.113.9:0"
        } else {
            "127.0.0.1:0"
        };
        let from = from.parse().expect("an address");
        socket.bind(from).expect("it is ours");
        let mut stream = socket.connect(address).await.expect("it is accepted");
        stream
            .write_all(&record(&message))
            .await
            .expect("it is sent");
        let until = async |running: usize| {
            let begun = Instant::now();
            while server.stats().in_flight != running {
                assert!(begun.elapsed() < Duration::from_secs(30), "{running} calls");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            println!("{running} calls after {:?}", begun.elapsed());
        };
        until(1).await;
        // It closes, as one that waits for its reply would end its direction; or its host is cut off.
        let kept = match vanishes {
            false => {
                drop(stream);
                None
            }
            true => {
                run("ip", "addr del 203.0.113.9/32 dev lo");
                Some(stream)
            }
        };
        until(0).await;
        assert_eq!(server.stats().connections, 0);
        drop(kept);
    }
    server.shutdown(Grace::secs(5)).await;
}
