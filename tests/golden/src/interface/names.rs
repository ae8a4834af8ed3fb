//! Names that are legal together in C and meet each other, or Rust, in the generated code.

use crate::random::Random;
use std::collections::BTreeSet;

/// What generated code calls its own variables.
pub(super) const LOCALS: &[&str] = &[
    "r",
    "w",
    "x",
    "at",
    "block",
    "self",
    "cx",
    "args",
    "stub",
    "result",
    "value",
    "put",
    "tag",
    "node",
    "index",
    "next",
    "first",
    "arg1",
    "procedure",
    "f",
];

const KEYWORDS: &[&str] = &[
    "type", "fn", "match", "where", "ref", "in", "pub", "mod", "use", "async", "await", "dyn",
    "gen", "try", "box", "self", "super", "crate", "Self", "yield", "move", "impl", "loop", "true",
];

const PRELUDE: &[&str] = &[
    "Result",
    "Option",
    "String",
    "Vec",
    "Box",
    "Some",
    "None",
    "Ok",
    "Err",
    "Default",
    "Clone",
    "Debug",
    "Send",
    "Sync",
    "Drop",
    "Iterator",
    "Into",
    "From",
    "Bytes",
    "Context",
    "Fault",
    "Eq",
    "Hash",
    "Copy",
    "core",
    "std",
    "v1",
    "alloc",
    "rpcgen_runtime",
    "json",
    "TryFrom",
    "TryInto",
    "IntoIterator",
    "ToOwned",
    "S",
    "D",
    "A",
    "E",
    "T",
    "Item",
    "Value",
    "Future",
    "Block",
    "Reader",
    "Writer",
    "Encode",
    "Decode",
    "List",
];

const PRIMITIVES: &[&str] = &[
    "u8", "i32", "u32", "i64", "u64", "f64", "usize", "str", "u16", "i8",
];

/// Helper methods and traits of clients.
const METHODS: &[&str] = &[
    "new",
    "drop",
    "clone",
    "connect",
    "with",
    "channel",
    "stub",
    "from_stub",
    "call",
    "eq",
    "len",
    "next",
    "into_iter",
    "as_ref",
    "interface",
    "dispatch",
    "null",
    "ping",
    "fmt",
];

/// The names of a file.
#[derive(Debug, Default)]
pub(super) struct Names {
    taken: BTreeSet<String>,
    count: usize,
}

type Used = BTreeSet<&'static str>;

impl Names {
    /// A number that is new.
    pub(super) fn next(&mut self) -> usize {
        self.count += 1;
        self.count
    }

    /// How many numbers there were.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// A name that is new and like no other.
    pub(super) fn fresh(&mut self) -> String {
        loop {
            let name = format!("word{}_x", self.next());
            if self.taken.insert(name.clone()) {
                return name;
            }
        }
    }

    /// The same, spelled like a constant.
    fn fresh_upper(&mut self) -> String {
        loop {
            let name = self.fresh().to_uppercase();
            if self.taken.insert(name.clone()) {
                return name;
            }
        }
    }

    /// One of these names, if it is free.
    fn free(&mut self, random: &mut Random, names: &[&str]) -> Option<String> {
        let name = (*random.pick(names)).to_owned();
        self.taken.insert(name.clone()).then_some(name)
    }

    /// Another name that becomes the same in another case.
    fn twin(&mut self, random: &mut Random, upper: bool) -> Option<String> {
        let all: Vec<&String> = self.taken.iter().collect();
        if all.is_empty() {
            return None;
        }
        let name = (*random.pick(&all)).clone();
        let twin = match (upper, random.below(3)) {
            (true, 0) | (false, 0) => name.to_uppercase(),
            (_, 1) => format!("{name}_"),
            _ => format!("_{name}"),
        };
        self.taken.insert(twin.clone()).then_some(twin)
    }

