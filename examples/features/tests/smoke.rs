//! Every program here runs to its end, anywhere, and prints what it is there to show.

#[path = "smoke/shows.rs"]
mod shows;

use features::desk::desk_prog::blocking::DeskV1Client;
use rpcgen_runtime::blocking;
use shows::shows;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

macro_rules! programs {
    ($($name:ident: $wanted:expr;)+) => {
        $(#[test]
        fn $name() {
            shows(env!(concat!("CARGO_BIN_EXE_", stringify!($name))), &$wanted);
        })+

        const ALL: &[&str] = &["activation", "sigterm", $(stringify!($name)),+];
    };
}

programs! {
    access: ["anybody may ask: YES", "AUTH_SYS: authentication refused: AUTH_TOOWEAK", "AUTH_REJECTEDCRED"];
    any_stream: ["OVER A PAIR OF SOCKETS", "THROUGH MEMORY", "2 connections"];
    authenticator: ["blue: MAY I?", "red: ", "AUTH_REJECTEDCRED", "none: ", "AUTH_TOOWEAK"];
    blocking: [
        "this was asked in thread",
        "four calls of 100 ms, two at a time: at least 200 ms",
    ];
    call_log: [
        "onc_rpc.procedure.name=\"DESK_ASK\"",
        "rpcgen_runtime::calls: peer=tcp://127.0.0.1:",
        "procedure=\"DESK_ASK\" arguments=28 results=28",
        "procedure=\"DESK_WAIT\" arguments=4 results=4",
    ];
    cancellation: [
        "begun, with a deadline",
        "the handler was dropped",
        "the work beside it was told",
        "begun, with a deadline",
        "the handler was dropped",
        "the work beside it was told",
    ];
    drain: [
        "in flight when the server stopped: 300 ms",
        "a later client is served: false",
    ];
    extensions: ["you live on the first floor", "you live in the attic"];
    failures: [
        "panic: the server failed (SYSTEM_ERR)",
        "ramble: the server failed (SYSTEM_ERR)",
        "refuse: the server failed (SYSTEM_ERR)",
        "all on one connection",
        "1 accepted",
    ];
    idle_exit: ["AWAKE", "unused: it has ended by itself"];
    in_memory: ["NO SOCKET", "local"];
    limits: [
        "too slow: the server failed (SYSTEM_ERR)",
        "a second connection: false",
        "slowed down: true",
        "too long: false",
        "1 closed for what they sent",
    ];
    listeners: [
        "tcp, version 1: DESSERTS",
        "tcp, version 2: the program is served in versions 1 to 1 only",
        "udp, version 1: DESSERTS",
        "unix, version 1: the program is served in versions 2 to 2 only",
        "unix, version 2: stressed",
        "added for the staff: DESSERTS",
    ];
    metrics: ["2 calls, 2 succeeded", "1 connection, 0 in flight"];
    one_way: [
        "milk\neggs",
        "since you ask so nicely",
        "no reply within 100ms",
        "since you ask so nicely",
    ];
    open_network: [
        "nobody: authentication refused: AUTH_TOOWEAK",
        "somebody: ME?",
        "too slow: the server failed (SYSTEM_ERR)",
        "3 calls came in, 2 were let in",
        "1 succeeded, 1 given up",
    ];
    programs: ["before: ", "added: stressed", "removed: true", "after: "];
    proxy: ["passes procedure 1 on", "THROUGH A PROXY"];
    reply_cache: [
        "call 1: ticket number 1\n",
        "call 1: ticket number 1\n",
        "call 2: ticket number 2\n",
        "1 duplicate",
    ];
    rpcbind: [
        "demanded: registration was demanded: rpcbind",
        "rpcbind came: registered",
        "rpcbind came again: registered",
        "FOUND",
        "after the end: 0 registrations",
    ];
    shards: ["{\"rpc-0\", \"rpc-1\"}"];
    shedding: ["ten calls at once: 2 refused", "8 served, 2 refused"];
    strict_order: ["three calls of 50 ms, one by one: true"];
    tower_layers: [
        "four calls of 60 ms, two at a time: true",
        "one of 10 s: the server failed (SYSTEM_ERR)",
        "and then: STILL THERE?",
    ];
    transports: [
        "tcp://127.0.0.1:", "tcp://[::1]:", "udp://127.0.0.1:", "udp://[::1]:",
        "tcp://127.0.0.1:", "udp://[::1]:", "unix socket of uid ",
        "the socket file is gone: true",
    ];
}

/// Starts a program by a line of shell, in which it is `"$1"`, with this socket as its standard input.
fn start(script: &str, program: &str, socket: OwnedFd) -> Child {
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh", program]);
    command
        .stdin(Stdio::from(socket))
        .spawn()
        .expect("it starts")
}

/// Ends by itself, well.
fn ends(mut child: Child) {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        match child.try_wait().expect("it can be waited for") {
            Some(status) => return assert!(status.success(), "{status}"),
            None if Instant::now() < end => std::thread::sleep(Duration::from_millis(10)),
            None => break,
        }
    }
    let _ = child.kill();
    panic!("it does not end");
}

#[test]
fn activation() {
    let program = env!("CARGO_BIN_EXE_activation");
    let as_systemd = "LISTEN_FDS=1 LISTEN_PID=$$ exec \"$1\" 3<&0 </dev/null";
    for script in [as_systemd, "exec \"$1\""] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let at = listener.local_addr().expect("it has an address");
        let child = start(script, program, listener.into());
        let client: DeskV1Client = blocking::connect(&*format!("tcp://{at}")).expect("it serves");
        let answer = client.ask("who wakes me?").expect("it answers");
        assert_eq!(answer, "WHO WAKES ME?");
        drop(client);
        ends(child);
    }
    // inetd's `nowait`: the server is handed the connection of one client.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let at = listener.local_addr().expect("it has an address");
    let client: DeskV1Client = blocking::connect(&*format!("tcp://{at}")).expect("it is accepted");
    let (connection, _) = listener.accept().expect("it is there");
    let child = start("exec \"$1\"", program, connection.into());
    assert_eq!(client.ask("only me?").expect("it answers"), "ONLY ME?");
    drop(client);
    ends(child);
}

#[test]
fn sigterm() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sigterm"))
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut line = || lines.next().expect("a line").expect("text");
    let address = line();
    let client: DeskV1Client = blocking::connect(&*address).expect("it serves");
    let call = std::thread::spawn(move || client.wait(500));
    assert_eq!(line(), "procedure 2");
    let id = child.id().to_string();
    let sent = Command::new("kill").args(["-TERM", &id]).status();
    assert!(sent.expect("`kill` runs").success());
    assert_eq!(call.join().expect("no panic").expect("it is answered"), 500);
    assert_eq!(line(), "drained");
    ends(child);
}

#[test]
fn none_is_left_out() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin");
    let files = std::fs::read_dir(folder).expect("the programs");
    let stems = files.map(|file| {
        let path = file.expect("an entry").path();
        path.file_stem().unwrap().to_str().unwrap().to_owned()
    });
    let all: BTreeSet<String> = ALL.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(stems.collect::<BTreeSet<_>>(), all);
}
