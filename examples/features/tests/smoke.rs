//! Every program here runs to its end, anywhere, and prints what it is there to show.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Runs a program, expects these words in this order.
fn shows(program: &str, wanted: &[&str]) {
    let output = Command::new(program).output().expect("it starts");
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{}\n{out}{err}", output.status);
    let mut rest = &*out;
    for words in wanted {
        match rest.split_once(words) {
            Some((_, after)) => rest = after,
            None => panic!("{words:?} is missing, or out of order, in:\n{out}{err}"),
        }
    }
}

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
    access: ["anybody may ask: YES", "AUTH_SYS: authentication refused: AUTH_TOOWEAK", "AUTH_REJECTEDCRED"];
    blocking: [
        "this was asked in thread",
        "four calls of 100 ms, two at a time: at least 200 ms",
    ];
    drain: [
        "in flight when the server stopped: 300 ms",
        "a later client is served: false",
    ];
    idle_exit: ["AWAKE", "unused: it has ended by itself"];
    in_memory: ["NO SOCKET", "local"];
    metrics: ["2 calls, 2 succeeded", "1 connection, 0 in flight"];
    programs: ["before: ", "added: stressed", "removed: true", "after: "];
    proxy: ["passes procedure 1 on", "THROUGH A PROXY"];
    strict_order: ["three calls of 50 ms, one by one: true"];
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
