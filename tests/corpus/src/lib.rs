//! Runs the `rpcgen-rs` command on interface files and `cargo clippy` on what it writes.
//!
//! `x/` has a file of our own for each construct of the language; the system's own interface files are read where
//! they lie. `tests/` says what must hold.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The root of the workspace.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("this package lies in tests/corpus")
}

/// The `rpcgen-rs` command, built.
///
/// # Panics
///
/// When it does not build.
pub fn command() -> &'static Path {
    static COMMAND: OnceLock<PathBuf> = OnceLock::new();
    COMMAND.get_or_init(|| {
        let exe = std::env::current_exe().expect("a test knows its own path");
        let profile = exe
            .ancestors()
            .nth(2)
            .expect("a test lies in target/PROFILE/deps");
        let target = profile.parent().expect("a profile lies in target/");
        let built = Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "--locked",
                "--package",
                "rpcgen-rs",
                "--target-dir",
            ])
            .arg(target)
            .current_dir(root())
            .status()
            .expect("cargo runs");
        assert!(built.success(), "the command does not build");
        target.join("debug/rpcgen-rs")
    })
}

/// Runs the command.
///
/// # Panics
///
/// When it does not start.
pub fn rpcgen<I: IntoIterator<Item: AsRef<std::ffi::OsStr>>>(arguments: I) -> Output {
    Command::new(command())
        .args(arguments)
        .output()
        .expect("the command starts")
}

/// A new, empty folder of that name under the build's temporary folder.
///
/// # Panics
///
/// When it cannot be made.
pub fn scratch(name: &str) -> PathBuf {
    let exe = std::env::current_exe().expect("a test knows its own path");
    let deps = exe.parent().expect("a test lies in a folder");
    let folder = deps.with_file_name("corpus-tmp").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the build folder is writable");
    folder
}

/// The `.x` files of a folder, sorted. Empty when the folder is not there.
pub fn interface_files(folder: impl AsRef<Path>) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries
        .map(|e| e.path())
        .filter(|p| p.extension().is_some_and(|e| e == "x"))
        .collect();
    files.sort();
    files
}

/// Writes a workspace of two packages, editions 2021 and 2024, each with one module per generated file, and checks it with
/// every warning of rustc and clippy an error. Returns what the compiler said when it failed.
///
/// # Errors
///
/// The compiler's messages.
///
/// # Panics
///
/// When the workspace cannot be written.
pub fn cargo_clippy(folder: &Path, modules: &[(String, PathBuf)]) -> Result<(), String> {
    const EDITIONS: [&str; 2] = ["2021", "2024"];
    let write = |path: PathBuf, text: String| {
        fs::create_dir_all(path.parent().expect("a file has a folder"))
            .expect("the folder is writable");
        fs::write(path, text).expect("the folder is writable");
    };
    let members = EDITIONS.map(|e| format!("\"e{e}\"")).join(", ");
    write(
        folder.join("Cargo.toml"),
        format!("[workspace]\nresolver = \"3\"\nmembers = [{members}]\n"),
    );
    for edition in EDITIONS {
        let runtime = root().join("runtime");
        write(
            folder.join(format!("e{edition}/Cargo.toml")),
            format!(
                "[package]\nname = \"e{edition}\"\nversion = \"0.0.0\"\nedition = \"{edition}\"\n\n\
                 [dependencies]\nrpcgen-runtime = {{ path = {runtime:?} }}\n"
            ),
        );
        let mut text = String::from("#![deny(warnings)]\n");
        for (name, path) in modules {
            text.push_str(&format!("#[path = {path:?}]\npub mod {name};\n"));
        }
        write(folder.join(format!("e{edition}/src/lib.rs")), text);
    }
    // The versions that everything else is tested with; nothing to download.
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock"))
        .expect("the workspace has a lock file");
    let output = Command::new(env!("CARGO"))
        .args([
            "clippy",
            "--quiet",
            "--workspace",
            "--offline",
            "--target-dir",
        ])
        .arg(folder.with_file_name("target"))
        .env_remove("RUSTFLAGS")
        .current_dir(folder)
        .output()
        .expect("cargo runs");
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}
