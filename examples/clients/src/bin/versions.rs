//! One channel for several versions: which of them does the server speak? And calls by number, for tools.

use clients::{desk, target};
use features::Outcome;
use features::desk::desk_prog::{DESK_V1, DESK_V2, DESK_V3, DeskV1Client, DeskV2Client};
use rpcgen_runtime::{
    Body, Channel, ClientStub, ConnectOptions, XdrString, from_bytes, ping, to_bytes,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let running = desk().await?;
    let channel = Channel::lazy(target(&running, "tcp"), ConnectOptions::new())?;
    let ours = [&DESK_V1, &DESK_V2, &DESK_V3].map(|interface| interface.version);
    let highest = channel.negotiate(DESK_V1.program, &ours).await?;
    println!("we speak {ours:?}, together {highest}");

    let (one, two) = (
        DeskV1Client::from_channel(channel.clone()),
        DeskV2Client::from_channel(channel.clone()),
    );
    ping(&one).await?;
    println!("{} {}", one.ask("abc").await?, two.ask("abc").await?);

    let args = Body::from(to_bytes(&XdrString::from("by number"))?);
    let results = channel.call_raw(DESK_V1.program, 2, 1, args).await?;
    let answer: XdrString = from_bytes(&results.into_bytes())?;
    println!("{answer}");
    Ok(())
}
