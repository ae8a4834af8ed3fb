//! Definitions of other files: the `foo.x` beside a file that says `%#include "foo.h"`, and the other inputs.
//!
//! Only what is needed is taken over, and what that needs in turn. Each name that comes to be missing is looked up once
//! in what was read, so that files may need each other by the thousand.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::defines::{directive, type_define, w0243_type_of_a_define};
use super::read::File;
use super::{Run, is_unread};
use crate::ast::{self, Expr, Item, ItemKind, Lost};
use crate::diag::{Diagnostic, Diagnostics, Severity};
use crate::preprocess::normal;
use crate::resolve::{Missing, defined_by};
use crate::source::{Limits, LoadError, Span};

/// A file that may have what another one lacks. What is taken from it is no longer there.
struct Sibling {
    path: String,
    items: Vec<Option<Item>>,
    /// What it calls numbers.
    numbers: Vec<Option<(String, Expr)>>,
    /// What its `%#define`s say, by name.
    texts: BTreeMap<String, (String, Span)>,
    /// Where the definitions of a name are among the items, and among the numbers.
    places: HashMap<String, (Vec<usize>, Vec<usize>)>,
    lost: Lost,
    /// What is wrong with it, not told yet.
    found: Diagnostics,
    /// Something was taken.
    used: bool,
}

/// The files that were read, and what is still to be looked for in them.
#[derive(Default)]
struct Siblings {
    list: Vec<Sibling>,
    /// Those that say something of a name.
    by_name: HashMap<String, Vec<usize>>,
    /// Messages about them that are kept.
    messages: usize,
    /// Missing names that they may define.
    wanted: BTreeMap<usize, BTreeSet<String>>,
}

/// What is taken over: the groups of definitions, of which the later comes first.
#[derive(Default)]
struct Taken {
    groups: Vec<Vec<Item>>,
    numbers: Vec<(String, Expr)>,
    lost: Lost,
}

impl Run<'_> {
    /// Takes what a file lacks from those beside it and from the `others`, the nearest first.
    pub(super) fn add_missing(
        &mut self,
        file: &mut File,
        paths: &[&str],
        others: &[&str],
        diags: &mut Diagnostics,
    ) {
        let mut candidates: Vec<String> =
            others.iter().rev().map(|&path| path.to_owned()).collect();
        candidates.extend(self.siblings(&file.tree));
        if candidates.is_empty() && file.texts.is_empty() {
            return;
        }
        let mut missing = Missing::of(&file.tree, &file.defines, self.options);
        let mut taken = Taken::default();
        let mut siblings = Siblings::default();
        // Its own `%#define`s of types count only where something lacks them.
        let own = File {
            texts: std::mem::take(&mut file.texts),
            ..File::default()
        };
        siblings.add(Sibling::new("", own, Diagnostics::default()), &missing);
        siblings.give(&mut taken, &mut missing, diags);
        let mut seen: HashSet<String> = paths.iter().map(|path| normal(path)).collect();
        while !missing.is_empty()
            && let Some(path) = candidates.pop()
        {
            if !seen.insert(normal(&path)) {
                continue;
            }
            // What is wrong in the other file matters only if something of it is needed.
            let mut found = Diagnostics::default();
            let mut other = self.parse(&path, &mut found);
            if is_unread(&found) {
                continue;
            }
            self.used.includes += 1;
            // What else there may be is not read; whether that matters is known when names turn out to be undefined.
            if self.is_full(&found) {
                self.cut_short = Some(self.limit(&found));
                break;
            }
            other.defines.extend(program_numbers(&other.tree));
            candidates.extend(self.siblings(&other.tree));
            siblings.add(Sibling::new(&path, other, found), &missing);
            siblings.give(&mut taken, &mut missing, diags);
        }
        if !missing.is_empty() {
            siblings.tell_errors(diags);
            let read = siblings.list.iter().map(|sibling| normal(&sibling.path));
            let read = read.chain(paths.iter().map(|path| normal(path))).collect();
            self.without_sibling = self.without_sibling(&file.tree, &read);
        }
        file.take(taken);
    }

    /// A limit that all files share was passed.
    pub(super) fn is_full(&self, found: &Diagnostics) -> bool {
        self.used.includes > Limits::default().includes
            || self.used.items > self.options.max_items
            || found.find("E0058").is_some()
    }

    /// The message that says so.
    fn limit(&self, found: &Diagnostics) -> Diagnostic {
        let limit = Limits::default().includes;
        if self.used.includes > limit {
            let message =
                format!("more than the limit of {limit} files that others need or include");
            return Diagnostic::error_without_place("E0053", message);
        }
        let error = found.find("E0058").or(found.find("E0108"));
        error.cloned().unwrap_or_else(|| {
            let message = format!(
                "more than {} definitions and members",
                self.options.max_items
            );
            Diagnostic::error_without_place("E0108", message)
        })
    }

    /// Where the `.x` files of included headers may be, the most likely last.
    fn siblings(&self, tree: &ast::Spec) -> Vec<String> {
        let lines = tree.passthrough.iter().rev();
        lines.flat_map(|line| self.places_of(line)).collect()
    }

    /// Where the `.x` file of an included header may be, the most likely last.
    fn places_of(&self, line: &ast::Passthrough) -> Vec<String> {
        let Some(header) = included_header(&line.text) else {
            return Vec::new();
        };
        let folders = self.options.include.iter().rev();
        let folders = folders.map(|folder| format!("{}/{header}.x", folder.trim_end_matches('/')));
        let includer = self.output.sources.file(line.span.file).path();
        let folder = includer.rfind('/').map_or("", |end| &includer[..=end]);
        // What is included as `rpcsvc/foo.h` lies beside a file that is in `rpcsvc` itself.
        let name = header.rsplit('/').next().unwrap_or(header);
        let beside = [name, header].map(|name| format!("{folder}{name}.x"));
        folders.chain(beside).collect()
    }

    /// The `%#include "foo.h"` beside which no `foo.x` was read, and why: what is undefined may be meant to be there.
    /// Headers of the system, `<foo.h>`, have none.
    fn without_sibling(&mut self, tree: &ast::Spec, read: &HashSet<String>) -> Vec<(String, Span)> {
        /// Of more, nobody reads all.
        const SHOWN: usize = 3;
        let mut unread = Vec::new();
        let mut tried = HashSet::new();
        for line in tree
            .passthrough
            .iter()
            .filter(|line| line.text.contains('"'))
        {
            let places = self.places_of(line);
            let Some(beside) = places.last() else {
                continue;
            };
            let is_read = || places.iter().any(|path| read.contains(&normal(path)));
            if unread.len() < SHOWN && !is_read() && tried.insert(beside.clone()) {
                let why = match self.loader.load(beside, u64::from(self.options.max_input)) {
                    Err(LoadError::NotFound) => format!("and there is no `{beside}`"),
                    Err(problem) => format!("and `{beside}` is not read: {problem}"),
                    Ok(_) => continue,
                };
                unread.push((why, line.span));
            }
        }
        unread
    }
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

