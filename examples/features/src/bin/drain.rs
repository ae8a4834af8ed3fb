//! A server that stops in good order: what is in flight is answered, then the connections close.

use features::desk::desk_prog::{DeskV1Client, DeskV1Server};
use features::{Desk, Outcome};
use rpcgen_runtime::{Grace, Server, connect};
use std::time::Duration;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let server = Server::new().serve(DeskV1Server(Desk));
    let running = server.tcp("127.0.0.1:0").start().await?;
    let address = running.addresses()[0].to_string();
    let client: DeskV1Client = connect(&address).await?;
    let call = tokio::spawn(async move { client.wait(300).await });
    while running.stats().in_flight == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }

    running.shutdown(Grace::secs(20)).await;
    println!("in flight when the server stopped: {} ms", call.await??);
    let late = connect::<DeskV1Client>(&address).await;
    println!("a later client is served: {}", late.is_ok());
    Ok(())
}
