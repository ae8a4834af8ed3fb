//! Ten thousand connections that nobody uses.

use crate::orders::{on_one_thread, orders};
use crate::role::{ON_CLIENTS, ON_SERVERS, Role};
use crate::throws::call;
use std::process::Command;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Most for an idle connection, in bytes: 24 MiB for ten thousand.
const EACH: u64 = (24 << 20) / 10_000;
/// Most that an active client's call may be slower beside them.
const SLOWER: f64 = 1.3;
/// Pairs of measurements, of half a second each.
const ROUNDS: usize = 15;

/// Opens so many connections, makes one call on each, says so, and holds them.
pub(crate) fn work(tcp: &str, connections: u64) {
    on_one_thread(async {
        let mut held = Vec::new();
        for xid in 0..connections {
            let mut stream = TcpStream::connect(tcp).await.expect("the server accepts");
            let message = call(xid as u32, 0, &[]);
            stream.write_all(&message).await.expect("a call is taken");
            let mut reply = [0; 28];
            stream.read_exact(&mut reply).await.expect("a reply comes");
            held.push(stream);
        }
        println!("held={connections}");
        while orders().recv().await.is_some() {}
        drop(held);
    });
}

/// Memory and speed beside idle connections.
pub(crate) fn idle(connections: u64) {
    let descriptors = connections + connections / 3 + 1_000;
    let own = std::process::id().to_string();
    let set = Command::new("prlimit")
        .args([
            "--pid",
            &own,
            &format!("--nofile={descriptors}:{descriptors}"),
        ])
        .status();
    assert!(
        set.is_ok_and(|set| set.success()),
        "{descriptors} descriptors are needed (ulimit -Hn)"
    );
    let path = |name: &str| {
        let path = std::env::temp_dir().join(format!("soak-{own}-{name}"));
        path.to_string_lossy().into_owned()
    };
    let (quiet_path, busy_path) = (path("quiet"), path("busy"));
    let (mut quiet, quiet_tcp, _) = Role::server(ON_SERVERS, &quiet_path);
    let (mut busy, busy_tcp, _) = Role::server(ON_SERVERS, &busy_path);
    let mut alone = Role::start(ON_CLIENTS, &["pace", &quiet_tcp]);
    let mut beside = Role::start(ON_CLIENTS, &["pace", &busy_tcp]);
    for pace in [&mut alone, &mut beside] {
        pace.ask("500");
    }
    let before = busy.ask("say");
    let mut holder = Role::start(ON_CLIENTS, &["hold", &busy_tcp, &connections.to_string()]);
    holder.line();
    beside.ask("500");
    let after = busy.ask("say");
    println!("server before: {before}\nserver with {connections} idle: {after}");
    assert_eq!(
        after.get("connections"),
        before.get("connections") + connections
    );
    let each = (after.get("kib").saturating_sub(before.get("kib"))) * 1024 / connections;
    println!("{each} bytes for each idle connection, at most {EACH}");

    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let (without, with) = (alone.ask("500"), beside.ask("500"));
        assert_eq!(without.get("lost") + with.get("lost"), 0, "no call is lost");
        ratios.push(with.get("ns50") as f64 / without.get("ns50") as f64);
    }
    ratios.sort_by(f64::total_cmp);
    let ratio = ratios[ROUNDS / 2];
    println!(
        "an active client's call takes {ratio:.3} times as long beside them, at most {SLOWER}"
    );
    quiet.ask("say");
    drop((quiet, busy));
    for path in [quiet_path, busy_path] {
        let _ = std::fs::remove_file(path);
    }
    assert!(each <= EACH, "idle connections cost too much memory");
    assert!(ratio <= SLOWER, "idle connections slow active ones down");
}
