//! Random interface files that are valid: every production of the language, and names chosen to get in each other's way.
//!
//! A production that is used is noted by its name in [`Interface::used`]; [`PRODUCTIONS`] has them all, and a test asserts
//! that a batch of files leaves none out.

mod names;
mod types;

use crate::random::Random;
use names::Names;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use types::Types;

/// Everything that can occur.
pub const PRODUCTIONS: &[&str] = &[
    "alias of alias",
    "alias of array",
    "alias of option",
    "alias of scalar",
    "alias of vector",
    "argument called like a local",
    "argument with name",
    "argument without name",
    "argument: array",
    "argument: option",
    "argument: text",
    "argument: vector",
    "array",
    "array of nothing",
    "arm: nothing",
    "arm: value",
    "cases of one arm",
    "char discriminant",
    "clash: constants",
    "clash: enumerators",
    "clash: fields",
    "clash: keyword",
    "clash: local",
    "clash: prelude",
    "clash: primitive",
    "clash: procedures",
    "clash: program and type",
    "clash: types",
    "clash: variant and Other",
    "comment",
    "const",
    "const: large",
    "const: name",
    "const: negative",
    "const: text",
    "default arm",
    "discriminant: alias",
    "discriminant: bool",
    "discriminant: enum",
    "discriminant: hyper",
    "discriminant: int",
    "discriminant: unsigned",
    "discriminant: unsigned hyper",
    "enum",
    "enumerator: alias",
    "enumerator: negative",
    "enumerator: next",
    "enumerator: value",
    "inline enum",
    "inline struct",
    "inline union",
    "inline with name",
    "label: character",
    "label: constant",
    "label: number",
    "linked list",
    "linked struct",
    "multiple arguments",
    "named type",
    "named type with tag",
    "namespace",
    "oneway",
    "opaque: any length",
    "opaque: bounded",
    "opaque: fixed",
    "opaque: fixed and large",
    "option",
    "option of itself",
    "passthrough",
    "procedure 0",
    "program",
    "quadruple",
    "result: void",
    "scalar: bool",
    "scalar: char",
    "scalar: double",
    "scalar: float",
    "scalar: hyper",
    "scalar: int",
    "scalar: long",
    "scalar: short",
    "scalar: unsigned",
    "scalar: unsigned char",
    "scalar: unsigned hyper",
    "scalar: unsigned long",
    "scalar: unsigned short",
    "several versions",
    "string: any length",
    "string: bounded",
    "struct",
    "union",
    "union of itself",
    "vector: any length",
    "vector: bounded",
    "vector of itself",
];

/// A random interface file.
#[derive(Debug)]
pub struct Interface {
    /// Its text.
    pub text: String,
    /// Flags to compile it with, one a line.
    pub flags: String,
    /// What occurs in it.
    pub used: BTreeSet<&'static str>,
}

/// Writes a file.
#[derive(Debug)]
struct Writer {
    random: Random,
    names: Names,
    types: Types,
    /// Constants that can be bounds.
    bounds: Vec<String>,
    text: String,
    used: BTreeSet<&'static str>,
}

impl Interface {
    /// The file of a seed.
    pub fn new(seed: u64) -> Self {
        let mut writer = Writer {
            random: Random::new(seed),
            names: Names::default(),
            types: Types::default(),
            bounds: Vec::new(),
            text: String::new(),
            used: BTreeSet::new(),
        };
        let definitions = 6 + writer.random.below(14);
        let namespace = writer.random.one_in(12);
        if namespace {
            writer.used("namespace");
            writer.text += "namespace here {\n";
        }
        for _ in 0..definitions {
            writer.definition();
        }
        if namespace {
            writer.text += "}\n";
        }
        let flags = match writer.random.below(9) {
            6 => "--small\n--show-source\n".to_owned(),
            0 => "--naming=c\n".to_owned(),
            1 => "--open-enum=*\n".to_owned(),
            2 => "--newtype=*\n--vec-bytes=*\n".to_owned(),
            3 => "--std-string=*\n".to_owned(),
            _ => String::new(),
        };
        for _ in 0..writer.random.below(3) {
            writer.program();
        }
        Self {
            text: writer.text,
            flags,
            used: writer.used,
        }
    }
}

impl Writer {
    fn used(&mut self, production: &'static str) {
        debug_assert!(PRODUCTIONS.contains(&production), "{production}");
        self.used.insert(production);
    }

    /// Text with a note of what it is.
    fn as_used(&mut self, production: &'static str, text: impl Into<String>) -> String {
        self.used(production);
        text.into()
    }

