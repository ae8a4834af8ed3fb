//! Programs bound to chosen listeners.

use crate::support::*;
use rpcgen_runtime::msg::flavor;
use rpcgen_runtime::server::{Peer, Running};
use rpcgen_runtime::{Dispatch, Grace, Interface, Server};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{DuplexStream, duplex};

const ADMIN: u32 = PROGRAM + 1;

static ADMIN_V1: Interface = Interface {
    name: "ADMIN",
    program: ADMIN,
    ..INTERFACE
};

static NUMBERS_V2: Interface = Interface {
    version: 2,
    ..INTERFACE
};

/// A program that answers the length of the name of its listener.
fn named(interface: &'static Interface) -> impl Dispatch {
    Program(interface, |cx, _, _| async move {
        number(&cx, cx.listener().map_or(0, |name| name.len() as u32))
    })
}

fn version(mut call: Vec<u8>, version: u8) -> Vec<u8> {
    call[19] = version;
    call
}

/// A stream as if it had come by a listener of this name.
fn stream_on(running: &Running, name: &str) -> DuplexStream {
    let (ours, theirs) = duplex(1 << 10);
    running.on(name).serve_stream(theirs, Peer::Local);
    ours
}

#[tokio::test]
async fn a_listener_serves_what_is_bound_to_it_and_what_is_served_everywhere() {
    let path = std::env::temp_dir().join(format!("rpc-{}-admin", std::process::id()));
    let server = Server::new()
        .on("public", |on| on.tcp("127.0.0.1:0").udp("127.0.0.1:0"))
        .on("admin", |on| {
            on.unix(&path)
                .serve(named(&ADMIN_V1))
                .serve(named(&NUMBERS_V2))
        })
        .serve(numbers());
    let running = server.start().await.unwrap();
    let mut admin = tokio::net::UnixStream::connect(&path).await.unwrap();
    expect(&mut admin, &call(1, 1), &answer(1, 1)).await;
    expect(&mut admin, &call_to(ADMIN, 2, 1, &[]), &answer(2, 5)).await;
    expect(&mut admin, &version(call(3, 1), 2), &answer(3, 5)).await;
    let range = |xid, low, high| bytes(&[xid, 1, 0, 0, 0, 2, low, high]);
    expect(&mut admin, &version(call(4, 1), 3), &range(4, 1, 2)).await;

    let mut public = connect(&running).await;
    expect(&mut public, &call(1, 1), &answer(1, 1)).await;
    expect(&mut public, &call_to(ADMIN, 2, 1, &[]), &refusal(2, 1)).await;
    expect(&mut public, &call_to(ADMIN, 2, 0, &[]), &refusal(2, 1)).await;
    // Nothing tells that there is another version elsewhere.
    expect(&mut public, &version(call(3, 1), 2), &range(3, 1, 1)).await;

    let socket = udp(&running).await;
    for (message, expected) in [
        (call(1, 1), answer(1, 1)),
        (call_to(ADMIN, 2, 1, &[]), refusal(2, 1)),
        (version(call(3, 1), 2), range(3, 1, 1)),
    ] {
        socket.send(&message).await.unwrap();
        assert_eq!(received(&socket, LONG).await, Some(expected));
    }
    running.shutdown(Grace::secs(5)).await;
}

#[tokio::test]
async fn programs_are_bound_and_unbound_while_the_server_runs() {
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    let server = Server::new().serve(numbers()).intercept(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        Ok(())
    });
    let running = start(server.on("door", |on| on)).await;
    let (mut door, mut plain) = (stream_on(&running, "door"), connect(&running).await);
    let to_admin = |xid| call_to(ADMIN, xid, 1, &[]);
    expect(&mut door, &to_admin(1), &refusal(1, 1)).await;
    running.on("door").add(named(&ADMIN_V1));
    expect(&mut door, &to_admin(2), &answer(2, 4)).await;
    assert_eq!(seen.load(Ordering::SeqCst), 1, "behind the middleware");
    expect(&mut plain, &to_admin(3), &refusal(3, 1)).await;
    expect(
        &mut stream_on(&running, "other"),
        &to_admin(3),
        &refusal(3, 1),
    )
    .await;
    // What is served everywhere gives way here, and comes back.
    running.on("door").add(named(&INTERFACE));
    expect(&mut door, &call(4, 1), &answer(4, 4)).await;
    expect(&mut plain, &call(4, 1), &answer(4, 1)).await;
    assert!(running.on("door").remove(PROGRAM, 1));
    assert!(!running.on("door").remove(PROGRAM, 1));
    expect(&mut door, &call(5, 1), &answer(5, 1)).await;
    // Added everywhere, it is there too; removed, it is nowhere.
    running.add(named(&NUMBERS_V2));
    expect(&mut door, &version(call(6, 1), 2), &answer(6, 4)).await;
    expect(&mut plain, &version(call(6, 1), 2), &answer(6, 0)).await;
    assert!(running.remove(ADMIN, 1));
    expect(&mut door, &to_admin(7), &refusal(7, 1)).await;
}

#[tokio::test]
async fn demands_and_the_fallback_hold_for_bound_programs_too() {
    let server = Server::new()
        .on("door", |on| {
            on.serve(named(&ADMIN_V1)).require(ADMIN, [flavor::SYS])
        })
        .fallback(|request| async move { number(&request.cx, 77) });
    let running = start(server).await;
    let mut door = stream_on(&running, "door");
    let to_admin = |xid| call_to(ADMIN, xid, 1, &[]);
    expect(&mut door, &to_admin(1), &denied(1, 5)).await;
    let mut as_user = call_as(2, 1, flavor::SYS, &sys(1, 1));
    as_user[12..16].copy_from_slice(&ADMIN.to_be_bytes());
    expect(&mut door, &as_user, &answer(2, 4)).await;
    // Elsewhere it is one of the programs that are not served.
    as_user[3] = 3;
    expect(&mut connect(&running).await, &as_user, &answer(3, 77)).await;
}

#[tokio::test]
async fn shards_serve_what_is_bound_to_their_listeners() {
    let server = Server::new().shards(2).serve(numbers());
    let server = server.on("door", |on| {
        on.serve(named(&ADMIN_V1))
            .tcp("127.0.0.1:0")
            .udp("127.0.0.1:0")
    });
    let running = server.start().await.unwrap();
    for xid in 0..16 {
        let mut stream = connect(&running).await;
        expect(&mut stream, &call_to(ADMIN, xid, 1, &[]), &answer(xid, 4)).await;
        let socket = udp(&running).await;
        socket.send(&call_to(ADMIN, xid, 1, &[])).await.unwrap();
        assert_eq!(received(&socket, LONG).await, Some(answer(xid, 4)));
    }
}
