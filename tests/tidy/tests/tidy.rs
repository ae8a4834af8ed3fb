//! House rules that no compiler checks.

use std::collections::BTreeSet;
use std::process::Command;

use tidy::{read, report, root, sources};

/// What a visitor sees first stays small; tests, fuzzing and benchmarks live under `tests/`.
#[test]
fn the_top_level_is_fixed() {
    let allowed = BTreeSet::from([
        "CHANGELOG.md",
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "SECURITY.md",
        "deny.toml",
        "examples",
        "rpcgen-rs",
        "runtime",
        "tests",
    ]);
    let extra: Vec<_> = sources()
        .iter()
        .filter_map(|s| s.path.split('/').next())
        .filter(|top| !top.starts_with('.') && !allowed.contains(top))
        .map(|top| format!("{top} is new at the top level"))
        .collect();
    report(&extra);
}

#[test]
fn no_file_is_longer_than_800_lines() {
    let long: Vec<_> = sources()
        .iter()
        .filter(|s| s.is_own_rust())
        .map(|s| (s.path.clone(), s.text.lines().count()))
        .filter(|(_, lines)| *lines > 800)
        .map(|(path, lines)| format!("{path} has {lines} lines: split it by what its parts hold"))
        .collect();
    report(&long);
}

#[test]
fn every_rust_file_says_what_it_is_for() {
    let silent: Vec<_> = sources()
        .iter()
        .filter(|s| s.is_own_rust() && !s.path.contains("/fixtures/"))
        .filter(|s| {
            !s.path.ends_with("/tests.rs") && !s.text.lines().take(4).any(|l| l.starts_with("//!"))
        })
        .map(|s| format!("{} has no `//!` at its top", s.path))
        .collect();
    report(&silent);
}

/// `unsafe` is forbidden by the workspace's lints; this holds every package to them.
#[test]
fn every_package_obeys_the_workspace_lints() {
    assert!(
        read("Cargo.toml").contains("unsafe_code = \"forbid\""),
        "the workspace forbids unsafe code"
    );
    let mut complaints = Vec::new();
    for manifest in sources()
        .iter()
        .filter(|s| s.path.ends_with("/Cargo.toml") && !s.text.contains("[workspace]"))
    {
        let says = |line: &str| manifest.text.lines().any(|l| l.trim() == line);
        if !manifest.text.contains("[lints]\nworkspace = true") {
            complaints.push(format!(
                "{} does not take the workspace's lints",
                manifest.path
            ));
        }
        for key in ["version", "edition", "rust-version", "license"] {
            if !says(&format!("{key}.workspace = true")) {
                complaints.push(format!("{} states its own {key}", manifest.path));
            }
        }
        let published = matches!(
            manifest.path.as_str(),
            "rpcgen-rs/Cargo.toml" | "runtime/Cargo.toml"
        );
        if published == says("publish = false") {
            complaints.push(format!(
                "{}: only the two packages are published",
                manifest.path
            ));
        }
    }
    report(&complaints);
}

/// One number, in Cargo.toml; whoever repeats it repeats it right, and no dependency demands more.
#[test]
fn the_minimum_rust_version_is_stated_equally_everywhere() {
    let manifest = read("Cargo.toml");
    let stated = manifest
        .lines()
        .find_map(|l| l.strip_prefix("rust-version = \"")?.strip_suffix('"'));
    let stated = stated.expect("Cargo.toml states the minimum Rust version");
    let mut complaints = Vec::new();
    if !read("README.md").contains(&format!("Rust {stated}")) {
        complaints.push(format!("README.md does not say Rust {stated}"));
    }
    let phrase = ["minimum ", "Rust ", "1."].concat();
    for source in sources() {
        for (number, line) in source
            .text
            .lines()
            .enumerate()
            .filter(|(_, l)| l.contains(&phrase))
        {
            if !line.contains(&format!("{phrase}{}", &stated[2..])) {
                complaints.push(format!("{}:{}: {line}", source.path, number + 1));
            }
        }
    }
    let rustc = Command::new("rustc")
        .arg("-vV")
        .output()
        .expect("rustc runs");
    let rustc = String::from_utf8_lossy(&rustc.stdout);
    let host = rustc
        .lines()
        .find_map(|l| l.strip_prefix("host: "))
        .expect("rustc names its host");
    // What this machine builds is what is downloaded by now.
    let metadata = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--offline",
            "--filter-platform",
            host,
        ])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(
        metadata.status.success(),
        "{}",
        String::from_utf8_lossy(&metadata.stderr)
    );
    let minor = |version: &str| {
        version
            .split('.')
            .nth(1)
            .and_then(|n| n.parse::<u32>().ok())
    };
    for found in String::from_utf8_lossy(&metadata.stdout)
        .split("\"rust_version\":\"")
        .skip(1)
    {
        let version = found.split('"').next().unwrap_or_default();
        if minor(version) > minor(stated) {
            complaints.push(format!("a dependency wants Rust {version}"));
        }
    }
    report(&complaints);
}

