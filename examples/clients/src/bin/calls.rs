//! Many calls at once on one connection, each with its own deadline; a call that is dropped is cancelled.

use clients::{desk, target};
use features::Outcome;
use features::desk::desk_prog::DeskV1Client;
use rpcgen_runtime::{CallOptions, ClientStub, ConnectOptions, connect_with};
use std::time::{Duration, Instant};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let running = desk().await?;
    let options = ConnectOptions::new().max_pending(3);
    let client: DeskV1Client = connect_with(target(&running, "tcp"), options).await?;

    let begun = Instant::now();
    let (a, b, c) = tokio::join!(client.wait(300), client.wait(200), client.wait(100));
    println!("waited {} + {} + {} ms", a?, b?, c?);
    println!("at once: {}", begun.elapsed() < Duration::from_millis(590));

    let quick = client.with(CallOptions::new().timeout(Duration::from_millis(50)));
    let error = quick.wait(1000).await.unwrap_err();
    println!("{error}; executed: {:?}", error.execution());

    // Not polled any more after 20 ms, so given up: its place is free, and its late reply is nobody's.
    let _ = tokio::time::timeout(Duration::from_millis(20), client.wait(100)).await;
    println!("pending: {}", client.channel().pending());

    // The fourth call waits for its turn, or fails at once.
    let eager = client.with(CallOptions::new().wait(false));
    let (_, _, _, fourth) = tokio::join!(
        client.wait(50),
        client.wait(50),
        client.wait(50),
        eager.wait(50)
    );
    println!("the fourth: {}", fourth.unwrap_err());
    Ok(())
}
