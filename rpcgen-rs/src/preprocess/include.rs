//! `#include`: finding the file, and refusing cycles, depth and number beyond the limits.

use super::directive::{is_name, without_comments};
use super::{Engine, Frame, macros};
use crate::diag::Diagnostic;
use crate::lex::{self, split_word};
use crate::source::{FileId, LoadError, Span};

impl Engine<'_> {
    /// Starts with the main file.
    pub(super) fn main_file(&mut self, path: &str) {
        let path = normal(path);
        match self.load(&path, None) {
            Ok(file) => self.enter(file),
            Err(problem) => {
                let message = format!("cannot read `{path}`: {problem}");
                let error = Diagnostic::error_without_place("E0050", message);
                self.lose(match problem {
                    LoadError::TooLarge { .. } => {
                        error.help("`--max-input=BYTES` sets another limit")
                    }
                    _ => error,
                });
            }
        }
    }

    /// `#include "name"`, `#include <name>` or a macro that becomes one of them.
    pub(super) fn include(&mut self, rest: &[u8], span: Span) {
        let mut text = rest.to_vec();
        if !text.starts_with(b"\"") && !text.starts_with(b"<") {
            let Some(pieces) = self.expanded(macros::split(&text), span) else {
                return;
            };
            text = macros::join(&pieces);
        }
        let (close, beside) = if text.starts_with(b"<") {
            (b'>', false)
        } else {
            (b'"', true)
        };
        let quoted = text
            .split_first()
            .filter(|(open, _)| matches!(open, b'"' | b'<'));
        let name = quoted.and_then(|(_, rest)| {
            rest.iter()
                .position(|b| *b == close)
                .map(|len| &rest[..len])
        });
        let Some(name) = name
            .filter(|n| !n.is_empty())
            .and_then(|n| std::str::from_utf8(n).ok())
        else {
            let message = "`#include` takes a file name in quotes";
            self.lose(Diagnostic::error("E0051", span, message));
            return;
        };
        if self.frames.len() as u32 > self.config.limits.include_depth {
            let message = format!(
                "`#include` nests deeper than the limit of {}",
                self.config.limits.include_depth
            );
            self.exhausted = true;
            self.lose(Diagnostic::error("E0053", span, message));
            return;
        }
        self.out.used.includes += 1;
        if self.out.used.includes > self.config.limits.includes {
            let message = format!(
                "more than the limit of {} `#include`s",
                self.config.limits.includes
            );
            self.exhausted = true;
            self.lose(Diagnostic::error("E0053", span, message));
            return;
        }
        // What is left out is read, too, each time.
        let most = 16 * u64::from(self.config.limits.text);
        if self.out.used.read > most {
            let message =
                format!("what is included again and again exceeds the limit of {most} bytes");
            self.exhausted = true;
            self.lose(Diagnostic::error("E0053", span, message));
            return;
        }
        self.find_and_enter(name, beside, span);
    }

    fn find_and_enter(&mut self, name: &str, beside: bool, span: Span) {
        let mut folders: Vec<&str> = self
            .config
            .include_dirs
            .iter()
            .map(String::as_str)
            .collect();
        let here = self
            .frames
            .last()
            .map_or("", |f| folder(self.sources.file(f.file).path()))
            .to_owned();
        // `<name>` looks beside the file as well, but last.
        folders.insert(if beside { 0 } else { folders.len() }, &here);
        let mut candidates: Vec<String> = folders.iter().map(|f| join(f, name)).collect();
        if let Some(stem) = name.strip_suffix(".h") {
            // rpcgen users include the header that C's rpcgen would make of `foo.x`.
            candidates.extend(folders.iter().map(|f| join(f, &format!("{stem}.x"))));
        }
        for path in candidates {
            match self.load(&path, Some(span)) {
                Err(LoadError::NotFound) => {}
                Err(problem) => {
                    let message = format!("cannot include `{name}`: {problem}");
                    let error = Diagnostic::error("E0054", span, message);
                    self.lose(match problem {
                        LoadError::OutsideRoots => error.help(format!(
                            "to read what is there, allow its folder: `--include {}`",
                            folder(&path)
                        )),
                        _ => error,
                    });
                    return;
                }
                Ok(file) => {
                    if self.frames.iter().any(|f| f.file == file) && !self.guarded(file) {
                        self.report_cycle(file, span);
                    } else if !self.frames.iter().any(|f| f.file == file) {
                        self.enter(file);
                    }
                    return;
                }
            }
        }
        let message = format!("cannot include `{name}`: no such file");
        let help =
            "it is looked for beside the including file and in the folders given by `--include`";
        self.lose(Diagnostic::error("E0054", span, message).help(help));
    }

    fn load(&mut self, path: &str, from: Option<Span>) -> Result<FileId, LoadError> {
        if let Some(file) = self.sources.find(path) {
            return Ok(file);
        }
        let text = self.loader.load(path, u64::from(self.config.limits.text))?;
        if text.len() as u64 > u64::from(self.config.limits.text) {
            return Err(LoadError::TooLarge {
                limit: u64::from(self.config.limits.text),
            });
        }
        Ok(self.sources.add(path, text, from))
    }

    fn enter(&mut self, file: FileId) {
        let text = self.sources.file(file).shared_text();
        // Long files may use macros often: what they may expand to grows with them.
        self.macros.budget += 16 * text.len() as u64;
        self.out.used.read += text.len() as u64;
        let mut at = 0;
        if text.starts_with(b"\xef\xbb\xbf") {
            at = 3;
        } else if text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff") {
            let start = Span { file, lo: 0, hi: 2 };
            self.lose(
                Diagnostic::error(
                    "E0007",
                    start,
                    "the file is UTF-16 (byte order mark at offset 0)",
                )
                .help("save it as ASCII or UTF-8"),
            );
            at = text.len();
        }
        self.frames.push(Frame {
            file,
            text,
            at,
            conditions: Vec::new(),
        });
    }

    fn report_cycle(&mut self, file: FileId, span: Span) {
        let path = |id: FileId| self.sources.file(id).path();
        let mut chain: Vec<&str> = self
            .frames
            .iter()
            .map(|f| f.file)
            .skip_while(|f| *f != file)
            .map(path)
            .collect();
        chain.push(path(file));
        let message = format!("`#include` cycle: {}", chain.join(" → "));
        let help =
            "begin the file with `#ifndef NAME` and `#define NAME`, and end it with `#endif`";
        self.lose(Diagnostic::error("E0053", span, message).help(help));
    }

    /// The file begins with `#ifndef NAME` or `#if !defined(NAME)`, and NAME is defined: including it again is nothing.
    fn guarded(&self, file: FileId) -> bool {
        let mut text = self.sources.file(file).text();
        loop {
            text = text.trim_ascii_start();
            let comment = lex::block_comment(text).or_else(|_| lex::line_comment(text));
            let Ok((rest, _)) = comment else { break };
            text = rest;
        }
        let Some(text) = text.strip_prefix(b"#") else {
            return false;
        };
        let (line, _) = without_comments(&text[..lex::directive_len(text)]);
        let (word, rest) = split_word(line.trim_ascii());
        let name: Vec<u8> = match word {
            b"ifndef" => rest.to_vec(),
            b"if" => match rest.strip_prefix(b"!").map(|r| split_word(r.trim_ascii())) {
                Some((b"defined", name)) => name
                    .iter()
                    .copied()
                    .filter(|b| !b"() \t\r\x0b\x0c".contains(b))
                    .collect(),
                _ => return false,
            },
            _ => return false,
        };
        is_name(&name) && self.macros.get(&name).is_some()
    }
}

/// The path without its last component.
fn folder(path: &str) -> &str {
    match path.rsplit_once('/') {
        None => "",
        Some(("", _)) => "/",
        Some((folder, _)) => folder,
    }
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() || name.starts_with('/') {
        normal(name)
    } else {
        normal(&format!("{folder}/{name}"))
    }
}

/// Drops `.` and resolves `..` where that can be seen from the path, so that one file has one name.
pub(crate) fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    match (path.starts_with('/'), parts.is_empty()) {
        (false, true) => String::from("."),
        (false, false) => parts.join("/"),
        (true, _) => format!("/{}", parts.join("/")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_lexically() {
        for (base, name, result) in [
            ("", "a.x", "a.x"),
            ("idl", "a.x", "idl/a.x"),
            ("idl/sub", "../a.x", "idl/a.x"),
            ("", "../../etc/passwd", "../../etc/passwd"),
            ("idl", "/etc/passwd", "/etc/passwd"),
            ("./idl", "./b//c.x", "idl/b/c.x"),
        ] {
            assert_eq!(join(base, name), result);
        }
        assert_eq!(folder("/a.x"), "/");
        assert_eq!(folder("a/b/c.x"), "a/b");
    }
}
