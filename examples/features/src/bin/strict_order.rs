//! Strict order: the calls of a connection run one after the other, as they came.

use features::desk::desk_prog::{DeskV1Client, DeskV1Server};
use features::{Desk, Outcome};
use rpcgen_runtime::{Limits, Server, connect};
use std::time::{Duration, Instant};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let server = Server::new().serve(DeskV1Server(Desk));
    let server = server.limits(Limits::default().in_order(true));
    let running = server.tcp("127.0.0.1:0").start().await?;
    let client: DeskV1Client = connect(running.addresses()[0].to_string()).await?;

    let start = Instant::now();
    let calls: Vec<_> = (0..3)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.wait(50).await })
        })
        .collect();
    for call in calls {
        call.await??;
    }
    let one_by_one = start.elapsed() >= Duration::from_millis(150);
    println!("three calls of 50 ms, one by one: {one_by_one}");
    Ok(())
}
