//! Handlers that block (files, databases, C libraries): a synchronous trait, run in a pool of threads.
//!
//! `build.rs` asks for the trait with `blocking_server(true)`, the command with `--blocking-server`.

use features::Outcome;
use features::desk::desk_prog::DeskV1Client;
use features::desk::desk_prog::blocking::{DeskV1, DeskV1Server};
use rpcgen_runtime::server::BlockingPool;
use rpcgen_runtime::{Context, Fault, Server, XdrString, connect};
use std::thread;
use std::time::{Duration, Instant};

struct Slow;

impl DeskV1 for Slow {
    fn ask(&self, _: &Context, question: XdrString) -> Result<XdrString, Fault> {
        let name = thread::current().name().unwrap_or("?").to_owned();
        Ok(format!("{question} asked in thread {name}").into())
    }

    fn wait(&self, _: &Context, milliseconds: u32) -> Result<u32, Fault> {
        // It holds a thread of the pool, and nobody else.
        thread::sleep(Duration::from_millis(milliseconds.into()));
        Ok(milliseconds)
    }

    fn whoami(&self, cx: &Context) -> Result<XdrString, Fault> {
        Ok(cx.peer().to_string().into())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    // Two calls at a time; a third waits for its turn.
    let program = DeskV1Server(Slow, BlockingPool::new(2));
    let running = Server::new()
        .serve(program)
        .tcp("127.0.0.1:0")
        .start()
        .await?;
    let client: DeskV1Client = connect(running.addresses()[0].to_string()).await?;

    println!("{}", client.ask("this was").await?);

    let start = Instant::now();
    let waits = (0..4).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { client.wait(100).await })
    });
    for wait in waits.collect::<Vec<_>>() {
        wait.await??;
    }
    let rounds = start.elapsed().as_millis() / 100;
    println!(
        "four calls of 100 ms, two at a time: at least {} ms",
        rounds.min(2) * 100
    );
    Ok(())
}
