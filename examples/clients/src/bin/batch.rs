//! A batch: calls that nobody waits for, written together before the one that is answered.

use clients::target;
use features::Outcome;
use features::desk::desk_prog::{DeskV3, DeskV3Client, DeskV3Server};
use rpcgen_runtime::{CallOptions, ClientStub, Context, Fault, Server, XdrString, connect};
use std::sync::Mutex;

#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl DeskV3 for Notes {
    async fn note(&self, _: &Context, note: XdrString) -> Result<(), Fault> {
        self.0.lock().unwrap().push(note.to_string());
        Ok(())
    }

    async fn notes(&self, _: &Context) -> Result<XdrString, Fault> {
        Ok(format!("{} notes", self.0.lock().unwrap().len()).into())
    }

    async fn perhaps(&self, _: &Context, _: bool) -> Result<XdrString, Fault> {
        Err(Fault::NoReply)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let server = Server::new().serve(DeskV3Server(Notes::default()));
    let running = server.tcp("127.0.0.1:0").start().await?;
    let client: DeskV3Client = connect(target(&running, "tcp")).await?;

    let quiet = client.with(CallOptions::new().batch(true));
    for n in 0..1000 {
        quiet.note(format!("note {n}")).await?;
    }
    println!("{}", client.notes().await?);
    quiet.note("one more").await?;
    quiet.flush().await?;
    println!("{}", client.notes().await?);
    println!("{}", quiet.notes().await.unwrap_err());
    Ok(())
}
