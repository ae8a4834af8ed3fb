//! Registration with rpcbind, against one of our own.

use crate::support::*;
use rpcgen_runtime::rpcbind::uaddr::{Netid, to_uaddr};
use rpcgen_runtime::rpcbind::{LocalRpcbind, Registration, Rpcbind};
use rpcgen_runtime::{Grace, Interface, Server};
use std::net::SocketAddr;
use std::time::Duration;

/// (program, netid) of what is registered, without rpcbind itself.
async fn registered(at: SocketAddr) -> Vec<(u32, String)> {
    let entries = Rpcbind::best_effort().at(at).dump().await.unwrap();
    let mut list: Vec<_> = entries
        .iter()
        .filter(|e| e.program != 100_000)
        .map(|e| (e.program, e.netid.to_string()))
        .collect();
    list.sort();
    list
}

async fn expect_registered(at: SocketAddr, expected: &[(u32, &str)]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|(p, n)| (*p, (*n).to_owned()))
        .collect();
    for _ in 0..600 {
        if registered(at).await == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(registered(at).await, expected);
}

#[tokio::test]
async fn h112_h125_registrations_are_made_again_and_taken_back() {
    let local = LocalRpcbind::start("127.0.0.1:0").await.unwrap();
    let at = local.address();
    let rpcbind = Rpcbind::required().at(at);
    let running = start(Server::new().serve(numbers()).rpcbind(rpcbind.clone())).await;
    let ours = [(PROGRAM, "tcp"), (PROGRAM, "udp")];
    expect_registered(at, &ours).await;
    // Somebody removes one of them.
    let address = running.tcp().unwrap();
    let one = Registration {
        program: PROGRAM,
        version: 1,
        netid: Netid::tcp(address.ip()),
        uaddr: to_uaddr(address),
    };
    rpcbind.unregister(&[one]).await;
    assert_eq!(registered(at).await, [(PROGRAM, "udp".to_owned())]);
    expect_registered(at, &ours).await;
    running.shutdown(Grace::secs(5)).await;
    assert_eq!(registered(at).await, []);
}

#[tokio::test]
async fn programs_that_come_and_go_are_registered_and_unregistered() {
    static OTHER: Interface = Interface {
        name: "OTHER",
        program: PROGRAM + 1,
        version: 1,
        procedures: &[],
    };
    let local = LocalRpcbind::start("127.0.0.1:0").await.unwrap();
    let at = local.address();
    let rpcbind = Rpcbind::required().at(at);
    let running = start(Server::new().serve(numbers()).rpcbind(rpcbind)).await;
    running.add(Program(&OTHER, |cx, _, _| async move { number(&cx, 5) }));
    let (one, two) = (PROGRAM, PROGRAM + 1);
    let both = [(one, "tcp"), (one, "udp"), (two, "tcp"), (two, "udp")];
    expect_registered(at, &both).await;
    assert!(running.remove(PROGRAM, 1));
    expect_registered(at, &both[2..]).await;
    running.shutdown(Grace::secs(5)).await;
    assert_eq!(registered(at).await, []);
}

