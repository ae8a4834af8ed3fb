//! A stranger's project outside of this workspace: made of nothing but what the README shows.

use corpus::{root, scratch};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const README: &str = include_str!("../../../README.md");

/// The README's blocks of `examples/calc`, written to a folder, and its lines of `Cargo.toml`.
fn project() -> PathBuf {
    let folder = scratch("stranger");
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("it is writable");
        fs::write(path, text).expect("the build folder is writable");
    };
    for block in README.split("\n<!-- examples/calc/").skip(1) {
        let (name, rest) = block.split_once(" -->\n```").expect("a block follows");
        let code = rest
            .split_once('\n')
            .and_then(|(_, rest)| rest.split_once("```"));
        write(name, code.expect("the block ends").0);
    }
    let dependencies = README
        .split("```toml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    let dependencies = dependencies.expect("the README shows the dependencies");
    // "Next to a clone of this repository".
    let clone = root().to_str().expect("the path is UTF-8");
    let dependencies = dependencies.replace("../rpcgen-rs", clone);
    let package = "[package]\nname = \"calc\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n";
    write(
        "Cargo.toml",
        &format!("{package}{dependencies}\n[workspace]\n"),
    );
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock")).expect("there is a lock file");
    folder
}

fn cargo(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO"))
        .args(arguments)
        .args(["--offline", "--target-dir"])
        .arg(folder.join("target"))
        .env_remove("RUSTFLAGS")
        .current_dir(folder)
        .output()
        .expect("cargo runs")
}

/// What the build script told cargo.
fn build_script_output(folder: &Path) -> String {
    let builds = fs::read_dir(folder.join("target/debug/build")).expect("there was a build");
    let outputs = builds
        .flatten()
        .map(|e| e.path().join("output"))
        .filter(|p| p.exists() && p.parent().is_some_and(|d| d.join("out/calc.rs").exists()));
    outputs
        .map(|p| fs::read_to_string(p).expect("it is text"))
        .collect()
}

#[test]
fn the_readmes_project_builds_and_follows_every_file_it_reads() {
    let folder = project();
    let shown: BTreeSet<_> = [
        "calc.x",
        "build.rs",
        "src/lib.rs",
        "src/bin/server.rs",
        "src/bin/client.rs",
    ]
    .into();
    for name in shown {
        assert!(folder.join(name).exists(), "the README shows {name}");
    }
    let built = cargo(&folder, &["build"]);
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{said}");
    assert!(!said.contains("warning"), "{said}");
    assert!(build_script_output(&folder).contains("rerun-if-changed=calc.x"));

    // The interface moves to a second file, which is then changed: cargo must notice.
    fs::rename(folder.join("calc.x"), folder.join("inner.x")).expect("a file can be renamed");
    fs::write(folder.join("calc.x"), "#include \"inner.x\"\n").expect("it is writable");
    assert!(cargo(&folder, &["build"]).status.success());
    assert!(build_script_output(&folder).contains("rerun-if-changed=inner.x"));
    let inner = fs::read_to_string(folder.join("inner.x")).expect("it is text");
    fs::write(folder.join("inner.x"), inner.replace("int b;", "int c;")).expect("it is writable");
    let built = cargo(&folder, &["build"]);
    assert!(!built.status.success(), "the server uses `b`");

    // A mistake in the .x file is shown as the command shows it.
    fs::write(folder.join("inner.x"), inner.replace("int b;", "itn b;")).expect("it is writable");
    let built = cargo(&folder, &["build"]);
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(!built.status.success());
    for wanted in ["inner.x:4:5", "    itn b;", "itn"] {
        assert!(said.contains(wanted), "{wanted:?} is missing in:\n{said}");
    }
}
