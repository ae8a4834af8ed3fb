//! Memory of the whole process: hostile inputs 80b and 107. Alone in its process, one test after the other.

#![cfg(target_os = "linux")]

#[path = "server/support.rs"]
#[allow(dead_code, reason = "shared with the other tests of the server")]
mod support;

use rpcgen_runtime::codegen::v1::arguments;
use rpcgen_runtime::{Server, XdrString};
use std::process::Command;
use std::sync::{Arc, Mutex};
use support::*;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// Bytes of this process that are in memory.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

#[test]
fn memory() {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().unwrap();
    runtime.block_on(h107_an_idle_connection_costs_little());
    runtime.block_on(h080b_names_that_are_kept_do_not_hold_their_records());
}

async fn h080b_names_that_are_kept_do_not_hold_their_records() {
    let kept = Arc::new(Mutex::new(Vec::<XdrString>::new()));
    let shelf = Arc::clone(&kept);
    let program = Program(&INTERFACE, move |cx, _, args| {
        let shelf = Arc::clone(&shelf);
        async move {
            let names = arguments(&cx, &args, |r| {
                let names = r.vec_with(1_000, 4, |r| r.string(255))?;
                r.opaque(u32::MAX)?;
                Ok(names)
            })?;
            let mut shelf = shelf.lock().unwrap();
            shelf.extend(names);
            number(&cx, shelf.len() as u32)
        }
    });
    let running = start(Server::new().serve(program)).await;
    let mut stream = connect(&running).await;
    // 250 names of 10 bytes and 250 of 40, and behind them 1 MB of something else.
    let mut args = bytes(&[500]);
    for i in 0..500u32 {
        let len = if i % 2 == 0 { 10 } else { 40 };
        args.extend(bytes(&[len]));
        args.extend(vec![b'a'; (len as usize).next_multiple_of(4)]);
    }
    args.extend(bytes(&[1_000_000]));
    args.resize(args.len() + 1_000_000, 7);
    let message = call_to(PROGRAM, 1, 1, &args);
    // The first calls take what buffers there will be.
    for n in 1..=5 {
        expect(&mut stream, &message, &answer(1, 500 * n)).await;
    }
    let before = resident();
    for n in 6..=200 {
        expect(&mut stream, &message, &answer(1, 500 * n)).await;
    }
    let grown = resident().saturating_sub(before);
    let names = kept.lock().unwrap().len();
    assert_eq!(names, 100_000);
    assert!(grown < 24 << 20, "{grown} bytes for {names} names");
}

async fn h107_an_idle_connection_costs_little() {
    const CONNECTIONS: usize = 1_500;
    let limit = Command::new("prlimit")
        .args(["--pid", &std::process::id().to_string()])
        .arg("--nofile=4096:")
        .status();
    assert!(limit.expect("prlimit runs").success());
    let program = Program(&INTERFACE, |cx, procedure, _| async move {
        match procedure {
            2 => Ok(vec![7; 3_900].into()),
            _ => number(&cx, procedure),
        }
    });
    let running = start(Server::new().serve(program)).await;
    let address = running.tcp().unwrap();
    // Replies that are gathered in a large buffer, on the way to a connection that is idle then.
    let calls = async |stream: &mut TcpStream, xid| {
        stream
            .write_all(&record(&call(xid, 2)).repeat(16))
            .await
            .unwrap();
        for _ in 0..16 {
            assert_eq!(reply(stream).await.unwrap().len(), 24 + 3_900);
        }
        expect(stream, &call(xid, 1), &answer(xid, 1)).await;
    };
    for xid in 0..100 {
        calls(&mut connect(&running).await, xid).await;
    }
    let before = resident();
    let mut idle = Vec::with_capacity(CONNECTIONS);
    for xid in 0..CONNECTIONS {
        let mut stream = connect(&running).await;
        calls(&mut stream, xid as u32).await;
        // The client's end costs a descriptor and no more.
        idle.push(stream.into_std().unwrap());
    }
    eventually("no buffers", || running.stats().held == 0).await;
    let each = resident().saturating_sub(before) / CONNECTIONS;
    println!("{each} bytes for each idle connection to {address}");
    assert!(each <= 2_458, "{each} bytes for each idle connection");
}
