//! Reads the repository's own files for the rules in `tests/`.

use std::fs;
use std::path::{Path, PathBuf};

/// The root of the workspace.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("this package lies in tests/tidy")
}

/// A text file of the repository.
#[derive(Clone, Debug)]
pub struct Source {
    /// Path relative to the root, with `/` between its parts.
    pub path: String,
    /// Its text.
    pub text: String,
}

impl Source {
    /// Whether its first lines say that a generator wrote it.
    pub fn is_generated(&self) -> bool {
        self.text
            .lines()
            .take(3)
            .any(|line| line.contains("@generated"))
    }

    /// Whether it is a Rust file that a person wrote.
    pub fn is_own_rust(&self) -> bool {
        self.path.ends_with(".rs") && !self.is_generated()
    }
}

/// All text files of the repository, sorted by path; not what cargo or git keep there.
///
/// # Panics
///
/// When a folder cannot be read.
pub fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).expect("the repository can be read") {
            let entry = entry.expect("the repository can be read");
            let path = folder.join(entry.file_name());
            let name = entry.file_name();
            if entry.file_type().is_ok_and(|t| t.is_dir()) {
                if name != "target" && name != ".git" {
                    folders.push(path);
                }
            } else if name != ".git"
                && let Ok(text) = fs::read_to_string(root().join(&path))
            {
                let path = path
                    .to_str()
                    .expect("paths in the repository are UTF-8")
                    .replace('\\', "/");
                found.push(Source { path, text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(found.len() > 20, "the repository has files");
    found
}

/// The file at this path.
///
/// # Panics
///
/// When there is none.
pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Fails with all complaints at once.
///
/// # Panics
///
/// When there are any.
pub fn report(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n  {}\n", complaints.join("\n  "));
}
