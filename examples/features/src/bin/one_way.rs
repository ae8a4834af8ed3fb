//! Procedures without replies: the interface declares one with `oneway`, and a handler may decide so for any call.

use features::Outcome;
use features::desk::desk_prog::{DeskV3, DeskV3Client, DeskV3Server};
use rpcgen_runtime::client::ClientStub;
use rpcgen_runtime::{CallOptions, Context, Fault, Server, XdrString, connect};
use std::sync::Mutex;
use std::time::Duration;

#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl DeskV3 for Notes {
    async fn note(&self, _: &Context, note: XdrString) -> Result<(), Fault> {
        self.0.lock().unwrap().push(note.to_string());
        Ok(())
    }

    async fn notes(&self, _: &Context) -> Result<XdrString, Fault> {
        Ok(self.0.lock().unwrap().join("\n").into())
    }

    async fn perhaps(&self, _: &Context, please: bool) -> Result<XdrString, Fault> {
        if please {
            Ok("since you ask so nicely".into())
        } else {
            Err(Fault::NoReply)
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let server = Server::new().serve(DeskV3Server(Notes::default()));
    let running = server.tcp("127.0.0.1:0").start().await?;
    let client: DeskV3Client = connect(running.addresses()[0].to_string()).await?;

    // Neither waits for the server; the calls of a connection are taken in order.
    client.note("milk").await?;
    client.note("eggs").await?;
    println!("{}", client.notes().await?);
    println!("{}", client.perhaps(true).await?);
    let impatient = client.with(CallOptions::new().timeout(Duration::from_millis(100)));
    println!("{}", impatient.perhaps(false).await.unwrap_err());
    println!("{}", client.perhaps(true).await?);
    Ok(())
}
