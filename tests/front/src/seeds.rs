//! What to start from: every `.x` file of this repository and of the system, among them those in `tests/front/seeds`,
//! which have what no other one has, the JSON of what is accepted, the mistakes of `tests/golden`, and random valid
//! interfaces.
//!
//! Beside `NAME.x` may lie `NAME.flags`, or `flags` where the folder is the file's own: sets of flags, one a line, an
//! empty line between two sets.

use crate::mangle::{LONGEST, value_len, words};
use crate::run::Input;
use golden::interface::Interface;
use golden::mistakes;
use golden::random::Random;
use rpcgen_rs::options::Formats;
use std::fs;
use std::iter;
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

/// Longest JSON of which each word is lost in turn.
const SHORT: usize = 2 << 10;

/// All inputs, the same order everywhere.
///
/// # Panics
/// There are none.
#[must_use]
pub fn inputs() -> Vec<Input> {
    let mut paths = Vec::new();
    for folder in ["examples", "tests", "runtime"] {
        collect(&root().join(folder), &mut paths);
    }
    assert!(paths.len() > 80, "the files of the repository are there");
    for folder in ["/usr/include/rpcsvc", "/usr/include/tirpc"] {
        collect(Path::new(folder), &mut paths);
    }
    let mut inputs = Vec::new();
    for path in paths {
        if let Ok(text) = fs::read(&path) {
            inputs.extend(sets_of_flags(&path).map(|flags| Input {
                text: text.clone(),
                flags,
            }));
        }
    }
    let lacking: Vec<Input> = inputs.iter().flat_map(lacking).collect();
    let small = |json: &Input| json.text.len() < LONGEST;
    let json: Vec<Input> = inputs.iter().filter_map(json).filter(small).collect();
    inputs.extend(lacking);
    inputs.extend(json);
    inputs.extend(mistakes().into_iter().map(|mistake| Input {
        text: mistake.text.into_bytes(),
        flags: String::new(),
    }));
    inputs
}

/// The JSON of what is accepted.
fn json(input: &Input) -> Option<Input> {
    let mut options = golden::options(&input.flags);
    options.emit = Formats::RUST;
    options.emit.json = true;
    let output = golden::compile(std::str::from_utf8(&input.text).ok()?, &options);
    let file = output.files.into_iter().nth(1)?;
    Some(Input {
        text: file.text.into_bytes(),
        flags: input.flags.clone(),
    })
}

/// The JSON of an interface without each of its members, with a name in place of each text, and a list of each value.
fn lacking(input: &Input) -> Vec<Input> {
    let text = &input.text;
    if !text.starts_with(b"{") || text.len() > SHORT {
        return Vec::new();
    }
    let is_name = |(lo, _): &(usize, usize)| text[*lo].is_ascii_alphabetic();
    let names = words(text).into_iter().filter(is_name);
    let marks = (0..text.len()).filter(|&at| b"[:,".contains(&text[at]));
    let values = marks.map(|at| (at + 1, at + 1 + value_len(&text[at + 1..])));
    let exchanged = |with: &'static str, (lo, hi): (usize, usize)| Input {
        text: [&text[..lo], with.as_bytes(), &text[hi..]].concat(),
        flags: input.flags.clone(),
    };
    let names = names.map(|range| exchanged("other", range));
    names
        .chain(values.map(|range| exchanged("[]", range)))
        .collect()
}

/// No flags, and each set that stands beside the file.
fn sets_of_flags(path: &Path) -> impl Iterator<Item = String> + use<> {
    let beside = [path.with_extension("flags"), path.with_file_name("flags")];
    let sets = beside.iter().find_map(|path| fs::read_to_string(path).ok());
    let sets = sets.unwrap_or_default();
    let sets: Vec<String> = sets
        .split("\n\n")
        .map(|set| format!("{}\n", set.trim()))
        .collect();
    let sets = sets.into_iter().filter(|set| set.len() > 1);
    iter::once(String::new()).chain(sets)
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    found.sort();
    for path in found {
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, paths);
        } else if path
            .extension()
            .is_some_and(|found| found == "x" || found == "json")
        {
            paths.push(path);
        }
    }
}

/// A random interface, valid but perhaps for names that meet.
#[must_use]
pub fn random(rng: &mut Random) -> Vec<u8> {
    Interface::new(rng.bits() >> 20).text.into_bytes()
}