    fn definition(&mut self) {
        if self.random.one_in(6) {
            self.used("comment");
            let comment = *self.random.pick(&[
                "/* A plain comment. */\n",
                "/* With [links], <tags>, `code`, *stars* and _lines_. */\n",
                "/*\n * - a list\n *   of two lines\n *\n *        a drawing ```\n */\n",
                "// At https://example.org/a_b?c=[d].\n",
                "/* # heading\n   ========= */\n",
            ]);
            self.text += comment;
        }
        if self.random.one_in(20) {
            self.used("passthrough");
            self.text += "%#include \"nothing.h\"\n";
        }
        match self.random.below(9) {
            0 => self.constant(),
            1 | 2 => self.enumeration(),
            3 | 4 => self.structure(),
            5 => self.linked(),
            6 | 7 => self.union(),
            _ => self.typedef(),
        }
    }

    fn constant(&mut self) {
        self.used("const");
        let name = self.names.constant(&mut self.random, &mut self.used);
        let bounds = self.bounds.clone();
        let value = match self.random.below(9) {
            7 | 8 => self.expression(),
            0 => self.as_used("const: negative", "-2147483648"),
            1 => self.as_used("const: large", "0xffffffffffffffff"),
            2 => self.as_used("const: text", "\"some text\""),
            3 if !bounds.is_empty() => {
                let other = self.random.pick(&bounds).clone();
                self.bounds.push(name.clone());
                self.as_used("const: name", other)
            }
            _ => {
                self.bounds.push(name.clone());
                (1 + self.random.below(20)).to_string()
            }
        };
        let _ = writeln!(self.text, "const {name} = {value};");
    }

    /// A computed constant; all of these are defined and fit.
    fn expression(&mut self) -> String {
        // Comparisons and logic are for `#if`.
        const OPERATORS: [&str; 10] = ["*", "/", "%", "+", "-", "<<", ">>", "&", "^", "|"];
        let bounds = self.bounds.clone();
        let operand = |this: &mut Self| match this.random.below(6) {
            0 if !bounds.is_empty() => this.random.pick(&bounds).clone(),
            1 => "'a'".to_owned(),
            2 => "-5".to_owned(),
            3 => "~7".to_owned(),
            _ => (1 + this.random.below(9)).to_string(),
        };
        let (a, b) = (operand(self), operand(self));
        // Shifts and divisions by numbers that are neither negative nor zero.
        match *self.random.pick(&OPERATORS) {
            op @ ("<<" | ">>" | "/" | "%") => format!("({a} {op} 3)"),
            op => format!("({a} {op} {b})"),
        }
    }

