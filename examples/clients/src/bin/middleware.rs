//! Wrapping: an interceptor, a tower layer, and a mock in three lines.

use clients::{desk, target};
use features::Outcome;
use features::desk::desk_prog::DeskV1Client;
use rpcgen_runtime::{Body, Channel, ClientStub, RpcError, connect, to_bytes};
use tower::limit::ConcurrencyLimitLayer;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let running = desk().await?;
    let plain: DeskV1Client = connect(target(&running, "tcp")).await?;
    let channel = plain.channel().intercept(|call| {
        println!("{}.{}", call.program_name, call.info.name);
        match call.info.name {
            "DESK_WHOAMI" => Err(RpcError::Overloaded),
            _ => Ok(()),
        }
    });
    let channel = channel.layer(ConcurrencyLimitLayer::new(16));
    let client = DeskV1Client::from_channel(channel);
    println!("{}", client.ask("through both").await?);
    println!("{}", client.whoami().await.unwrap_err());

    // The mock.
    let channel = Channel::from_fn(|_| async { Ok(Body::from(to_bytes(&7u32)?)) });
    let mock = DeskV1Client::from_channel(channel);
    println!("the mock says {}", mock.wait(1000).await?);
    Ok(())
}
