//! Tokens → syntax tree, by recursive descent: one function for each rule of the grammar, the rule in its comment.
//!
//! The grammar is the superset described in [`ast`](crate::ast): RFC 4506, RFC 5531, what C's rpcgen accepts and what
//! real files do beyond both; [`Strict`] asks for warnings about the difference. A mistake is reported once, with the
//! definition it was found in; then parsing goes on behind the next `;` or at the next `}` of the same level. Nesting
//! is limited, so that no input can exhaust the stack, and every step consumes a token, so that time is linear.

mod decl;
mod expr;
mod help;
mod program;
mod recover;
mod specifier;
mod types;

use std::cell::Cell;
use std::collections::BTreeSet;

use crate::ast::{Const, ConstValue, Expr, Ident, Item, ItemKind, Passthrough, Spec};
use crate::comments::Comments;
use crate::diag::{Diagnostic, Diagnostics};
use crate::dialect::{Lint, Strict};
use crate::lex::{Keyword, Kind, Token, Tokens, TriviaKind};
use crate::preprocess::Preprocessed;
use crate::source::{Limits, Span, SpanMap, Used};

/// What the parser is told.
#[derive(Clone, Copy, Debug, Default)]
pub struct Config {
    /// Dialects whose refusals are reported.
    pub strict: Strict,
    /// When to give up.
    pub limits: Limits,
    /// What other files have used of the limits.
    pub used: Used,
}

/// Parses a preprocessed text. The tree holds every definition that could be read.
pub fn parse(
    input: &Preprocessed,
    tokens: &Tokens,
    config: &Config,
    diags: &mut Diagnostics,
) -> Spec {
    let mut parser = Parser::new(&input.text, tokens, &input.map, *config, diags);
    parser.end_reported = input.cut_short;
    let mut spec = Spec::default();
    parser.specification(&mut spec);
    parser.lines(tokens, &mut spec);
    spec.count = parser.items - config.used.items;
    spec.lost = parser.lost();
    spec.lost.lines = input.incomplete;
    spec
}

/// Parses the expression of an `#if`.
pub(crate) fn condition(
    text: &[u8],
    tokens: &Tokens,
    map: &SpanMap,
    nesting: u32,
    diags: &mut Diagnostics,
) -> Option<Expr> {
    let limits = Limits {
        nesting,
        ..Limits::default()
    };
    let config = Config {
        limits,
        ..Config::default()
    };
    let mut parser = Parser::new(text, tokens, map, config, diags);
    parser.end = END_OF_CONDITION;
    parser.whole_condition().ok()
}

/// What comes behind the last token of an `#if`.
const END_OF_CONDITION: &str = "the end of the condition";

/// The mistake was reported; the caller skips to where it can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Failed;

type Parsed<T> = Result<T, Failed>;

struct Parser<'a> {
    text: &'a [u8],
    tokens: &'a [Token],
    /// Tokens behind bytes that the lexer refused: what is missing there was reported.
    refused: &'a [u32],
    map: &'a SpanMap,
    comments: Comments<'a>,
    config: Config,
    diags: &'a mut Diagnostics,
    /// Index of the current token; never beyond `End`.
    at: usize,
    depth: u32,
    /// Definitions, members, labels, procedures and arguments so far.
    items: u32,
    /// Tokens of what could not be read: from the first one up to the one behind.
    lost: Vec<(usize, usize)>,
    /// The enums that lost members.
    lost_enums: BTreeSet<String>,
    /// Definitions that are being read: what they are, and the token of their name.
    context: Vec<(&'static str, usize)>,
    /// An unclosed `{` was reported: the ones around it are no news.
    end_reported: bool,
    /// The token where the last `}` is missing: so is whatever else should stand there.
    unclosed: Option<usize>,
    /// Tokens that were looked at ahead.
    looked_at: Cell<usize>,
    /// What comes behind the last token.
    end: &'static str,
}

impl<'a> Parser<'a> {
    fn new(
        text: &'a [u8],
        tokens: &'a Tokens,
        map: &'a SpanMap,
        config: Config,
        diags: &'a mut Diagnostics,
    ) -> Self {
        Self {
            text,
            tokens: &tokens.tokens,
            refused: &tokens.refused,
            map,
            comments: Comments::new(text, tokens),
            config,
            diags,
            at: 0,
            depth: 0,
            items: config.used.items,
            lost: Vec::new(),
            lost_enums: BTreeSet::new(),
            context: Vec::new(),
            end_reported: false,
            unclosed: None,
            looked_at: Cell::new(0),
            end: "the end of the file",
        }
    }

