//! A program and what it prints.

use std::process::Command;

/// Runs a program, expects these words in this order.
pub(crate) fn shows(program: &str, wanted: &[&str]) {
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
