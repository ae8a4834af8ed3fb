//! A token stream → one flat list of tokens that knows, for any range of it, how wide it is on one line.
//!
//! Groups are pairs of indices, and both the width of a range and the question whether it may stand on one line at all
//! are differences of two sums over everything in front.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use std::ops::Range;

/// Widest arguments of a call, and elements of an array, on one line (rustfmt's `fn_call_width`, `array_width`).
pub(super) const CALL: usize = 60;
/// Widest members of a struct literal on one line (rustfmt's `struct_lit_width`).
const LITERAL: usize = 18;

/// What a token is to its neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name, a lifetime, a literal.
    Word,
    /// A keyword that no expression ends with.
    Keyword,
    Punct,
    /// The `|` in front of a closure's parameters, or behind them.
    Pipe,
    Open(Delimiter),
    Close(Delimiter),
}

#[derive(Debug)]
struct Token {
    kind: Kind,
    /// Its text, as a range of [`Tokens::text`].
    from: usize,
    to: usize,
    /// On one line, a blank stands in front of it.
    blank: bool,
    /// The other end of a group.
    pair: usize,
    /// Where it begins, all tokens being on one line.
    column: usize,
    /// How many groups that take several lines begin in front of it.
    breaks: usize,
}

/// A flat list of tokens.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    text: String,
    list: Vec<Token>,
    /// The next token takes no blank in front of it.
    glued: bool,
    /// The last token ends an operand: a `-` behind it is a difference, not a sign.
    operand: bool,
}

impl Tokens {
    pub(super) fn new(stream: TokenStream) -> Self {
        let mut tokens = Self {
            glued: true,
            ..Self::default()
        };
        tokens.add_all(stream);
        tokens.add(Kind::Word, "");
        tokens.measure();
        tokens
    }

    /// All tokens.
    pub(super) fn all(&self) -> Range<usize> {
        0..self.list.len() - 1
    }

    pub(super) fn kind(&self, at: usize) -> Kind {
        self.list[at].kind
    }

    pub(super) fn text(&self, at: usize) -> &str {
        let token = &self.list[at];
        &self.text[token.from..token.to]
    }

    pub(super) fn blank(&self, at: usize) -> bool {
        self.list[at].blank
    }

    pub(super) fn opens(&self, at: usize, delimiter: Delimiter) -> bool {
        self.list[at].kind == Kind::Open(delimiter)
    }

    /// What a group holds, by its opening token.
    pub(super) fn inside(&self, open: usize) -> Range<usize> {
        open + 1..self.list[open].pair
    }

    /// The other end of a group.
    pub(super) fn other_end(&self, at: usize) -> usize {
        self.list[at].pair
    }

    /// The token behind this one, or behind the group that it opens.
    pub(super) fn behind(&self, at: usize) -> usize {
        match self.list[at].kind {
            Kind::Open(_) => self.list[at].pair + 1,
            _ => at + 1,
        }
    }

    /// The tokens of a range, groups counted as one token.
    pub(super) fn each(&self, range: Range<usize>) -> impl Iterator<Item = usize> {
        let first = Some(range.start).filter(|_| !range.is_empty());
        std::iter::successors(first, move |at| {
            Some(self.behind(*at)).filter(|next| *next < range.end)
        })
    }

    /// Width of a range on one line.
    pub(super) fn width(&self, range: &Range<usize>) -> usize {
        if range.is_empty() {
            return 0;
        }
        let last = &self.list[range.end - 1];
        last.column + (last.to - last.from) - self.list[range.start].column
    }

    /// Something in a range takes several lines.
    pub(super) fn breaks(&self, range: &Range<usize>) -> bool {
        self.list[range.end].breaks > self.list[range.start].breaks
    }

    /// The parts between the commas of a range.
    pub(super) fn split(&self, range: &Range<usize>) -> Vec<Range<usize>> {
        let (mut parts, mut from, mut angles, mut pipes) = (Vec::new(), range.start, 0, 0);
        for at in self.each(range.clone()) {
            match self.text(at) {
                "<" => angles += 1,
                ">" => angles -= 1,
                "|" => pipes += usize::from(self.kind(at) == Kind::Pipe),
                "," if angles == 0 && pipes % 2 == 0 => {
                    parts.push(from..at);
                    from = at + 1;
                }
                _ => {}
            }
        }
        if from < range.end {
            parts.push(from..range.end);
        }
        parts
    }
}

const KEYWORDS: &[&str] = &[
    "as", "async", "break", "const", "dyn", "else", "enum", "fn", "for", "if", "impl", "in", "let",
    "loop", "match", "mod", "move", "mut", "pub", "ref", "return", "static", "struct", "trait",
    "type", "use", "where", "while",
];

/// Operators of several characters. `>>` is not among them: it closes two lists of types.
const OPERATORS: &[&str] = &[
    "::", "->", "=>", "==", "!=", "+=", "&&", "||", "..", "..=", "<=", ">=",
];