impl Siblings {
    fn add(&mut self, mut sibling: Sibling, missing: &Missing<'_>) {
        let at = self.list.len();
        // What is wrong with thousands of files, nobody reads.
        self.messages += sibling.found.iter().len();
        if self.messages > Diagnostics::LIMIT {
            sibling.found = sibling.found.first_error();
        }
        for name in sibling.names() {
            if missing.uses(name) {
                self.wanted.entry(at).or_default().insert(name.clone());
            }
            self.by_name.entry(name.clone()).or_default().push(at);
        }
        self.list.push(sibling);
    }

    /// Takes what is missing and there, and what that lacks in turn, which may be in a file that was read before.
    fn give(&mut self, taken: &mut Taken, missing: &mut Missing<'_>, diags: &mut Diagnostics) {
        while let Some((at, names)) = self.wanted.pop_first() {
            let sibling = &mut self.list[at];
            let Some(fresh) = sibling.give(names, taken, missing) else {
                continue;
            };
            sibling.used = true;
            let found = std::mem::take(&mut sibling.found);
            diags.append(&found, |_| true);
            for name in fresh.into_iter().filter(|name| missing.uses(name)) {
                for at in self.by_name.get(&name).into_iter().flatten() {
                    self.wanted.entry(*at).or_default().insert(name.clone());
                }
            }
        }
    }

    /// What is missing may be in a file that has errors.
    fn tell_errors(&self, diags: &mut Diagnostics) {
        for sibling in self.list.iter().filter(|sibling| !sibling.used) {
            let mut errors = sibling.found.iter();
            let error = errors.find(|d| d.severity == Severity::Error);
            if let Some(span) = error.and_then(Diagnostic::span) {
                diags.push(w0245_file_with_errors(&sibling.path, span));
            }
        }
    }
}

impl Sibling {
    fn new(path: &str, file: File, found: Diagnostics) -> Self {
        let mut places: HashMap<String, (Vec<usize>, Vec<usize>)> = HashMap::new();
        for (place, item) in file.tree.items.iter().enumerate() {
            // Of programs, only the numbers are taken.
            if !matches!(item.kind, ItemKind::Program(_)) {
                for name in defined_by(item) {
                    places.entry(name).or_default().0.push(place);
                }
            }
        }
        for (place, (name, _)) in file.defines.iter().enumerate() {
            places.entry(name.clone()).or_default().1.push(place);
        }
        Self {
            path: path.to_owned(),
            items: file.tree.items.into_iter().map(Some).collect(),
            numbers: file.defines.into_iter().map(Some).collect(),
            texts: file.texts,
            places,
            lost: file.tree.lost,
            found,
            used: false,
        }
    }

