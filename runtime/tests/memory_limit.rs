//! Hostile input 110: a process that may have little memory. An allocation that fails aborts a Rust program, so the server
//! must not come to it. It is this program again, in a process of its own whose memory the shell has limited.

#![cfg(target_os = "linux")]
#![allow(
    clippy::redundant_closure_for_method_calls,
    reason = "the named method is not general enough in its lifetimes"
)]

#[path = "server/support.rs"]
#[allow(dead_code, reason = "shared with the other tests of the server")]
mod support;

use rpcgen_runtime::codegen::v1::arguments;
use rpcgen_runtime::{Body, Context, Limits, Server};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use support::*;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// What the process may have, in KiB.
const MEMORY: usize = 192 << 10;
/// What the server may hold, in bytes.
const HELD: usize = 48 << 20;

/// The server. 1: a number, or as many bytes as are asked for, after so many milliseconds. 2: decodes a list of strings. 3:
/// the same, and keeps them for a while.
#[tokio::test]
#[ignore = "what the other starts"]
async fn child() {
    let number_of = |name| std::env::var(name).unwrap().parse().unwrap();
    let kept = Duration::from_secs(number_of("KEPT") as u64);
    let program = Program(
        &INTERFACE,
        move |cx: Context, procedure, args: Body| async move {
            if procedure == 1 && !args.is_empty() {
                let (size, pause) = arguments(&cx, &args, |r| Ok((r.u32()?, r.u32()?)))?;
                if pause > 0 {
                    tokio::time::sleep(Duration::from_millis(pause.into())).await;
                }
                return Ok(vec![7; size as usize].into());
            }
            let names = match procedure {
                1 => Vec::new(),
                _ => arguments(&cx, &args, |r| {
                    r.vec_with(u32::MAX, 4, |r| r.string(u32::MAX))
                })?,
            };
            if procedure == 3 {
                tokio::time::sleep(kept).await;
                drop((names, args));
            }
            number(&cx, procedure)
        },
    );
    let limits = Limits::default().max_held(number_of("HELD"));
    let running = start(Server::new().serve(program).limits(limits)).await;
    println!("\nserving {}", running.tcp().unwrap());
    tokio::time::sleep(Duration::from_secs(600)).await;
}

/// A server that may hold so many bytes.
struct Small {
    child: Child,
    address: SocketAddr,
}

impl Small {
    fn start(held: usize, kept: Duration) -> Self {
        let script = format!(
            "ulimit -v {MEMORY} && exec \"$1\" child --exact --ignored --nocapture --test-threads=1"
        );
        let mut child = Command::new("sh")
            .args(["-c", &script, "sh"])
            .arg(std::env::current_exe().unwrap())
            .env("HELD", held.to_string())
            .env("KEPT", kept.as_secs().to_string())
            // Each arena of the allocator is 64 MiB of addresses.
            .env("MALLOC_ARENA_MAX", "1")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut lines = lines.map_while(Result::ok);
        let address = lines.find_map(|line| Some(line.strip_prefix("serving ")?.to_owned()));
        let address = address.expect("it starts").parse().unwrap();
        Self { child, address }
    }

    fn lives(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends as much as the server takes in a time, on many connections, each of which sends this.
async fn attack(address: SocketAddr, connections: usize, bytes: Vec<u8>, time: Duration) {
    let bytes = std::sync::Arc::new(bytes);
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..connections {
        let bytes = std::sync::Arc::clone(&bytes);
        all.spawn(async move {
            let Ok(mut stream) = TcpStream::connect(address).await else {
                return;
            };
            // It takes no replies, and keeps the connection.
            let sent = async {
                stream.write_all(&bytes).await?;
                std::future::pending::<std::io::Result<()>>().await
            };
            let _ = tokio::time::timeout(time, sent).await;
        });
    }
    while all.join_next().await.is_some() {}
}

/// What an attacker sends on each of many connections.
fn attacks() -> Vec<(&'static str, usize, Vec<u8>)> {
    let large = vec![0; 1 << 20];
    let mut partial = record(&call_to(PROGRAM, 1, 1, &large));
    partial.truncate(1_000_000);
    // Strings without bytes: four bytes each on the wire, several times as many in memory.
    let mut empty = bytes(&[262_000]);
    empty.resize(1 << 20, 0);
    let claims = record(&call_to(PROGRAM, 1, 2, &bytes(&[u32::MAX, u32::MAX])));
    let asks = |pause| record(&call_to(PROGRAM, 1, 1, &bytes(&[1 << 20, pause])));
    // Small ones in front, so that all connections have been read before the first makes a large reply.
    let small = record(&call(1, 1)).repeat(64);
    vec![
        ("partial records", 300, partial),
        ("replies not taken", 60, asks(0).repeat(60)),
        (
            "calls that wait",
            8,
            record(&call_to(PROGRAM, 1, 3, &large)).repeat(100),
        ),
        (
            "strings that are kept",
            8,
            record(&call_to(PROGRAM, 1, 3, &empty)).repeat(100),
        ),
        (
            "empty strings",
            4,
            record(&call_to(PROGRAM, 1, 2, &empty)).repeat(20),
        ),
        ("results all at once", 4, asks(500).repeat(128)),
        (
            "replies of all at once",
            120,
            [small, asks(0).repeat(8)].concat(),
        ),
        ("claims", 4, claims.repeat(10_000)),
        ("marks", 300, 0x8010_0000u32.to_be_bytes().to_vec()),
    ]
}

#[tokio::test]
async fn h110_a_process_with_little_memory_does_not_run_out_of_it() {
    let moment = Duration::from_secs(2);
    let mut server = Small::start(HELD, moment);
    let mut good = TcpStream::connect(server.address).await.unwrap();
    for (name, connections, bytes) in attacks() {
        let attack = tokio::spawn(attack(server.address, connections, bytes, moment));
        let mut calls = 0;
        while !attack.is_finished() {
            expect(&mut good, &call(calls, 1), &answer(calls, 1)).await;
            calls += 1;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(server.lives(), "{name} killed it");
        println!("{name}: {calls} good calls beside it");
    }
}

/// The attack is one: without the limit the same server dies of it.
#[tokio::test]
async fn h110_without_the_limit_the_same_process_dies() {
    for which in 0..3 {
        let while_it_takes = Duration::from_secs(60);
        let mut server = Small::start(usize::MAX >> 1, while_it_takes);
        let (name, connections, bytes) = attacks().remove(which);
        let attack = tokio::spawn(attack(server.address, connections, bytes, while_it_takes));
        while server.lives() {
            if attack.is_finished() {
                // The kernel closes a process's sockets before it says that the process has ended.
                tokio::time::sleep(Duration::from_secs(1)).await;
                assert!(!server.lives(), "{name} did not kill it");
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        attack.abort();
    }
}
