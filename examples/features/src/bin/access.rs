//! Who may call: AUTH_SYS is demanded, and a closure looks at each call before its handler does.

use features::desk::desk_prog::{DESK_V1, DeskV1Client, DeskV1Server};
use features::{Desk, Outcome};
use rpcgen_runtime::msg::{AuthStat, flavor};
use rpcgen_runtime::{Fault, Server, connect};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let server = Server::new()
        .serve(DeskV1Server(Desk))
        .require_for(DESK_V1.program, 3, [flavor::SYS])
        .intercept(|request| match request.procedure {
            // Nobody may keep the desk waiting.
            2 => Err(Fault::Denied(AuthStat::REJECTEDCRED)),
            _ => Ok(()),
        });
    let running = server.tcp("127.0.0.1:0").start().await?;
    let client: DeskV1Client = connect(running.addresses()[0].to_string()).await?;

    println!("anybody may ask: {}", client.ask("yes").await?);
    println!(
        "not without AUTH_SYS: {}",
        client.whoami().await.unwrap_err()
    );
    println!("nobody: {}", client.wait(1).await.unwrap_err());
    Ok(())
}
