//! The whole pipeline: text → tokens → tree → IR → checked, measured, named IR → output.
//!
//! No stage stops at the first error; each gets what the one before could make of the input. Output is made only when
//! there was no error at all.

mod defines;
mod read;
mod siblings;

use std::collections::{BTreeSet, HashSet};
use std::fmt;

use crate::diag::{Diagnostic, Diagnostics, Format, Label, Severity};
use crate::dialect::Strict;
use crate::emit::{self, OutFile};
use crate::ir::{Spec, Type, TypeKind};
use crate::options::Options;
use crate::source::{Limits, Loader, SourceMap, Span, Used};
use crate::{check, layout, lex, names, parse, preprocess, resolve};
use read::File;

/// What a run yields.
#[derive(Clone, Debug, Default)]
pub struct Output {
    /// Everything there is to say about the input.
    pub diagnostics: Diagnostics,
    /// The files that were read, main files first.
    pub sources: SourceMap,
    /// What to write; empty after an error.
    pub files: Vec<OutFile>,
    spec: Option<Spec>,
}

/// Compiles one file.
pub fn compile(options: &Options, loader: &mut dyn Loader, path: &str) -> Output {
    compile_together(options, loader, &[path], &[])
}

/// Compiles several files into one output. Names that they lack are looked for in `others`, and in the `foo.x` beside
/// a file that says `%#include "foo.h"`; only what is needed is taken over.
pub fn compile_together(
    options: &Options,
    loader: &mut dyn Loader,
    paths: &[&str],
    others: &[&str],
) -> Output {
    let mut output = Output::default();
    check::check_options(options, &mut output.diagnostics);
    let mut run = Run {
        options,
        config: config(options),
        loader,
        is_alone: others.is_empty(),
        used: Used::default(),
        cut_short: None,
        without_sibling: Vec::new(),
        output,
    };
    let spec = match paths {
        [path] if path.ends_with(".json") => run.read_json(path),
        _ => {
            let file = run.read(paths, others);
            run.resolve(&file, paths)
        }
    };
    run.finish(spec)
}

/// What the preprocessor is told.
fn config(options: &Options) -> preprocess::Config {
    let define = options.define.iter();
    preprocess::Config {
        include_dirs: options.include.clone(),
        define: define
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        undefine: options.undefine.clone(),
        limits: Limits {
            text: options.max_input,
            items: options.max_items,
            members: options.max_members,
            ..Limits::default()
        },
        used: Used::default(),
        strict: Strict::of(options),
    }
}

struct Run<'a> {
    options: &'a Options,
    config: preprocess::Config,
    loader: &'a mut dyn Loader,
    /// No other run has the same options.
    is_alone: bool,
    /// Of the limits that all files share.
    used: Used,
    /// Why files that may have what is missing were not all read.
    cut_short: Option<Diagnostic>,
    /// Why a `foo.x` was not read, and where the file includes its header.
    without_sibling: Vec<(String, Span)>,
    output: Output,
}

impl Run<'_> {
    /// Text → tree.
    fn parse(&mut self, path: &str, diags: &mut Diagnostics) -> File {
        self.config.used = self.used;
        let sources = &mut self.output.sources;
        let text = preprocess::preprocess(path, &self.config, self.loader, sources, diags);
        let tokens = lex::lex(&text.text, &text.map, diags);
        let config = parse::Config {
            strict: self.config.strict,
            limits: self.config.limits,
            used: self.used,
        };
        let tree = parse::parse(&text, &tokens, &config, diags);
        self.used = text.used;
        self.used.items += tree.count;
        File::new(tree)
    }

    /// Tree → IR, checked.
    fn resolve(&mut self, file: &File, paths: &[&str]) -> Spec {
        let diags = &mut self.output.diagnostics;
        let broken = diags.has_errors();
        let lost = &file.tree.lost;
        let mut behind_errors = Diagnostics::default();
        let found = if broken || self.cut_short.is_some() {
            &mut behind_errors
        } else {
            &mut *diags
        };
        let sources = &self.output.sources;
        let mut spec = resolve::resolve(&file.tree, &file.defines, sources, self.options, found);
        spec.source = paths
            .first()
            .map(|path| path.replace('\\', "/"))
            .unwrap_or_default();
        check_if_sound(&spec, broken, found);
        // The parser knows the names of what it could not read. Where whole files or lines are missing, that names are
        // undefined is no news; nor that a label is no member of an enum that may lack some.
        let of_lost = labels_of(&spec, &lost.enums);
        let is_undefined = |found: &Diagnostic| matches!(found.code, "E0201" | "E0202" | "E0206");
        let cut_short = self.cut_short.take();
        let cut_short = cut_short.filter(|_| behind_errors.iter().any(is_undefined));
        let lost_lines = lost.lines || cut_short.is_some();
        cut_short.into_iter().for_each(|limit| diags.push(limit));
        let is_echo = |found: &Diagnostic| match found.code {
            _ if is_undefined(found) => lost_lines,
            "E0221" => lost_lines || found.span().is_some_and(|span| of_lost.contains(&span)),
            _ => false,
        };
        diags.append(&behind_errors, |found| !is_echo(found));
        if let Some(undefined) = diags.find_mut(&["E0201", "E0202"]) {
            for (why, line) in self.without_sibling.drain(..) {
                let text = format!("may be meant to define it, {why}");
                undefined.labels.push(Label { span: line, text });
            }
        }
        spec
    }

    /// IR → output, if nothing was wrong.
    fn finish(mut self, mut spec: Spec) -> Output {
        let diags = &mut self.output.diagnostics;
        if !diags.has_errors() {
            complete(&mut spec, self.options, diags);
            if self.is_alone {
                check::check_selection(&spec, self.options, diags);
            }
        } else {
            check_sizes_beside_errors(&mut spec, diags);
        }
        if !diags.has_errors() {
            self.output.files = emit(&spec, self.options);
            self.output.spec = Some(spec);
        }
        self.output
    }
}

