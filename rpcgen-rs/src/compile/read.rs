//! What a run reads: its inputs, and the definitions they lack from other files.

use std::collections::{BTreeMap, HashSet};

use super::Run;
use crate::ast::{self, Decl, Expr, Item, ItemKind, Shape, TypeKind};
use crate::diag::{Diagnostic, Diagnostics, Severity};
use crate::ir::Spec;
use crate::options::Options;
use crate::preprocess::Preprocessed;
use crate::resolve::{Missing, take_idle_typedefs, take_needed};
use crate::source::{Limits, Span, SpanMap};
use crate::{check, json, lex, parse, schema};

/// A parsed file and its `%#define`s. What one of them names may be a number or a type: its use decides.
#[derive(Default)]
pub(super) struct File {
    pub(super) tree: ast::Spec,
    /// Those that name numbers.
    pub(super) defines: Vec<(String, Expr)>,
    /// All of them: the name, and the first value as it is written.
    texts: BTreeMap<String, (String, Span)>,
}

/// A file that may have what another one lacks.
struct Sibling {
    path: String,
    /// What nobody has taken yet.
    file: File,
    /// What is wrong with it, not told yet.
    found: Diagnostics,
    /// Something was taken.
    used: bool,
}

impl Run<'_> {
    /// Reads the inputs, and from other files what they lack.
    pub(super) fn read(&mut self, paths: &[&str], others: &[&str]) -> File {
        let mut diags = std::mem::take(&mut self.output.diagnostics);
        let mut file = File::default();
        for path in paths {
            file.append(self.parse(path, &mut diags));
        }
        self.add_missing(&mut file, paths, others, &mut diags);
        self.output.diagnostics = diags;
        file
    }

    /// Reads an interface that was resolved before.
    pub(super) fn read_json(&mut self, path: &str) -> Spec {
        let diags = &mut self.output.diagnostics;
        let text = match self.loader.load(path, u64::from(self.options.max_input)) {
            Ok(text) => text,
            Err(problem) => {
                diags.push(Diagnostic::error_without_place(
                    "E0050",
                    format!("cannot read `{path}`: {problem}"),
                ));
                return Spec::default();
            }
        };
        let json = String::from_utf8_lossy(&text).into_owned();
        let file = self.output.sources.add(path, text, None);
        let place = |lo: usize| Span {
            file,
            lo: lo as u32,
            hi: lo as u32,
        };
        let read = json::parse(&json)
            .map_err(|wrong| e0250_not_an_interface(place(wrong.at), "here", wrong.expected));
        let read = read.and_then(|json| {
            schema::read(&json, place(0))
                .map_err(|wrong| e0250_not_an_interface(place(0), &wrong.path, &wrong.expected))
        });
        let mut spec = read.unwrap_or_else(|diagnostic| {
            diags.push(diagnostic);
            Spec::default()
        });
        let folder = path.rfind('/').map_or("", |end| &path[..=end]);
        spec.source = format!(
            "{folder}{}",
            spec.source.rsplit('/').next().unwrap_or_default()
        );
        check::check(&spec, diags);
        spec
    }

    fn add_missing(
        &mut self,
        file: &mut File,
        paths: &[&str],
        others: &[&str],
        diags: &mut Diagnostics,
    ) {
        let mut missing = file.missing(self.options);
        let mut own = File {
            texts: std::mem::take(&mut file.texts),
            ..File::default()
        };
        if !own.texts.is_empty() {
            file.take_from(&mut own, &mut missing, self.options, diags);
        }
        let mut seen: HashSet<String> = paths.iter().map(|&path| path.to_owned()).collect();
        let mut candidates: Vec<String> = self.siblings(&file.tree);
        candidates.extend(others.iter().rev().map(|&path| path.to_owned()));
        let mut read: Vec<Sibling> = Vec::new();
        while !missing.is_empty()
            && let Some(path) = candidates.pop()
        {
            let there = |run: &mut Self| {
                run.loader
                    .load(&path, u64::from(run.options.max_input))
                    .is_ok()
            };
            if !seen.insert(path.clone()) || !there(self) {
                continue;
            }
            // What is wrong in the other file matters only if something of it is needed.
            let mut found = Diagnostics::default();
            let mut other = self.parse(&path, &mut found);
            other.defines.extend(program_numbers(&other.tree));
            candidates.extend(self.siblings(&other.tree));
            read.push(Sibling {
                path,
                file: other,
                found,
                used: false,
            });
            // What is taken may be the first to use something of a file that was read before, or of this one.
            let mut from = read.len() - 1;
            while let Some(sibling) = read.get_mut(from) {
                if file.take_from(
                    &mut sibling.file,
                    &mut missing,
                    self.options,
                    &mut sibling.found,
                ) {
                    sibling.used = true;
                    std::mem::take(&mut sibling.found)
                        .iter()
                        .for_each(|diagnostic| diags.push(diagnostic.clone()));
                    file.take_from(&mut own, &mut missing, self.options, diags);
                    from = 0;
                } else {
                    from += 1;
                }
            }
        }
        if !missing.is_empty() {
            for sibling in read.iter().filter(|sibling| !sibling.used) {
                let mut errors = sibling.found.iter();
                let error = errors.find(|d| d.severity == Severity::Error);
                if let Some(span) = error.and_then(Diagnostic::span) {
                    diags.push(w0245_file_with_errors(&sibling.path, span));
                }
            }
        }
        for typedef in take_idle_typedefs(&mut file.tree, &file.defines, self.options) {
            diags.push(w0244_typedef_of_nothing(&typedef));
        }
    }

    /// Where the `.x` files of included headers may be, the most likely last.
    fn siblings(&self, tree: &ast::Spec) -> Vec<String> {
        let mut paths = Vec::new();
        for line in tree.passthrough.iter().rev() {
            let Some(header) = included_header(&line.text) else {
                continue;
            };
            paths.extend(
                self.options
                    .include
                    .iter()
                    .rev()
                    .map(|folder| format!("{}/{header}.x", folder.trim_end_matches('/'))),
            );
            let includer = self.output.sources.file(line.span.file).path();
            let folder = includer.rfind('/').map_or("", |end| &includer[..=end]);
            // What is included as `rpcsvc/foo.h` lies beside a file that is in `rpcsvc` itself.
            let name = header.rsplit('/').next().unwrap_or(header);
            paths.extend([name, header].map(|name| format!("{folder}{name}.x")));
        }
        paths
    }
}

