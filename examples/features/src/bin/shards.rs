//! A thread for each processor, each with a runtime and sockets of its own on the same port (`SO_REUSEPORT`).

use features::Outcome;
use features::desk::desk_prog::{DeskV2, DeskV2Client, DeskV2Server};
use rpcgen_runtime::{Context, Fault, Grace, Server, XdrString, connect};
use std::collections::BTreeSet;
use std::thread;

struct Where;

impl DeskV2 for Where {
    async fn ask(&self, _: &Context, _: XdrString) -> Result<XdrString, Fault> {
        Ok(thread::current().name().unwrap_or("?").into())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    // In earnest: `thread::available_parallelism()`.
    let server = Server::new().serve(DeskV2Server(Where)).shards(2);
    let running = server.tcp("127.0.0.1:0").start().await?;
    let address = running.addresses()[0].to_string();
    let mut threads = BTreeSet::new();
    // The system deals connections out by their ports: not in turns.
    for _ in 0..64 {
        let client: DeskV2Client = connect(&address).await?;
        threads.insert(client.ask("where am I?").await?.to_string());
    }
    println!("{threads:?}");
    running.shutdown(Grace::secs(1)).await;
    Ok(())
}
