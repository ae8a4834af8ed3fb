//! Registration: the server starts before there is an rpcbind, registers when it comes, again when it was started anew,
//! and takes its registration back when it stops. `Rpcbind::required()` would not start without.

use features::desk::desk_prog::{DeskV1Client, DeskV1Server};
use features::{Desk, Outcome};
use rpcgen_runtime::rpcbind::{LocalRpcbind, Rpcbind};
use rpcgen_runtime::{ConnectOptions, Grace, Server, connect_with};
use std::net::SocketAddr;
use std::time::Duration;

/// How often the program is registered there.
async fn registered(at: SocketAddr) -> usize {
    let entries = Rpcbind::best_effort()
        .at(at)
        .dump()
        .await
        .unwrap_or_default();
    entries.iter().filter(|e| e.program == 0x2000_0099).count()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    // A port for an rpcbind of our own: the system's is at port 111, and found without `at`.
    let rpcbind = LocalRpcbind::start("127.0.0.1:0").await?;
    let at = rpcbind.address();
    rpcbind.shutdown(Grace::secs(1)).await;

    let server = Server::new().serve(DeskV1Server(Desk)).tcp("127.0.0.1:0");
    let server = server.rpcbind(Rpcbind::best_effort().at(at));
    let demanded = server.clone().rpcbind(Rpcbind::required().at(at));
    println!("demanded: {}", demanded.start().await.unwrap_err());
    let running = server.start().await?;
    for time in ["came", "came again"] {
        let rpcbind = LocalRpcbind::start(at).await?;
        while registered(at).await == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        println!("rpcbind {time}: registered");
        if time == "came" {
            rpcbind.shutdown(Grace::secs(1)).await;
            continue;
        }
        // A client that knows no port.
        let options = ConnectOptions::new().rpcbind(at);
        let client: DeskV1Client = connect_with("tcp://127.0.0.1", options).await?;
        println!("{}", client.ask("found").await?);
        running.shutdown(Grace::secs(1)).await;
        println!("after the end: {} registrations", registered(at).await);
        break;
    }
    Ok(())
}
