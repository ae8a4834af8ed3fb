//! A client and a server inside one process, without a socket: for tests.

use features::desk::desk_prog::{DeskV1Client, DeskV1Server};
use features::{Desk, Outcome};
use rpcgen_runtime::Channel;
use rpcgen_runtime::client::ClientStub;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let channel = Channel::local(DeskV1Server(Desk));
    let client: DeskV1Client = ClientStub::from_channel(channel);
    println!("{}", client.ask("no socket").await?);
    println!("{}", client.whoami().await?);
    Ok(())
}
