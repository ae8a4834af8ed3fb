//! Limits: how long a call may be and take, how many connections and calls one source may have.

use features::desk::desk_prog::{DeskV1Client, DeskV1Server};
use features::{Desk, Outcome};
use rpcgen_runtime::server::Rate;
use rpcgen_runtime::{Limits, Server, connect};
use std::time::{Duration, Instant};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let limits = Limits::default()
        .max_record(1 << 10)
        .request_deadline(Some(Duration::from_millis(50)))
        .max_connections_per_source(Some(1))
        .calls_per_source(Some(Rate::per_second(100).burst(10)));
    let server = Server::new().serve(DeskV1Server(Desk)).limits(limits);
    let running = server.tcp("127.0.0.1:0").start().await?;
    let address = running.addresses()[0].to_string();
    let client: DeskV1Client = connect(&address).await?;

    println!("too slow: {}", client.wait(10_000).await.unwrap_err());
    let second: DeskV1Client = connect(&address).await?;
    println!(
        "a second connection: {}",
        second.ask("me too?").await.is_ok()
    );
    let start = Instant::now();
    for _ in 0..30 {
        client.ask("quick").await?;
    }
    let slowed = start.elapsed() >= Duration::from_millis(150);
    println!("thirty calls at a hundred a second: slowed down: {slowed}");
    println!("too long: {}", client.ask("?".repeat(2_000)).await.is_ok());
    let stats = running.stats();
    println!(
        "{} refused, {} closed for what they sent",
        stats.refused, stats.garbage
    );
    Ok(())
}