fn e0250_not_an_interface(span: Span, place: &str, expected: &str) -> Diagnostic {
    Diagnostic::error(
        "E0250",
        span,
        format!("not the JSON of an interface: {place}: expected {expected}"),
    )
}

/// `#include "a/foo.h"` → `a/foo`
fn included_header(line: &str) -> Option<&str> {
    let rest = directive(line, "include")?.trim_start();
    let close = match rest.chars().next()? {
        '"' => '"',
        '<' => '>',
        _ => return None,
    };
    rest[1..].split(close).next()?.strip_suffix(".h")
}

/// What follows `#name`.
fn directive<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.trim_start()
        .strip_prefix('#')?
        .trim_start()
        .strip_prefix(name)
}

impl File {
    pub(super) fn new(tree: ast::Spec) -> Self {
        let defines = tree.passthrough.iter().filter_map(number_define).collect();
        let mut texts = BTreeMap::new();
        for line in &tree.passthrough {
            if let Some((name, value)) = define(&line.text) {
                let text = || (value.to_owned(), line.span);
                texts.entry(name.to_owned()).or_insert_with(text);
            }
        }
        Self {
            tree,
            defines,
            texts,
        }
    }

    /// What it lacks.
    fn missing<'o>(&self, options: &'o Options) -> Missing<'o> {
        Missing::of(&self.tree, &self.defines, options)
    }

    fn append(&mut self, mut other: Self) {
        self.tree.items.append(&mut other.tree.items);
        self.tree.passthrough.append(&mut other.tree.passthrough);
        self.tree.lost.append(&mut other.tree.lost);
        self.defines.append(&mut other.defines);
        for (name, text) in other.texts {
            self.texts.entry(name).or_insert(text);
        }
    }

    /// Takes the definitions it lacks, and what those lack in turn; says whether there were any.
    fn take_from<'o>(
        &mut self,
        other: &mut Self,
        missing: &mut Missing<'o>,
        options: &'o Options,
        diags: &mut Diagnostics,
    ) -> bool {
        let mut took_some = false;
        loop {
            let defines = other.defines.extract_if(.., |(name, _)| missing.uses(name));
            let before = self.defines.len();
            self.defines.extend(defines);
            let mut taken = take_needed(missing, &mut other.tree);
            if taken.is_empty() {
                taken = other.take_type_defines(missing, diags);
            }
            if taken.is_empty() && self.defines.len() == before {
                return took_some;
            }
            took_some = true;
            self.tree.lost.append(&mut other.tree.lost);
            self.tree.items.splice(0..0, taken);
            *missing = self.missing(options);
        }
    }

    /// Makes typedefs of the `%#define NAME type` whose names are missing, and of those that they name in turn; C finds
    /// them in the generated header.
    fn take_type_defines(&mut self, missing: &Missing<'_>, diags: &mut Diagnostics) -> Vec<Item> {
        let names = self.texts.keys();
        let mut wanted: Vec<String> = names.filter(|n| missing.uses_type(n)).cloned().collect();
        let mut taken = Vec::new();
        while let Some(name) = wanted.pop() {
            let Some((value, span)) = self.texts.remove(&name) else {
                continue;
            };
            let Some(define) = type_define(&name, &value, span) else {
                continue;
            };
            wanted.extend(define.of.filter(|of| missing.lacks(of)));
            diags.push(w0243_type_of_a_define(&name, &define.spelled, span));
            taken.push(define.item);
        }
        taken
    }
}

