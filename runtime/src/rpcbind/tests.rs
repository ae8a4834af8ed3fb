//! Our rpcbind client against our own rpcbind and against answers that no rpcbind should give.

use super::lookup::Lookup;
use super::*;
use crate::client::{CallOptions, Channel, ClientStub, ConnectOptions};
use crate::error::{ConnectErrorKind, Refused};
use crate::server::{Grace, Server};
use crate::{Body, Bytes, Interface};
use bytes::Buf;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn registration(version: u32, netid: Netid, uaddr: &str) -> Registration {
    Registration {
        program: 0x2000_0042,
        version,
        netid,
        uaddr: uaddr.into(),
    }
}

fn lookup(at: SocketAddr, version: u32, udp: bool) -> Lookup {
    Lookup {
        at,
        host: at,
        program: 0x2000_0042,
        version,
        udp,
        any_host: false,
    }
}

const LIMIT: Duration = Duration::from_secs(2);

#[tokio::test]
async fn what_is_registered_is_found_and_what_is_unregistered_is_not() {
    let local = LocalRpcbind::start("127.0.0.1:0").await.unwrap();
    let at = local.address();
    let rpcbind = Rpcbind::required().at(at);
    let list = [
        registration(1, Netid::Tcp, "0.0.0.0.8.1"),
        registration(1, Netid::Udp, "0.0.0.0.8.2"),
        registration(1, Netid::Tcp6, "::.8.3"),
    ];
    rpcbind.register(&list).await.unwrap();
    rpcbind.register(&list).await.unwrap();
    let entries = rpcbind.dump().await.unwrap();
    assert_eq!(
        entries.iter().filter(|e| e.program == 0x2000_0042).count(),
        3
    );
    assert_eq!(lookup(at, 1, false).ask(LIMIT).await.unwrap().port(), 0x801);
    assert_eq!(lookup(at, 1, true).ask(LIMIT).await.unwrap().port(), 0x802);
    assert_eq!(
        lookup(at, 9, false).ask(LIMIT).await.unwrap().port(),
        0x801,
        "another version"
    );
    rpcbind.unregister(&list).await;
    let missing = lookup(at, 1, false).ask(LIMIT).await.unwrap_err();
    assert!(matches!(missing, ConnectErrorKind::NotRegistered { .. }));
    local.shutdown(Grace::secs(1)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_blocking_look_up_finds_the_same() {
    let local = LocalRpcbind::start("127.0.0.1:0").await.unwrap();
    let at = local.address();
    let list = [registration(1, Netid::Tcp, "127.0.0.1.8.1")];
    Rpcbind::required().at(at).register(&list).await.unwrap();
    let found = tokio::task::spawn_blocking(move || lookup(at, 1, false).ask_blocking(LIMIT));
    assert_eq!(found.await.unwrap().unwrap().port(), 0x801);
    let missing = tokio::task::spawn_blocking(move || lookup(at, 1, true).ask_blocking(LIMIT));
    let missing = missing.await.unwrap().unwrap_err();
    assert!(matches!(missing, ConnectErrorKind::NotRegistered { .. }));
}

#[tokio::test]
async fn h119_a_stale_entry_is_replaced() {
    let local = LocalRpcbind::start("127.0.0.1:0").await.unwrap();
    let rpcbind = Rpcbind::required().at(local.address());
    for uaddr in ["0.0.0.0.8.1", "0.0.0.0.8.2"] {
        let list = [registration(1, Netid::Tcp, uaddr)];
        rpcbind.register(&list).await.unwrap();
    }
    let found = lookup(local.address(), 1, false).ask(LIMIT).await.unwrap();
    assert_eq!(found.port(), 0x802);
}

#[tokio::test]
async fn an_absent_rpcbind_is_an_error_within_the_limit() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    drop(listener);
    let list = [registration(1, Netid::Tcp, "0.0.0.0.8.1")];
    let error = Rpcbind::required()
        .at(at)
        .register(&list)
        .await
        .unwrap_err();
    assert!(
        matches!(error, RegisterError::Rpc(RpcError::Connect(_))),
        "{error}"
    );
    let error = lookup(at, 1, false).ask(LIMIT).await.unwrap_err();
    assert!(matches!(error, ConnectErrorKind::Rpcbind(_)));
}

/// An rpcbind that the test plays: answers each call by version and procedure.
async fn play(
    listener: TcpListener,
    answer: impl Fn(u32, u32) -> Option<Vec<u32>> + Send + Clone + 'static,
) {
    loop {
        let (peer, _) = listener.accept().await.unwrap();
        tokio::spawn(serve(peer, answer.clone()));
    }
}

async fn serve(mut peer: TcpStream, answer: impl Fn(u32, u32) -> Option<Vec<u32>> + Send) {
    while let Ok(mark) = peer.read_u32().await {
        let mut call = vec![0; (mark & 0x7fff_ffff) as usize];
        peer.read_exact(&mut call).await.unwrap();
        let word = |i: usize| u32::from_be_bytes(call[4 * i..][..4].try_into().unwrap());
        let Some(rest) = answer(word(4), word(5)) else {
            continue;
        };
        let reply = [vec![word(0), 1, 0, 0, 0], rest].concat();
        let reply: Vec<u8> = reply.iter().flat_map(|w| w.to_be_bytes()).collect();
        peer.write_u32(1 << 31 | reply.len() as u32).await.unwrap();
        peer.write_all(&reply).await.unwrap();
    }
}

async fn played(
    answer: impl Fn(u32, u32) -> Option<Vec<u32>> + Send + Clone + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(play(listener, answer));
    at
}

#[tokio::test]
async fn h121_versions_fall_back_from_4_to_3_to_2_within_one_deadline() {
    let mismatch = vec![2, 2, 2];
    let only_v2 = move |version, _| match version {
        2 => Some(vec![0, 2049]),
        _ => Some(mismatch.clone()),
    };
    let at = played(only_v2).await;
    assert_eq!(lookup(at, 1, false).ask(LIMIT).await.unwrap().port(), 2049);
    // One that says nothing to the newer versions.
    let silent = |version, _| (version == 2).then(|| vec![0, 2049]);
    let at = played(silent).await;
    let begun = std::time::Instant::now();
    assert_eq!(lookup(at, 1, false).ask(LIMIT).await.unwrap().port(), 2049);
    assert!(begun.elapsed() < LIMIT);
    // One that says nothing at all.
    let at = played(|_, _| None).await;
    let begun = std::time::Instant::now();
    lookup(at, 1, false).ask(LIMIT).await.unwrap_err();
    assert!(begun.elapsed() < LIMIT + Duration::from_millis(200));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h120_what_no_rpcbind_should_answer_is_a_typed_error() {
    let text = |text: &[u8]| {
        let mut bytes = text.to_vec();
        bytes.resize(text.len().next_multiple_of(4), 0);
        let words = bytes.chunks_exact(4);
        let words = words.map(|c| u32::from_be_bytes(c.try_into().unwrap()));
        [0, text.len() as u32].into_iter().chain(words).collect()
    };
    let bad: Vec<Vec<u32>> = [
        &b"0.0.0.0.0.0"[..],
        b"127.0.0.1.0.0",
        b"1.2.3.4.256.1",
        b"300.1.2.3.1.1",
        b"192.0.2.1.8.1",
        b"127.0.0.1.256.0",
        b"127.0.0.1",
        b"::1.8.1",
        b"::ffff:127.0.0.1.8.1",
        b"fe80::1%lo.8.1",
        b"[::1]:2049",
        b"127.0.0.1.8.1\0",
        b"localhost.8.1",
        b"\xff\xfe",
        &[b'9'; 200],
    ]
    .map(text)
    .into();
    let mut answers: Vec<(u32, Vec<u32>, bool)> =
        bad.into_iter().map(|answer| (4, answer, false)).collect();
    answers.push((4, text(b""), true));
    answers.push((2, vec![0, 0], true));
    for port in [1 << 16, 256_743, u32::MAX] {
        answers.push((2, vec![0, port], false));
    }
    for (version, answer, missing) in answers {
        let (said, none) = (answer.clone(), vec![1]);
        let at = played(move |v, _| {
            Some(if v == version {
                said.clone()
            } else {
                none.clone()
            })
        });
        let at = at.await;
        let error = lookup(at, 1, false).ask(LIMIT).await.unwrap_err();
        let blocking = move || lookup(at, 1, false).ask_blocking(LIMIT).unwrap_err();
        let blocking = tokio::task::spawn_blocking(blocking).await.unwrap();
        for error in [error, blocking] {
            let fits = match missing {
                true => matches!(error, ConnectErrorKind::NotRegistered { .. }),
                false => matches!(error, ConnectErrorKind::BadAddress(_)),
            };
            assert!(fits, "{answer:x?}: {error}");
        }
    }
    // 9 000 bytes are no address of any transport.
    let at = played(move |_, _| Some(text(&[b'1'; 8999]))).await;
    let error = lookup(at, 1, false).ask(LIMIT).await.unwrap_err();
    assert!(matches!(error, ConnectErrorKind::Rpcbind(_)), "{error}");
}

#[tokio::test]
async fn h122_an_endless_dump_is_cut_off() {
    let endless = |version, procedure| {
        assert_eq!((version, procedure), (4, 4));
        let entry = [1, 7, 1, 0, 0, 0];
        Some([vec![0], entry.repeat(100_000), vec![0]].concat())
    };
    let at = played(endless).await;
    let error = Rpcbind::required().at(at).dump().await.unwrap_err();
    assert!(matches!(error, RpcError::Decode(_)), "{error}");
}

#[tokio::test]
async fn h120_h123_dumped_addresses_are_checked() {
    let v2 = |version, _| match version {
        2 => Some(vec![0, 1, 7, 1, 6, 256_743, 1, 7, 1, 17, 2049, 0]),
        _ => Some(vec![1]),
    };
    let entries = Rpcbind::required()
        .at(played(v2).await)
        .dump()
        .await
        .unwrap();
    assert_eq!(entries[0].address, None);
    assert_eq!(entries[1].address.unwrap().port(), 2049);
}

static NOBODY: Interface = Interface {
    name: "NOBODY",
    program: 0x2000_0042,
    version: 1,
    procedures: &[],
};

#[derive(Clone, Debug)]
struct Client(crate::client::Stub);

impl ClientStub for Client {
    const INTERFACE: &'static Interface = &NOBODY;
    fn from_stub(stub: crate::client::Stub) -> Self {
        Self(stub)
    }
    fn stub(&self) -> &crate::client::Stub {
        &self.0
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_without_port_asks_again_at_each_reconnect() {
    let local = LocalRpcbind::start("127.0.0.1:0").await.unwrap();
    let rpcbind = Rpcbind::required().at(local.address());
    let serve = |registry: Registry| registry.serve(Server::new()).tcp("127.0.0.1:0").start();
    let program = |port: u16| {
        registration(
            1,
            Netid::Tcp,
            &uaddr::to_uaddr(([127, 0, 0, 1], port).into()),
        )
    };
    let first = serve(Registry::new()).await.unwrap();
    let at = program(first.tcp().unwrap().port());
    rpcbind.register(&[at]).await.unwrap();
    let options = ConnectOptions::new()
        .rpcbind(local.address())
        .calls(CallOptions::new().timeout(LIMIT));
    let client: Client = crate::connect_with("127.0.0.1", options).await.unwrap();
    let null = |channel: Channel| async move { channel.call_raw(100_000, 2, 0, Body::new()).await };
    null(client.channel().clone()).await.unwrap();
    let options = ConnectOptions::new()
        .rpcbind(local.address())
        .calls(CallOptions::new().timeout(LIMIT));
    let connect = || crate::client::blocking::connect_with("127.0.0.1", options).unwrap();
    let plain: BlockingClient = tokio::task::block_in_place(connect);
    let answers = || {
        let refused = tokio::task::block_in_place(|| plain_null(&plain));
        assert!(matches!(
            refused,
            Err(RpcError::Refused(Refused::ProgUnavail))
        ));
    };
    answers();
    // The server dies and comes back on another port.
    let second = serve(Registry::new()).await.unwrap();
    let at = program(second.tcp().unwrap().port());
    rpcbind.register(&[at]).await.unwrap();
    first.shutdown(Grace::secs(0)).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let none = null(client.channel().clone()).await.unwrap();
    assert_eq!(none.remaining(), 0);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    answers();
    let unknown = client
        .channel()
        .call_raw(7, 1, 0, Body::from(Bytes::new()))
        .await;
    assert!(matches!(
        unknown,
        Err(RpcError::Refused(Refused::ProgUnavail))
    ));
}

/// Calls procedure 0 of the program, as a client that found its port by rpcbind.
fn plain_null(client: &BlockingClient) -> Result<(), RpcError> {
    crate::client::blocking::ping(client)
}

#[derive(Clone, Debug)]
struct BlockingClient(crate::client::blocking::Stub);

impl crate::client::blocking::ClientStub for BlockingClient {
    const INTERFACE: &'static Interface = &NOBODY;
    fn from_stub(stub: crate::client::blocking::Stub) -> Self {
        Self(stub)
    }
    fn stub(&self) -> &crate::client::blocking::Stub {
        &self.0
    }
}

/// A UDP server that the test plays: answers every call with nothing, and has registered itself.
async fn udp_server(rpcbind: &Rpcbind) -> tokio::task::JoinHandle<()> {
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let uaddr = uaddr::to_uaddr(socket.local_addr().unwrap());
    let list = [registration(1, Netid::Udp, &uaddr)];
    rpcbind.register(&list).await.unwrap();
    tokio::spawn(async move {
        let mut call = [0; 1000];
        while let Ok((_, from)) = socket.recv_from(&mut call).await {
            let reply = [&call[..4], &[0, 0, 0, 1], &[0; 16]].concat();
            let _ = socket.send_to(&reply, from).await;
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_udp_rpcbind_is_asked_again_when_nobody_is_at_the_port_or_answers() {
    let local = LocalRpcbind::start("127.0.0.1:0").await.unwrap();
    let rpcbind = Rpcbind::required().at(local.address());
    let options = |limit| {
        ConnectOptions::new()
            .rpcbind(local.address())
            .calls(CallOptions::new().timeout(limit))
    };
    let first = udp_server(&rpcbind).await;
    let at = "udp://127.0.0.1";
    let long = Duration::from_secs(30);
    let client: Client = crate::connect_with(at, options(long)).await.unwrap();
    let quick: Client = crate::connect_with(at, options(long / 100)).await.unwrap();
    let connect = |options| {
        let connect = || crate::client::blocking::connect_with(at, options).unwrap();
        tokio::task::block_in_place(connect)
    };
    let plain: BlockingClient = connect(options(long));
    let hasty: BlockingClient = connect(options(long / 100));
    let all = async || {
        crate::ping(&client).await?;
        crate::ping(&quick).await?;
        tokio::task::block_in_place(|| plain_null(&plain).and_then(|()| plain_null(&hasty)))
    };
    all().await.unwrap();

    // It dies and comes back on another port: the kernel tells that nobody is at the old one.
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    let second = udp_server(&rpcbind).await;
    all().await.unwrap();

    // Its old port is taken by one who says nothing: a call is lost, and the next one finds the server.
    second.abort();
    assert!(second.await.unwrap_err().is_cancelled());
    let found = lookup(local.address(), 1, true).ask(LIMIT).await.unwrap();
    let silent = tokio::net::UdpSocket::bind(found).await.unwrap();
    let _third = udp_server(&rpcbind).await;
    assert!(crate::ping(&quick).await.unwrap_err().is_timeout());
    crate::ping(&quick).await.unwrap();
    tokio::task::block_in_place(|| {
        assert!(plain_null(&hasty).unwrap_err().is_timeout());
        plain_null(&hasty).unwrap();
    });
    // Not so long as anything is answered.
    let silenced = quick.channel().local_addr();
    for _ in 0..3 {
        crate::ping(&quick).await.unwrap();
    }
    assert_eq!(quick.channel().local_addr(), silenced);
    drop(silent);
}

#[tokio::test]
async fn a_program_that_is_not_registered_is_named() {
    let local = LocalRpcbind::start("127.0.0.1:0").await.unwrap();
    let options = ConnectOptions::new().rpcbind(local.address());
    let error = crate::connect_with::<Client>("udp://127.0.0.1", options)
        .await
        .unwrap_err();
    let kind = ConnectErrorKind::NotRegistered {
        program: 0x2000_0042,
        version: 1,
    };
    assert!(
        matches!(&error, RpcError::Connect(e) if *e.kind() == kind),
        "{error}"
    );
}