    /// `specification: { definition ';' }`, also in `namespace a::b { … }`
    fn specification(&mut self, spec: &mut Spec) {
        let mut namespaces: Vec<Span> = Vec::new();
        while self.kind() != Kind::End {
            let first = self.at;
            if self.eat(b';') {
                self.lint(Lint::EmptyStatement, self.previous_span());
            } else if self.kind() == Kind::Punct(b'}') {
                if namespaces.pop().is_none() {
                    let message = "`}` without a `{` before it";
                    self.diags
                        .push(Diagnostic::error("E0103", self.span(), message));
                }
                self.at += 1;
                self.eat(b';');
            } else if self.is_word(b"namespace") && matches!(self.nth(1), Kind::Ident) {
                self.lint(Lint::Namespace, self.span());
                self.at += 2;
                self.skip_qualifiers();
                namespaces.push(self.span());
                if namespaces.len() > self.config.limits.nesting as usize {
                    self.too_deep();
                    self.end();
                    break;
                }
                if self.expect(b'{', "after the namespace").is_err() {
                    namespaces.pop();
                    self.recover(first);
                }
            } else if self.is_word(b"pragma") && matches!(self.nth(1), Kind::Ident) {
                self.lint(Lint::PragmaStatement, self.span());
                self.skip();
            } else {
                self.definition_statement(spec);
            }
            self.advance_from(first);
        }
        if let Some(open) = namespaces.last()
            && !self.end_reported
        {
            self.diags
                .push(Diagnostic::error("E0104", *open, "`{` is never closed"));
        }
    }

    /// `definition ';'`
    fn definition_statement(&mut self, spec: &mut Spec) {
        let first = self.at;
        self.context.clear();
        let Ok(kind) = self.count(0).and_then(|()| self.definition()) else {
            return self.recover(first);
        };
        let span = self.span_from(first);
        let docs = self.definition_docs(first);
        // `typedef enu color colour;`: a word too many means that another one is no type.
        let is_whole = !self.is_word_too_many();
        if let Some(kind) = kind
            && is_whole
        {
            spec.items.push(Item { docs, kind, span });
        }
        let end = if is_whole { self.at } else { first };
        if self.expect(b';', "after the definition").is_err()
            && !self.at_definition()
            && !self.begins_line_with_words()
        {
            self.recover(end);
        }
    }

    /// The comment in front; for a definition without braces also the one behind. A definition with braces that has
    /// none in front may have it behind its `{`, or behind its end. (Line ends play no part, so that formatting changes
    /// nothing.)
    fn definition_docs(&self, first: usize) -> Option<String> {
        let comments = &self.comments;
        let open = (first..self.at).find(|i| self.tokens[*i].kind == Kind::Punct(b'{'));
        match open {
            None => comments.around(first, self.at),
            Some(open) => self
                .opening_docs(first, open)
                .or_else(|| comments.behind_end(self.at)),
        }
    }

    /// The comment in front of a definition, or behind its `{`.
    fn opening_docs(&self, first: usize, open: usize) -> Option<String> {
        let before = self.comments.before(first);
        before.or_else(|| self.comments.behind_end(open))
    }

    /// `definition: constant-def | type-def | program-def`; `None` for a forward declaration.
    fn definition(&mut self) -> Parsed<Option<ItemKind>> {
        match self.kind() {
            Kind::Keyword(Keyword::Const) => self.constant_def().map(Some),
            Kind::Keyword(Keyword::Typedef) => self.typedef().map(Some),
            Kind::Keyword(Keyword::Struct) => self.struct_def(),
            Kind::Keyword(Keyword::Enum) => self.enum_def(),
            Kind::Keyword(Keyword::Union) => self.union_def(),
            Kind::Keyword(Keyword::Program) => self.program_def().map(Some),
            _ => {
                let what =
                    "a definition (`const`, `enum`, `struct`, `union`, `typedef` or `program`)";
                let help = self.definition_help();
                let failed = self.expected_at(self.span(), what, help);
                match self.misspelled_definition() {
                    Some("const") => self.constant_def().map(Some),
                    Some("enum") => self.enum_def(),
                    Some("struct") => self.struct_def(),
                    Some("union") => self.union_def(),
                    Some("typedef") => self.typedef().map(Some),
                    Some("program") => self.program_def().map(Some),
                    _ => Err(failed),
                }
            }
        }
    }

