//! What a run reads: its inputs, and the definitions they lack from other files.

use std::collections::BTreeMap;

use super::Run;
use super::defines::{define, number_define};
use crate::ast::{self, Decl, Expr};
use crate::diag::Diagnostic;
use crate::ir::Spec;
use crate::resolve::take_idle_typedefs;
use crate::source::Span;
use crate::{check, json, schema};

/// A parsed file and its `%#define`s. What one of them names may be a number or a type: its use decides.
#[derive(Default)]
pub(super) struct File {
    pub(super) tree: ast::Spec,
    /// Those that name numbers.
    pub(super) defines: Vec<(String, Expr)>,
    /// All of them: the name, and the first value as it is written.
    pub(super) texts: BTreeMap<String, (String, Span)>,
}

impl Run<'_> {
    /// Reads the inputs, and from other files what they lack.
    pub(super) fn read(&mut self, paths: &[&str], others: &[&str]) -> File {
        let mut diags = std::mem::take(&mut self.output.diagnostics);
        let mut file = File::default();
        for path in paths {
            file.append(self.parse(path, &mut diags));
            if self.is_full(&diags) {
                file.tree.lost.lines = true;
                break;
            }
        }
        self.add_missing(&mut file, paths, others, &mut diags);
        for typedef in take_idle_typedefs(&mut file.tree, &file.defines, self.options) {
            diags.push(w0244_typedef_of_nothing(&typedef));
        }
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
        spec.source = format!("{folder}{}", spec.source);
        check::check(&spec, diags);
        spec
    }
}

fn e0250_not_an_interface(span: Span, place: &str, expected: &str) -> Diagnostic {
    Diagnostic::error(
        "E0250",
        span,
        format!("not the JSON of an interface: {place}: expected {expected}"),
    )
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

    fn append(&mut self, mut other: Self) {
        if self.tree.items.is_empty() {
            // Nearly always the only file: not copied.
            std::mem::swap(&mut self.tree.items, &mut other.tree.items);
        }
        self.tree.items.append(&mut other.tree.items);
        self.tree.passthrough.append(&mut other.tree.passthrough);
        self.tree.lost.append(&mut other.tree.lost);
        self.defines.append(&mut other.defines);
        for (name, text) in other.texts {
            self.texts.entry(name).or_insert(text);
        }
    }
}

fn w0244_typedef_of_nothing(typedef: &Decl) -> Diagnostic {
    let name = &typedef.name.name;
    let message = format!("`{name}` is a name of something that nothing defines");
    Diagnostic::warning("W0244", typedef.span, message)
        .help("nothing uses it: it is left out; drop the line, or define what it names")
}
