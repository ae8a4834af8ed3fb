//! A server that goes away and comes back: reconnect and replay by policy, and an observer that is told of it.

use clients::target;
use features::desk::desk_prog::{DeskV1Client, DeskV1Server};
use features::{Desk, Outcome};
use rpcgen_runtime::client::{CallInfo, Observer};
use rpcgen_runtime::{CallOptions, ConnectOptions, Grace, Reconnect, Replay, Server, connect_with};
use std::net::SocketAddr;
use std::time::Duration;

#[derive(Debug)]
struct Told;

impl Observer for Told {
    fn connected(&self, _: Option<SocketAddr>) {
        println!("connected");
    }
    fn disconnected(&self, _: Option<&std::io::Error>) {
        println!("disconnected");
    }
    fn sent_again(&self, _: u32, attempt: u32) {
        println!("attempt {attempt}");
    }
    fn ended(&self, call: CallInfo, _: Duration, error: Option<&rpcgen_runtime::RpcError>) {
        println!("procedure {} ended: {}", call.procedure, error.is_none());
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let server = || Server::new().serve(DeskV1Server(Desk));
    let first = server().tcp("127.0.0.1:0").start().await?;
    let at = target(&first, "tcp");
    let options = ConnectOptions::new()
        .calls(CallOptions::new().replay(Replay::Always))
        .reconnect(Reconnect::constant(Duration::from_millis(50)))
        .observer(Told);
    let client: DeskV1Client = connect_with(&at, options).await?;

    // It is killed with a call on the way, and comes back.
    let restart = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        first.shutdown(Grace::secs(0)).await;
        let port = at.trim_start_matches("tcp://");
        server().tcp(port).start().await
    };
    let (waited, second) = tokio::join!(client.wait(500), restart);
    let _second = second?;
    println!("waited {} ms", waited?);
    Ok(())
}