    /// `constant-def: "const" identifier "=" constant`; also strings
    fn constant_def(&mut self) -> Parsed<ItemKind> {
        self.at += 1;
        self.skip_constant_type();
        let name = self.name("the constant's name")?;
        self.enter("constant");
        self.equals("after the constant's name")?;
        let value = if self.kind() == Kind::Str {
            self.at += 1;
            self.lint(Lint::ConstForm, self.previous_span());
            let text = self.text_of(self.at - 1);
            let text = text.strip_prefix('"').unwrap_or(&text);
            ConstValue::Str(text.strip_suffix('"').unwrap_or(text).to_owned())
        } else {
            let value = self.expr()?;
            if value.as_name().is_some() {
                self.lint(Lint::ConstForm, value.span);
            }
            ConstValue::Expr(value)
        };
        Ok(ItemKind::Const(Const { name, value }))
    }

    /// `%` lines into the tree, and what dialects say about them and about comments.
    fn lines(&mut self, tokens: &Tokens, spec: &mut Spec) {
        for line in &tokens.trivia {
            let span = self.map.span(line.lo, line.hi);
            match line.kind {
                TriviaKind::Block | TriviaKind::Directive => {}
                TriviaKind::Line => self.lint(Lint::LineComment, span),
                TriviaKind::Passthrough => {
                    self.lint(Lint::Passthrough, span);
                    let column = self.text[..line.lo as usize].last();
                    if column.is_some_and(|b| *b != b'\n') {
                        self.lint(Lint::IndentedPassthrough, span);
                    }
                    let text = &self.text[line.lo as usize + 1..line.hi as usize];
                    if text
                        .split(|b| *b == b'\n')
                        .skip(1)
                        .any(|l| !l.trim_ascii().is_empty())
                    {
                        self.lint(Lint::ContinuedPassthrough, span);
                    }
                    // Lines of CRLF files end like all others.
                    let text = String::from_utf8_lossy(text).replace('\r', "");
                    let text = text.replace("\n%", "\n");
                    spec.passthrough.push(Passthrough { text, span });
                }
            }
        }
    }
}

/// Tokens, spans and messages.
impl<'a> Parser<'a> {
    fn kind(&self) -> Kind {
        self.nth(0)
    }

    fn nth(&self, n: usize) -> Kind {
        self.tokens.get(self.at + n).map_or(Kind::End, |t| t.kind)
    }

