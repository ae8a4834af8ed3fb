//! Every interface file compiles, one by one, to Rust that compiles without warnings of rustc and clippy.

use std::path::PathBuf;

use corpus::{cargo_clippy, interface_files, root, rpcgen, scratch};

/// Generates each file by the command alone, then checks the output of all of them.
fn compile_all(name: &str, files: &[PathBuf]) {
    let folder = scratch(name);
    let mut modules = Vec::new();
    let mut refused = String::new();
    for (number, file) in files.iter().enumerate() {
        let stem = file
            .file_stem()
            .and_then(|s| s.to_str())
            .expect("corpus file names are UTF-8");
        let module = format!("f{number}_{stem}");
        let output = folder.join(format!("{module}.rs"));
        // Everything that can be generated: the default output is a part of it.
        let run = rpcgen([
            file.as_os_str(),
            "--blocking-server".as_ref(),
            "-o".as_ref(),
            output.as_os_str(),
        ]);
        if run.status.success() {
            modules.push((module, output));
        } else {
            refused.push_str(&format!(
                "{}: {}\n{}",
                file.display(),
                run.status,
                String::from_utf8_lossy(&run.stderr)
            ));
        }
    }
    assert!(
        refused.is_empty(),
        "{} of {} files refused:\n{refused}",
        files.len() - modules.len(),
        files.len()
    );
    if let Err(said) = cargo_clippy(&folder.join("check"), &modules) {
        panic!("the generated Rust does not compile without warnings:\n{said}");
    }
    println!("{name}: {} files", files.len());
}

/// Our own files: one for each construct in `x/`, whole interfaces beside it, and what the examples are made of.
fn own_files() -> Vec<PathBuf> {
    let mut folders = vec![
        root().join("tests/corpus/x"),
        root().join("tests/corpus"),
        root().join("tests/interop/x"),
    ];
    let examples = std::fs::read_dir(root().join("examples")).expect("there are examples");
    folders.extend(examples.flatten().map(|e| e.path()));
    folders[3..].sort();
    folders.iter().flat_map(interface_files).collect()
}

#[test]
fn every_construct_of_the_language_compiles() {
    let files = own_files();
    assert!(files.len() >= 30, "the corpus is there");
    compile_all("own", &files);
}

#[test]
fn the_systems_interface_files_compile() {
    let rpcsvc = interface_files("/usr/include/rpcsvc");
    assert!(
        rpcsvc.len() >= 17,
        "rpcsvc-proto's files are there (tests/run installs them): {rpcsvc:?}"
    );
    let tirpc = ["rpc", "rpcsvc"]
        .map(|f| interface_files(format!("/usr/include/tirpc/{f}")))
        .concat();
    assert!(
        !tirpc.is_empty(),
        "libtirpc-dev's files are there (tests/run installs them)"
    );
    compile_all("system", &[rpcsvc, tirpc].concat());
}

#[test]
fn output_is_identical_on_second_run() {
    let folder = scratch("twice");
    for file in own_files() {
        let texts = ["first.rs", "second.rs"].map(|name| {
            let output = folder.join(name);
            // Everything that can be generated: the default output is a part of it.
            let run = rpcgen([
                file.as_os_str(),
                "--blocking-server".as_ref(),
                "-o".as_ref(),
                output.as_os_str(),
            ]);
            assert!(
                run.status.success(),
                "{}",
                String::from_utf8_lossy(&run.stderr)
            );
            std::fs::read(output).expect("the output was written")
        });
        assert!(
            texts[0] == texts[1],
            "{} differs between two runs",
            file.display()
        );
    }
}
