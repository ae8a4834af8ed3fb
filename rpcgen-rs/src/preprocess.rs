//! `.x` files → one text and the map from its bytes back into the files.
//!
//! Our own preprocessor, so that no C tool and no shell is needed: `#include`, `#define` of constants and functions,
//! conditionals with full expressions, line markers. Unlike `cpp` it predefines nothing but `RPC_HDR` (a host's
//! `linux` and `unix` would rewrite the interface) and leaves `%` lines alone. Comments stay: they become
//! documentation. Every `#` line leaves an empty line. Limits are those of [`Limits`]; the loop over nested includes is
//! a loop, not a recursion.

mod condition;
mod directive;
mod include;
mod macros;

use std::sync::Arc;

use crate::diag::{Diagnostic, Diagnostics};
use crate::dialect::{Lint, Strict};
use crate::lex::{self, is_word};
use crate::source::{FileId, Limits, Loader, SourceMap, Span, SpanMap, Used};

pub(crate) use include::normal;
pub(crate) use macros::LINE;
use macros::{Failure, Macro, Macros};

/// What the preprocessor is told.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Folders to look for included files in, after the folder of the including file.
    pub include_dirs: Vec<String>,
    /// `-D`: name (or `name(a, b)`) and text. `RPC_HDR` is `1` without being named here.
    pub define: Vec<(String, String)>,
    /// `-U`: carried out after `define`, so that it also removes `RPC_HDR`.
    pub undefine: Vec<String>,
    /// When to give up.
    pub limits: Limits,
    /// What other files have used of the limits.
    pub used: Used,
    /// Dialects whose refusals are reported.
    pub strict: Strict,
}

/// The text of a run.
#[derive(Clone, Debug, Default)]
pub struct Preprocessed {
    /// Everything that conditionals leave, macros expanded.
    pub text: Vec<u8>,
    /// Where it came from.
    pub map: SpanMap,
    /// Whole lines or files are missing, and it was reported why: what they define is unknown.
    pub incomplete: bool,
    /// It ends at a limit, which was reported: what is open there is no mistake.
    pub cut_short: bool,
    /// What this and other files have used of the limits.
    pub used: Used,
}

/// Reads `path` and everything it includes.
pub fn preprocess(
    path: &str,
    config: &Config,
    loader: &mut dyn Loader,
    sources: &mut SourceMap,
    diags: &mut Diagnostics,
) -> Preprocessed {
    let budget = u64::from(config.limits.expansion).saturating_sub(config.used.expansion);
    let mut engine = Engine {
        config,
        loader,
        sources,
        diags,
        out: Preprocessed {
            used: config.used,
            ..Preprocessed::default()
        },
        macros: Macros::new(budget),
        frames: Vec::new(),
        exhausted: false,
        calls_failed: false,
    };
    engine.main_file(path);
    if !engine.frames.is_empty() {
        engine.predefine();
    }
    engine.run();
    let mut out = engine.out;
    out.cut_short = engine.exhausted;
    out.used.text += out.text.len() as u64;
    out.used.expansion += budget.saturating_sub(engine.macros.budget);
    out
}

struct Engine<'a> {
    config: &'a Config,
    loader: &'a mut dyn Loader,
    sources: &'a mut SourceMap,
    diags: &'a mut Diagnostics,
    out: Preprocessed,
    macros: Macros,
    /// Files being read, the main file first.
    frames: Vec<Frame>,
    /// A limit was passed and reported: nothing more is read.
    exhausted: bool,
    /// A macro use without `)` was reported. Looking for the `)` of each further use would be quadratic.
    calls_failed: bool,
}

/// A file being read.
struct Frame {
    file: FileId,
    text: Arc<Vec<u8>>,
    at: usize,
    conditions: Vec<Condition>,
}

/// An `#if` without its `#endif` yet.
struct Condition {
    opened: Span,
    /// Text counts here.
    active: bool,
    /// A branch was taken, or the whole `#if` lies in dead text: later branches are dead.
    done: bool,
    /// `#else` was seen.
    last_branch: bool,
    /// What a branch asks for could not be understood.
    wrong: bool,
}

/// Why [`Engine::text`] stopped.
enum Stop {
    End,
    Directive(usize),
    Passthrough(usize),
}

