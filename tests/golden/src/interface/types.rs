//! Random declarations and unions.

use super::Writer;
use crate::random::Random;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The types that are defined so far: those may be contained, others only be pointed to.
#[derive(Debug, Default)]
pub(super) struct Types {
    all: Vec<String>,
    aliases: Vec<String>,
    /// How C would call them.
    tags: BTreeMap<String, &'static str>,
    /// Enums and the values of their members.
    enums: BTreeMap<String, Vec<(String, i64)>>,
}

impl Types {
    pub(super) fn add(&mut self, name: &str) {
        self.all.push(name.to_owned());
    }

    pub(super) fn add_alias(&mut self, name: &str) {
        self.aliases.push(name.to_owned());
    }

    pub(super) fn add_enum(&mut self, name: &str) {
        self.add_tagged(name, "enum");
    }

    /// A type that can be called `struct name`, too.
    pub(super) fn add_tagged(&mut self, name: &str, tag: &'static str) {
        self.add(name);
        self.tags.insert(name.to_owned(), tag);
    }

    pub(super) fn note_member(&mut self, of: &str, name: &str, value: i64) {
        let members = self.enums.entry(of.to_owned()).or_default();
        members.push((name.to_owned(), value));
    }

    pub(super) fn any_alias(&self, random: &mut Random) -> Option<String> {
        let some = !self.aliases.is_empty();
        some.then(|| random.pick(&self.aliases).clone())
    }

    fn any(&self, random: &mut Random) -> Option<String> {
        let some = !self.all.is_empty();
        some.then(|| random.pick(&self.all).clone())
    }

    /// An enum that can be referred to by its name.
    fn any_enum(&self, random: &mut Random) -> Option<(String, Vec<(String, i64)>)> {
        let named: Vec<_> = (self.enums.iter())
            .filter(|(name, _)| self.all.contains(name))
            .collect();
        if named.is_empty() {
            return None;
        }
        let (name, members) = random.pick(&named);
        Some(((*name).clone(), (*members).clone()))
    }
}

const SCALARS: &[(&str, &str)] = &[
    ("int", "scalar: int"),
    ("unsigned", "scalar: unsigned"),
    ("unsigned int", "scalar: unsigned"),
    ("long", "scalar: long"),
    ("unsigned long", "scalar: unsigned long"),
    ("hyper", "scalar: hyper"),
    ("unsigned hyper", "scalar: unsigned hyper"),
    ("char", "scalar: char"),
    ("unsigned char", "scalar: unsigned char"),
    ("short", "scalar: short"),
    ("unsigned short", "scalar: unsigned short"),
    ("float", "scalar: float"),
    ("double", "scalar: double"),
    ("quadruple", "quadruple"),
    ("bool", "scalar: bool"),
];

impl Writer {
    /// A type that can be an element or an argument: a scalar or a name.
    pub(super) fn element(&mut self) -> String {
        let named = self.types.any(&mut self.random);
        match named {
            Some(name) if self.random.one_in(2) => match self.types.tags.get(&name).copied() {
                Some(tag) if self.random.one_in(6) => {
                    self.as_used("named type with tag", format!("{tag} {name}"))
                }
                _ => self.as_used("named type", name),
            },
            _ => {
                let (text, production) = *self.random.pick(SCALARS);
                self.as_used(production, text)
            }
        }
    }

    /// A declaration without an inline type.
    pub(super) fn simple(&mut self, name: &str) -> String {
        let bound = self.bound();
        match self.random.below(12) {
            0 => self.as_used("string: any length", format!("string {name}<>")),
            1 => self.as_used("string: bounded", format!("string {name}<{bound}>")),
            2 => self.as_used("opaque: any length", format!("opaque {name}<>")),
            3 => self.as_used("opaque: bounded", format!("opaque {name}<{bound}>")),
            4 => self.as_used("opaque: fixed", format!("opaque {name}[{bound}]")),
            _ => format!("{} {name}", self.element()),
        }
    }

    /// A declaration inside a type called `owner`, which it may refer to through pointers and vectors.
    pub(super) fn declaration(&mut self, owner: &str, name: &str, depth: usize) -> String {
        let bound = self.bound();
        match self.random.below(16) {
            0 => {
                let ty = self.element();
                self.as_used("option", format!("{ty} *{name}"))
            }
            1 => {
                let ty = self.element();
                self.as_used("vector: any length", format!("{ty} {name}<>"))
            }
            2 => {
                let ty = self.element();
                self.as_used("vector: bounded", format!("{ty} {name}<{bound}>"))
            }
            3 => {
                let (ty, n) = (self.element(), 1 + self.random.below(40));
                self.as_used("array", format!("{ty} {name}[{n}]"))
            }
            4 if self.random.one_in(3) => {
                let ty = self.element();
                self.as_used("array of nothing", format!("{ty} {name}[0]"))
            }
            5 if self.random.one_in(3) => {
                self.as_used("opaque: fixed and large", format!("opaque {name}[5000]"))
            }
            6 if !owner.is_empty() => self.as_used("option of itself", format!("{owner} *{name}")),
            7 if !owner.is_empty() => {
                self.as_used("vector of itself", format!("{owner} {name}<{bound}>"))
            }
            8 if depth < 2 => {
                let tag = self.inline_name();
                let body = self.fields("", depth + 1);
                self.as_used("inline struct", format!("struct {tag}{{ {body} }} {name}"))
            }
            9 if depth < 2 => {
                let tag = self.inline_name();
                let body = self.enumerators(&format!("E{}", self.names.count()));
                self.as_used("inline enum", format!("enum {tag}{{ {body} }} {name}"))
            }
            10 if depth < 2 => {
                let tag = self.inline_name();
                let body = self.arms("", depth + 1);
                self.as_used("inline union", format!("union {tag}{body} {name}"))
            }
            _ => self.simple(name),
        }
    }

