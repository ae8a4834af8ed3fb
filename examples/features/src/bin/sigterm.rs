//! What a service manager expects: SIGTERM, or Ctrl-C, starts a drain. What is in flight is answered within ten seconds,
//! and the program ends with status 0.

use features::desk::desk_prog::DeskV1Server;
use features::{Desk, Outcome};
use rpcgen_runtime::{Grace, Server};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let (mut term, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    let server = Server::new()
        .serve(DeskV1Server(Desk))
        .intercept(|request| {
            println!("procedure {}", request.procedure);
            Ok(())
        });
    let running = server.tcp("127.0.0.1:0").start().await?;
    println!("{}", running.addresses()[0]);
    // `Server::run_until` does the same when the address is known before.
    tokio::select! {
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
    running.shutdown(Grace::secs(10)).await;
    println!("drained");
    Ok(())
}