impl Engine<'_> {
    fn predefine(&mut self) {
        let command_line = [("RPC_HDR".to_owned(), "1".to_owned())];
        for (name, value) in command_line.iter().chain(&self.config.define) {
            let line = format!("{name} {value}");
            match directive::definition(line.as_bytes()) {
                Ok((name, new)) => {
                    self.macros.define(name, new, None);
                }
                Err(problem) => {
                    let message = format!("`-D {name}`: {problem}");
                    self.lose(Diagnostic::error_without_place("E0057", message));
                }
            }
        }
        for name in &self.config.undefine {
            self.macros.undefine(name.as_bytes());
        }
    }

    fn run(&mut self) {
        while let Some(frame) = self.frames.last_mut() {
            let text = Arc::clone(&frame.text);
            let stop = self.text(&text);
            if self.exhausted {
                return;
            }
            match stop {
                Stop::End => self.leave(),
                Stop::Directive(at) => {
                    // A comment in front of it stands on a line of its own: it belongs to nothing that comes behind.
                    let line = text[..at].rsplit(|b| *b == b'\n').next();
                    if line.is_some_and(|line| !line.trim_ascii().is_empty()) {
                        self.emit_line_end();
                    }
                    let end = at + lex::directive_len(&text[at..]);
                    self.move_to(next_line(&text, end));
                    self.directive(&text[at + 1..end], at as u32, end as u32);
                    self.emit_line_end();
                }
                Stop::Passthrough(at) => {
                    let end = at + lex::raw_line(&text[at..]).map_or(1, |(_, line)| line.len());
                    self.copy(&text, at, next_line(&text, end));
                    self.move_to(next_line(&text, end));
                }
            }
        }
    }

    fn active(&self) -> bool {
        self.frames
            .last()
            .and_then(|f| f.conditions.last())
            .is_none_or(|c| c.active)
    }

    fn move_to(&mut self, at: usize) {
        if let Some(frame) = self.frames.last_mut() {
            frame.at = at;
        }
    }

    fn span(&self, lo: usize, hi: usize) -> Span {
        let file = self.frames.last().map_or(FileId(0), |f| f.file);
        Span {
            file,
            lo: lo as u32,
            hi: hi as u32,
        }
    }

    /// Ends the innermost file.
    fn leave(&mut self) {
        let Some(frame) = self.frames.pop() else {
            return;
        };
        for open in frame.conditions {
            let message = "conditional is not closed by `#endif`";
            self.diags
                .push(Diagnostic::error("E0052", open.opened, message));
            // Where its text counts, nothing of the rest of the file was left out.
            self.out.incomplete |= !open.active;
        }
        if self.out.text.last().is_some_and(|b| *b != b'\n') {
            self.emit_line_end();
        }
    }

    /// Copies ordinary text, macros expanded, until a line that is not ordinary.
    fn text(&mut self, text: &[u8]) -> Stop {
        let Some(frame) = self.frames.last() else {
            return Stop::End;
        };
        let active = self.active();
        let mut at = frame.at;
        let mut copied = at;
        let mut line_start = true;
        while let Some(&byte) = text.get(at) {
            let rest = &text[at..];
            let blank = matches!(byte, b' ' | b'\t' | b'\r' | b'\x0b' | b'\x0c');
            match byte {
                b'\n' => {
                    line_start = true;
                    at += 1;
                    continue;
                }
                _ if blank => at += 1,
                b'#' | b'%' if line_start => {
                    self.copy(text, copied, at);
                    return if byte == b'#' {
                        Stop::Directive(at)
                    } else {
                        Stop::Passthrough(at)
                    };
                }
                b'/' if rest.starts_with(b"/*") => {
                    at += match lex::block_comment(rest) {
                        Ok((_, comment)) => comment.len(),
                        Err(_) => {
                            let opening = self.span(at, at + 2);
                            self.lose(Diagnostic::error("E0003", opening, lex::UNCLOSED_COMMENT));
                            rest.len()
                        }
                    };
                    // White space, as far as the rest of the line is concerned.
                    continue;
                }
                b'/' if rest.starts_with(b"//") => {
                    at += lex::line_comment(rest).map_or(2, |(_, t)| t.len());
                }
                b'"' => at += lex::string(rest).map_or(1, |(_, t)| t.len()),
                b'\'' => at += lex::char_constant(rest).map_or(1, |(_, t)| t.len()),
                b'0'..=b'9' => at += lex::number_like(rest).map_or(1, |(_, t)| t.len()),
                _ if is_word(byte) => {
                    let len = rest.iter().position(|b| !is_word(*b)).unwrap_or(rest.len());
                    let found = if active {
                        self.macros.get(&rest[..len])
                    } else {
                        None
                    };
                    let found = found.filter(|m| m.params.is_none() || !self.calls_failed);
                    if let Some(found) = found
                        && let Some(end) = use_of(found, text, at + len)
                    {
                        self.copy(text, copied, at);
                        at = self.expand(text, at, len, end);
                        copied = at;
                        if self.exhausted {
                            return Stop::End;
                        }
                    } else {
                        at += len;
                    }
                }
                _ => at += 1,
            }
            line_start &= blank;
        }
        self.copy(text, copied, at);
        self.move_to(at);
        Stop::End
    }

    /// Expands the macro used at `at`; returns where the text goes on.
    fn expand(&mut self, text: &[u8], at: usize, len: usize, end: Option<usize>) -> usize {
        let Some(mut end) = end else {
            self.calls_failed = true;
            let span = self.span(at, at + len);
            let name = String::from_utf8_lossy(&text[at..at + len]);
            let message = format!("use of the macro `{name}` is not closed by `)`");
            self.lose(Diagnostic::error("E0055", span, message));
            self.copy(text, at, at + len);
            return at + len;
        };
        let mut result = self.expanded_at(text, at, end);
        // What it becomes may end in the name of a macro whose arguments stand behind it.
        while let Some(last) = result.as_ref().and_then(|pieces| pieces.last())
            && let Some(found) = self.macros.called_by(last)
            && let Some(Some(close)) = use_of(found, text, end)
        {
            end = close;
            result = self.expanded_at(text, at, end);
        }
        // Where it fails, its name stands for it, so that what it is part of can be read.
        let mut new = match result {
            Some(result) => macros::join(&result),
            None => text[at..at + len].to_vec(),
        };
        let span = self.span(at, end);
        if macros::touch(&self.out.text, &new) {
            new.insert(0, b' ');
        }
        if macros::touch(&new, &text[end..]) {
            new.push(b' ');
        }
        self.out.map.expansion(self.out.text.len() as u32, span);
        self.append(&new, span);
        end
    }

    fn expanded_at(&mut self, text: &[u8], at: usize, end: usize) -> Option<Vec<macros::Piece>> {
        let (uncommented, _) = directive::without_comments(&text[at..end]);
        self.expanded(macros::split(&uncommented), self.span(at, end))
    }

    /// What macros make of the text at `span`. Why they fail is reported.
    fn expanded(&mut self, input: Vec<macros::Piece>, span: Span) -> Option<Vec<macros::Piece>> {
        self.macros.line = self.sources.line(span);
        let (code, message) = match self.macros.expand(input) {
            Ok(pieces) => return Some(pieces),
            Err(Failure::Budget) => {
                self.exhausted = true;
                let limit = self.config.limits.expansion;
                (
                    "E0056",
                    format!("macros expand to more than the limit of {limit} bytes in all"),
                )
            }
            Err(Failure::Depth) => ("E0056", "macros nest too deeply".to_owned()),
            Err(Failure::Unclosed(name)) => (
                "E0055",
                format!("use of the macro `{name}` is not closed by `)`"),
            ),
            Err(Failure::Arguments(name, wanted, found)) => (
                "E0055",
                format!("the macro `{name}` takes {wanted} arguments, not {found}"),
            ),
        };
        self.out.incomplete |= code == "E0056";
        self.diags.push(Diagnostic::error(code, span, message));
        None
    }

    /// Copies `lo..hi` of the file if it counts.
    fn copy(&mut self, text: &[u8], lo: usize, hi: usize) {
        if lo < hi && self.active() {
            let span = self.span(lo, hi);
            self.out
                .map
                .copy(self.out.text.len() as u32, span.file, span.lo);
            self.append(&text[lo..hi], span);
        }
    }

    fn emit_line_end(&mut self) {
        let frame = self.frames.last();
        let at = frame.map_or(Span::default(), |f| Span {
            file: f.file,
            lo: f.at as u32,
            hi: f.at as u32,
        });
        self.out.map.expansion(self.out.text.len() as u32, at);
        self.append(b"\n", at);
    }

    fn append(&mut self, text: &[u8], span: Span) {
        let limit = u64::from(self.config.limits.text);
        if self.out.used.text + (self.out.text.len() + text.len()) as u64 > limit {
            if !self.exhausted {
                self.exhausted = true;
                let message =
                    format!("text after preprocessing exceeds the limit of {limit} bytes");
                let error = Diagnostic::error("E0058", span, message);
                self.lose(error.help("`--max-input=BYTES` sets another limit"));
            }
            return;
        }
        self.out.text.extend_from_slice(text);
    }

    /// Reports why text is missing.
    fn lose(&mut self, error: Diagnostic) {
        self.out.incomplete = true;
        self.diags.push(error);
    }

    fn lint(&mut self, lint: Lint, span: Span) {
        self.config.strict.report(lint, span, self.diags);
    }
}

