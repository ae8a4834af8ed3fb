//! Folders → the interface files in them, read with what makes their typedefs, and what procedures take and return,
//! testable by themselves.
//!
//! The build script and the tests share this: both see the same text and the same resolved interface.

use rpcgen_rs::ir::{Chain, Procedure, Spec, Type, TypeDef, TypeKind};
use rpcgen_rs::source::MapLoader;
use rpcgen_rs::{Options, compile};
use std::collections::BTreeSet;
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
    /// What its Rust is made with.
    pub options: Options,
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

/// Reads all of them, and the cases of `tests/golden`. The system's files are missing where the system lacks them: the
/// tests ask for them.
///
/// # Panics
/// A file cannot be read, or does not compile.
#[must_use]
pub fn all() -> Vec<Interface> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    let root = root.expect("this package lies in tests/oracle");
    let mut all = Vec::new();
    for (word, folder) in FOLDERS {
        let path = root.join(folder);
        let files = texts(&path, "");
        let mut options = Options::default();
        if *word == "codec" {
            options.open_enum.push("mood");
        }
        for (name, _) in files.iter().filter(|(name, _)| !name.contains('/')) {
            let stem = name.trim_end_matches(".x");
            let module = format!("{word}_{stem}");
            let file = (path.join(name), name.as_str());
            all.push(read(module, file, options.clone(), files.clone()));
        }
    }
    for case in golden::cases() {
        let output = case.compile();
        // Some cases are about messages. Types that live elsewhere have no values here.
        let is_whole = |spec: &Spec| {
            let mut types = spec.types.iter();
            !types.any(|def| matches!(def.kind, TypeKind::Extern(_)))
        };
        if output.spec().is_ok_and(is_whole) {
            let module = format!("golden_{}", case.name);
            let file = (case.folder.join("in.x"), "in.x");
            let files = vec![("in.x".to_owned(), case.text)];
            all.push(read(module, file, case.options, files));
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

fn read(
    module: String,
    (path, name): (PathBuf, &str),
    options: Options,
    mut files: Vec<(String, String)>,
) -> Interface {
    let options = options.client(false).server(false);
    let output = |files: &[(String, String)]| {
        let output = compile(&options, &mut MapLoader::new(files.to_vec()), name);
        if let Err(errors) = output.spec() {
            panic!("{}: {errors}", path.display());
        }
        output
    };
    let plain = output(&files);
    let spec = plain.spec().expect("seen above");
    let wrappers: String = (spec.types.iter().filter_map(wrapper))
        .chain(messages(spec, &files))
        .collect();
    for (_, text) in files.iter_mut().filter(|(n, _)| n == name) {
        text.push('\n');
        text.push_str(&wrappers);
    }
    let mut whole = output(&files);
    let spec = whole.spec().expect("seen above").clone();
    let rust = whole.files.pop().expect("Rust is wanted").text;
    Interface {
        module,
        name: name.to_owned(),
        path: path.clone(),
        files,
        options: options.clone(),
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

/// A struct for each procedure that takes or returns what has no name: `string<8>`, `int *`, `opaque[4]`.
fn messages<'s>(
    spec: &'s Spec,
    files: &'s [(String, String)],
) -> impl Iterator<Item = String> + 's {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let texts = files.iter().map(|(_, text)| text);
    // Inline types have made-up names, which cannot be written.
    let words: BTreeSet<&str> = texts
        .flat_map(|text| text.split(move |c| !is_word(c)))
        .collect();
    let versions = spec.programs.iter().flat_map(|program| &program.versions);
    let procedures = versions.flat_map(|version| &version.procedures);
    procedures.enumerate().filter_map(move |(at, procedure)| {
        let members: String = unnamed(procedure)
            .filter_map(|(ty, member)| declaration(spec, &words, ty, &member))
            .collect();
        (!members.is_empty()).then(|| format!("struct {WRAPPER}{at} {{ {members}}};\n"))
    })
}

/// What a procedure takes and returns.
fn unnamed(procedure: &Procedure) -> impl Iterator<Item = (&Type, String)> {
    let arguments =
        (procedure.args.iter().enumerate()).map(|(at, argument)| (&argument.ty, format!("a{at}")));
    arguments.chain(procedure.result.iter().map(|ty| (ty, "result".to_owned())))
}

/// A member of a type that is more than a name.
fn declaration(spec: &Spec, words: &BTreeSet<&str>, ty: &Type, member: &str) -> Option<String> {
    let bound = |max: &u32| {
        let max = Some(max).filter(|max| **max != u32::MAX);
        max.map_or(String::new(), u32::to_string)
    };
    let of = |element: &Type| match element {
        Type::Named(id) => Some(spec.def(*id).name.x.as_str()).filter(|x| words.contains(x)),
        element => basic(element),
    };
    Some(match ty {
        Type::OpaqueFixed(n) => format!("opaque {member}[{n}]; "),
        Type::Opaque(max) => format!("opaque {member}<{}>; ", bound(max)),
        Type::String(max) => format!("string {member}<{}>; ", bound(max)),
        Type::Array(element, n) => format!("{} {member}[{n}]; ", of(element)?),
        Type::Vec(element, max) => format!("{} {member}<{}>; ", of(element)?, bound(max)),
        Type::Optional(to) => format!("{} *{member}; ", of(to)?),
        _ => return None,
    })
}

/// The words for a basic type.
#[must_use]
pub fn basic(ty: &Type) -> Option<&'static str> {
    Some(match ty {
        Type::Bool => "bool",
        Type::Char => "char",
        Type::UChar => "unsigned char",
        Type::Short => "short",
        Type::UShort => "unsigned short",
        Type::Int => "int",
        Type::UInt => "unsigned int",
        Type::Hyper => "hyper",
        Type::UHyper => "unsigned hyper",
        Type::Float => "float",
        Type::Double => "double",
        Type::Quadruple => "quadruple",
        _ => return None,
    })
}