impl Tokens {
    fn add_all(&mut self, stream: TokenStream) {
        let mut in_closure = false;
        let mut trees = stream.into_iter().peekable();
        while let Some(tree) = trees.next() {
            match tree {
                TokenTree::Group(group) => match group.delimiter() {
                    Delimiter::None => self.add_all(group.stream()),
                    delimiter => self.add_group(delimiter, group.stream()),
                },
                TokenTree::Ident(ident) => {
                    let text = ident.to_string();
                    let keyword = KEYWORDS.binary_search(&text.as_str()).is_ok();
                    self.add(if keyword { Kind::Keyword } else { Kind::Word }, &text);
                }
                TokenTree::Literal(literal) => self.add(Kind::Word, &literal.to_string()),
                TokenTree::Punct(punct) => {
                    let mut text = String::from(punct.as_char());
                    let mut spacing = punct.spacing();
                    while spacing == Spacing::Joint {
                        let Some(TokenTree::Punct(next)) = trees.peek() else {
                            break;
                        };
                        text.push(next.as_char());
                        if !OPERATORS.contains(&text.as_str()) {
                            text.pop();
                            break;
                        }
                        spacing = next.spacing();
                        trees.next();
                    }
                    match text.as_str() {
                        "'" => {
                            if let Some(TokenTree::Ident(name)) = trees.next() {
                                self.add(Kind::Word, &format!("'{name}"));
                            }
                        }
                        "|" if in_closure || !self.operand => {
                            in_closure = !in_closure;
                            // Behind the parameters comes a blank, in front of them none.
                            self.glued |= !in_closure;
                            self.add(Kind::Pipe, "|");
                            self.glued = in_closure;
                        }
                        // A closure without parameters.
                        "||" if !self.operand => {
                            self.add(Kind::Pipe, "|");
                            self.glued = true;
                            self.add(Kind::Pipe, "|");
                            self.glued = false;
                        }
                        text => self.add(Kind::Punct, text),
                    }
                }
            }
        }
    }

    fn add_group(&mut self, delimiter: Delimiter, stream: TokenStream) {
        let (open, close) = match delimiter {
            Delimiter::Parenthesis => ("(", ")"),
            Delimiter::Bracket => ("[", "]"),
            _ => ("{", "}"),
        };
        let from = self.list.len();
        self.add(Kind::Open(delimiter), open);
        self.glued |= stream.is_empty();
        self.add_all(stream);
        // Lists get their last comma back where they stand one entry a line.
        if delimiter != Delimiter::Parenthesis && self.last_text() == "," {
            self.list.pop();
        }
        let to = self.list.len();
        self.add(Kind::Close(delimiter), close);
        self.list[from].pair = to;
        self.list[to].pair = from;
    }

    fn add(&mut self, kind: Kind, text: &str) {
        let joins = match text {
            "," | ";" | "." | ".." | "..=" | "?" | ":" | ">" | ")" | "]" => true,
            "::" | "!" | "(" => self.operand,
            // `impl<T>`, but `match <i32 as …>`.
            "<" => self.operand || self.last_text() == "impl",
            _ => false,
        };
        let blank = !self.glued && !joins;
        self.glued = match text {
            "&" | "!" | "#" | "<" | "::" | "." | ".." | "..=" | "(" | "[" => true,
            "*" | "-" => !self.operand,
            _ => false,
        };
        self.operand = match kind {
            Kind::Word | Kind::Close(_) => true,
            Kind::Punct => matches!(text, "?" | ">"),
            Kind::Keyword | Kind::Pipe | Kind::Open(_) => false,
        };
        let from = self.text.len();
        self.text += text;
        let to = self.text.len();
        let (pair, column, breaks) = (0, 0, 0);
        self.list.push(Token {
            kind,
            from,
            to,
            blank,
            pair,
            column,
            breaks,
        });
    }

    fn last_text(&self) -> &str {
        self.list
            .last()
            .map_or("", |token| &self.text[token.from..token.to])
    }

    /// Fills in columns, then what breaks: that is a matter of widths.
    fn measure(&mut self) {
        let mut column = 0;
        for token in &mut self.list {
            column += usize::from(token.blank);
            token.column = column;
            column += token.to - token.from;
        }
        let mut breaks = 0;
        for at in 0..self.list.len() {
            self.list[at].breaks = breaks;
            breaks += usize::from(self.must_break(at));
        }
    }

    fn must_break(&self, at: usize) -> bool {
        let Kind::Open(delimiter) = self.list[at].kind else {
            return false;
        };
        let inside = self.inside(at);
        let width = self.width(&inside);
        if delimiter != Delimiter::Brace {
            return width > CALL;
        }
        let one_line = match at.checked_sub(1).map(|before| self.kind(before)) {
            // A struct literal.
            Some(Kind::Word) => {
                width <= LITERAL && !inside.clone().any(|i| matches!(self.text(i), ";" | "=>"))
            }
            // A branch that is a number.
            _ => inside.len() == 1 && self.kind(at + 1) == Kind::Word,
        };
        !(inside.is_empty() || one_line)
    }
}