    /// A comment to become documentation, or none.
    fn comment(&mut self) -> &'static str {
        if !self.random.one_in(12) {
            return "";
        }
        let comments = [
            "/* What it is. */ ",
            "/** [Like] this_one<T>, *and* `that`. */ ",
            "// To the end of the line\n",
        ];
        let chosen: &&str = self.random.pick(&comments);
        chosen
    }

    /// A bound, by number or by name.
    fn bound(&mut self) -> String {
        if !self.bounds.is_empty() && self.random.one_in(3) {
            return self.random.pick(&self.bounds.clone()).clone();
        }
        (1 + self.random.below(40)).to_string()
    }

    fn enumeration(&mut self) {
        let name = self.names.ty(&mut self.random, &mut self.used);
        let body = self.enumerators(&name);
        let _ = writeln!(self.text, "enum {name} {{ {body} }};");
        self.types.add_enum(&name);
    }

    fn enumerators(&mut self, owner: &str) -> String {
        self.used("enum");
        let mut value = if self.random.one_in(2) { 0 } else { 1 };
        let mut members = Vec::new();
        let names = self
            .names
            .enumerators(&mut self.random, &mut self.used, owner);
        let mut seen = BTreeSet::new();
        for (at, name) in names.into_iter().enumerate() {
            let written = match self.random.below(6) {
                0 if at > 0 => {
                    self.used("enumerator: next");
                    String::new()
                }
                1 if at > 0 => {
                    self.used("enumerator: alias");
                    value -= 1;
                    format!(" = {value}")
                }
                2 => {
                    value = -7 - i64::try_from(at).unwrap_or(0);
                    self.used("enumerator: negative");
                    format!(" = {value}")
                }
                _ => {
                    self.used("enumerator: value");
                    while seen.contains(&value) {
                        value += 1;
                    }
                    format!(" = {value}")
                }
            };
            seen.insert(value);
            self.types.note_member(owner, &name, value);
            let comment = self.comment();
            members.push(format!("{comment}{name}{written}"));
            value += 1;
        }
        members.join(", ")
    }

    fn structure(&mut self) {
        self.used("struct");
        let name = self.names.ty(&mut self.random, &mut self.used);
        let body = self.fields(&name, 0);
        let _ = writeln!(self.text, "struct {name} {{ {body} }};");
        self.types.add_tagged(&name, "struct");
    }

    fn fields(&mut self, owner: &str, depth: usize) -> String {
        let names = self.names.fields(&mut self.random, &mut self.used);
        let fields: Vec<String> = names
            .iter()
            .map(|name| {
                let comment = self.comment();
                format!("{comment}{};", self.declaration(owner, name, depth))
            })
            .collect();
        let fields = fields.join(" ");
        // A struct of no bytes cannot be an element.
        let filler = if fields.contains("[0];") {
            " int filler;"
        } else {
            ""
        };
        fields + filler
    }

    /// The list idiom: only used through pointers, or by value, too.
    fn linked(&mut self) {
        let name = self.names.ty(&mut self.random, &mut self.used);
        let body = self.fields("", 1);
        let next = "following_one";
        let _ = writeln!(self.text, "struct {name} {{ {body} {name} *{next}; }};");
        let holder = self.names.fresh();
        if self.random.one_in(2) {
            self.used("linked list");
            let _ = writeln!(self.text, "struct {holder} {{ {name} *all; }};");
            self.types.add(&holder);
        } else {
            self.used("linked struct");
            let _ = writeln!(
                self.text,
                "struct {holder} {{ {name} first; {name} *more; }};"
            );
            self.types.add(&holder);
            self.types.add(&name);
        }
    }

    fn typedef(&mut self) {
        let name = self.names.ty(&mut self.random, &mut self.used);
        let declaration = match self.random.below(6) {
            5 => {
                let ty = self.element();
                self.as_used("alias of option", format!("{ty} *{name}"))
            }
            0 => {
                let (ty, bound) = (self.element(), self.bound());
                self.as_used("alias of vector", format!("{ty} {name}<{bound}>"))
            }
            1 => {
                let ty = self.element();
                self.as_used("alias of array", format!("{ty} {name}[3]"))
            }
            2 if self.types.any_alias(&mut self.random).is_some() => {
                let of = self.types.any_alias(&mut self.random).unwrap_or_default();
                self.as_used("alias of alias", format!("{of} {name}"))
            }
            _ => {
                self.used("alias of scalar");
                let declaration = self.simple(&name);
                self.types.add_alias(&name);
                declaration
            }
        };
        let _ = writeln!(self.text, "typedef {declaration};");
        self.types.add(&name);
    }

    fn program(&mut self) {
        self.used("program");
        let name = self.names.program(&mut self.random, &mut self.used);
        let versions = 1 + self.random.below(3);
        if versions > 1 {
            self.used("several versions");
        }
        let number = 0x2000_0000 + self.names.next();
        let mut body = String::new();
        for version in 1..=versions {
            let procedures = self.procedures();
            let label = self.names.fresh().to_uppercase();
            let comment = self.comment();
            let _ = write!(
                body,
                "{comment}version {label} {{ {procedures} }} = {version}; "
            );
        }
        let _ = writeln!(self.text, "program {name} {{ {body}}} = {number};");
    }

    fn procedures(&mut self) -> String {
        let names = self.names.procedures(&mut self.random, &mut self.used);
        let mut out = String::new();
        let zero = self.random.one_in(3);
        if zero {
            self.used("procedure 0");
        }
        for (at, name) in names.iter().enumerate() {
            let number = at + usize::from(!zero);
            let result = match self.random.below(6) {
                0 => self.as_used("result: void", "void"),
                1 => self.as_used("oneway", "oneway"),
                2 => "string".to_owned(),
                _ => self.element(),
            };
            let (comment, arguments) = (self.comment(), self.arguments());
            let _ = write!(out, "{comment}{result} {name}({arguments}) = {number}; ");
        }
        out
    }

    fn arguments(&mut self) -> String {
        let count = *self.random.pick(&[0, 1, 1, 1, 2, 3, 8]);
        if count == 0 {
            return "void".to_owned();
        }
        if count > 1 {
            self.used("multiple arguments");
        }
        let locals = self.random.one_in(3);
        let named = locals || self.random.one_in(2);
        let arguments: Vec<String> = (0..count)
            .map(|at| {
                let ty = self.element();
                if locals {
                    self.used("argument called like a local");
                    return format!("{ty} {}", names::LOCALS[at]);
                }
                if named {
                    self.used("argument with name");
                    return match self.random.below(8) {
                        0 => self.as_used("argument: text", format!("string a{at}<>")),
                        1 => self.as_used("argument: vector", format!("{ty} a{at}<9>")),
                        2 => self.as_used("argument: array", format!("{ty} a{at}[3]")),
                        3 => self.as_used("argument: option", format!("{ty} *a{at}")),
                        _ => format!("{ty} a{at}"),
                    };
                }
                self.used("argument without name");
                ty
            })
            .collect();
        arguments.join(", ")
    }
}
