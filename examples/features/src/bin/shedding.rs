//! Too much to do: a peer that calls without end waits for its turn, and when there are too many peers, calls are refused
//! at once instead of late.

use features::desk::desk_prog::{DeskV1Client, DeskV1Server};
use features::{Desk, Outcome};
use rpcgen_runtime::server::layers::{Concurrency, Metrics, Shed};
use rpcgen_runtime::{Server, connect};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let metrics = Metrics::default();
    let server = Server::new()
        .serve(DeskV1Server(Desk))
        .layer(metrics.clone())
        .layer(Shed::above(8))
        .layer(Concurrency::per_peer(2));
    let running = server.tcp("127.0.0.1:0").start().await?;
    let client: DeskV1Client = connect(running.addresses()[0].to_string()).await?;

    let calls = (0..10).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { client.wait(200).await })
    });
    let calls: Vec<_> = calls.collect();
    let mut refused = 0;
    for call in calls {
        refused += u32::from(call.await?.is_err());
    }
    println!("ten calls at once: {refused} refused");
    let counts = metrics.snapshot();
    println!("{} served, {} refused", counts.succeeded, counts.busy);
    Ok(())
}