#[tokio::test]
async fn programs_bound_to_listeners_are_registered_at_these_alone() {
    static OTHER: Interface = Interface {
        name: "OTHER",
        program: PROGRAM + 1,
        version: 1,
        procedures: &[],
    };
    let other = || Program(&OTHER, |cx, _, _| async move { number(&cx, 5) });
    let local = LocalRpcbind::start("127.0.0.1:0").await.unwrap();
    let at = local.address();
    let server = Server::new()
        .on("streams", |on| on.serve(numbers()).tcp("127.0.0.1:0"))
        .on("datagrams", |on| on.serve(other()).udp("127.0.0.1:0"))
        // A second address of a transport: rpcbind keeps the first that serves the program.
        .on("admin", |on| on.tcp("127.0.0.1:0"));
    let server = server.rpcbind(Rpcbind::required().at(at));
    let running = server.start().await.unwrap();
    let (one, two) = (PROGRAM, PROGRAM + 1);
    expect_registered(at, &[(one, "tcp"), (two, "udp")]).await;
    running.on("admin").add(other());
    expect_registered(at, &[(one, "tcp"), (two, "tcp"), (two, "udp")]).await;
    let entries = Rpcbind::best_effort().at(at).dump().await.unwrap();
    let port = |program, netid: &str| {
        let entry = entries
            .iter()
            .find(|e| e.program == program && e.netid == netid);
        entry.unwrap().address.unwrap().port()
    };
    let rpcgen_runtime::server::Address::Tcp(admin) = running.addresses()[2] else {
        panic!("{:?}", running.addresses());
    };
    assert_eq!(port(two, "tcp"), admin.port());
    assert_eq!(port(one, "tcp"), running.tcp().unwrap().port());
    assert!(running.on("datagrams").remove(two, 1));
    expect_registered(at, &[(one, "tcp"), (two, "tcp")]).await;
    running.shutdown(Grace::secs(5)).await;
    assert_eq!(registered(at).await, []);
}

#[tokio::test]
async fn h117_h118_a_server_starts_without_rpcbind_and_registers_when_it_comes() {
    // A port that is free for a moment.
    let local = LocalRpcbind::start("127.0.0.1:0").await.unwrap();
    let at = local.address();
    local.shutdown(Grace::secs(1)).await;
    let demanded = Server::new().serve(numbers()).tcp("127.0.0.1:0");
    let error = demanded.rpcbind(Rpcbind::required().at(at)).start().await;
    assert!(error.unwrap_err().is_registration());

    let rpcbind = Rpcbind::best_effort().at(at);
    let running = start(Server::new().serve(numbers()).rpcbind(rpcbind)).await;
    good(&running).await;
    let ours = [(PROGRAM, "tcp"), (PROGRAM, "udp")];
    for _ in 0..2 {
        let local = LocalRpcbind::start(at).await.unwrap();
        expect_registered(at, &ours).await;
        local.shutdown(Grace::secs(1)).await;
    }
    running.shutdown(Grace::secs(5)).await;
}

#[tokio::test]
async fn h124_the_entry_of_a_killed_server_is_replaced_by_the_next() {
    let local = LocalRpcbind::start("127.0.0.1:0").await.unwrap();
    let at = local.address();
    let rpcbind = Rpcbind::required().at(at);
    let server = || Server::new().serve(numbers()).tcp("127.0.0.1:0");
    let killed = server().rpcbind(rpcbind.clone()).start().await.unwrap();
    // Gone without a word to rpcbind.
    std::mem::forget(killed);
    let next = server().rpcbind(rpcbind.clone()).start().await.unwrap();
    let entries = rpcbind.dump().await.unwrap();
    let entry = entries.iter().find(|e| e.program == PROGRAM).unwrap();
    assert_eq!(
        entry.address.map(|a| a.port()),
        next.tcp().map(|a| a.port())
    );
}

#[tokio::test]
async fn an_rpcbind_that_does_not_answer_does_not_hold_up_the_end() {
    let local = LocalRpcbind::start("127.0.0.1:0").await.unwrap();
    let at = local.address();
    let rpcbind = Rpcbind::required().at(at);
    let running = start(Server::new().serve(numbers()).rpcbind(rpcbind)).await;
    local.shutdown(Grace::secs(1)).await;
    let silent = tokio::net::TcpListener::bind(at).await.unwrap();
    // The server looks every other second whether it is registered still.
    let (asked, _) = tokio::time::timeout(LONG, silent.accept())
        .await
        .unwrap()
        .unwrap();
    let start = std::time::Instant::now();
    running
        .shutdown(Grace::new(Duration::from_millis(300)))
        .await;
    let took = start.elapsed();
    assert!(took < Duration::from_secs(3), "{took:?}");
    drop(asked);
}
