//! Programs that come and go while the server runs: `svc_register` and `svc_unregister`.

use features::desk::desk_prog::{DESK_V2, DeskV1Server, DeskV2Client, DeskV2Server};
use features::{Desk, Outcome};
use rpcgen_runtime::{Server, connect};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let server = Server::new().serve(DeskV1Server(Desk));
    let running = server.tcp("127.0.0.1:0").start().await?;
    let address = running.addresses()[0].to_string();
    let client: DeskV2Client = connect(&address).await?;

    println!("before: {}", client.ask("desserts").await.unwrap_err());
    running.add(DeskV2Server(Desk));
    println!("added: {}", client.ask("desserts").await?);
    let was_there = running.remove(DESK_V2.program, DESK_V2.version);
    println!("removed: {was_there}");
    println!("after: {}", client.ask("desserts").await.unwrap_err());
    Ok(())
}
