//! `rpcgen-rs fmt`: rewrites `.x` files in the usual form; comments and meaning stay.

use std::io::Write as _;
use std::path::Path;

use super::generate::{STDIN, read_stdin};
use super::{Status, complain, report, say};
use crate::compile;
use crate::diag::{Diagnostic, Diagnostics, Format};
use crate::emit::x;
use crate::files::{self, FileLoader};
use crate::options::{Formats, Options};
use crate::source::{Limits, Loader as _, SourceMap};

/// `rpcgen-rs fmt`
#[derive(Debug, clap::Args)]
pub(super) struct Fmt {
    /// Interface files; `-` formats standard input to standard output
    #[arg(value_name = "FILE.x", required = true)]
    inputs: Vec<String>,

    /// Write nothing; exit with status 1 if a file is not formatted
    #[arg(long)]
    check: bool,
}

/// What the parser has to say against a file. Names and values may be wrong, and included files absent.
fn syntax_errors(input: &str, text: &[u8]) -> (Diagnostics, SourceMap) {
    let name = if input == "-" { STDIN } else { input };
    let mut loader = FileLoader::new([name], []);
    loader.give(name, text.to_vec());
    let output = compile(&Options::default().emit(Formats::NONE), &mut loader, name);
    let mut errors = Diagnostics::default();
    for diagnostic in &output.diagnostics {
        if diagnostic.code.starts_with("E01") {
            errors.push(diagnostic.clone());
        }
    }
    (errors, output.sources)
}

impl Fmt {
    pub(super) fn run(&self, format: Format) -> Status {
        self.inputs
            .iter()
            .map(|input| self.file(input, format))
            .max()
            .unwrap_or(Status::Done)
    }

    fn file(&self, input: &str, format: Format) -> Status {
        if input.ends_with(".json") {
            complain(format!("{input} is JSON, and fmt is for .x files"), format);
            return Status::Usage;
        }
        let limit = u64::from(Limits::default().text);
        let read = match input {
            "-" => read_stdin(limit),
            path => FileLoader::new([path], [])
                .load(path, limit)
                .map_err(|problem| problem.to_string()),
        };
        let text = match read {
            Ok(text) => text,
            Err(problem) => {
                let message = format!("cannot read `{input}`: {problem}");
                let error = Diagnostic::error_without_place("E0050", message);
                say(error.render(&SourceMap::default(), format));
                return Status::Files;
            }
        };
        // What is no sentence of the language has no usual form either: it would only be harder to mend afterwards.
        let (errors, sources) = syntax_errors(input, &text);
        if errors.has_errors() {
            report(&errors, &sources, format);
            return Status::Wrong;
        }
        let mut sources = SourceMap::default();
        let mut diags = Diagnostics::default();
        let file = sources.add(input, text.clone(), None);
        let formatted = x::format(file, &sources, &mut diags);
        report(&diags, &sources, format);
        match formatted {
            None => Status::Wrong,
            Some(formatted) => self.finish(input, &text, &formatted, format),
        }
    }

    fn finish(&self, input: &str, old: &[u8], new: &[u8], format: Format) -> Status {
        let written = match input {
            _ if self.check && old != new => {
                complain(format!("{input} is not formatted"), format);
                return Status::Wrong;
            }
            _ if self.check => Ok(()),
            "-" => std::io::stdout().write_all(new),
            _ if old == new => Ok(()),
            path => files::replace(Path::new(path), new),
        };
        match written {
            Ok(()) => Status::Done,
            Err(problem) => {
                complain(format!("cannot write {input}: {problem}"), format);
                Status::Files
            }
        }
    }
}
