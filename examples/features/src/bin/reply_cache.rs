//! A datagram that the network delivers twice: the procedure runs once, and both get the same reply.

use features::Outcome;
use features::desk::desk_prog::{DeskV2, DeskV2Server};
use rpcgen_runtime::server::ReplayLimits;
use rpcgen_runtime::{Context, Fault, Limits, Server, XdrString};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::net::UdpSocket;

#[derive(Default)]
struct Tickets(AtomicU32);

impl DeskV2 for Tickets {
    async fn ask(&self, _: &Context, _: XdrString) -> Result<XdrString, Fault> {
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        Ok(format!("ticket number {number}").into())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    // It is on for UDP by default, with other bounds; for TCP see `Limits::reply_cache_for_tcp`.
    let limits = Limits::default().reply_cache(Some(ReplayLimits {
        entries: 1_000,
        bytes: 1 << 20,
        age: Duration::from_secs(60),
    }));
    let server = Server::new().serve(DeskV2Server(Tickets::default()));
    let running = server.limits(limits).udp("127.0.0.1:0").start().await?;
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    socket.connect(running.udp().ok_or("no address")?).await?;

    // xid, call, RPC version 2, program, version 2, procedure 1, no credential and no verifier, a string of 0 bytes.
    for xid in [1, 1, 2] {
        let words: [u32; 11] = [xid, 0, 2, 0x2000_0099, 2, 1, 0, 0, 0, 0, 0];
        let call: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        socket.send(&call).await?;
        let mut reply = [0; 100];
        let len = socket.recv(&mut reply).await?;
        // Behind the header of 24 bytes and the string's length.
        println!(
            "call {xid}: {}",
            std::str::from_utf8(&reply[28..len])?.trim_end_matches('\0')
        );
    }
    println!("{} duplicate", running.stats().duplicates);
    Ok(())
}
