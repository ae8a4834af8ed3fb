//! One server on all transports: TCP and UDP, IPv4 and IPv6 in one socket and apart, a unix socket, ports that the system
//! chooses.

use features::desk::desk_prog::{DeskV1Client, DeskV1Server};
use features::{Desk, Outcome};
use rpcgen_runtime::server::Address;
use rpcgen_runtime::{Grace, Server, connect};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let file = std::env::temp_dir().join(format!("transports-{}.sock", std::process::id()));
    let server = Server::new().serve(DeskV1Server(Desk));
    let server = server.tcp("[::]:0").udp("[::]:0"); // dual stack
    let server = server.tcp("127.0.0.1:0").udp("[::1]:0").unix(&file);
    let running = server.start().await?;
    for address in running.addresses() {
        let targets = match address {
            Address::Tcp(at) if at.ip().is_unspecified() => {
                vec![
                    format!("tcp://127.0.0.1:{}", at.port()),
                    format!("tcp://[::1]:{}", at.port()),
                ]
            }
            Address::Udp(at) if at.ip().is_unspecified() => {
                vec![
                    format!("udp://127.0.0.1:{}", at.port()),
                    format!("udp://[::1]:{}", at.port()),
                ]
            }
            other => vec![other.to_string()],
        };
        for target in targets {
            let client: DeskV1Client = connect(&target).await?;
            println!("{}", client.whoami().await?);
        }
    }
    running.shutdown(Grace::secs(1)).await;
    println!("the socket file is gone: {}", !file.exists());
    Ok(())
}
