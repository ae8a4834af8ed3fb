//! `.x` text → the same text, laid out: the formatter behind `rpcgen-rs fmt`.
//!
//! Works on the tokens of one file as it stands, not preprocessed, so that everything is still there: directives and
//! `%` lines are kept as they are, comments keep their place beside the same tokens. Invariants, each tested over the
//! system's interfaces: the tokens are the same before and after; so is the Rust generated from them, documentation
//! included; formatting twice is formatting once. One statement stands on one line, members are indented by four,
//! labels of a union stand at the union's own column, comments behind consecutive lines are aligned, and a line of more
//! than 100 columns goes on below behind an argument or in front of an operator.

mod lines;
mod space;

use crate::comments::Comments;
use crate::diag::{Diagnostic, Diagnostics};
use crate::lex::{Keyword, Kind, Token, Tokens, Trivia, TriviaKind, is_word, lex_raw};
use crate::preprocess::LINE;
use crate::source::{FileId, SourceMap, Span, SpanMap};
use lines::{Below, Columns, Lines};

/// Formats a file. `None`, with the reasons in `diags`, when its text does not even consist of tokens, or when it means
/// something by the numbers of its lines.
pub fn format(file: FileId, sources: &SourceMap, diags: &mut Diagnostics) -> Option<Vec<u8>> {
    let text = sources.file(file).text();
    let start = if text.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        0
    };
    let mut found = Diagnostics::default();
    let map = SpanMap::suffix(file, start);
    let text = &text[start as usize..];
    let tokens = lex_raw(text, &map, &mut found);
    for diagnostic in &found {
        diags.push(diagnostic.clone());
    }
    if found.has_errors() {
        return None;
    }
    if let Some((lo, hi)) = line_number(text, &tokens) {
        diags.push(e0061_line_numbers(map.span(lo, hi)));
        return None;
    }
    let mut formatter = Formatter {
        text,
        columns: Columns::of(text),
        tokens: &tokens,
        comments: Comments::new(text, &tokens),
        lines: Lines::default(),
        bodies: Vec::new(),
        parens: 0,
        brackets: 0,
        statement: None,
        value: false,
        end: 0,
        behind_comment: false,
        behind_use: false,
    };
    formatter.run();
    Some(formatter.lines.render())
}

/// In a directive a carriage return that ends no line separates words, as a space does.
fn separate(directive: &mut [u8]) {
    for at in 1..directive.len() {
        if directive[at - 1] == b'\r' && !matches!(directive[at], b'\r' | b'\n') {
            directive[at - 1] = b' ';
        }
    }
}

/// Where the text uses the number of a line: a word of its own, or a directive that has it.
fn line_number(text: &[u8], tokens: &Tokens) -> Option<(u32, u32)> {
    let has = |lo: u32, hi: u32| {
        let mut words = text[lo as usize..hi as usize].split(|byte| !is_word(*byte));
        words.any(|word| word == LINE)
    };
    let words = tokens.tokens.iter();
    let words = words
        .filter(|t| t.kind == Kind::Ident)
        .map(|t| (t.lo, t.hi));
    let lines = tokens.trivia.iter();
    let lines = lines.filter(|t| t.kind == TriviaKind::Directive);
    words
        .chain(lines.map(|t| (t.lo, t.hi)))
        .find(|&(lo, hi)| has(lo, hi))
}

fn e0061_line_numbers(span: Span) -> Diagnostic {
    let message = "`__LINE__` would mean another number on another line";
    Diagnostic::error("E0061", span, message)
        .help("write the number in its place, and format the file then")
}

/// What a pair of braces holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    Enum,
    Union,
    Namespace,
    Other,
}

struct Formatter<'a> {
    text: &'a [u8],
    columns: Columns<'a>,
    tokens: &'a Tokens,
    comments: Comments<'a>,
    lines: Lines,
    /// Braces that are open.
    bodies: Vec<Body>,
    parens: usize,
    /// `[` and `<` that are open.
    brackets: usize,
    /// First token of the statement that is being written.
    statement: Option<usize>,
    /// Behind `=` or `case`: `*` multiplies.
    value: bool,
    /// Where the last token or trivia ended in the text.
    end: u32,
    /// That was a comment.
    behind_comment: bool,
    /// The last token ended the use of a macro that the statement began with.
    behind_use: bool,
}

