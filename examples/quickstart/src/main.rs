//! A server and its clients in one program.
//!
//! `board.x` is the interface, `build.rs` compiles it, `board.rs` implements it; here it is served and called: over TCP
//! and UDP, in two versions, async and blocking. The port is found through rpcbind, as everywhere in ONC RPC; the rpcbind
//! is a small one inside this process, so that nothing must be installed and nobody must be root.

/// What `rpcgen-rs` made of `board.x`.
#[allow(unreachable_pub)]
mod api {
    rpcgen_runtime::include_x!("board");
}
mod board;

use api::board_prog::{self, BoardV1Client, BoardV1Server, BoardV2Client, BoardV2Server};
use api::{Note, Paper, Pinned, Taken};
use board::Board;
use rpcgen_runtime::rpcbind::{LocalRpcbind, Rpcbind};
use rpcgen_runtime::{CallOptions, ClientStub, ConnectOptions, Grace, Server};
use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    println!("SERVER");
    let rpcbind = LocalRpcbind::start("127.0.0.1:0").await?;
    println!("  rpcbind of this process    {}", rpcbind.address());
    let board = Board::default();
    let server = Server::new()
        .serve(BoardV1Server(board.clone()))
        .serve(BoardV2Server(board))
        .tcp("127.0.0.1:0")
        .udp("127.0.0.1:0")
        .rpcbind(Rpcbind::required().at(rpcbind.address()))
        .start()
        .await?;
    for address in server.addresses() {
        println!("  BOARD_PROG versions 1 and 2 {address}");
    }

    over_tcp(rpcbind.address()).await?;
    over_udp(rpcbind.address()).await?;
    let address = rpcbind.address();
    tokio::task::spawn_blocking(move || blocking(address)).await??;

    println!("\nSHUTDOWN");
    server.shutdown(Grace::secs(5)).await;
    let gone =
        rpcgen_runtime::connect_with::<BoardV1Client>("tcp://127.0.0.1", by(rpcbind.address()))
            .await;
    let refusal = gone.expect_err("the server unregistered itself");
    println!("  the server is gone, and rpcbind knows it: {refusal}");
    println!("\nNext: examples/quickstart/board.x is the interface, src/main.rs this program.");
    Ok(())
}

/// Ask this rpcbind for the port, not the machine's own.
fn by(rpcbind: SocketAddr) -> ConnectOptions {
    ConnectOptions::new().rpcbind(rpcbind)
}

fn note(text: &str, paper: Paper, tags: &[&str], sketch: &'static [u8]) -> Note {
    Note {
        text: text.into(),
        paper,
        tags: tags.iter().map(|&tag| tag.into()).collect(),
        sketch: sketch.into(),
    }
}

/// Version 1 on one TCP connection: calls one after the other, and many at once.
async fn over_tcp(rpcbind: SocketAddr) -> Result<(), Box<dyn Error + Send + Sync>> {
    println!("\nTCP, version 1");
    let board: BoardV1Client = rpcgen_runtime::connect_with("tcp://127.0.0.1", by(rpcbind)).await?;
    rpcgen_runtime::ping(&board).await?;
    println!("  the server answers the NULL procedure, which board.x does not mention");

    let milk = note("buy milk", Paper::Yellow, &["shop"], b"");
    let cake = note(
        "bake a cake",
        Paper::Red,
        &["kitchen", "sunday"],
        b"\x89 no, not really a PNG",
    );
    // Both calls travel at once on the same connection; the client is a cheap handle, `&self` is enough.
    let (first, second) = tokio::join!(board.pin(&milk), board.pin(&cake));
    println!("  pinned two notes at once: {:?} and {:?}", first?, second?);

    println!("  the board, a linked list in board.x and on the wire:");
    for entry in &board.list().await? {
        let note = &entry.note;
        println!(
            "    {} {:?} {:?}, {} tags, {} bytes of sketch",
            entry.id,
            note.paper,
            note.text,
            note.tags.len(),
            note.sketch.len()
        );
    }

    // The bound of board.x is checked before anything is sent, and the error names the place.
    let endless = note(&"x".repeat(201), Paper::Green, &[], b"");
    let refused = board.pin(&endless).await.expect_err("TEXT_MAX is 200");
    println!(
        "  too long a text: {refused} (executed: {:?})",
        refused.execution()
    );
    Ok(())
}

/// Version 2 over UDP, with a deadline of its own.
async fn over_udp(rpcbind: SocketAddr) -> Result<(), Box<dyn Error + Send + Sync>> {
    println!("\nUDP, version 2");
    let board: BoardV2Client = rpcgen_runtime::connect_with("udp://127.0.0.1", by(rpcbind)).await?;
    let quick = board.with(CallOptions::new().timeout(Duration::from_secs(2)));

    // Two arguments: what C rpcgen calls "new style".
    let found = quick.find("cake", Paper::Red).await?;
    println!(
        "  red notes with \"cake\": {}",
        found
            .iter()
            .map(|e| e.note.text.to_string())
            .collect::<Vec<_>>()
            .join(", ")
    );
    for id in [1, 1] {
        match quick.take(id).await? {
            Taken::Ok(note) => println!("  took down note {id}: {:?}", note.text),
            other => println!("  took down note {id}: {other:?}"),
        }
    }
    Ok(())
}

/// The same methods without async: plain sockets, no runtime.
fn blocking(rpcbind: SocketAddr) -> Result<(), Box<dyn Error + Send + Sync>> {
    println!("\nBLOCKING, version 2 over TCP");
    let board: board_prog::blocking::BoardV2Client =
        rpcgen_runtime::blocking::connect_with("tcp://127.0.0.1", by(rpcbind))?;
    for number in 1.. {
        match board.pin(&note(&format!("note {number}"), Paper::Green, &[], b""))? {
            Pinned::Ok(id) => println!("  pinned note {id}"),
            Pinned::Full(room) => {
                println!("  the board is full: it holds {room} notes");
                break;
            }
            other => println!("  {other:?}"),
        }
    }
    Ok(())
}
