//! What older compilers generated compiles with the runtime as it is: `codegen::v1` only grows.
//!
//! `older/` holds outputs for `contract.x` (their first lines say with which options), in which generated code calls
//! everything that it calls the runtime for. The first is from the first compiler whose outputs were committed. When a
//! compiler begins to call the runtime in another way, the output of the one before is added here; none is ever changed.

use golden::packages::{check, scratch};
use std::fs;
use std::path::Path;

#[test]
fn outputs_of_older_compilers_compile() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("older");
    let mut modules = Vec::new();
    for entry in fs::read_dir(folder).expect("the outputs are there") {
        let path = entry.expect("the folder can be read").path();
        if path.extension().is_some_and(|e| e == "rs") {
            let name = path.file_stem().and_then(|n| n.to_str());
            modules.push((name.expect("a file has a name").to_owned(), path));
        }
    }
    modules.sort();
    assert!(modules.len() >= 2, "the outputs are there");
    if let Err(said) = check(&["check"], &scratch("older"), &modules) {
        panic!("{said}");
    }
}
