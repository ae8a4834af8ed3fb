//! One way to connect: TCP, UDP, a unix socket, any stream of bytes, a server in the same process; at once or lazily.

use clients::{desk, target};
use features::desk::desk_prog::{DESK_V1, DeskV1Client, DeskV1Server};
use features::{Desk, Outcome};
use rpcgen_runtime::{Channel, ClientStub, ConnectOptions, Server, connect};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let running = desk().await?;
    for scheme in ["tcp", "udp"] {
        // Without a port rpcbind would be asked; without a scheme it would be TCP.
        let client: DeskV1Client = connect(target(&running, scheme)).await?;
        println!("{scheme}: {}", client.ask("who is there?").await?);
    }

    let path = std::env::temp_dir().join(format!("desk-{}.sock", std::process::id()));
    let _unix = Server::new().serve(DeskV1Server(Desk)).unix(&path);
    let _unix = _unix.start().await?;
    let client: DeskV1Client = connect(format!("unix:{}", path.display())).await?;
    println!("unix: {}", client.ask("who is there?").await?);

    // Connects with the first call, so that a server may come later.
    let channel = Channel::lazy_for(target(&running, "tcp"), &DESK_V1, ConnectOptions::new())?;
    println!("connected: {}", channel.local_addr().is_some());
    let client = DeskV1Client::from_channel(channel);
    println!("lazy: {}", client.ask("who is there?").await?);

    let (ours, theirs) = tokio::io::duplex(4096);
    running.serve_stream(theirs);
    let channel = Channel::from_stream(ours, ConnectOptions::new());
    let client = DeskV1Client::from_channel(channel);
    println!("stream: {}", client.ask("who is there?").await?);
    Ok(())
}
