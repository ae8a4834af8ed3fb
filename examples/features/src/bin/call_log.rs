//! A line for each call, and the span around it, as `tracing-subscriber` writes them.

use features::desk::desk_prog::{DeskV1Client, DeskV1Server};
use features::{Desk, Outcome};
use rpcgen_runtime::server::layers::CallLog;
use rpcgen_runtime::{Server, connect};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .without_time()
        .init();
    let server = Server::new().serve(DeskV1Server(Desk)).layer(CallLog);
    let running = server.tcp("127.0.0.1:0").start().await?;
    let client: DeskV1Client = connect(running.addresses()[0].to_string()).await?;
    client.ask("is anybody listening?").await?;
    client.wait(20).await?;
    Ok(())
}
