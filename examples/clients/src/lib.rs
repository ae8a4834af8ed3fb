//! What the programs here share: a server to talk to. The interface is that of `examples/features`.

use features::Desk;
use features::desk::desk_prog::{DeskV1Server, DeskV2Server};
use rpcgen_runtime::Server;
use rpcgen_runtime::server::Running;

/// The desk on any free TCP and UDP port of this machine.
///
/// # Errors
/// There is no free port.
pub async fn desk() -> Result<Running, Box<dyn std::error::Error>> {
    let server = Server::new()
        .serve(DeskV1Server(Desk))
        .serve(DeskV2Server(Desk))
        .tcp("127.0.0.1:0")
        .udp("127.0.0.1:0");
    Ok(server.start().await?)
}

/// Where it listens, as a target: `tcp://…` or `udp://…`.
///
/// # Panics
/// It listens on no such transport.
#[must_use]
pub fn target(running: &Running, scheme: &str) -> String {
    let all = running.addresses().iter().map(ToString::to_string);
    let mut fitting = all.filter(|target| target.starts_with(scheme));
    fitting.next().expect("the desk listens on both")
}