    /// A type's name.
    pub(super) fn ty(&mut self, random: &mut Random, used: &mut Used) -> String {
        let (found, what) = match random.below(8) {
            0 => (self.free(random, KEYWORDS), "clash: keyword"),
            1 => (self.free(random, PRELUDE), "clash: prelude"),
            2 => (self.free(random, PRIMITIVES), "clash: primitive"),
            3 => (self.twin(random, false), "clash: types"),
            4 => (self.free(random, LOCALS), "clash: local"),
            _ => (None, ""),
        };
        match found {
            Some(name) => {
                used.insert(what);
                name
            }
            None => self.fresh(),
        }
    }

    /// A constant's name.
    pub(super) fn constant(&mut self, random: &mut Random, used: &mut Used) -> String {
        let found = match random.below(3) {
            0 => self.twin(random, true),
            1 => self.free(random, LOCALS),
            _ => None,
        };
        match found {
            Some(name) => {
                used.insert("clash: constants");
                name
            }
            None => self.fresh_upper(),
        }
    }

    /// Names of members, unique among themselves.
    pub(super) fn fields(&mut self, random: &mut Random, used: &mut Used) -> Vec<String> {
        let mut names = BTreeSet::new();
        let mut out: Vec<String> = Vec::new();
        for at in 0..1 + random.below(7) {
            let name = match random.below(6) {
                0 => (*random.pick(LOCALS)).to_owned(),
                1 => {
                    used.insert("clash: keyword");
                    (*random.pick(KEYWORDS)).to_owned()
                }
                2 if !out.is_empty() => {
                    used.insert("clash: fields");
                    format!("_{}", random.pick(&out))
                }
                _ => format!("member_{at}"),
            };
            if names.insert(name.clone()) {
                out.push(name);
            }
        }
        out
    }

    /// Names of enumerators: unique in the file, with a prefix or without.
    pub(super) fn enumerators(
        &mut self,
        random: &mut Random,
        used: &mut Used,
        owner: &str,
    ) -> Vec<String> {
        let prefix = format!("{}{}", owner.trim_matches('_').to_uppercase(), self.next());
        let count = 1 + random.below(5);
        let mut out: Vec<String> = Vec::new();
        for at in 0..count {
            let end = match random.below(8) {
                0 => "OTHER".to_owned(),
                1 => format!("{at}REG"),
                2 => "OK".to_owned(),
                3 => "name".to_owned(),
                4 => "AS_I32".to_owned(),
                5 if at > 0 => {
                    let other = out[at - 1].rsplit('_').next().unwrap_or("A").to_lowercase();
                    used.insert("clash: enumerators");
                    other
                }
                _ => format!("MEMBER{at}"),
            };
            if end == "OTHER" {
                used.insert("clash: variant and Other");
            }
            let mut name = format!("{prefix}_{end}");
            while !self.taken.insert(name.clone()) {
                name.push('X');
            }
            out.push(name);
        }
        out
    }

    /// A program's name.
    pub(super) fn program(&mut self, random: &mut Random, used: &mut Used) -> String {
        let twin = if random.one_in(2) {
            self.twin(random, true)
        } else {
            None
        };
        match twin {
            Some(name) => {
                used.insert("clash: program and type");
                name
            }
            None => self.fresh_upper() + "PROG",
        }
    }

    /// Names of procedures, unique in their version.
    pub(super) fn procedures(&mut self, random: &mut Random, used: &mut Used) -> Vec<String> {
        let prefix = if random.one_in(2) { "P_" } else { "" };
        let mut names = BTreeSet::new();
        let mut out: Vec<String> = Vec::new();
        for at in 0..1 + random.below(6) {
            let name = match random.below(5) {
                0 => (*random.pick(METHODS)).to_owned(),
                1 => (*random.pick(KEYWORDS)).to_owned(),
                2 if !out.is_empty() => {
                    used.insert("clash: procedures");
                    let other = random.pick(&out).trim_start_matches("P_");
                    if other.starts_with(char::is_lowercase) {
                        other.to_uppercase()
                    } else {
                        other.to_lowercase()
                    }
                }
                _ => format!("PROC{at}"),
            };
            let name = format!("{prefix}{name}");
            if names.insert(name.clone()) {
                out.push(name);
            }
        }
        out
    }
}
