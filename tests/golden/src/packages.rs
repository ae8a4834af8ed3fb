//! Generated files → a package for each edition, checked by rustc with every warning an error.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The editions that generated code must compile in.
pub const EDITIONS: [&str; 2] = ["2021", "2024"];

/// What the generated code of some cases refers to: a type of elsewhere, and the runtime under another name.
const SURROUNDINGS: &str = "
/// Types that live elsewhere.
pub mod outside {
    use rpcgen_runtime::codegen::v1;
    use rpcgen_runtime::json;

    /// A point in time.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Stamp(pub u64);

    impl v1::Encode for Stamp {
        fn encode(&self, w: &mut v1::Writer) {
            self.0.encode(w);
        }
        fn encoded_len(&self) -> usize {
            8
        }
    }

    impl<'a> v1::Decode<'a> for Stamp {
        const MIN: usize = 8;
        fn decode(r: &mut v1::Reader<'a>) -> Result<Self, v1::DecodeError> {
            u64::decode(r).map(Self)
        }
    }

    impl json::Json for Stamp {
        fn write<S: json::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
            self.0.write(s)
        }
        fn read<'de, D: json::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
            u64::read(d).map(Self)
        }
    }
}

/// The runtime under another name.
pub mod runtime {
    pub use rpcgen_runtime::*;
}
";

/// A new folder of that name under the build's own, and the folder that all such packages are built in.
///
/// # Panics
///
/// When it cannot be made.
pub fn scratch(name: &str) -> PathBuf {
    let exe = std::env::current_exe().expect("a test knows its own path");
    let deps = exe.parent().expect("a test lies in a folder");
    let folder = deps.with_file_name("golden-tmp").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the build's folder is writable");
    folder
}

/// Checks the modules in one package for each edition. Returns what the compiler said when it failed.
///
/// # Errors
///
/// The compiler's messages.
///
/// # Panics
///
/// When the packages cannot be written.
pub fn check(command: &[&str], folder: &Path, modules: &[(String, PathBuf)]) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = root
        .ancestors()
        .nth(2)
        .expect("this package lies in tests/");
    let write = |path: PathBuf, text: String| {
        fs::create_dir_all(path.parent().expect("a file has a folder"))
            .and_then(|()| fs::write(path, text))
            .expect("the build's folder is writable");
    };
    let names = EDITIONS.map(|edition| format!("\"{edition}\"")).join(", ");
    write(
        folder.join("Cargo.toml"),
        format!("[workspace]\nresolver = \"3\"\nmembers = [{names}]\n"),
    );
    for edition in EDITIONS {
        let runtime = root.join("runtime");
        let manifest = format!(
            "[package]\nname = \"golden{edition}\"\nversion = \"0.0.0\"\nedition = \"{edition}\"\n\n\
             [dependencies]\nrpcgen-runtime = {{ path = {runtime:?}, features = [\"serde\", \"xdr-codec\"] }}\n"
        );
        write(folder.join(edition).join("Cargo.toml"), manifest);
        let mut text = format!("//! Generated.\n#![deny(warnings)]\n{SURROUNDINGS}");
        for (name, path) in modules {
            text += &format!("#[path = {path:?}]\npub mod {name};\n");
        }
        write(folder.join(edition).join("src/lib.rs"), text);
    }
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"))
        .expect("the workspace has a lock file");
    let output = Command::new(env!("CARGO"))
        .args(command)
        .args(["--quiet", "--workspace", "--offline", "--target-dir"])
        .arg(folder.with_file_name("target"))
        .env_remove("RUSTFLAGS")
        .current_dir(folder)
        .output()
        .expect("cargo runs");
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}
