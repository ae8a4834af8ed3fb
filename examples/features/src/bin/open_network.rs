//! A server for a network that nobody vouches for. The defaults bound what all peers take together; what one of them may
//! have, how long a handler may run, and who may call at all, is said here. The programs beside this one show each alone.

use features::desk::desk_prog::{DESK_V1, DeskV1Client, DeskV1Server};
use features::{Desk, Outcome};
use rpcgen_runtime::auth::AuthSys;
use rpcgen_runtime::msg::{AuthStat, flavor};
use rpcgen_runtime::rpcbind::Rpcbind;
use rpcgen_runtime::server::Rate;
use rpcgen_runtime::server::layers::{CallLog, Concurrency, Metrics, Shed};
use rpcgen_runtime::{CallOptions, ClientStub, Fault, Grace, Limits, Server, connect};
use std::time::Duration;

/// The server, whatever it listens on.
fn server(metrics: &Metrics) -> Server {
    let limits = Limits::default()
        .max_record(64 << 10) // the desk's calls are short
        .max_connections_per_source(Some(16))
        .calls_per_source(Some(Rate::per_second(100).burst(200)))
        .request_deadline(Some(Duration::from_millis(200)));
    Server::new()
        .serve(DeskV1Server(Desk))
        .limits(limits)
        .require(DESK_V1.program, [flavor::SYS])
        .layer(metrics.clone()) // outermost: it counts what the others refuse, too
        .layer(CallLog) // events of `tracing`: a subscriber writes them down
        .layer(Shed::above(500))
        .layer(Concurrency::per_peer(8))
        .intercept(|request| match request.cx.peer().address() {
            Some(from) if !from.ip().is_loopback() => Err(Fault::Denied(AuthStat::TOOWEAK)),
            _ => Ok(()),
        })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let metrics = Metrics::default();
    // In earnest: `.tcp("[::]:2049").udp("[::]:2049")`, or `.inherited()?` under systemd, and `best_effort` for rpcbind.
    let server = server(&metrics).tcp("127.0.0.1:0").rpcbind(Rpcbind::none());
    let running = server.start().await?;

    let client: DeskV1Client = connect(running.addresses()[0].to_string()).await?;
    println!("nobody: {}", client.ask("me?").await.unwrap_err());
    let client = client.with(CallOptions::new().cred(AuthSys::new(1000, 100)));
    println!("somebody: {}", client.ask("me?").await?);
    println!("too slow: {}", client.wait(10_000).await.unwrap_err());

    // What a collector asks for now and then. Who is not let in comes no further than the server's own counters.
    let (server, calls) = (running.stats(), metrics.snapshot());
    println!(
        "{} calls came in, {} were let in",
        server.calls, calls.calls
    );
    println!("{} succeeded, {} given up", calls.succeeded, calls.dropped);
    // When a signal says so: see `sigterm`.
    running.shutdown(Grace::secs(10)).await;
    Ok(())
}
