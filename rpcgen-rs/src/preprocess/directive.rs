//! One directive: `#if …`, `#define …`, line markers and the rest.

use super::condition;
use super::macros::{self, Macro, Piece};
use super::{Condition, Engine};
use crate::diag::{Diagnostic, Diagnostics};
use crate::dialect::Lint;
use crate::lex::{self, is_word, split_word};
use crate::near::nearest_word;
use crate::source::{Span, SpanMap};

impl Engine<'_> {
    /// Carries out the directive that stands at `lo..hi` of the current file; `body` is its text behind the `#`.
    pub(super) fn directive(&mut self, body: &[u8], lo: u32, hi: u32) {
        let first_line = body
            .iter()
            .position(|b| matches!(b, b'\n' | b'\r'))
            .map_or(hi, |len| lo + 1 + len as u32);
        let span = self.span(lo as usize, first_line.min(hi) as usize);
        let (line, open) = without_comments(body);
        if let Some(at) = open {
            let at = lo as usize + 1 + at;
            let opening = self.span(at, at + 2);
            self.lose(Diagnostic::error("E0003", opening, lex::UNCLOSED_COMMENT));
        }
        let (word, rest) = split_word(line.trim_ascii());
        if self.active()
            || matches!(
                word,
                b"if"
                    | b"ifdef"
                    | b"ifndef"
                    | b"elif"
                    | b"elifdef"
                    | b"elifndef"
                    | b"else"
                    | b"endif"
            )
        {
            self.carry_out(word, rest, span);
            self.lint(Lint::Directive, span);
        }
    }

    fn carry_out(&mut self, word: &[u8], rest: &[u8], span: Span) {
        match word {
            b"if" | b"ifdef" | b"ifndef" => self.open(word, rest, span),
            b"elif" | b"elifdef" | b"elifndef" | b"else" | b"endif" => {
                self.branch(word, rest, span)
            }
            b"" if rest.is_empty() => {}
            b"define" => self.define(rest, span),
            b"undef" => match split_word(rest) {
                // What else stands there, C overlooks with a warning.
                (name, _) if is_name(name) => self.macros.undefine(name),
                _ => self.wrong(span, "`#undef` takes one name"),
            },
            b"include" => self.include(rest, span),
            b"error" | b"warning" => {
                let text = format!(
                    "#{} {}",
                    String::from_utf8_lossy(word),
                    String::from_utf8_lossy(rest)
                );
                let text = text.trim_end();
                if word == b"error" {
                    self.lose(Diagnostic::error("E0060", span, text));
                } else {
                    self.diags.push(Diagnostic::warning("W0060", span, text));
                }
            }
            b"line" => self.line_marker(rest, span),
            // They are meant for other compilers.
            b"pragma" | b"ident" | b"sccs" => self.lint(Lint::Pragma, span),
            _ if word.first().is_some_and(u8::is_ascii_digit) => {
                self.line_marker(&[word, b" ", rest].concat(), span);
            }
            _ => self.unknown(word, rest, span),
        }
    }

    /// Reports a word that is no directive, and carries out what was probably meant: a misspelled conditional still has
    /// its `#endif`, and a misspelled `#include` what the file needs.
    fn unknown(&mut self, word: &[u8], rest: &[u8], span: Span) {
        const KNOWN: [&str; 10] = [
            "if", "ifdef", "ifndef", "elif", "else", "endif", "define", "undef", "include",
            "pragma",
        ];
        let shown = String::from_utf8_lossy(if word.is_empty() { rest } else { word });
        let error = Diagnostic::error("E0051", span, format!("unknown directive `#{shown}`"));
        let Some(meant) = nearest_word(word, &KNOWN) else {
            let help = "a line that begins with `#` is no comment; `/* … */` and `// …` are";
            return self.diags.push(error.help(help));
        };
        self.diags
            .push(error.help(format!("did you mean `#{meant}`?")));
        match meant {
            // More of the file is read when the condition holds, whatever it was meant to be.
            "if" | "ifdef" | "ifndef" => self.carry_out(b"if", b"1", span),
            _ => self.carry_out(meant.as_bytes(), rest, span),
        }
    }

    fn wrong(&mut self, span: Span, message: &str) {
        self.diags.push(Diagnostic::error("E0051", span, message));
    }

    fn define(&mut self, rest: &[u8], span: Span) {
        match definition(rest) {
            Err(problem) => {
                let message = format!("wrong `#define`: {problem}");
                self.lose(Diagnostic::error("E0051", span, message));
            }
            Ok((name, new)) => {
                if let Some(first) = self.macros.define(name, new, Some(span)) {
                    let message = format!(
                        "the macro `{}` was defined differently before",
                        String::from_utf8_lossy(name)
                    );
                    self.diags.push(
                        Diagnostic::warning("W0061", span, message).label(first, "first here"),
                    );
                }
            }
        }
    }

    /// `#if`, `#ifdef`, `#ifndef`.
    fn open(&mut self, word: &[u8], rest: &[u8], span: Span) {
        let outer = self.active();
        let holds = if outer {
            self.holds(word, rest, span)
        } else {
            Some(false)
        };
        let active = holds.unwrap_or(true);
        if let Some(frame) = self.frames.last_mut() {
            frame.conditions.push(Condition {
                opened: span,
                active,
                done: active || !outer,
                last_branch: false,
                wrong: holds.is_none(),
            });
        }
    }

    /// Whether what a branch asks for holds. `None`: it is wrong, which is reported. Then its text counts, so that as
    /// much of the file is read as can be.
    fn holds(&mut self, word: &[u8], rest: &[u8], span: Span) -> Option<bool> {
        match word {
            b"else" => Some(true),
            b"if" | b"elif" => self.condition(rest, span),
            _ => match split_word(rest) {
                (name, _) if is_name(name) => {
                    Some(self.macros.get(name).is_some() != word.ends_with(b"ndef"))
                }
                _ => {
                    let word = String::from_utf8_lossy(word);
                    self.wrong(span, &format!("`#{word}` takes one name"));
                    None
                }
            },
        }
    }

    /// `#elif`, `#elifdef`, `#elifndef`, `#else`, `#endif`.
    fn branch(&mut self, word: &[u8], rest: &[u8], span: Span) {
        let name = String::from_utf8_lossy(word);
        let Some(mut open) = self.frames.last_mut().and_then(|f| f.conditions.pop()) else {
            let message = format!("`#{name}` without an `#if` before it");
            self.diags.push(Diagnostic::error("E0052", span, message));
            // The `#endif` that follows is no second mistake.
            let outer = self.active();
            if word != b"endif"
                && let Some(frame) = self.frames.last_mut()
            {
                frame.conditions.push(Condition {
                    opened: span,
                    active: outer,
                    done: true,
                    last_branch: false,
                    wrong: false,
                });
            }
            return;
        };
        if word == b"endif" {
            return;
        }
        if open.last_branch {
            let message = format!("`#{name}` after `#else`");
            self.lose(
                Diagnostic::error("E0052", span, message).label(open.opened, "of this conditional"),
            );
        }
        open.last_branch |= word == b"else";
        // The other branch may be the right one.
        self.out.incomplete |= open.wrong;
        // Without the popped condition, the engine is in the state outside of it.
        let holds = if open.done {
            Some(false)
        } else {
            self.holds(word, rest, span)
        };
        open.active = holds.unwrap_or(true);
        open.done |= open.active;
        open.wrong |= holds.is_none();
        if let Some(frame) = self.frames.last_mut() {
            frame.conditions.push(open);
        }
    }

    /// Value of the expression of `#if` or `#elif`.
    fn condition(&mut self, text: &[u8], span: Span) -> Option<bool> {
        let pieces = self.replace_defined(macros::split(text));
        let pieces = self.expanded(pieces, span)?;
        let text = macros::join(&pieces);
        let map = SpanMap::all_at(span);
        let mut found = Diagnostics::default();
        let tokens = lex::lex(&text, &map, &mut found);
        let limit = self.config.limits.nesting;
        let value = crate::parse::condition(&text, &tokens, &map, limit, &mut found)
            .map(|expr| condition::value(&expr));
        for diagnostic in &found {
            self.diags.push(diagnostic.clone());
        }
        match value? {
            Ok(value) => Some(value != 0),
            Err(wrong) => {
                if let Some(wrong) = wrong {
                    self.wrong(span, wrong);
                }
                None
            }
        }
    }

    /// `defined X` and `defined(X)` become `1` or `0`.
    fn replace_defined(&self, pieces: Vec<Piece>) -> Vec<Piece> {
        let mut out = Vec::with_capacity(pieces.len());
        let mut rest = pieces.as_slice();
        while let [first, tail @ ..] = rest {
            let name = match tail {
                _ if *first.text != *b"defined" => None,
                [open, name, close, ..] if *open.text == *b"(" && *close.text == *b")" => {
                    Some((name, 4))
                }
                [name, ..] => Some((name, 2)),
                [] => None,
            };
            if let Some((name, len)) = name.filter(|(name, _)| name.is_ident()) {
                let value: &[u8] = if self.macros.get(&name.text).is_some() {
                    b" 1"
                } else {
                    b" 0"
                };
                out.extend(macros::split(value));
                rest = &rest[len..];
            } else {
                out.push(first.clone());
                rest = tail;
            }
        }
        out
    }

    /// `#line 77 "file.x"`, `# 77 "file.x" 1 3`: what follows counts from there. `text` begins with the number.
    fn line_marker(&mut self, text: &[u8], span: Span) {
        let (digits, rest) = split_word(text);
        let line = std::str::from_utf8(digits)
            .ok()
            .and_then(|d| d.parse().ok());
        let path = match lex::string(rest) {
            Ok((_, quoted)) => {
                Some(String::from_utf8_lossy(&quoted[1..quoted.len() - 1]).into_owned())
            }
            Err(_) => None,
        };
        let Some(line) = line.filter(|_| rest.is_empty() || path.is_some()) else {
            self.wrong(
                span,
                "a line marker is a number and perhaps a name in quotes",
            );
            return;
        };
        if let Some(frame) = self.frames.last() {
            self.sources.mark(frame.file, frame.at as u32, line, path);
        }
    }
}

