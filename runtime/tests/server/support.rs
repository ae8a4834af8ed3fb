//! A program to call, and calls as bytes.

use rpcgen_runtime::codegen::v1::results;
use rpcgen_runtime::server::{BoxFuture, Running};
use rpcgen_runtime::{Body, Context, Dispatch, Fault, Interface, ProcInfo, Server};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

pub(crate) const PROGRAM: u32 = 0x2000_0077;

const fn procedure(number: u32, name: &'static str, oneway: bool) -> ProcInfo {
    ProcInfo {
        number,
        name,
        oneway,
        idempotent: false,
        args_ratio: 16,
        result_ratio: 16,
    }
}

pub(crate) static INTERFACE: Interface = Interface {
    name: "TEST",
    program: PROGRAM,
    version: 1,
    procedures: &[
        procedure(1, "ONE", false),
        procedure(2, "TWO", false),
        procedure(3, "THREE", false),
        procedure(4, "TELL", true),
    ],
};

/// A closure as a program.
pub(crate) struct Program<F>(pub(crate) &'static Interface, pub(crate) F);

impl<F, R> Dispatch for Program<F>
where
    F: Fn(Context, u32, Body) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Body, Fault>> + Send + 'static,
{
    fn interface(&self) -> &'static Interface {
        self.0
    }

    fn dispatch(
        self: Arc<Self>,
        cx: Context,
        procedure: u32,
        args: Body,
    ) -> BoxFuture<'static, Result<Body, Fault>> {
        Box::pin((self.1)(cx, procedure, args))
    }
}

/// A program that answers its procedure number, procedure 3 after 50 ms.
pub(crate) fn numbers() -> impl Dispatch {
    Program(&INTERFACE, |cx, procedure, _| async move {
        if procedure == 3 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        number(&cx, procedure)
    })
}

/// A result of one word.
pub(crate) fn number(cx: &Context, n: u32) -> Result<Body, Fault> {
    results(cx, |w| w.u32(n))
}

pub(crate) async fn start(server: Server) -> Running {
    server
        .tcp("127.0.0.1:0")
        .udp("127.0.0.1:0")
        .start()
        .await
        .unwrap()
}

pub(crate) fn bytes(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|w| w.to_be_bytes()).collect()
}

pub(crate) fn call_to(program: u32, xid: u32, procedure: u32, args: &[u8]) -> Vec<u8> {
    let mut message = bytes(&[xid, 0, 2, program, 1, procedure, 0, 0, 0, 0]);
    message.extend(args);
    message
}

pub(crate) fn call(xid: u32, procedure: u32) -> Vec<u8> {
    call_to(PROGRAM, xid, procedure, &[])
}

/// A call with this credential.
pub(crate) fn call_as(xid: u32, procedure: u32, flavor: u32, cred: &[u8]) -> Vec<u8> {
    let mut message = bytes(&[xid, 0, 2, PROGRAM, 1, procedure, flavor, cred.len() as u32]);
    message.extend(cred);
    message.resize(message.len().next_multiple_of(4), 0);
    message.extend([0; 8]);
    message
}

/// AUTH_SYS with these ids.
pub(crate) fn sys(uid: u32, gid: u32) -> Vec<u8> {
    bytes(&[1, 0, uid, gid, 0])
}

pub(crate) fn record(message: &[u8]) -> Vec<u8> {
    let mark = message.len() as u32 | 1 << 31;
    [&mark.to_be_bytes()[..], message].concat()
}

/// A reply's accept_stat 0 and one word behind it.
pub(crate) fn answer(xid: u32, word: u32) -> Vec<u8> {
    bytes(&[xid, 1, 0, 0, 0, 0, word])
}

/// An accepted reply that is no success.
pub(crate) fn refusal(xid: u32, stat: u32) -> Vec<u8> {
    bytes(&[xid, 1, 0, 0, 0, stat])
}

/// A denied reply with this auth_stat.
pub(crate) fn denied(xid: u32, stat: u32) -> Vec<u8> {
    bytes(&[xid, 1, 1, 1, stat])
}

pub(crate) async fn connect(running: &Running) -> TcpStream {
    TcpStream::connect(running.tcp().unwrap()).await.unwrap()
}

pub(crate) async fn send(stream: &mut (impl AsyncWriteExt + Unpin), message: &[u8]) {
    stream.write_all(&record(message)).await.unwrap();
}

/// The next reply, or `None` when the server has closed.
pub(crate) async fn reply(stream: &mut (impl AsyncReadExt + Unpin)) -> Option<Vec<u8>> {
    let read = async {
        let mark = stream.read_u32().await.ok()?;
        let mut message = vec![0; (mark & 0x7fff_ffff) as usize];
        stream.read_exact(&mut message).await.ok()?;
        Some(message)
    };
    // Long, for the machine may be busy with other things.
    tokio::time::timeout(Duration::from_secs(60), read)
        .await
        .expect("an answer or an end")
}

/// Sends a call, expects this answer.
pub(crate) async fn expect(
    stream: &mut (impl AsyncReadExt + AsyncWriteExt + Unpin),
    message: &[u8],
    expected: &[u8],
) {
    send(stream, message).await;
    assert_eq!(reply(stream).await.as_deref(), Some(expected));
}

/// Ends a connection by a reset: not as one that still reads would.
pub(crate) fn reset(stream: TcpStream) {
    let at_once = Some(Duration::ZERO);
    socket2::SockRef::from(&stream).set_linger(at_once).unwrap();
}

/// The server lives.
pub(crate) async fn good(running: &Running) {
    expect(&mut connect(running).await, &call(9, 1), &answer(9, 1)).await;
}

/// Waits until it holds, for a while.
pub(crate) async fn eventually(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..500 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}

/// A UDP socket that talks to the server.
pub(crate) async fn udp(running: &Running) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(running.udp().unwrap()).await.unwrap();
    socket
}

/// What comes within a time, if anything.
pub(crate) async fn received(socket: &UdpSocket, within: Duration) -> Option<Vec<u8>> {
    let mut buf = vec![0; 65_536];
    let n = tokio::time::timeout(within, socket.recv(&mut buf))
        .await
        .ok()?
        .unwrap();
    buf.truncate(n);
    Some(buf)
}

pub(crate) const SHORT: Duration = Duration::from_millis(150);
pub(crate) const LONG: Duration = Duration::from_secs(10);
