//! Folders → the interface files in them, read with what makes their typedefs testable by themselves.
//!
//! The build script and the tests share this: both see the same text and the same resolved interface.

use rpcgen_rs::ir::{Chain, Spec, Type, TypeDef, TypeKind};
use rpcgen_rs::source::MapLoader;
use rpcgen_rs::{Options, compile};
use std::path::{Path, PathBuf};

/// Name of the struct around a typedef: `typedef int x<3>` has no codec of its own, a struct with a member of it has.
const WRAPPER: &str = "oracle_";

/// An interface file.
#[derive(Clone, Debug)]
pub struct Interface {
    /// Module of the generated Rust: folder and name.
    pub module: String,
    /// Where it lies.
    pub path: PathBuf,
    /// The file and what it may include: names below its folder, and texts.
    pub files: Vec<(String, String)>,
    /// Its own name among `files`.
    pub name: String,
    /// Its types.
    pub spec: Spec,
    /// Its types as Rust.
    pub rust: String,
}

/// The folders: a word for modules, and the place from the root of the workspace.
const FOLDERS: &[(&str, &str)] = &[
    ("corpus", "tests/corpus/x"),
    ("codec", "tests/codec"),
    ("interop", "tests/interop/x"),
    ("calc", "examples/calc"),
    ("nfs3", "examples/nfs3"),
    ("quickstart", "examples/quickstart"),
    ("rls", "examples/rls"),
    ("vxi11", "examples/vxi11"),
    ("system", "/usr/include/rpcsvc"),
    ("tirpc", "/usr/include/tirpc/rpc"),
    ("tirpc", "/usr/include/tirpc/rpcsvc"),
];

/// Reads all of them. The system's files are missing where the system lacks them: the tests ask for them.
///
/// # Panics
/// A file cannot be read, or does not compile.
#[must_use]
pub fn all() -> Vec<Interface> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    let root = root.expect("this package lies in tests/oracle");
    let mut all = Vec::new();
    for (word, folder) in FOLDERS {
        let folder = root.join(folder);
        let files = texts(&folder, "");
        for (name, _) in files.iter().filter(|(name, _)| !name.contains('/')) {
            let stem = name.trim_end_matches(".x");
            let module = format!("{word}_{stem}");
            all.push(read(module, folder.join(name), name, files.clone()));
        }
    }
    all
}

/// The `.x` files of a folder and the folders in it, sorted.
fn texts(folder: &Path, prefix: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let path = entry.path();
        if path.is_dir() && name == "sub" {
            all.extend(texts(&path, "sub/"));
        } else if path.extension().is_some_and(|e| e == "x") {
            let bytes = std::fs::read(&path).expect("a file that is there");
            all.push((name, String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    all.sort();
    all
}

fn read(module: String, path: PathBuf, name: &str, mut files: Vec<(String, String)>) -> Interface {
    let spec = resolve(&path, name, &files).0;
    let wrappers: String = spec.types.iter().filter_map(wrapper).collect();
    for (_, text) in files.iter_mut().filter(|(n, _)| n == name) {
        text.push('\n');
        text.push_str(&wrappers);
    }
    let (spec, rust) = resolve(&path, name, &files);
    Interface {
        module,
        path,
        files,
        name: name.to_owned(),
        spec,
        rust,
    }
}

/// A struct around a typedef of something that has no codec of its own, or around a list, whose nodes have none.
fn wrapper(def: &TypeDef) -> Option<String> {
    let (x, star) = (
        &def.name.x,
        if def.layout.list == Some(Chain::List) {
            "*"
        } else {
            ""
        },
    );
    let bare = matches!(&def.kind, TypeKind::Alias(target) if !matches!(target, Type::Named(_)));
    (bare || !star.is_empty()).then(|| format!("struct {WRAPPER}{x} {{ {x} {star}value; }};\n"))
}

fn resolve(path: &Path, name: &str, files: &[(String, String)]) -> (Spec, String) {
    let options = Options::default().client(false).server(false);
    let mut output = compile(&options, &mut MapLoader::new(files.to_vec()), name);
    let spec = output.spec().cloned();
    let spec = spec.unwrap_or_else(|errors| panic!("{}: {errors}", path.display()));
    let rust = output.files.pop().expect("Rust is wanted").text;
    (spec, rust)
}
