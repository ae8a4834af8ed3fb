//! What is generated and what is said, byte for byte; and that it is laid out as rustfmt would.

use golden::{cases, compare, compile, report, update};
use rpcgen_rs::Output;
use std::fs;
use std::process::Command;

#[test]
fn outputs_and_messages_are_as_committed() {
    let mut complaints = Vec::new();
    let cases = cases();
    assert!(cases.len() > 30, "the cases are there");
    for case in &cases {
        let (output, said) = case.results();
        assert!(
            output.is_some() || said.contains("error"),
            "{} has neither an output nor an error:\n{said}",
            case.name
        );
        compare(
            &case.folder.join("out.rs"),
            output.as_deref(),
            &mut complaints,
        );
        let said = Some(said.as_str()).filter(|said| !said.is_empty());
        compare(&case.folder.join("err.txt"), said, &mut complaints);
    }
    report(&complaints);
}

#[test]
fn output_is_identical_on_second_run() {
    for case in cases() {
        assert!(case.results() == case.results(), "{}", case.name);
    }
}

/// The printer lays out what it knows of; rustfmt has the last word, within one line in two hundred.
#[test]
fn the_layout_is_that_of_rustfmt() {
    if update() {
        return;
    }
    let (mut lines, mut differences) = (0, Vec::new());
    for case in cases() {
        let (Some(output), _) = case.results() else {
            continue;
        };
        let path = golden::packages::scratch("rustfmt").join("out.rs");
        fs::write(&path, &output).expect("the build's folder is writable");
        let done = Command::new("rustfmt")
            .args(["--edition", "2024"])
            .arg(&path)
            .status();
        assert!(done.expect("rustfmt runs").success(), "{}", case.name);
        let formatted = fs::read_to_string(&path).expect("rustfmt writes");
        lines += output.lines().count();
        let ours: std::collections::BTreeSet<&str> = output.lines().collect();
        let new = formatted.lines().filter(|line| !ours.contains(line));
        differences.extend(new.map(|line| format!("{}: {line}", case.name)));
    }
    assert!(
        differences.len() * 200 <= lines,
        "rustfmt would have {} of {lines} lines:\n{}",
        differences.len(),
        differences.join("\n")
    );
}

/// What is generated, but for the line that names the options.
fn text(output: &Output) -> Vec<&str> {
    let lines = output.files.iter().flat_map(|file| file.text.lines());
    lines
        .filter(|line| !line.starts_with("// options: "))
        .collect()
}

/// The line that a W0402 prints pins the names: with it, they are as they were without it.
#[test]
fn pinned_prefixes_change_nothing() {
    let mut complaints = Vec::new();
    let mut pins = 0;
    for case in cases() {
        let output = case.compile();
        let mut options = case.options.clone();
        let mut flags = String::new();
        for found in output.diagnostics.iter().filter(|d| d.code == "W0402") {
            let help = found.help.as_deref().unwrap_or_default();
            let flag = help
                .split('`')
                .find(|text| text.starts_with("--strip-prefix "));
            let pin = flag.and_then(|flag| flag.split_once(' ')?.1.split_once('='));
            let (owner, prefix) = pin.expect("the message says how");
            options = options.strip_prefix(owner, prefix);
            flags += &format!(" {owner}={prefix}");
            pins += 1;
        }
        let pinned = compile(&case.text, &options);
        if text(&output) != text(&pinned) {
            complaints.push(format!("{}: other names with{flags}", case.name));
        }
        let hanging = pinned.diagnostics.iter().filter(|d| d.code == "W0402");
        if hanging.count() > 0 {
            complaints.push(format!("{}: still warns with{flags}", case.name));
        }
    }
    assert!(pins > 20, "{pins} prefixes");
    report(&complaints);
}