impl Formatter<'_> {
    fn run(&mut self) {
        let mut trivia = self.tokens.trivia.iter().peekable();
        for (index, token) in self.tokens.tokens.iter().enumerate() {
            let claimed = self.comments.claimed(index);
            let mut nth = 0;
            while let Some(next) = trivia.next_if(|t| t.before as usize == index) {
                self.trivia(next, nth < claimed, index);
                nth += 1;
            }
            if token.kind != Kind::End {
                self.token(index, *token);
            }
        }
        self.lines.end();
    }

    fn bytes(&self, lo: u32, hi: u32) -> &[u8] {
        &self.text[lo as usize..hi as usize]
    }

    fn kind(&self, index: usize) -> Kind {
        self.tokens.tokens.get(index).map_or(Kind::End, |t| t.kind)
    }

    fn line_feeds_before(&self, at: u32) -> usize {
        self.bytes(self.end, at)
            .iter()
            .filter(|b| **b == b'\n')
            .count()
    }

    /// Keeps one blank line of the source, where a statement or a line of its own begins; behind a comment anywhere, for
    /// it says that the comment is not about what follows. (What `#if` leaves out may begin a statement and never end it.)
    fn keep_blank(&mut self, at: u32) {
        let may_stand = self.statement.is_none() || self.behind_comment;
        if may_stand && self.lines.at_start() && self.line_feeds_before(at) > 1 {
            self.lines.blank();
        }
    }

    /// Column of a line that begins with the token at `index`, or with a comment in front of it. A comment that goes on
    /// behind a statement may stand further in; one in front of what ends it, in an enum without a comma the `}`, never.
    fn indent(&self, index: usize) -> usize {
        let ends = matches!(self.kind(index), Kind::Punct(b'}' | b',' | b';'));
        let goes_on = self.statement.is_some() && !(ends && self.parens == 0);
        let mut depth = self.bodies.len() + usize::from(goes_on);
        let label = matches!(
            self.kind(index),
            Kind::Keyword(Keyword::Case | Keyword::Default)
        );
        if label && self.statement.is_none() && self.bodies.last() == Some(&Body::Union) {
            depth = depth.saturating_sub(1);
        }
        4 * depth
    }

    fn trivia(&mut self, trivia: &Trivia, claimed: bool, before: usize) {
        self.end_use(trivia.lo, before);
        let mut text = self.bytes(trivia.lo, trivia.hi).to_vec();
        let from = self.columns.column(trivia.lo);
        let same_line = self.line_feeds_before(trivia.lo) == 0 && self.end > 0;
        let indent = self.indent(before);
        if matches!(trivia.kind, TriviaKind::Passthrough | TriviaKind::Directive) {
            self.lines.end();
            self.keep_blank(trivia.lo);
            if trivia.kind == TriviaKind::Directive {
                separate(&mut text);
            }
            self.lines.raw(&text);
        } else if claimed && self.may_go_behind(before) {
            self.lines.comment_behind(&text, from, same_line, indent);
        } else {
            if !same_line {
                self.lines.end();
            }
            self.keep_blank(trivia.lo);
            let below = self.below(before, indent);
            self.lines.push(&text, true, indent, Some(from), below);
            let next = self.next_start(trivia, before);
            if self.bytes(trivia.hi, next).contains(&b'\n') {
                self.lines.end();
            }
        }
        self.end = trivia.hi;
        self.behind_comment = matches!(trivia.kind, TriviaKind::Block | TriviaKind::Line);
    }

    /// A comment in front of the token at `index` may change places with it: the line ends there.
    fn may_go_behind(&self, index: usize) -> bool {
        let ends = matches!(
            self.kind(index),
            Kind::Punct(b',' | b';' | b'{' | b'}') | Kind::End
        );
        self.statement.is_none() || self.parens == 0 && ends
    }

    /// Where the token or trivia behind `trivia` begins.
    fn next_start(&self, trivia: &Trivia, before: usize) -> u32 {
        let at = self.tokens.trivia.partition_point(|t| t.lo <= trivia.lo);
        let token = self.tokens.tokens[before].lo;
        self.tokens
            .trivia
            .get(at)
            .map_or(token, |t| t.lo.min(token))
    }

    fn token(&mut self, index: usize, token: Token) {
        self.end_use(token.lo, index);
        self.behind_use = false;
        let mut indent = self.indent(index);
        if token.kind == Kind::Punct(b'}') {
            self.lines.end();
            self.lines.drop_blank();
            self.statement = None;
            indent = 4 * self.bodies.len().saturating_sub(1);
        } else {
            self.keep_blank(token.lo);
        }
        if token.kind == Kind::Punct(b'%') && self.lines.at_start() {
            // In front of a line it would be something else. Only what `#if` leaves out has it there.
            self.lines.reopen();
        }
        let spaced = self.space_before(index);
        let text = self.bytes(token.lo, token.hi).to_vec();
        let below = self.below(index, indent);
        self.lines.push(&text, spaced, indent, None, below);
        let statement = *self.statement.get_or_insert(index);
        self.end = token.hi;
        self.behind_comment = false;
        match token.kind {
            Kind::Punct(b'{') => {
                self.bodies.push(self.body(statement, index));
                self.begin_statement();
                self.lines.open();
            }
            Kind::Punct(b'}') => {
                let body = self.bodies.pop();
                self.value = false;
                if body == Some(Body::Namespace) && self.kind(index + 1) != Kind::Punct(b';') {
                    self.begin_statement();
                }
            }
            Kind::Punct(b'(') => self.parens += 1,
            Kind::Punct(b')') => {
                self.parens = self.parens.saturating_sub(1);
                self.behind_use = self.parens == 0 && self.is_macro(statement);
            }
            Kind::Punct(b'[' | b'<') if !self.shifts(index) => self.brackets += 1,
            Kind::Punct(b']' | b'>') if !self.shifts(index) => {
                self.brackets = self.brackets.saturating_sub(1);
            }
            Kind::Punct(b';') => self.begin_statement(),
            Kind::Punct(b',') if self.parens == 0 && self.bodies.last() == Some(&Body::Enum) => {
                self.begin_statement();
            }
            Kind::Punct(b':') if self.ends_label(statement, index) => self.begin_statement(),
            Kind::Punct(b'=') | Kind::Keyword(Keyword::Case) => self.value = true,
            _ => {}
        }
    }

    /// How a line that is too long may be broken in front of the token at `index`, or of a comment there: behind an
    /// argument, in front of an operator.
    fn below(&self, index: usize, column: usize) -> Option<Below> {
        let last = index.checked_sub(1).map(|last| self.kind(last));
        // A `%` would begin a line that is passed through.
        let operator = matches!(
            self.kind(index),
            Kind::Punct(b'+' | b'-' | b'*' | b'/' | b'&' | b'|' | b'^')
        ) || self.shifts(index);
        let may_break = self.parens > 0 && last == Some(Kind::Punct(b','))
            || self.value && operator && !self.is_sign(index);
        let depth = self.parens;
        may_break.then_some(Below { column, depth })
    }

    fn begin_statement(&mut self) {
        self.statement = None;
        self.value = false;
        self.parens = 0;
        self.brackets = 0;
        self.behind_use = false;
        self.lines.end();
    }

    /// No statement begins with `NAME(`: a macro's use, which may have no `;`.
    fn is_macro(&self, statement: usize) -> bool {
        self.kind(statement) == Kind::Ident && self.kind(statement + 1) == Kind::Punct(b'(')
    }

    /// A macro's use without a `;` ends with its line: what stands at `at`, in front of or at the token at `index`, is
    /// below it.
    fn end_use(&mut self, at: u32, index: usize) {
        let goes_on = matches!(self.kind(index), Kind::Punct(b';' | b',') | Kind::End);
        if self.behind_use && !goes_on && self.line_feeds_before(at) > 0 {
            self.begin_statement();
        }
    }

    /// `:` behind a `case` or `default`, and not in `a::b`.
    fn ends_label(&self, statement: usize, index: usize) -> bool {
        let label = matches!(
            self.kind(statement),
            Kind::Keyword(Keyword::Case | Keyword::Default)
        );
        label && !self.qualifies(index)
    }

    /// What the `{` at `open` of a statement holds: the nearest word that says so decides.
    fn body(&self, statement: usize, open: usize) -> Body {
        for index in (statement..open).rev() {
            match self.kind(index) {
                Kind::Keyword(Keyword::Switch) => return Body::Union,
                Kind::Keyword(Keyword::Enum) if open - index <= 2 => return Body::Enum,
                Kind::Ident if index == statement => {
                    let token = self.tokens.tokens[index];
                    if self.bytes(token.lo, token.hi) == b"namespace" {
                        return Body::Namespace;
                    }
                }
                _ => {}
            }
        }
        Body::Other
    }
}

#[cfg(test)]
mod tests;