    /// The names that it says something of, some of them twice.
    fn names(&self) -> impl Iterator<Item = &String> {
        self.places.keys().chain(self.texts.keys())
    }

    /// Gives the definitions of these names that are missing, and of what those lack in turn. All names that they use
    /// and that were missing then; `None` if there was nothing to give.
    fn give(
        &mut self,
        names: BTreeSet<String>,
        taken: &mut Taken,
        missing: &mut Missing<'_>,
    ) -> Option<BTreeSet<String>> {
        let mut gave = false;
        let mut wanted = names.clone();
        let mut fresh = BTreeSet::new();
        let mut perhaps_texts = names;
        loop {
            let mut steps: Vec<Vec<Item>> = Vec::new();
            while !wanted.is_empty() {
                let (items, numbers) = self.defining(&wanted, missing);
                gave |= !items.is_empty() || !numbers.is_empty();
                wanted = missing.add(&items, &numbers);
                fresh.extend(wanted.iter().cloned());
                perhaps_texts.extend(wanted.iter().cloned());
                steps.push(items);
                taken.numbers.extend(numbers);
            }
            taken
                .groups
                .push(steps.into_iter().rev().flatten().collect());
            let typedefs = self.type_defines(std::mem::take(&mut perhaps_texts), missing);
            if typedefs.is_empty() {
                break;
            }
            gave = true;
            wanted = missing.add(&typedefs, &[]);
            fresh.extend(wanted.iter().cloned());
            perhaps_texts.extend(wanted.iter().cloned());
            taken.groups.push(typedefs);
        }
        if !gave {
            return None;
        }
        taken.lost.append(&mut self.lost);
        Some(fresh)
    }

    /// The definitions of those of these names that are missing, in order.
    fn defining(
        &mut self,
        names: &BTreeSet<String>,
        missing: &Missing<'_>,
    ) -> (Vec<Item>, Vec<(String, Expr)>) {
        let mut items = BTreeSet::new();
        let mut numbers = BTreeSet::new();
        for name in names.iter().filter(|name| missing.uses(name)) {
            if let Some(places) = self.places.get(name) {
                items.extend(places.0.iter().copied());
                numbers.extend(places.1.iter().copied());
            }
        }
        let items = items.into_iter().filter_map(|at| self.items[at].take());
        let numbers = numbers.into_iter().filter_map(|at| self.numbers[at].take());
        (items.collect(), numbers.collect())
    }

    /// Makes typedefs of the `%#define NAME type` whose names are missing, and of those that they name in turn; C finds
    /// them in the generated header.
    fn type_defines(&mut self, names: BTreeSet<String>, missing: &Missing<'_>) -> Vec<Item> {
        let mut wanted: Vec<String> = names.into_iter().filter(|n| missing.uses_type(n)).collect();
        let mut taken = Vec::new();
        while let Some(name) = wanted.pop() {
            let Some((value, span)) = self.texts.remove(&name) else {
                continue;
            };
            let Some(define) = type_define(&name, &value, span) else {
                continue;
            };
            wanted.extend(define.of.filter(|of| missing.lacks(of)));
            self.found
                .push(w0243_type_of_a_define(&name, &define.spelled, span));
            taken.push(define.item);
        }
        taken
    }
}

impl File {
    fn take(&mut self, taken: Taken) {
        let own = std::mem::take(&mut self.tree.items);
        self.tree.items = taken
            .groups
            .into_iter()
            .rev()
            .flatten()
            .chain(own)
            .collect();
        self.defines.extend(taken.numbers);
        let mut lost = taken.lost;
        self.tree.lost.append(&mut lost);
    }
}

fn w0245_file_with_errors(path: &str, span: Span) -> Diagnostic {
    let message = format!("`{path}` has errors: what is missing may be in it");
    Diagnostic::warning("W0245", span, message)
        .help(format!("`rpcgen-rs check {path}` shows all of them"))
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
    fn headers_are_found_beside_the_file_and_in_include_folders() {
        assert_eq!(included_header("#include \"a/foo.h\""), Some("a/foo"));
        let nis = included_header(" # include <rpcsvc/nis.h>");
        assert_eq!(nis, Some("rpcsvc/nis"));
        assert_eq!(included_header("#include \"foo.c\""), None);
        assert_eq!(included_header("int x;"), None);
    }
}
