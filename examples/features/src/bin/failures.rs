//! Handlers that fail: a panic, a result that the interface does not allow, one that is too long. Each is the failure of
//! one call, and the connection lives.

use features::Outcome;
use features::desk::desk_prog::{DeskV2, DeskV2Client, DeskV2Server};
use rpcgen_runtime::{Context, Fault, Limits, Server, XdrString, connect};

struct Clumsy;

impl DeskV2 for Clumsy {
    async fn ask(&self, _: &Context, question: XdrString) -> Result<XdrString, Fault> {
        match &*question.to_string() {
            "panic" => panic!("a mistake in a handler"),
            "ramble" => Ok("and so on ".repeat(100_000).into()),
            "refuse" => Err(Fault::SystemErr),
            other => Ok(other.into()),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let server = Server::new().serve(DeskV2Server(Clumsy));
    let server = server.limits(Limits::default().max_reply(64 << 10));
    let running = server.tcp("127.0.0.1:0").start().await?;
    let client: DeskV2Client = connect(running.addresses()[0].to_string()).await?;
    for question in ["panic", "ramble", "refuse"] {
        let error = client.ask(question).await.unwrap_err();
        println!("{question}: {error}");
    }
    println!("{}", client.ask("all on one connection").await?);
    println!("{} accepted", running.stats().accepted);
    Ok(())
}
