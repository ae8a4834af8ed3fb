//! No async: the blocking client, and the async client from blocking code.

use clients::{desk, target};
use features::Outcome;
use features::desk::desk_prog::{self, DeskV1Client};
use rpcgen_runtime::{CallOptions, blocking, connect};
use std::time::Duration;

fn main() -> Outcome {
    // A server has to be somewhere.
    let elsewhere = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let running = elsewhere.block_on(desk())?;

    for scheme in ["tcp", "udp"] {
        let client: desk_prog::blocking::DeskV1Client =
            blocking::connect(target(&running, scheme))?;
        println!("{scheme}: {}", client.ask("no runtime").expect("an answer"));
        use blocking::ClientStub;
        let quick = client.with(CallOptions::new().timeout(Duration::from_millis(50)));
        println!("{scheme}: {}", quick.wait(1000).unwrap_err());
    }

    // More at once than one: the async client, driven by a runtime that runs while we wait.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let client: DeskV1Client = runtime.block_on(connect(target(&running, "tcp")))?;
    let both = async { tokio::join!(client.ask("one"), client.ask("two")) };
    let (one, two) = runtime.block_on(both);
    println!("{} {}", one?, two?);
    Ok(())
}
