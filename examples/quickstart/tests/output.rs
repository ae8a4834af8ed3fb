//! The quickstart prints what a newcomer wants to see, anywhere: no root, no rpcbind, no fixed port.

use std::process::Command;

#[test]
fn the_quickstart_tells_the_whole_story() {
    let output = Command::new(env!("CARGO_BIN_EXE_quickstart"))
        .output()
        .expect("it starts");
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{}\n{out}{err}", output.status);
    let wanted = [
        "SERVER",
        "BOARD_PROG versions 1 and 2 tcp://127.0.0.1:",
        "BOARD_PROG versions 1 and 2 udp://127.0.0.1:",
        "TCP, version 1",
        "the server answers the NULL procedure",
        "pinned two notes at once",
        "Yellow \"buy milk\", 1 tags, 0 bytes of sketch",
        "Red \"bake a cake\", 2 tags, 22 bytes of sketch",
        "length 201 exceeds the bound 200",
        "(executed: No)",
        "UDP, version 2",
        "red notes with \"cake\": bake a cake",
        "took down note 1: NotFound",
        "BLOCKING, version 2 over TCP",
        "the board is full: it holds 4 notes",
        "SHUTDOWN",
        "is not registered with rpcbind",
    ];
    let mut rest = &*out;
    for words in wanted {
        match rest.split_once(words) {
            Some((_, after)) => rest = after,
            None => panic!("{words:?} is missing, or out of order, in:\n{out}"),
        }
    }
}