/// `#define NAME value`
fn define(line: &str) -> Option<(&str, &str)> {
    let rest = directive(line, "define")?
        .strip_prefix([' ', '\t'])?
        .trim_start();
    let end = rest.find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'))?;
    let (name, value) = rest.split_at(end);
    (!name.is_empty() && value.starts_with([' ', '\t'])).then_some((name, value.trim()))
}

/// A `%#define NAME type`.
struct TypeDefine {
    /// The typedef that it stands for.
    item: Item,
    /// The type as it is written.
    spelled: String,
    /// The name of the type, if it has one.
    of: Option<String>,
}

/// `NAME` as a typedef of `value`, if that is a type and nothing else.
fn type_define(name: &str, value: &str, span: Span) -> Option<TypeDefine> {
    // A `//` comment ends with its line.
    let ty = of_c(value).unwrap_or(value);
    let text = Preprocessed {
        text: format!("typedef {ty}\n{name};").into_bytes(),
        map: SpanMap::all_at(span),
    };
    let mut diags = Diagnostics::default();
    let tokens = lex::lex(&text.text, &text.map, &mut diags);
    // Between `typedef` and `NAME`, `;` and the end.
    let count = tokens.tokens.len().saturating_sub(4);
    let words = tokens.tokens.iter().skip(1).take(count);
    let words = words
        .map(|token| String::from_utf8_lossy(&text.text[token.lo as usize..token.hi as usize]));
    let spelled = words.collect::<Vec<_>>().join(" ");
    let mut tree = parse::parse(&text, &tokens, &parse::Config::default(), &mut diags);
    let item = tree.items.pop().filter(|_| tree.items.is_empty())?;
    let ItemKind::Typedef(decl) = &item.kind else {
        return None;
    };
    let of = match &decl.ty.kind {
        TypeKind::Named(_, of) => Some(of.clone()),
        TypeKind::Struct(..) | TypeKind::Union(..) | TypeKind::Enum(..) => return None,
        _ => None,
    };
    let is_plain = decl.name.name == name && decl.shape == Shape::Plain;
    (is_plain && !diags.has_errors()).then_some(TypeDefine { item, spelled, of })
}