/// Just behind the line feed at `end`, or the end of the text.
fn next_line(text: &[u8], end: usize) -> usize {
    (end + 1).min(text.len())
}

/// Where the use of a macro whose name ends at `at` ends: behind the name, or behind `(…)`. `None`: a function-like
/// macro without `(`, which is no use. `Some(None)`: its `)` is missing.
#[allow(clippy::option_option)]
fn use_of(found: &Macro, text: &[u8], mut at: usize) -> Option<Option<usize>> {
    if found.params.is_none() {
        return Some(Some(at));
    }
    let mut depth = 0;
    while let Some(&byte) = text.get(at) {
        let rest = &text[at..];
        match byte {
            b'(' => depth += 1,
            b')' if depth == 1 => return Some(Some(at + 1)),
            b')' if depth > 1 => depth -= 1,
            b'/' if rest.starts_with(b"/*") => {
                at += lex::block_comment(rest).map_or(rest.len(), |(_, t)| t.len());
                continue;
            }
            b'/' if rest.starts_with(b"//") => {
                at += lex::line_comment(rest).map_or(2, |(_, t)| t.len());
                continue;
            }
            b'"' if depth > 0 => {
                at += lex::string(rest).map_or(1, |(_, t)| t.len());
                continue;
            }
            b'\'' if depth > 0 => {
                at += lex::char_constant(rest).map_or(1, |(_, t)| t.len());
                continue;
            }
            _ if depth == 0 && !byte.is_ascii_whitespace() => return None,
            _ => {}
        }
        at += 1;
    }
    if depth > 0 { Some(None) } else { None }
}

#[cfg(test)]
mod tests;