/// The directive's text on one line: continuations removed, comments replaced by a space. And where a comment begins
/// that does not end.
pub(super) fn without_comments(text: &[u8]) -> (Vec<u8>, Option<usize>) {
    let mut out = Vec::with_capacity(text.len());
    let (mut at, mut open) = (0, None);
    while at < text.len() {
        let rest = &text[at..];
        let (len, keep) = match rest[0] {
            b'\\' if rest.starts_with(b"\\\n") => (2, false),
            b'\\' if rest.starts_with(b"\\\r\n") => (3, false),
            b'/' if rest.starts_with(b"/*") => match lex::block_comment(rest) {
                Ok((_, comment)) => (comment.len(), false),
                Err(_) => {
                    open = Some(at);
                    (rest.len(), false)
                }
            },
            b'/' if rest.starts_with(b"//") => {
                (lex::line_comment(rest).map_or(2, |(_, t)| t.len()), false)
            }
            b'"' => (lex::string(rest).map_or(1, |(_, t)| t.len()), true),
            b'\'' => (lex::char_constant(rest).map_or(1, |(_, t)| t.len()), true),
            _ => (1, true),
        };
        if keep {
            out.extend_from_slice(&rest[..len]);
        } else if rest[0] == b'/' {
            out.push(b' ');
        }
        at += len;
    }
    (out, open)
}

