//! Programs that come and go, calls nobody declared, handlers that block, streams that are no sockets.

use crate::support::*;
use rpcgen_runtime::server::BlockingPool;
use rpcgen_runtime::{Body, Fault, Interface, ProcInfo, Server};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

static OTHER: Interface = Interface {
    name: "OTHER",
    program: 0x2000_0078,
    version: 1,
    procedures: &[ProcInfo {
        number: 1,
        name: "ONE",
        oneway: false,
        idempotent: false,
        args_ratio: 16,
        result_ratio: 16,
    }],
};

#[tokio::test]
async fn programs_are_added_and_removed_while_the_server_runs() {
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    let server = Server::new().serve(numbers()).intercept(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        Ok(())
    });
    let running = start(server).await;
    let mut stream = connect(&running).await;
    let other = call_to(OTHER.program, 1, 1, &[]);
    expect(&mut stream, &other, &refusal(1, 1)).await;
    running.add(Program(&OTHER, |cx, _, _| async move { number(&cx, 5) }));
    expect(&mut stream, &other, &answer(1, 5)).await;
    assert_eq!(seen.load(Ordering::SeqCst), 1, "behind the middleware");
    // A call that runs while its program is removed is answered.
    send(&mut stream, &call(3, 3)).await;
    eventually("it runs", || running.stats().in_flight == 1).await;
    assert!(running.remove(PROGRAM, 1));
    assert!(!running.remove(PROGRAM, 1));
    expect(&mut stream, &call(4, 1), &refusal(4, 1)).await;
    assert_eq!(reply(&mut stream).await, Some(answer(3, 3)));
}

#[tokio::test]
async fn a_fallback_answers_for_all_other_programs() {
    let server = Server::new()
        .serve(numbers())
        .fallback(|request| async move {
            let cx = &request.cx;
            let sum = cx.program() + cx.version() + cx.procedure() + request.args.len() as u32;
            number(cx, sum)
        });
    let running = start(server).await;
    let mut stream = connect(&running).await;
    let raw = call_to(1_000, 1, 30, &[0; 4]);
    expect(&mut stream, &raw, &answer(1, 1_000 + 1 + 30 + 4)).await;
    expect(&mut stream, &call(2, 2), &answer(2, 2)).await;
    let mut version = call(3, 1);
    version[19] = 2;
    expect(&mut stream, &version, &bytes(&[3, 1, 0, 0, 0, 2, 1, 1])).await;
}

#[tokio::test(flavor = "current_thread")]
async fn h104_handlers_that_block_run_beside_the_others_in_a_bounded_pool() {
    let pool = BlockingPool::new(2);
    let program = Program(&INTERFACE, move |cx, procedure, _: Body| {
        let pool = pool.clone();
        async move {
            match procedure {
                1 => number(&cx, 1),
                2 => {
                    let work = move || {
                        std::thread::sleep(Duration::from_millis(200));
                        number(&cx, 2)
                    };
                    pool.run(work).await
                }
                _ => pool.run(|| panic!("a handler that panics")).await,
            }
        }
    });
    let running = start(Server::new().serve(program)).await;
    let mut stream = connect(&running).await;
    let start = Instant::now();
    for xid in 0..4 {
        send(&mut stream, &call(xid, 2)).await;
    }
    // One thread for all connections, and it is free.
    expect(&mut stream, &call(9, 1), &answer(9, 1)).await;
    assert!(start.elapsed() < Duration::from_millis(150));
    for _ in 0..4 {
        assert_eq!(reply(&mut stream).await.unwrap()[27], 2);
    }
    assert!(
        start.elapsed() >= Duration::from_millis(400),
        "two at a time"
    );
    expect(&mut stream, &call(10, 3), &refusal(10, 5)).await;
}

#[tokio::test]
async fn any_stream_is_a_connection() {
    let running = Server::new().serve(numbers()).start().await.unwrap();
    let (mut ours, theirs) = tokio::io::duplex(64);
    running.serve_stream(theirs);
    // The pipe is shorter than a call and its reply.
    expect(&mut ours, &call(1, 1), &answer(1, 1)).await;
    drop(ours);
    eventually("it is gone", || running.stats().connections == 0).await;
}

#[tokio::test]
async fn sockets_opened_elsewhere_are_served() {
    let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let udp_socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let (at, udp_at) = (tcp.local_addr().unwrap(), udp_socket.local_addr().unwrap());
    let server = Server::new().serve(numbers());
    let server = server.tcp_listener(tcp).udp_socket(udp_socket);
    let running = server.start().await.unwrap();
    assert_eq!((running.tcp(), running.udp()), (Some(at), Some(udp_at)));
    good(&running).await;
    let socket = udp(&running).await;
    socket.send(&call(1, 1)).await.unwrap();
    assert_eq!(received(&socket, LONG).await, Some(answer(1, 1)));
}

#[tokio::test]
async fn shards_share_an_address_and_its_load() {
    let program = Program(&INTERFACE, |cx, _, _| async move {
        let thread = std::thread::current();
        let shard = thread.name().and_then(|name| name.strip_prefix("rpc-"));
        number(
            &cx,
            shard.and_then(|n| n.parse().ok()).ok_or(Fault::SystemErr)?,
        )
    });
    let running = start(Server::new().serve(program).shards(2)).await;
    let mut seen = [0; 2];
    for xid in 0..64 {
        let mut stream = connect(&running).await;
        send(&mut stream, &call(xid, 1)).await;
        seen[usize::from(reply(&mut stream).await.unwrap()[27])] += 1;
    }
    assert!(seen.iter().all(|n| *n > 0), "{seen:?}");
    let socket = udp(&running).await;
    socket.send(&call(1, 1)).await.unwrap();
    assert!(received(&socket, LONG).await.is_some());
    let address = running.tcp().unwrap();
    running.shutdown(rpcgen_runtime::Grace::secs(5)).await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
