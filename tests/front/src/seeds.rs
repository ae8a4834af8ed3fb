//! The files to start from: every `.x` file of this repository and of the system, among them those in `tests/front/seeds`,
//! which have what no other one has; and random valid interfaces.

use golden::interface::Interface;
use golden::random::Random;
use std::fs;
use std::path::{Path, PathBuf};

/// The root of the workspace.
///
/// # Panics
/// This package lies elsewhere.
#[must_use]
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("it lies in tests/front")
}

/// The texts of all files, the same order everywhere.
///
/// # Panics
/// There are none.
#[must_use]
pub fn files() -> Vec<Vec<u8>> {
    let mut paths = Vec::new();
    for folder in ["examples", "tests", "runtime"] {
        collect(&root().join(folder), &mut paths);
    }
    assert!(paths.len() > 80, "the files of the repository are there");
    for folder in ["/usr/include/rpcsvc", "/usr/include/tirpc"] {
        collect(Path::new(folder), &mut paths);
    }
    paths
        .iter()
        .filter_map(|path| fs::read(path).ok())
        .collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    found.sort();
    for path in found {
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "x") {
            paths.push(path);
        }
    }
}

/// A random interface, valid but perhaps for names that meet.
#[must_use]
pub fn random(rng: &mut Random) -> Vec<u8> {
    Interface::new(rng.bits() >> 20).text.into_bytes()
}