/// Words that say nothing, work left over, and paths of somebody's machine.
#[test]
fn no_word_is_out_of_place() {
    let homes = ["/home/", "/root/", "/work/", "/Users/", "C:\\\\Users"];
    let left_over = [
        ["TO", "DO"].concat(),
        ["FIX", "ME"].concat(),
        ["XX", "X:"].concat(),
        ["HA", "CK:"].concat(),
    ];
    let empty = ["Manager", "Helper", "Util", "Utils"];
    let mut complaints = Vec::new();
    for source in sources()
        .iter()
        .filter(|s| s.path != "tests/tidy/tests/tidy.rs" && s.path != "Cargo.lock")
    {
        for (number, line) in source.text.lines().enumerate() {
            let mut complain = |what: &str| {
                complaints.push(format!(
                    "{}:{}: {what}: {}",
                    source.path,
                    number + 1,
                    line.trim()
                ));
            };
            if homes.iter().any(|home| line.contains(home)) {
                complain("path of one machine");
            }
            if left_over.iter().any(|word| line.contains(word.as_str())) {
                complain("work left over");
            }
            let names = ["struct ", "enum ", "trait ", "mod "];
            if source.is_own_rust()
                && names
                    .iter()
                    .filter_map(|n| line.split_once(n))
                    .any(|(_, name)| {
                        let end = name
                            .find(|c: char| !c.is_alphanumeric() && c != '_')
                            .unwrap_or(name.len());
                        empty.iter().any(|word| {
                            name[..end].ends_with(word) || name[..end] == word.to_lowercase()
                        })
                    })
            {
                complain("a name that says nothing");
            }
        }
    }
    report(&complaints);
}

/// Relative links lead somewhere.
#[test]
fn links_in_documents_resolve() {
    let mut complaints = Vec::new();
    for document in sources().iter().filter(|s| s.path.ends_with(".md")) {
        let folder = root().join(&document.path);
        let folder = folder.parent().expect("a file has a folder");
        for link in document
            .text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let target = link.split('#').next().unwrap_or_default();
            if !target.is_empty()
                && !target.contains("://")
                && !target.starts_with("mailto:")
                && !folder.join(target).exists()
            {
                complaints.push(format!("{}: {link} leads nowhere", document.path));
            }
        }
    }
    report(&complaints);
}

/// The README's code is the code of `examples/`: a block under `<!-- FILE -->` is that file, or a part of it.
#[test]
fn code_in_the_readme_is_tested_code() {
    let readme = read("README.md");
    let mut complaints = Vec::new();
    let mut checked = 0;
    for (_, rest) in readme
        .match_indices("\n<!-- ")
        .map(|(at, mark)| readme.split_at(at + mark.len()))
    {
        let Some((path, rest)) = rest.split_once(" -->\n```") else {
            continue;
        };
        let block = rest
            .split_once('\n')
            .and_then(|(_, code)| code.split_once("```"))
            .map(|(code, _)| code);
        let block = block.unwrap_or_else(|| panic!("the block of {path} ends"));
        checked += 1;
        if !read(path).contains(block) {
            complaints.push(format!(
                "README.md: the block of {path} is not in that file (any more)"
            ));
        }
    }
    report(&complaints);
    assert!(
        checked >= 4,
        "the README shows an interface, a build script, a server and a client"
    );
}