pub(super) fn is_name(word: &[u8]) -> bool {
    word.first()
        .is_some_and(|b| is_word(*b) && !b.is_ascii_digit())
}

fn is_word_only(name: &[u8]) -> bool {
    let name = name.trim_ascii_end();
    is_name(name) && name.iter().all(|b| is_word(*b))
}

/// `NAME body` and `NAME(a, b) body`.
pub(super) fn definition(text: &[u8]) -> Result<(&[u8], Macro), &'static str> {
    let text = text.trim_ascii();
    let len = text.iter().position(|b| !is_word(*b)).unwrap_or(text.len());
    let (name, rest) = text.split_at(len);
    if !is_name(name) || name == b"defined" {
        return Err("expected a name");
    }
    let Some(rest) = rest.strip_prefix(b"(") else {
        return Ok((
            name,
            Macro {
                params: None,
                variadic: false,
                body: body(rest),
            },
        ));
    };
    let close = rest
        .iter()
        .position(|b| *b == b')')
        .ok_or("the parameters have no `)`")?;
    let mut params = Vec::new();
    let mut variadic = false;
    for param in rest[..close].split(|b| *b == b',') {
        match param.trim_ascii() {
            b"" if close == 0 || rest[..close].trim_ascii().is_empty() => {}
            b"..." if !variadic => {
                variadic = true;
                params.push(b"__VA_ARGS__"[..].into());
            }
            // GNU's `args...`.
            name if !variadic
                && name.ends_with(b"...")
                && is_word_only(&name[..name.len() - 3]) =>
            {
                variadic = true;
                params.push(name[..name.len() - 3].trim_ascii_end().into());
            }
            name if !variadic && is_word_only(name) => {
                params.push(name.into());
            }
            _ => return Err("a parameter is a name"),
        }
    }
    Ok((
        name,
        Macro {
            params: Some(params),
            variadic,
            body: body(&rest[close + 1..]),
        },
    ))
}

/// A macro's body; white space in front of it does not count.
fn body(text: &[u8]) -> Vec<Piece> {
    macros::split(text.trim_ascii())
}