    fn word(&self, at: usize) -> &'a [u8] {
        self.tokens
            .get(at)
            .map_or(b"", |t| &self.text[t.lo as usize..t.hi as usize])
    }

    fn is_word(&self, word: &[u8]) -> bool {
        self.kind() == Kind::Ident && self.word(self.at) == word
    }

    fn text_of(&self, at: usize) -> String {
        String::from_utf8_lossy(self.word(at)).into_owned()
    }

    fn span_at(&self, at: usize) -> Span {
        let token = self.tokens[at.min(self.tokens.len() - 1)];
        self.map.span(token.lo, token.hi)
    }

    fn span(&self) -> Span {
        self.span_at(self.at)
    }

    fn previous_span(&self) -> Span {
        self.span_at(self.at.saturating_sub(1))
    }

    /// From token `first` to the last one taken.
    fn span_from(&self, first: usize) -> Span {
        self.span_at(first).to(self.previous_span())
    }

    fn lint(&mut self, lint: Lint, span: Span) {
        self.config.strict.report(lint, span, self.diags);
    }

    fn eat(&mut self, punct: u8) -> bool {
        let found = self.kind() == Kind::Punct(punct);
        if found {
            self.at += 1;
        }
        found
    }

    /// Takes a character or reports that it is missing; `place` says where: "after the name".
    fn expect(&mut self, punct: u8, place: &str) -> Parsed<()> {
        if self.eat(punct) {
            return Ok(());
        }
        let what = format!("`{}` {place}", punct as char);
        // What is missing at the end of a line is missing there, not where the next line begins.
        let span = if self.begins_line() {
            self.previous_span().after()
        } else {
            self.span()
        };
        let help = self.punct_help(punct);
        Err(self.expected_at(span, &what, help))
    }

    /// A line end stands in front of the current token.
    fn begins_line(&self) -> bool {
        self.begins_line_at(self.at)
    }

    /// A line end stands in front of this token.
    fn begins_line_at(&self, at: usize) -> bool {
        let pair = self.tokens.get(at.wrapping_sub(1)).zip(self.tokens.get(at));
        let gap = pair.map_or(0..0, |(last, next)| last.hi as usize..next.lo as usize);
        self.text[gap].contains(&b'\n')
    }

    /// `=`, or where only that is missing, the number behind it: the mistake is reported.
    fn equals(&mut self, place: &str) -> Parsed<()> {
        let equals = self.expect(b'=', place);
        if self.kind() == Kind::Number {
            return Ok(());
        }
        equals
    }

    /// Reports what should stand at the current token.
    fn expected(&mut self, what: &str) -> Failed {
        self.expected_at(self.span(), what, None)
    }

    fn expected_at(&mut self, span: Span, what: &str, help: Option<String>) -> Failed {
        let is_refused = |at: usize| self.refused.binary_search(&(at as u32)).is_ok();
        if self.kind() == Kind::End && self.end_reported
            || self.unclosed == Some(self.at)
            || is_refused(self.at)
            || self.at > 0 && is_refused(self.at - 1)
        {
            return Failed;
        }
        let found = match self.kind() {
            Kind::End => self.end.to_owned(),
            _ => format!(
                "`{}`",
                self.text_of(self.at).chars().take(40).collect::<String>()
            ),
        };
        let mut error = Diagnostic::error("E0101", span, format!("expected {what}, found {found}"));
        error.help = self.macro_help().or(help);
        self.report(error);
        Failed
    }

    /// Reports an error with the definition it was found in.
    fn report(&mut self, error: Diagnostic) {
        let error = match self.context.last() {
            Some((what, name)) => {
                let text = format!("while reading {what} `{}`", self.text_of(*name));
                error.label(self.span_at(*name), text)
            }
            None => error,
        };
        self.diags.push(error);
    }

    fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>, help: &str) {
        self.report(Diagnostic::error(code, span, message).help(help));
    }

    /// The name just taken is that of the definition now being read.
    fn enter(&mut self, what: &'static str) {
        self.context.push((what, self.at.saturating_sub(1)));
    }

    fn leave(&mut self) {
        self.context.pop();
    }

    /// `identifier`; keywords, too, where no other reading is possible.
    fn name(&mut self, what: &str) -> Parsed<Ident> {
        let span = self.span();
        match self.kind() {
            Kind::Ident => {}
            Kind::Keyword(word) if !matches!(self.nth(1), Kind::Ident | Kind::Keyword(_)) => {
                let lint = if word.free_in_rfc() {
                    Lint::ReservedName
                } else {
                    Lint::KeywordName
                };
                self.lint(lint, span);
            }
            Kind::Number => {
                return Err(self.expected(&format!("{what} (a name does not begin with a digit)")));
            }
            _ => {
                let help = self.name_help();
                return Err(self.expected_at(span, what, help));
            }
        }
        let text = self.word(self.at);
        let limit = self.config.limits.name as usize;
        if text.len() > limit {
            let message = format!("name of {} bytes exceeds the limit of {limit}", text.len());
            self.at += 1;
            self.report(Diagnostic::error("E0106", span, message));
            return Err(Failed);
        }
        if text.starts_with(b"_") {
            self.lint(Lint::LeadingUnderscore, span);
        }
        self.at += 1;
        Ok(Ident {
            name: self.text_of(self.at - 1),
            span,
        })
    }

    /// The `::` in front of `::a::b`, which begins at the outermost namespace.
    fn skip_root(&mut self) {
        let is_root = self.nth(0) == Kind::Punct(b':') && self.nth(1) == Kind::Punct(b':');
        if is_root && self.nth(2) == Kind::Ident {
            self.at += 2;
        }
    }

    /// `a::b::c`, of which only the last name counts: the current token is behind `a`, then behind `c`.
    fn skip_qualifiers(&mut self) {
        while self.nth(0) == Kind::Punct(b':')
            && self.nth(1) == Kind::Punct(b':')
            && self.nth(2) == Kind::Ident
        {
            self.at += 3;
        }
    }
}

#[cfg(test)]
mod tests;
