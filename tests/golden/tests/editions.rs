//! Every output compiles in every edition, without a warning of rustc, clippy or rustdoc.

use golden::cases;
use golden::packages::{check, scratch};
use std::fs;

#[test]
fn every_output_compiles_without_warnings() {
    let folder = scratch("cases");
    let mut modules = Vec::new();
    for case in cases() {
        if let (Some(text), _) = case.results() {
            let path = folder.join(format!("{}.rs", case.name));
            fs::write(&path, text).expect("the build's folder is writable");
            modules.push((case.name, path));
        }
    }
    assert!(modules.len() > 30, "the cases are there");
    // Clippy has rustc's own warnings, too.
    for command in [&["clippy"][..], &["doc", "--no-deps"]] {
        if let Err(said) = check(command, &folder.join("packages"), &modules) {
            panic!("cargo {command:?}:\n{said}");
        }
    }
}
