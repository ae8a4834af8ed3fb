//! The client against our server and against peers that misbehave.

#![allow(
    clippy::redundant_closure,
    clippy::redundant_closure_for_method_calls,
    reason = "the named method is not general enough in its lifetimes"
)]

use super::*;
use crate::server::{
    Address, BoxFuture, Context, Dispatch, Fault, Grace, Running, Server, arguments, results,
};
use crate::{Body, Execution, Interface, ProcInfo, Refused, Sent};
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

mod auth;
mod batch;
mod broadcast;
mod faults;
mod hostile;
mod policies;
mod runtimes;
mod service;
mod stream;
mod turns;
mod udp;
mod xids;

const PROGRAM: u32 = 0x2000_0099;

const fn procedure(number: u32, name: &'static str, idempotent: bool) -> ProcInfo {
    ProcInfo {
        number,
        name,
        oneway: false,
        idempotent,
        args_ratio: 16,
        result_ratio: 16,
    }
}

pub(super) static ECHO: Interface = Interface {
    name: "ECHO",
    program: PROGRAM,
    version: 1,
    procedures: &[
        procedure(0, "NULL", true),
        procedure(1, "ECHO", true),
        procedure(2, "WAIT", false),
        procedure(3, "COUNT", false),
        procedure(4, "NOTE", false),
    ],
};

/// Echoes opaque data; waits; counts how often it ran.
#[derive(Debug, Default)]
struct Echo {
    ran: AtomicU32,
}

struct EchoServer(Arc<Echo>);

impl Dispatch for EchoServer {
    fn interface(&self) -> &'static Interface {
        &ECHO
    }
    fn dispatch(
        self: Arc<Self>,
        cx: Context,
        procedure: u32,
        args: Body,
    ) -> BoxFuture<'static, Result<Body, Fault>> {
        Box::pin(async move {
            match procedure {
                0 => Ok(Body::new()),
                1 => {
                    let data = arguments(&cx, &args, |r| r.opaque(u32::MAX))?;
                    results(&cx, |w| w.opaque(&data, u32::MAX, "data"))
                }
                2 => {
                    let ms = arguments(&cx, &args, |r| r.u32())?;
                    tokio::time::sleep(Duration::from_millis(ms.into())).await;
                    self.0.ran.fetch_add(1, Ordering::Relaxed);
                    results(&cx, |w| w.u32(ms))
                }
                3 => {
                    let ran = self.0.ran.fetch_add(1, Ordering::Relaxed);
                    results(&cx, |w| w.u32(ran))
                }
                4 => {
                    self.0.ran.fetch_add(1, Ordering::Relaxed);
                    Err(Fault::NoReply)
                }
                _ => Err(Fault::ProcUnavail),
            }
        })
    }
}

#[derive(Clone, Debug)]
struct EchoClient(Stub);

impl ClientStub for EchoClient {
    const INTERFACE: &'static Interface = &ECHO;
    fn from_stub(stub: Stub) -> Self {
        Self(stub)
    }
    fn stub(&self) -> &Stub {
        &self.0
    }
}

impl EchoClient {
    async fn echo(&self, data: &Bytes) -> Result<Bytes, RpcError> {
        let procedure = &ECHO.procedures[1];
        call(
            &self.0,
            &ECHO,
            procedure,
            |w| w.opaque(data, u32::MAX, "data"),
            |r| r.opaque(u32::MAX),
        )
        .await
    }
    async fn wait(&self, ms: u32) -> Result<u32, RpcError> {
        call(
            &self.0,
            &ECHO,
            &ECHO.procedures[2],
            |w| w.u32(ms),
            |r| r.u32(),
        )
        .await
    }
    async fn count(&self) -> Result<u32, RpcError> {
        call(&self.0, &ECHO, &ECHO.procedures[3], |_| (), |r| r.u32()).await
    }
    /// Is never answered.
    async fn note(&self, data: &Bytes) -> Result<(), RpcError> {
        call(
            &self.0,
            &ECHO,
            &ECHO.procedures[4],
            |w| w.opaque(data, u32::MAX, "data"),
            |_| Ok(()),
        )
        .await
    }
}

async fn start() -> (Running, Arc<Echo>) {
    let echo = Arc::new(Echo::default());
    let server = Server::new()
        .serve(EchoServer(Arc::clone(&echo)))
        .tcp("127.0.0.1:0")
        .udp("127.0.0.1:0");
    (server.start().await.unwrap(), echo)
}

pub(super) async fn start_at(path: &std::path::Path) -> Running {
    let server = Server::new()
        .serve(EchoServer(Arc::default()))
        .tcp("127.0.0.1:0")
        .udp("127.0.0.1:0")
        .unix(path);
    server.start().await.unwrap()
}

fn target(running: &Running, udp: bool) -> String {
    let found = running.addresses().iter().find_map(|a| match a {
        Address::Tcp(a) if !udp => Some(format!("tcp://{a}")),
        Address::Udp(a) if udp => Some(format!("udp://{a}")),
        _ => None,
    });
    found.unwrap()
}

fn options(timeout_ms: u64) -> ConnectOptions {
    ConnectOptions::new().calls(CallOptions::new().timeout(Duration::from_millis(timeout_ms)))
}

/// A client of a TCP peer that the test plays itself.
async fn with_peer(options: ConnectOptions) -> (EchoClient, TcpStream, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap();
    let client = connect_with::<EchoClient>(target, options);
    let (client, accepted) = tokio::join!(client, listener.accept());
    (client.unwrap(), accepted.unwrap().0, listener)
}

/// The next call that arrives at a hand-made peer: its xid and all of it.
async fn next_call(peer: &mut TcpStream) -> (u32, Vec<u8>) {
    let mark = peer.read_u32().await.unwrap();
    assert_eq!(mark >> 31, 1, "a record is one fragment");
    let mut call = vec![0; (mark & 0x7fff_ffff) as usize];
    peer.read_exact(&mut call).await.unwrap();
    (u32::from_be_bytes(call[..4].try_into().unwrap()), call)
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|w| w.to_be_bytes()).collect()
}

fn record(words_of: &[u32]) -> Vec<u8> {
    let body = words(words_of);
    [words(&[1 << 31 | body.len() as u32]), body].concat()
}

/// A successful reply whose result is one word.
pub(super) fn reply(xid: u32, result: u32) -> Vec<u8> {
    record(&[xid, 1, 0, 0, 0, 0, result])
}
