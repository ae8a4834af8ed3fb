//! One call to many hosts; here two servers of this machine at their ports. `Broadcast::new()` alone asks every host of
//! every network, through its rpcbind.

use clients::desk;
use features::Outcome;
use features::desk::desk_prog::{DeskV1Client, blocking::DeskV1Client as BlockingClient};
use rpcgen_runtime::RpcError;
use rpcgen_runtime::client::Broadcast;
use std::time::Duration;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let (one, two) = (desk().await?, desk().await?);
    let [one, two] = [&one, &two].map(|desk| desk.udp().expect("it listens"));
    let wide = Broadcast::new().direct(0).to(one).to(two).most(2);
    let wide = wide.wait(Duration::from_secs(10));
    let question = |desk: DeskV1Client| async move { desk.ask("is anybody there?").await };
    let mut answers = wide.clone().call(question).await?;
    while let Some(answer) = answers.next().await {
        println!("{}: {}", answer.host.ip(), answer.result?);
    }

    // Without a runtime the answers are an iterator.
    let listen = move || -> Result<(), RpcError> {
        let question = |desk: BlockingClient| desk.ask("and now?");
        for answer in wide.blocking().call(question)? {
            println!("{}: {}", answer.host.ip(), answer.result?);
        }
        Ok(())
    };
    // A thread of its own only because the servers live in this one.
    tokio::task::spawn_blocking(listen).await??;
    println!("that was all");
    Ok(())
}
