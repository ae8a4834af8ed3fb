//! A proxy: whatever program is called, the call goes on to another server as bytes.

use features::desk::desk_prog::{DeskV1Client, DeskV1Server};
use features::{Desk, Outcome};
use rpcgen_runtime::{Channel, Fault, Server, connect};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let behind = Channel::local(DeskV1Server(Desk));
    let server = Server::new().fallback(move |request| {
        let behind = behind.clone();
        async move {
            let cx = &request.cx;
            println!("passes procedure {} on", cx.procedure());
            behind
                .call_raw(cx.program(), cx.version(), cx.procedure(), request.args)
                .await
                .map_err(|_| Fault::SystemErr)
        }
    });
    let running = server.tcp("127.0.0.1:0").start().await?;
    let client: DeskV1Client = connect(running.addresses()[0].to_string()).await?;
    println!("{}", client.ask("through a proxy").await?);
    Ok(())
}
