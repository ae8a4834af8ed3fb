//! What can go wrong, and what each error says: may the server have executed the call, and may it be made again?

use clients::{desk, target};
use features::Outcome;
use features::desk::desk_prog::{DeskV1Client, DeskV3Client};
use rpcgen_runtime::{CallOptions, Channel, ClientStub, ConnectOptions, RpcError, connect};
use std::time::Duration;

fn tell(what: &str, error: &RpcError) {
    println!(
        "{what}: {} (executed: {:?}, retryable: {})",
        error.name(),
        error.execution(),
        error.is_retryable()
    );
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let running = desk().await?;
    let at = target(&running, "tcp");

    let client: DeskV1Client = connect(&at).await?;
    let quick = client.with(CallOptions::new().timeout(Duration::from_millis(50)));
    tell("too slow", &quick.wait(1000).await.unwrap_err());

    let other: DeskV3Client = connect(&at).await?;
    tell("not served", &other.notes().await.unwrap_err());

    let small = ConnectOptions::new().max_reply(1000);
    let small = DeskV1Client::from_channel(Channel::lazy(&at, small)?);
    let long = small.ask("?".repeat(2000)).await.unwrap_err();
    tell("too long", &long);

    let nobody = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let error = connect::<DeskV1Client>(nobody).await.unwrap_err();
    tell("nobody there", &error);
    Ok(())
}
