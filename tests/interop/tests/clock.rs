//! Hostile input 113: the wall clock is put forward and back by an hour while calls run. No deadline moves by it.
//!
//! The test starts itself once more under `c/clock.c`, which moves the clock of that process alone.

use interop::arith::arith_prog::{ArithV1, ArithV1Client, ArithV1Server};
use interop::arith::{Cells, Items, Numbers, Quotient};
use interop::peers::{built, scratch};
use interop::wire::{Outcome, Wire, call, words};
use rpcgen_runtime::client::ClientStub;
use rpcgen_runtime::{
    CallOptions, Context, Fault, Grace, Limits, RpcError, Server, XdrString, connect,
};
use std::net::UdpSocket;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant, SystemTime};

const ARITH: u32 = 0x2000_0a02;
const HOUR: i64 = 3600;
/// What a loaded machine may add.
const SLACK: Duration = Duration::from_secs(4);

#[test]
fn h113_a_step_of_the_clock_moves_no_deadline() {
    if let Some(file) = std::env::var_os("CLOCK_OFFSET") {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.enable_all().build().expect("a runtime");
        return runtime.block_on(steps(Path::new(&file)));
    }
    let file = scratch("clock").join(std::process::id().to_string());
    let output = Command::new(std::env::current_exe().expect("a test knows its own path"))
        .args(["h113_a_step_of_the_clock_moves_no_deadline", "--exact"])
        .arg("--nocapture")
        .env("LD_PRELOAD", built().join("clock.so"))
        .env("CLOCK_OFFSET", &file)
        .output()
        .expect("the test starts again");
    let _ = std::fs::remove_file(file);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

async fn steps(file: &Path) {
    for step in [HOUR, -HOUR] {
        let set = |offset: i64| {
            std::fs::write(file, offset.to_string()).expect("the offset is written");
        };
        set(0);
        one_step(|| set(step), step).await;
    }
}

/// Counts the calls that run.
struct Counter(Arc<AtomicI32>);

impl ArithV1 for Counter {
    async fn sub(&self, _: &Context, _: i32, _: i32) -> Result<i32, Fault> {
        Ok(self.0.fetch_add(1, Ordering::SeqCst) + 1)
    }

    async fn div(&self, _: &Context, _: i64, _: i64) -> Result<Quotient, Fault> {
        Err(Fault::ProcUnavail)
    }

    async fn mean(&self, _: &Context, _: Numbers) -> Result<f64, Fault> {
        Err(Fault::ProcUnavail)
    }

    async fn join(&self, _: &Context, _: Items, _: XdrString) -> Result<XdrString, Fault> {
        Err(Fault::ProcUnavail)
    }

    async fn reverse(&self, _: &Context, _: Cells) -> Result<Cells, Fault> {
        Err(Fault::ProcUnavail)
    }

    async fn sleep_ms(&self, _: &Context, milliseconds: u32) -> Result<u32, Fault> {
        tokio::time::sleep(Duration::from_millis(milliseconds.into())).await;
        Ok(milliseconds)
    }
}

async fn one_step(step: impl FnOnce(), seconds: i64) {
    const DEADLINE: Duration = Duration::from_millis(400);
    let server = Server::new()
        .serve(ArithV1Server(Counter(Arc::default())))
        .limits(Limits::default().record_deadline(DEADLINE))
        .tcp("127.0.0.1:0")
        .udp("127.0.0.1:0");
    let server = server.start().await.expect("it starts");
    let tcp = server.tcp().expect("it listens");
    let client: ArithV1Client = connect(&*format!("tcp://{tcp}")).await.expect("it serves");

    // What is under way when the clock moves: a call, one that will not be in time, a record without end, a datagram.
    let start = Instant::now();
    let running = {
        let client = client.clone();
        tokio::spawn(async move { client.sleep_ms(600).await })
    };
    let late = {
        let client = client.with(CallOptions::new().timeout(DEADLINE));
        tokio::spawn(async move { client.sleep_ms(60_000).await })
    };
    let mut partial = Wire::connect(tcp);
    partial.send(&words(&[0x8000_0100, 1, 0, 2]));
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
    socket
        .connect(server.udp().expect("it listens"))
        .expect("an address is set");
    socket
        .set_read_timeout(Some(SLACK))
        .expect("a time limit is set");
    let once = [call(7, ARITH, 1, 1), words(&[5, 3])].concat();
    let answer = words(&[7, 1, 0, 0, 0, 0, 1]);
    let ask = || {
        socket.send(&once).expect("a datagram is sent");
        let mut reply = [0; 64];
        let n = socket.recv(&mut reply).expect("it is answered");
        reply[..n].to_vec()
    };
    assert_eq!(ask(), answer);

    let before = SystemTime::now();
    step();
    let after = SystemTime::now();
    let moved = match after.duration_since(before) {
        Ok(forth) => i64::try_from(forth.as_secs()).expect("an hour or so"),
        Err(back) => -i64::try_from(back.duration().as_secs()).expect("an hour or so"),
    };
    assert!((seconds - 60..=seconds + 60).contains(&moved), "{moved}");

    let slept = running.await.expect("no panic").expect("it is answered");
    assert_eq!(slept, 600);
    let error = late.await.expect("no panic").expect_err("it takes longer");
    assert!(matches!(error, RpcError::TimedOut { .. }), "{error}");
    let ended = tokio::task::spawn_blocking(move || (partial.outcome(), Instant::now()));
    let (outcome, at) = ended.await.expect("no panic");
    assert_eq!(outcome, Outcome::Closed);
    let took = at - start;
    assert!((DEADLINE..DEADLINE + SLACK).contains(&took), "{took:?}");
    // The reply cache knows the call still, though it may be an hour old by the wall clock.
    assert_eq!(ask(), answer);
    // Nor has the connection become idle.
    assert_eq!(client.sub(1, 1).await.expect("it is served"), 2);

    let start = Instant::now();
    server.shutdown(Grace::new(DEADLINE)).await;
    assert!(start.elapsed() < DEADLINE + SLACK);
}