    /// The name of an inline type, with a blank behind it; most have none.
    fn inline_name(&mut self) -> String {
        if !self.random.one_in(4) {
            return String::new();
        }
        let name = self.names.fresh() + " ";
        self.as_used("inline with name", name)
    }

    pub(super) fn union(&mut self) {
        self.used("union");
        let name = self.names.ty(&mut self.random, &mut self.used);
        let body = self.arms(&name, 0);
        let _ = writeln!(self.text, "union {name} {body};");
        self.types.add_tagged(&name, "union");
    }

    /// `switch (…) { … }`
    fn arms(&mut self, owner: &str, depth: usize) -> String {
        let (tag, mut labels) = self.discriminant();
        let mut out = format!("switch ({tag} d) {{ ");
        let mut arm = 0;
        while let Some(label) = labels.pop() {
            let comment = self.comment();
            let _ = write!(out, "{comment}case {label}: ");
            if self.random.one_in(4)
                && let Some(label) = labels.pop()
            {
                self.used("cases of one arm");
                let _ = write!(out, "case {label}: ");
            }
            let content = self.arm(owner, &format!("arm_{arm}"), depth);
            let _ = write!(out, "{content}; ");
            arm += 1;
        }
        if self.random.one_in(2) {
            self.used("default arm");
            let content = self.arm("", "rest", depth);
            let _ = write!(out, "default: {content}; ");
        }
        out + "}"
    }

    fn arm(&mut self, owner: &str, name: &str, depth: usize) -> String {
        if self.random.one_in(3) {
            return self.as_used("arm: nothing", "void");
        }
        self.used("arm: value");
        // By pointer: by value there would have to be an arm that ends it.
        if !owner.is_empty() && self.random.one_in(5) {
            return self.as_used("union of itself", format!("{owner} *{name}"));
        }
        self.declaration(owner, name, depth)
    }

    /// A type of discriminant, and labels that are different values of it.
    fn discriminant(&mut self) -> (String, Vec<String>) {
        let numbers = |texts: &[&str]| {
            texts
                .iter()
                .map(|&text| text.to_owned())
                .collect::<Vec<_>>()
        };
        match self.random.below(9) {
            0 => (
                self.as_used("discriminant: bool", "bool"),
                numbers(&["FALSE", "TRUE"]),
            ),
            1 => (
                self.as_used("discriminant: hyper", "hyper"),
                numbers(&["9223372036854775807", "-1"]),
            ),
            2 => {
                let tag = self.as_used("discriminant: unsigned hyper", "unsigned hyper");
                (tag, numbers(&["18446744073709551615", "0"]))
            }
            3 => {
                self.used("label: character");
                (
                    self.as_used("char discriminant", "char"),
                    numbers(&["'a'", "'z'", "1"]),
                )
            }
            4 => (
                self.as_used("discriminant: unsigned", "unsigned"),
                numbers(&["4294967295", "0", "1"]),
            ),
            5 | 6 => match self.types.any_enum(&mut self.random) {
                Some((name, members)) => {
                    self.used("discriminant: enum");
                    (name, distinct(members))
                }
                None => self.numbered(),
            },
            _ => self.numbered(),
        }
    }

    fn numbered(&mut self) -> (String, Vec<String>) {
        self.used("label: number");
        let mut labels: Vec<String> = (0..1 + self.random.below(4))
            .map(|n| (n + 100).to_string())
            .collect();
        labels.push("-5".to_owned());
        // Bounds are below 100, and one of them is one label.
        if let Some(bound) = self.bounds.first().cloned() {
            self.used("label: constant");
            labels.push(bound);
        }
        if self.random.one_in(2) {
            let alias = self.names.fresh();
            let _ = writeln!(self.text, "typedef int {alias};");
            return (self.as_used("discriminant: alias", alias), labels);
        }
        (self.as_used("discriminant: int", "int"), labels)
    }
}

/// Members of different values.
fn distinct(members: Vec<(String, i64)>) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
    let members = members.into_iter().filter(|(_, value)| seen.insert(*value));
    members.map(|(name, _)| name).collect()
}
