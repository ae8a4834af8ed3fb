//! One call to many hosts; here two servers of this machine at their ports. `Broadcast::new()` alone asks every host of
//! every network, through its rpcbind.

use clients::desk;
use features::Outcome;
use features::desk::desk_prog::DeskV1Client;
use rpcgen_runtime::client::Broadcast;
use std::time::Duration;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let (one, two) = (desk().await?, desk().await?);
    let [one, two] = [&one, &two].map(|desk| desk.udp().expect("it listens"));
    let wide = Broadcast::new().direct(0).to(one).to(two).most(2);
    let wide = wide.wait(Duration::from_secs(10));
    let question = |desk: DeskV1Client| async move { desk.ask("is anybody there?").await };
    let mut answers = wide.call(question).await?;
    while let Some(answer) = answers.next().await {
        println!("{}: {}", answer.host.ip(), answer.result?);
    }
    println!("that was all");
    Ok(())
}