/// C's `unsigned long long` and its like: the words are in any order.
fn of_c(value: &str) -> Option<&'static str> {
    let count = |word| {
        value
            .split_whitespace()
            .filter(|found| *found == word)
            .count()
    };
    let all = value.split_whitespace().count();
    let (longs, ints, signs, unsigned) = (
        count("long"),
        count("int"),
        count("signed"),
        count("unsigned"),
    );
    let is_one =
        longs == 2 && ints <= 1 && signs + unsigned <= 1 && longs + ints + signs + unsigned == all;
    is_one.then_some(if unsigned == 1 {
        "unsigned hyper"
    } else {
        "hyper"
    })
}

fn w0243_type_of_a_define(name: &str, value: &str, span: Span) -> Diagnostic {
    let message = format!("the type `{name}` is taken for the `{value}` of its `%#define`");
    Diagnostic::warning("W0243", span, message).help(format!(
        "if a function `xdr_{name}` of your own encodes it otherwise: `--extern-type {name}=path::to::Type`"
    ))
}

fn w0245_file_with_errors(path: &str, span: Span) -> Diagnostic {
    let message = format!("`{path}` has errors: what is missing may be in it");
    Diagnostic::warning("W0245", span, message)
        .help(format!("`rpcgen-rs check {path}` shows all of them"))
}

fn w0244_typedef_of_nothing(typedef: &Decl) -> Diagnostic {
    let name = &typedef.name.name;
    let message = format!("`{name}` is a name of something that nothing defines");
    Diagnostic::warning("W0244", typedef.span, message)
        .help("nothing uses it: it is left out; drop the line, or define what it names")
}

/// `%#define NAME 1024`: C finds the number in the generated header, so bounds may use it.
fn number_define(line: &ast::Passthrough) -> Option<(String, Expr)> {
    let (name, value) = define(&line.text)?;
    // Most such lines are no numbers; what the parser thinks of them is nobody's business.
    let mut ignored = Diagnostics::default();
    let map = SpanMap::all_at(line.span);
    let tokens = lex::lex(value.as_bytes(), &map, &mut ignored);
    let expr = parse::condition(
        value.as_bytes(),
        &tokens,
        &map,
        Limits::default().nesting,
        &mut ignored,
    )?;
    (!ignored.has_errors()).then(|| (name.to_owned(), expr))
}

/// The numbers of programs, versions and procedures: rpcgen makes `#define`s of them (language.md §3.1).
fn program_numbers(tree: &ast::Spec) -> Vec<(String, Expr)> {
    let mut numbers = Vec::new();
    for item in &tree.items {
        if let ItemKind::Program(program) = &item.kind {
            let mut add = |name: &ast::Ident, number: &Expr| {
                numbers.push((name.name.clone(), number.clone()));
            };
            add(&program.name, &program.number);
            for version in &program.versions {
                add(&version.name, &version.number);
                version
                    .procedures
                    .iter()
                    .for_each(|p| add(&p.name, &p.number));
            }
        }
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_long_is_a_hyper() {
        assert_eq!(of_c("unsigned long long"), Some("unsigned hyper"));
        assert_eq!(of_c("long unsigned  int long"), Some("unsigned hyper"));
        assert_eq!(of_c("long long"), Some("hyper"));
        for other in [
            "long",
            "long long x",
            "signed unsigned long long",
            "long long long",
            "int",
        ] {
            assert_eq!(of_c(other), None, "{other}");
        }
    }

    #[test]
    fn headers_are_found_beside_the_file_and_in_include_folders() {
        assert_eq!(included_header("#include \"a/foo.h\""), Some("a/foo"));
        let nis = included_header(" # include <rpcsvc/nis.h>");
        assert_eq!(nis, Some("rpcsvc/nis"));
        assert_eq!(included_header("#include \"foo.c\""), None);
        assert_eq!(included_header("int x;"), None);
    }
}
