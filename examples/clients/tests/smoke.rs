//! Every program here runs to its end, anywhere, and prints what it is there to show.

#[path = "../../features/tests/smoke/shows.rs"]
mod shows;

use shows::shows;
use std::collections::BTreeSet;
use std::path::Path;

macro_rules! programs {
    ($($name:ident: $wanted:expr;)+) => {
        $(#[test]
        fn $name() {
            shows(env!(concat!("CARGO_BIN_EXE_", stringify!($name))), &$wanted);
        })+

        const ALL: &[&str] = &[$(stringify!($name)),+];
    };
}

programs! {
    batch: ["1000 notes", "1001 notes", "has one"];
    broadcast: [
        "IS ANYBODY THERE?",
        "IS ANYBODY THERE?",
        "AND NOW?",
        "AND NOW?",
        "that was all",
    ];
    calls: [
        "waited 300 + 200 + 100 ms",
        "at once: true",
        "executed: Maybe",
        "pending: 0",
        "the fourth: too many calls are pending",
    ];
    credentials: ["None at", "uid: 42", "refreshed after AUTH_REJECTEDCRED", "uid: 1000"];
    errors: [
        "too slow: timed_out (executed: Maybe, retryable: true)",
        "not served: refused (executed: No, retryable: false)",
        "too long: reply_too_large (executed: Yes, retryable: false)",
        "nobody there: connect (executed: No, retryable: true)",
    ];
    middleware: [
        "DESK_PROG.DESK_ASK",
        "THROUGH BOTH",
        "DESK_PROG.DESK_WHOAMI",
        "too many calls are pending",
        "the mock says 7",
    ];
    reconnect: [
        "connected",
        "disconnected",
        "connected",
        "attempt 2",
        "procedure 2 ended: true",
        "waited 500 ms",
    ];
    targets: [
        "tcp: WHO IS THERE?",
        "udp: WHO IS THERE?",
        "unix: WHO IS THERE?",
        "connected: false",
        "lazy: WHO IS THERE?",
        "stream: WHO IS THERE?",
    ];
    versions: ["we speak [1, 2, 3], together 2", "ABC cba", "rebmun yb"];
    without_async: [
        "tcp: NO RUNTIME",
        "tcp: no reply within 50ms",
        "udp: NO RUNTIME",
        "udp: no reply within 50ms",
        "ONE TWO",
    ];
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
