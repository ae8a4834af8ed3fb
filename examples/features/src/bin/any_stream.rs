//! Anything that reads and writes is a connection: here both ends of a pair of sockets without a name, and a pipe in
//! memory; it could be a TLS stream, a serial line, the standard input and output of an ssh command.

use features::desk::desk_prog::{DeskV1Client, DeskV1Server};
use features::{Desk, Outcome};
use rpcgen_runtime::client::ClientStub;
use rpcgen_runtime::{Channel, ConnectOptions, Server};
use tokio::net::UnixStream;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let running = Server::new().serve(DeskV1Server(Desk)).start().await?;

    let (ours, theirs) = UnixStream::pair()?;
    running.serve_stream(theirs);
    let client: DeskV1Client =
        ClientStub::from_channel(Channel::from_stream(ours, ConnectOptions::new()));
    println!("{}", client.ask("over a pair of sockets").await?);

    let (ours, theirs) = tokio::io::duplex(1 << 10);
    running.serve_stream(theirs);
    let client: DeskV1Client =
        ClientStub::from_channel(Channel::from_stream(ours, ConnectOptions::new()));
    println!("{}", client.ask("through memory").await?);
    println!("{} connections", running.stats().connections);
    Ok(())
}
