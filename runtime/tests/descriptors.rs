//! Hostile input 109: no descriptor is left for a new connection. Alone in its process, for the limit is the process's.

#![cfg(target_os = "linux")]

#[path = "server/support.rs"]
#[allow(dead_code, reason = "shared with the other tests of the server")]
mod support;

use rpcgen_runtime::Server;
use std::io::{Read, Seek};
use std::process::Command;
use std::time::Duration;
use support::*;

fn set_limit(descriptors: usize) {
    let set = Command::new("prlimit")
        .args(["--pid", &std::process::id().to_string()])
        .arg(format!("--nofile={descriptors}:4096"))
        .status();
    assert!(set.expect("prlimit runs").success());
}

/// Takes every descriptor there is.
fn take_all() -> Vec<std::fs::File> {
    std::iter::from_fn(|| std::fs::File::open("/dev/null").ok()).collect()
}

#[tokio::test]
async fn h109_without_descriptors_the_server_waits_and_recovers() {
    let running = start(Server::new().serve(numbers())).await;
    let mut old = connect(&running).await;
    expect(&mut old, &call(1, 1), &answer(1, 1)).await;
    // Client and server share this thread.
    let mut schedstat = std::fs::File::open("/proc/thread-self/schedstat").unwrap();
    set_limit(128);
    let mut taken = take_all();
    // Room for one more: the client's end takes it, and none is left for the server's.
    taken.pop();
    let mut waiting = connect(&running).await;
    send(&mut waiting, &call(2, 1)).await;
    let early = tokio::time::timeout(Duration::from_millis(300), reply(&mut waiting)).await;
    assert!(early.is_err(), "not accepted");
    // What exists goes on, without a busy loop beside it.
    let before = processor_time(&mut schedstat);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let spent = processor_time(&mut schedstat) - before;
    assert!(spent < Duration::from_millis(200), "it spins: {spent:?}");
    expect(&mut old, &call(3, 2), &answer(3, 2)).await;
    drop(taken);
    assert_eq!(reply(&mut waiting).await, Some(answer(2, 1)));
    good(&running).await;
}

/// Time that the thread of this file has had a processor.
fn processor_time(schedstat: &mut std::fs::File) -> Duration {
    let mut text = String::new();
    schedstat.rewind().unwrap();
    schedstat.read_to_string(&mut text).unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}
