//! The long runs, short: they work, and what they look at is in order. Full size is `.ci/full soak` and `.ci/full beside`.

use std::process::Command;

#[test]
fn a_short_soak_ends_where_it_began() {
    let output = Command::new(env!("CARGO_BIN_EXE_soak"))
        .args(["soak", "6"])
        .output()
        .expect("soak starts");
    let (said, erred) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{said}{erred}");
    assert!(said.contains("ended where they began"), "{said}{erred}");
}
