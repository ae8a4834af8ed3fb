//! Going on after a mistake, and the limits that keep every loop and every nesting finite.

use super::{Failed, Parsed, Parser};
use crate::ast::Lost;
use crate::diag::Diagnostic;
use crate::lex::{Keyword, Kind, is_word};
use crate::source::Span;
use std::collections::BTreeSet;

impl Parser<'_> {
    /// One level deeper, up to the limit.
    pub(super) fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= self.config.limits.nesting {
            self.too_deep();
            return Err(Failed);
        }
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        result
    }

    pub(super) fn too_deep(&mut self) {
        let limit = self.config.limits.nesting;
        let message = format!("nesting exceeds the limit of {limit}");
        self.report(Diagnostic::error("E0105", self.span(), message));
    }

    /// Nothing more is read.
    pub(super) fn end(&mut self) {
        self.at = self.tokens.len() - 1;
        self.end_reported = true;
    }

    /// One more definition, or one more member of the definition that has `members` already, up to the limits. Beyond
    /// them nothing more is read.
    pub(super) fn count(&mut self, members: usize) -> Parsed<()> {
        let limits = self.config.limits;
        self.items += 1;
        let message = if self.items > limits.items {
            format!(
                "more than {} definitions, members, labels, procedures and arguments",
                limits.items
            )
        } else if members >= limits.members as usize {
            format!("a definition of more than {} members", limits.members)
        } else {
            return Ok(());
        };
        let flag = if self.items > limits.items {
            "--max-items"
        } else {
            "--max-members"
        };
        let error = Diagnostic::error("E0108", self.span(), message);
        self.report(error.help(format!("`{flag}=COUNT` sets another limit")));
        self.end();
        Err(Failed)
    }

    /// Whether nothing stands between the braces that opened there and closed just now, but for `;` alone.
    pub(super) fn were_empty(&self, open: usize) -> bool {
        if self.unclosed == Some(self.at) {
            return false;
        }
        let between = self.tokens.get(open + 1..self.at - 1);
        between.is_some_and(|tokens| tokens.iter().all(|t| t.kind == Kind::Punct(b';')))
    }

    /// `"{" { element } "}"`: goes on with the next element after a mistake in one. Returns the span of the whole. Where
    /// no `}` comes, what was read so far is all of it.
    pub(super) fn braces(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Parsed<()>,
    ) -> Parsed<Span> {
        let open = self.at;
        if let Err(failed) = self.expect(b'{', "before the members")
            && !self.lacks_brace_only()
        {
            return Err(failed);
        }
        loop {
            if self.eat(b'}') {
                return Ok(self.span_from(open));
            }
            // A number stands behind the `}` of a version or a program only.
            let is_number = self.kind() == Kind::Punct(b'=')
                && self
                    .context
                    .last()
                    .is_some_and(|(what, _)| matches!(*what, "version" | "program"));
            if self.kind() == Kind::End || is_number || self.at_definition() {
                if self.kind() != Kind::End || !self.end_reported {
                    let mut error =
                        Diagnostic::error("E0104", self.span_at(open), "`{` is never closed");
                    if is_number {
                        error = error.label(self.span(), "its `}` is missing here");
                    } else if self.kind() != Kind::End {
                        error = error.label(self.span(), "a definition begins here");
                    }
                    self.end_reported |= self.kind() == Kind::End;
                    self.report(error);
                }
                if !is_number {
                    self.unclosed = Some(self.at);
                }
                return Ok(self.span_from(open));
            }
            let first = self.at;
            if element(self).is_err() {
                self.recover(first);
            }
            self.advance_from(first);
        }
    }

    /// Makes sure that a loop ends: takes a token if none was taken since `first`.
    pub(super) fn advance_from(&mut self, first: usize) {
        if self.at == first && !matches!(self.kind(), Kind::End | Kind::Punct(b'}')) {
            self.at += 1;
        }
    }

    /// A word that can only begin a definition stands here: whatever was open is at its end.
    pub(super) fn at_definition(&self) -> bool {
        match self.kind() {
            Kind::Ident => self.begins_namespace(0),
            // Not the `const char *name;` of C.
            Kind::Keyword(Keyword::Typedef | Keyword::Const | Keyword::Program) => {
                self.begins_definition(0)
            }
            Kind::Keyword(Keyword::Struct | Keyword::Enum | Keyword::Union)
                if self.depth == 0 && self.context.len() <= 1 =>
            {
                true
            }
            // No type stands in an enum.
            Kind::Keyword(Keyword::Struct | Keyword::Enum | Keyword::Union)
                if self.context.last().is_some_and(|(what, _)| *what == "enum") =>
            {
                self.nth(1) == Kind::Ident
            }
            Kind::Keyword(Keyword::Struct | Keyword::Enum | Keyword::Union) => {
                self.nth(1) == Kind::Ident && self.is_whole_definition()
            }
            _ => false,
        }
    }

    /// `namespace a {`, `namespace a::b {`
    fn begins_namespace(&self, n: usize) -> bool {
        self.word(self.at + n) == b"namespace"
            && self.nth(n + 1) == Kind::Ident
            && matches!(self.nth(n + 2), Kind::Punct(b'{' | b':'))
    }

    /// Behind the current token, a definition begins, or nothing.
    pub(super) fn definition_follows(&self) -> bool {
        self.nth(1) == Kind::End || self.begins_definition(1)
    }

    /// The `n`th token and those behind it are how a definition begins, and no member whose name is a keyword.
    fn begins_definition(&self, n: usize) -> bool {
        let Kind::Keyword(word) = self.nth(n) else {
            return self.begins_namespace(n);
        };
        let is_named = self.nth(n + 1) == Kind::Ident;
        let body = self.nth(n + 2 + self.mapping_clauses(n + 2));
        match word {
            Keyword::Typedef => matches!(self.nth(n + 1), Kind::Ident | Kind::Keyword(_)),
            Keyword::Const => {
                is_named && matches!(self.nth(n + 2), Kind::Punct(b'=') | Kind::Number)
            }
            Keyword::Struct | Keyword::Enum | Keyword::Program => {
                is_named && body == Kind::Punct(b'{')
            }
            Keyword::Union => is_named && body == Kind::Keyword(Keyword::Switch),
            _ => false,
        }
    }

    /// A declaration seems to be at its end, and goes on on its line: one of its words is no type.
    pub(super) fn is_word_too_many(&self) -> bool {
        matches!(self.kind(), Kind::Ident | Kind::Punct(b'*')) && !self.begins_line()
    }

    /// A line begins here, with two words or with a label: what stands in front of it is at its end.
    pub(super) fn begins_line_with_words(&self) -> bool {
        let is_word = |n| matches!(self.nth(n), Kind::Ident | Kind::Keyword(_));
        let begins = match self.kind() {
            Kind::Keyword(Keyword::Case | Keyword::Default) => true,
            _ => is_word(0) && (is_word(1) || self.nth(1) == Kind::Punct(b'*') && is_word(2)),
        };
        begins && self.begins_line()
    }

    /// `;`, or where only that is missing, what follows it: the mistake is reported, and what stands in front of it is
    /// whole.
    pub(super) fn end_of(&mut self, place: &str) -> Parsed<()> {
        let end = self.expect(b';', place);
        if self.kind() == Kind::Punct(b'}') || self.begins_line_with_words() {
            return Ok(());
        }
        end
    }

    /// How far is looked ahead; behind that, anything may be.
    const LOOKED_AT: usize = 2000;

    /// How much is looked at ahead in all: a file of mistakes only would take long.
    const LOOKED_AT_IN_ALL: usize = 4_000_000;

    /// How far to look ahead once more, from there.
    fn ahead(&self, first: usize) -> impl Iterator<Item = usize> {
        (first..Self::LOOKED_AT).take_while(|_| {
            let looked_at = self.looked_at.get() + 1;
            self.looked_at.set(looked_at);
            looked_at < Self::LOOKED_AT_IN_ALL
        })
    }

    /// `struct b { … };` inside of a definition, and nothing closes that one: it ends here. (Where something does, a
    /// member lacks its name.)
    fn is_whole_definition(&self) -> bool {
        let behind_name = 2 + self.mapping_clauses(2);
        if !matches!(
            self.nth(behind_name),
            Kind::Punct(b'{') | Kind::Keyword(Keyword::Switch)
        ) {
            return false;
        }
        let mut depth = 0_usize;
        let mut closed = false;
        for n in self.ahead(behind_name) {
            match self.nth(n) {
                Kind::End => return closed,
                Kind::Punct(b'{') => depth += 1,
                Kind::Punct(b'}') if depth == 0 => return false,
                Kind::Punct(b'}') => {
                    depth -= 1;
                    if depth == 0 && !closed {
                        closed = true;
                        let is_end = match self.nth(n + 1) {
                            Kind::Punct(b';') => true,
                            // Its `;` is missing.
                            _ => {
                                self.begins_definition(n + 1)
                                    && self.begins_line_at(self.at + n + 1)
                            }
                        };
                        if !is_end {
                            return false;
                        }
                    }
                }
                Kind::Keyword(Keyword::Const | Keyword::Typedef | Keyword::Program)
                    if closed && depth == 0 && self.begins_definition(n) =>
                {
                    return true;
                }
                _ => {}
            }
        }
        closed
    }

    /// The `{` that was missed is all that is missing: members follow, and a `}`.
    fn lacks_brace_only(&self) -> bool {
        let what = self.context.last().map_or("", |(what, _)| what);
        match (what, self.kind()) {
            ("program", Kind::Keyword(Keyword::Version)) => return true,
            ("version", Kind::Keyword(_) | Kind::Ident)
                if self.nth(1) != Kind::Punct(b'{') && !self.at_definition() =>
            {
                return true;
            }
            ("enum", Kind::Ident) if matches!(self.nth(1), Kind::Punct(b'=' | b',' | b'}')) => {
                return true;
            }
            _ => {}
        }
        let mut members = 0;
        for n in self.ahead(0) {
            match self.nth(n) {
                Kind::Punct(b';' | b',') => members += 1,
                Kind::Punct(b'}') => return members > 0,
                Kind::Punct(b'{' | b'=') | Kind::End if members == 0 => return false,
                Kind::Punct(b'{') | Kind::End => return false,
                _ => {}
            }
        }
        false
    }

    /// Goes on behind a mistake; what stands between token `first` and there is lost.
    pub(super) fn recover(&mut self, first: usize) {
        self.skip();
        self.lost.push((first, self.at));
    }

    /// What was lost: the ranges may lie in each other.
    pub(super) fn lost(mut self) -> Lost {
        let mut ranges = std::mem::take(&mut self.lost);
        ranges.sort_unstable();
        let mut names = BTreeSet::new();
        let mut done = 0;
        for (first, end) in ranges {
            for at in first.max(done)..end {
                match self.tokens[at].kind {
                    Kind::Ident => {
                        names.insert(self.text_of(at));
                    }
                    // A string that is not closed may have taken in more than was meant.
                    Kind::Str => {
                        let words = self.word(at).split(|byte| !is_word(*byte));
                        names.extend(words.map(|word| String::from_utf8_lossy(word).into_owned()));
                    }
                    _ => {}
                }
            }
            done = done.max(end);
        }
        Lost {
            names,
            enums: self.lost_enums,
            lines: false,
        }
    }

    /// Skips to behind the next `;` or to the next `}` of this level.
    pub(super) fn skip(&mut self) {
        let mut depth = 0_usize;
        // A `;` of the same macro is part of the mistake.
        let expansion = self.macro_use();
        loop {
            match self.kind() {
                Kind::End => return,
                Kind::Punct(b'{') => depth += 1,
                Kind::Punct(b'}') if depth == 0 => return,
                Kind::Punct(b'}') => {
                    depth -= 1;
                    if depth == 0 && self.depth == 0 && self.context.len() <= 1 {
                        self.at += 1;
                        if self.begins_line_with_words() {
                            return;
                        }
                        continue;
                    }
                }
                Kind::Punct(b';')
                    if depth == 0 && (expansion.is_none() || self.macro_use() != expansion) =>
                {
                    self.at += 1;
                    return;
                }
                Kind::Keyword(word) if depth == 0 && self.at_definition() => {
                    let has_body = matches!(word, Keyword::Struct | Keyword::Enum | Keyword::Union);
                    if !has_body || self.begins_definition(0) {
                        return;
                    }
                }
                _ => {}
            }
            self.at += 1;
        }
    }
}
