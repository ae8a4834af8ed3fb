//! Programs bound to listeners: version 1 for everybody over TCP and UDP, version 2 for those who may open a socket file.

use features::desk::desk_prog::{DeskV1Client, DeskV1Server, DeskV2Client, DeskV2Server};
use features::{Desk, Outcome};
use rpcgen_runtime::{Grace, Server, connect};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let file = std::env::temp_dir().join(format!("desk-{}.sock", std::process::id()));
    let server = Server::new()
        .on("public", |on| {
            on.serve(DeskV1Server(Desk))
                .tcp("127.0.0.1:0")
                .udp("127.0.0.1:0")
        })
        .on("staff", |on| on.serve(DeskV2Server(Desk)).unix(&file));
    let running = server.start().await?;
    for address in running.addresses() {
        let address = address.to_string();
        let name = address.split(':').next().unwrap_or_default();
        let one: DeskV1Client = connect(&address).await?;
        let two: DeskV2Client = connect(&address).await?;
        println!("{name}, version 1: {}", told(one.ask("desserts").await));
        println!("{name}, version 2: {}", told(two.ask("desserts").await));
    }

    // And while it runs.
    running.on("staff").add(DeskV1Server(Desk));
    let staff = running.addresses()[2].to_string();
    let client: DeskV1Client = connect(&staff).await?;
    println!("added for the staff: {}", client.ask("desserts").await?);
    running.shutdown(Grace::secs(1)).await;
    Ok(())
}

fn told<T: ToString, E: ToString>(result: Result<T, E>) -> String {
    result.map_or_else(|error| error.to_string(), |answer| answer.to_string())
}
