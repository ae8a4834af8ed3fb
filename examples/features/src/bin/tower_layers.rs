//! Layers from the tower crate around the handlers: at most two calls at once, and no call longer than 100 ms.

use features::desk::desk_prog::{DeskV1Client, DeskV1Server};
use features::{Desk, Outcome};
use rpcgen_runtime::{Server, connect};
use std::time::{Duration, Instant};
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::timeout::TimeoutLayer;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let server = Server::new()
        .serve(DeskV1Server(Desk))
        // The outermost first: time spent waiting for a turn does not count.
        .layer(GlobalConcurrencyLimitLayer::new(2))
        .layer(TimeoutLayer::new(Duration::from_millis(100)));
    let running = server.tcp("127.0.0.1:0").start().await?;
    let client: DeskV1Client = connect(running.addresses()[0].to_string()).await?;

    let start = Instant::now();
    let waits = (0..4).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { client.wait(60).await })
    });
    for wait in waits.collect::<Vec<_>>() {
        wait.await??;
    }
    let in_turns = start.elapsed() >= Duration::from_millis(120);
    println!("four calls of 60 ms, two at a time: {in_turns}");
    println!("one of 10 s: {}", client.wait(10_000).await.unwrap_err());
    println!("and then: {}", client.ask("still there?").await?);
    Ok(())
}
