//! A server that is started on demand: it takes a socket that is open already, and ends when nobody needs it any more.

use features::desk::desk_prog::{DeskV1Client, DeskV1Server};
use features::{Desk, Outcome};
use rpcgen_runtime::{Grace, Server, connect};
use std::net::TcpListener;
use std::time::Duration;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    // systemd's sockets come from `Server::inherited`, inetd's from `Server::start_from_inetd`.
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = format!("tcp://{}", listener.local_addr()?);
    let server = Server::new()
        .serve(DeskV1Server(Desk))
        .tcp_listener(listener)
        .idle_exit(Duration::from_millis(200));
    let served = tokio::spawn(server.run_until(std::future::pending(), Grace::secs(1)));

    let client: DeskV1Client = connect(&address).await?;
    println!("{}", client.ask("awake").await?);
    drop(client);
    served.await??;
    println!("unused: it has ended by itself");
    Ok(())
}
