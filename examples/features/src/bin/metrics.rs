//! Counters of calls by what became of them, and those of the server itself.

use features::desk::desk_prog::{DeskV1Client, DeskV1Server};
use features::{Desk, Outcome};
use rpcgen_runtime::server::layers::Metrics;
use rpcgen_runtime::{Server, connect};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let metrics = Metrics::default();
    let server = Server::new().serve(DeskV1Server(Desk));
    let server = server.layer(metrics.clone()).tcp("127.0.0.1:0");
    let running = server.start().await?;
    let client: DeskV1Client = connect(running.addresses()[0].to_string()).await?;

    client.ask("one").await?;
    client.wait(1).await?;
    let counts = metrics.snapshot();
    println!("{} calls, {} succeeded", counts.calls, counts.succeeded);
    let stats = running.stats();
    println!(
        "{} connection, {} in flight",
        stats.connections, stats.in_flight
    );
    Ok(())
}