/// The labels of the unions that discriminate by one of these enums. An empty name stands for any of them.
fn labels_of(spec: &Spec, enums: &BTreeSet<String>) -> HashSet<Span> {
    let mut labels = HashSet::new();
    if enums.is_empty() {
        return labels;
    }
    for def in &spec.types {
        if let TypeKind::Union(union) = &def.kind
            && let Type::Named(tag) = union.tag
            && (enums.contains(&spec.def(tag).name.x) || enums.contains(""))
        {
            labels.extend(union.cases.iter().map(|case| case.name.span));
        }
    }
    labels
}

/// The main file could not be read: its message has no place, that of an included one has.
pub(crate) fn is_unread(diags: &Diagnostics) -> bool {
    let error = diags.find("E0050");
    error.is_some_and(|error| error.labels.is_empty())
}

/// Rules about the whole. Where something is wrong already, a warning may be about what was left out for it.
fn check_if_sound(spec: &Spec, broken: bool, diags: &mut Diagnostics) {
    let mut found = Diagnostics::default();
    check::check(spec, &mut found);
    let broken = broken || diags.has_errors();
    diags.append(&found, |found| found.severity == Severity::Error || !broken);
}

/// Types that are too large are mistakes of their own; what could not be read makes none larger.
fn check_sizes_beside_errors(spec: &mut Spec, diags: &mut Diagnostics) {
    let mut found = Diagnostics::default();
    check::check_cycles(spec, &mut found);
    if found.has_errors() {
        return;
    }
    layout::compute(spec);
    check::check_sizes(spec, &mut found);
    // A struct whose members were lost seems to take no bytes.
    let mut errors = diags.iter().filter(|d| d.severity == Severity::Error);
    let is_whole = errors.all(|error| error.code >= "E0200");
    diags.append(&found, |found| match found.code {
        "E0232" => is_whole,
        _ => found.severity == Severity::Error,
    });
}

/// Layouts and names: the part of the pipeline that a checked IR still needs, wherever it came from.
pub(crate) fn complete(spec: &mut Spec, options: &Options, diags: &mut Diagnostics) {
    layout::compute(spec);
    check::check_sizes(spec, diags);
    names::assign(spec, options, diags);
}

/// Runs the back ends that are wanted.
fn emit(spec: &Spec, options: &Options) -> Vec<OutFile> {
    let mut files = Vec::new();
    if options.emit.rust {
        files.extend(emit::rust::emit(spec, options));
    }
    if options.emit.json {
        files.extend(emit::json::emit(spec, options));
    }
    files
}

impl Output {
    /// The resolved interface, or what was wrong with the input.
    ///
    /// # Errors
    /// When there was an error in the input.
    pub fn spec(&self) -> Result<&Spec, Errors> {
        self.spec
            .as_ref()
            .ok_or_else(|| Errors::new(self.diagnostics.render(&self.sources, Format::Text)))
    }
}

/// Errors in the input, or in reading and writing files, as text for people.
///
/// Its `Debug` is that text, so that `fn main() -> Result<(), Errors>` of a build script shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Errors {
    text: String,
}

impl Errors {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }
}

impl fmt::Debug for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the interface does not compile\n\n{}", self.text)
    }
}

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Errors {}

#[cfg(test)]
mod tests;
