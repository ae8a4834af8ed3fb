//! One folder for each hazard: an interface file, flags, and the Rust (or the messages) that must come of them.
//!
//! `cases/<hazard>/` holds `in.x`, `flags` (command-line flags, one a line), `out.rs` (what is generated) and `err.txt`
//! (what is said about the file). `UPDATE_GOLDEN=1 cargo test -p golden` writes the last two. Every output is compiled
//! in editions 2021 and 2024 with warnings denied; `tests/oracle` runs every type in it against hostile bytes.

pub mod interface;
pub mod nodes;
pub mod packages;
pub mod random;

use rpcgen_rs::diag::Format;
use rpcgen_rs::options::TABLE;
use rpcgen_rs::source::MapLoader;
use rpcgen_rs::{Options, Output};
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The folder of the cases.
pub fn cases_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")
}

/// A hazard.
#[derive(Debug)]
pub struct Case {
    /// Its name, that of its folder.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// The interface file.
    pub text: String,
    /// Its flags as options.
    pub options: Options,
}

/// All hazards, sorted by name.
///
/// # Panics
///
/// When the folder cannot be read.
pub fn cases() -> Vec<Case> {
    let entries = fs::read_dir(cases_folder()).expect("the cases are there");
    let mut folders: Vec<_> = entries
        .map(|entry| entry.expect("the folder can be read").path())
        .collect();
    folders.sort();
    folders.into_iter().map(Case::read).collect()
}

impl Case {
    fn read(folder: PathBuf) -> Self {
        let name = folder
            .file_name()
            .and_then(|n| n.to_str())
            .expect("a folder has a name");
        let text = fs::read_to_string(folder.join("in.x")).expect("a case has an in.x");
        let flags = fs::read_to_string(folder.join("flags")).unwrap_or_default();
        Self {
            name: name.to_owned(),
            text,
            options: options(&flags),
            folder,
        }
    }

    /// Compiles the file.
    pub fn compile(&self) -> Output {
        compile(&self.text, &self.options)
    }

    /// What is generated, if anything, and what is said.
    pub fn results(&self) -> (Option<String>, String) {
        let output = self.compile();
        let said = output.diagnostics.render(&output.sources, Format::Text);
        let text = output.files.into_iter().next().map(|file| file.text);
        (text, said)
    }
}

/// A mistake that people make.
#[derive(Debug)]
pub struct Mistake {
    /// What it is.
    pub title: String,
    /// The interface file.
    pub text: String,
}

/// The file of all mistakes, see `tests/mistakes.rs`.
pub fn mistakes_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("mistakes.txt")
}

/// All mistakes, in the file's order.
///
/// # Panics
///
/// When the file cannot be read.
pub fn mistakes() -> Vec<Mistake> {
    let file = fs::read_to_string(mistakes_file()).expect("the mistakes are there");
    let blocks = file.split("== ").skip(1);
    let mistake = |block: &str| {
        let (title, rest) = block.split_once('\n').expect("a title has its line");
        let is_text = |line: &&str| !line.starts_with("-- ");
        Mistake {
            title: title.to_owned(),
            text: rest.split_inclusive('\n').filter(is_text).collect(),
        }
    };
    blocks.map(mistake).collect()
}

/// Compiles a text with these options.
pub fn compile(text: &str, options: &Options) -> Output {
    let mut files = MapLoader::new([("in.x", text)]);
    rpcgen_rs::compile(options, &mut files, "in.x")
}

/// Options from flags, one a line.
///
/// # Panics
///
/// When there is no such flag.
pub fn options(flags: &str) -> Options {
    let mut options = Options::default();
    for flag in flags.lines().filter(|line| !line.is_empty()) {
        let text = flag.strip_prefix("--").expect("flags begin with --");
        let (name, value) = text.split_once('=').unwrap_or((text, "true"));
        let (name, value) = match name.strip_prefix("no-") {
            Some(name) => (name, "false"),
            None => (name, value),
        };
        let entry = TABLE
            .iter()
            .find(|entry| entry.flag == name)
            .unwrap_or_else(|| panic!("there is no flag --{name}"));
        entry
            .set(&mut options, value)
            .unwrap_or_else(|e| panic!("{flag}: {e}"));
    }
    options
}

/// The outputs are to be written, not compared.
pub fn update() -> bool {
    env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1")
}

/// Compares a file with what it should be, or writes it; complains where they differ.
///
/// # Panics
///
/// When it cannot be written.
pub fn compare(path: &Path, wanted: Option<&str>, complaints: &mut Vec<String>) {
    let found = fs::read_to_string(path).ok();
    if found.as_deref() == wanted {
        return;
    }
    if update() {
        match wanted {
            Some(text) => fs::write(path, text),
            None => fs::remove_file(path),
        }
        .expect("the cases can be written");
        return;
    }
    let path = path.display();
    complaints.push(match (found, wanted) {
        (Some(found), Some(wanted)) => format!("{path}{}", first_difference(&found, wanted)),
        (None, Some(_)) => format!("{path} is missing"),
        _ => format!("{path} should not be there"),
    });
}

fn first_difference(found: &str, wanted: &str) -> String {
    let lines = found.lines().zip(wanted.lines()).enumerate();
    match lines.into_iter().find(|(_, (a, b))| a != b) {
        Some((at, (found, wanted))) => {
            format!(":{}\n  is:        {found}\n  should be: {wanted}", at + 1)
        }
        None => ": one has lines that the other has not".to_owned(),
    }
}

/// Fails with all complaints at once.
///
/// # Panics
///
/// When there are any.
pub fn report(complaints: &[String]) {
    assert!(
        complaints.is_empty(),
        "{}\n(UPDATE_GOLDEN=1 writes what the generator makes now)",
        complaints.join("\n")
    );
}
