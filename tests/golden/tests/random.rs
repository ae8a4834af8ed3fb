//! Random interfaces, valid by construction: all are accepted, and their Rust compiles without a warning (hostile
//! inputs, number 152).
//!
//! The normal run compiles few files, chosen so that every kind of syntax node and every kind of name clash is among
//! them; `cargo test -p golden --test random -- --ignored` compiles [`ALL`].

use golden::interface::{Interface, PRODUCTIONS};
use golden::nodes::{NODES, nodes};
use golden::packages::{check, scratch};
use golden::{compile, options};
use rpcgen_rs::diag::{Format, Severity};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Files of the full run.
const ALL: u64 = 600;
/// Files that are accepted and counted in each run.
const SEEN: u64 = 300;
/// Files of one package.
const BATCH: usize = 60;

/// What is generated from the file of a seed.
struct Generated {
    seed: u64,
    x: String,
    rust: String,
    /// Kinds of syntax nodes, of names and of messages in it.
    kinds: BTreeSet<&'static str>,
}

impl Generated {
    /// Compiles the file. Where names are said to need a rename, that is done as proposed.
    fn new(seed: u64) -> Self {
        let interface = Interface::new(seed);
        let mut kinds = interface.used;
        let mut flags = interface.flags;
        for _ in 0..20 {
            let output = compile(&interface.text, &options(&flags));
            let said = output.diagnostics.render(&output.sources, Format::Text);
            if output.diagnostics.find("W0401").is_some() {
                kinds.insert("kept spelling");
            }
            if let Some(file) = output.files.into_iter().next() {
                kinds.extend(nodes(&interface.text));
                return Self {
                    seed,
                    x: interface.text,
                    rust: file.text,
                    kinds,
                };
            }
            let errors = output
                .diagnostics
                .iter()
                .filter(|d| d.severity == Severity::Error);
            let mut renames = String::new();
            for error in errors {
                let help = error.help.as_deref().filter(|_| error.code == "E0401");
                let rename = help.and_then(|help| help.split_once("`--rename "));
                let Some((_, rename)) = rename else {
                    panic!("seed {seed}: refused\n{said}\n{flags}\n{}", interface.text);
                };
                kinds.insert("rename");
                renames += &format!("--rename={}\n", rename.trim_end_matches('`'));
            }
            flags += &renames;
        }
        panic!(
            "seed {seed}: the proposed renames do not help\n{flags}\n{}",
            interface.text
        )
    }
}

/// All kinds there are.
fn kinds() -> BTreeSet<&'static str> {
    let own = ["kept spelling", "rename"];
    NODES
        .iter()
        .chain(PRODUCTIONS)
        .chain(&own)
        .copied()
        .collect()
}

/// Complains of what does not occur.
fn assert_complete(files: &[Generated]) {
    let seen: BTreeSet<_> = files.iter().flat_map(|file| &file.kinds).copied().collect();
    let missing: Vec<_> = kinds().difference(&seen).copied().collect();
    assert!(missing.is_empty(), "never occur: {missing:?}");
}

/// Compiles the files as modules of one package for each edition.
fn assert_compile(folder: &Path, files: &[Generated]) {
    let mut modules = Vec::new();
    for file in files {
        let name = format!("f{}", file.seed);
        let path = folder.join(format!("{name}.rs"));
        fs::write(&path, &file.rust)
            .and_then(|()| fs::write(path.with_extension("x"), &file.x))
            .expect("the build's folder is writable");
        modules.push((name, path));
    }
    if let Err(said) = check(&["check"], &folder.join("packages"), &modules) {
        panic!("{}", said.lines().take(100).collect::<Vec<_>>().join("\n"));
    }
}

#[test]
fn h152_random_interfaces_compile_to_rust_that_compiles() {
    let mut files: Vec<_> = (0..SEEN).map(Generated::new).collect();
    assert_complete(&files);
    // The file with most that is missing yet, again and again.
    let mut chosen = Vec::new();
    let mut missing = kinds();
    while !missing.is_empty() {
        let news = |file: &Generated| missing.intersection(&file.kinds).count();
        let (at, _) = (files.iter().enumerate())
            .max_by_key(|(_, file)| news(file))
            .expect("they are complete");
        let file = files.swap_remove(at);
        missing.retain(|kind| !file.kinds.contains(kind));
        chosen.push(file);
    }
    assert_complete(&chosen);
    chosen.extend(files.into_iter().take(12));
    assert_compile(&scratch("random"), &chosen);
}

#[test]
#[ignore = "takes minutes: .ci/full runs it"]
fn h152_six_hundred_random_interfaces() {
    let mut files: Vec<_> = (0..ALL).map(Generated::new).collect();
    assert_complete(&files);
    while !files.is_empty() {
        let batch: Vec<_> = files.drain(..BATCH.min(files.len())).collect();
        println!("{} to {}", batch[0].seed, batch[batch.len() - 1].seed);
        assert_compile(&scratch("random-all"), &batch);
    }
}

/// What the random files are made of must not depend on the machine.
#[test]
fn a_seed_is_a_file() {
    assert_eq!(Interface::new(7).text, Interface::new(7).text);
    assert_ne!(Interface::new(7).text, Interface::new(8).text);
}
