//! Text → tokens, with comments and `%` lines kept beside.
//!
//! Works on bytes: only comments may hold anything but ASCII, and in any encoding. A [`Token`] is a kind and a range
//! of the text; the numbers in it are read by [`number`] when the parser wants one. Every byte that is no token is
//! reported once and skipped, so that lexing always reaches the end. Source: RFC 4506 §6.2 and what `rpcgen` and real
//! files add to it.

mod number;
mod word;

use nom::branch::alt;
use nom::bytes::complete::{tag, take, take_till, take_until, take_while};
use nom::combinator::{eof, recognize};
use nom::{IResult, Parser};

use crate::diag::{Diagnostic, Diagnostics, is_bidi_control};
use crate::source::{Span, SpanMap};

pub use number::{NumberError, number};
pub use word::Keyword;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `[A-Za-z_][A-Za-z0-9_]*` that is no keyword.
    Ident,
    /// A word with a meaning in C's rpcgen.
    Keyword(Keyword),
    /// A digit and every letter, digit and `_` behind it; may still be wrong.
    Number,
    /// `"text"`, no escapes.
    Str,
    /// `'c'`
    Char,
    /// One of `{}()[]<>;:,=*` and the operators `+-/%&|^~!?`.
    Punct(u8),
    /// The end of the text.
    End,
}

/// A token: its kind and its bytes `lo..hi` of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its kind.
    pub kind: Kind,
    /// First byte.
    pub lo: u32,
    /// One past the last byte.
    pub hi: u32,
}

/// Text between tokens that somebody may want: a comment, a `%` line, a directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trivia {
    /// Its kind.
    pub kind: TriviaKind,
    /// First byte, the mark included.
    pub lo: u32,
    /// One past the last byte; the line end of a line does not belong to it.
    pub hi: u32,
    /// Index of the token behind it.
    pub before: u32,
}

/// Kinds of [`Trivia`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TriviaKind {
    /// `/* … */`
    Block,
    /// `// …`
    Line,
    /// `%…`, with the lines that a trailing `\` continues it on.
    Passthrough,
    /// `#…`, only when the text was not preprocessed.
    Directive,
}

/// What `lex` makes of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// All tokens; the last one, and only it, is [`Kind::End`].
    pub tokens: Vec<Token>,
    /// Comments and lines in order.
    pub trivia: Vec<Trivia>,
    /// Tokens in front of which bytes were refused and skipped, by index, in order.
    pub refused: Vec<u32>,
}

/// Splits preprocessed text.
pub fn lex(text: &[u8], map: &SpanMap, diags: &mut Diagnostics) -> Tokens {
    Lexer::new(text, map, diags, false).run()
}

/// Splits text as it stands in a file: directives are kept as trivia. For tools that rewrite text.
pub fn lex_raw(text: &[u8], map: &SpanMap, diags: &mut Diagnostics) -> Tokens {
    Lexer::new(text, map, diags, true).run()
}

struct Lexer<'a> {
    text: &'a [u8],
    map: &'a SpanMap,
    diags: &'a mut Diagnostics,
    directives: bool,
    out: Tokens,
    at: usize,
    /// Nothing but blanks and comments so far on this line: a `%` or `#` is special here.
    line_start: bool,
    /// A lone carriage return was reported; a file of old Macs has one on every line.
    lone_return: bool,
}

impl<'a> Lexer<'a> {
    fn new(text: &'a [u8], map: &'a SpanMap, diags: &'a mut Diagnostics, directives: bool) -> Self {
        // Real files have a token for every five bytes or so.
        let out = Tokens {
            tokens: Vec::with_capacity(text.len() / 5 + 1),
            trivia: Vec::new(),
            refused: Vec::new(),
        };
        Self {
            text,
            map,
            diags,
            directives,
            out,
            at: 0,
            line_start: true,
            lone_return: false,
        }
    }

    fn run(mut self) -> Tokens {
        while let Some(&first) = self.text.get(self.at) {
            self.step(first);
        }
        let end = self.text.len() as u32;
        self.out.tokens.push(Token {
            kind: Kind::End,
            lo: end,
            hi: end,
        });
        self.out
    }

    /// Takes one token, trivia, blank or wrong byte. Always advances.
    fn step(&mut self, first: u8) {
        let rest = &self.text[self.at..];
        match first {
            b'\n' => {
                self.at += 1;
                self.line_start = true;
            }
            b' ' | b'\t' | b'\x0b' | b'\x0c' => self.at += 1,
            b'\r' => self.carriage_return(),
            b'\\' if matches!(rest, [_, b'\n', ..] | [_, b'\r', b'\n', ..]) => self.at += 1,
            b'/' if rest.starts_with(b"/*") => self.block_comment(rest),
            b'/' if rest.starts_with(b"//") => self.trivia(TriviaKind::Line, line_comment(rest)),
            b'%' if self.line_start => self.trivia(TriviaKind::Passthrough, raw_line(rest)),
            b'#' if self.line_start && self.directives => {
                let len = directive_len(rest);
                let len = len + dead_len(&rest[..len], &rest[len..]);
                self.trivia(TriviaKind::Directive, take(len).parse(rest));
            }
            b'A'..=b'Z' | b'a'..=b'z' | b'_' => {
                if let Ok((_, word)) = identifier(rest) {
                    self.token(
                        Keyword::of(word).map_or(Kind::Ident, Kind::Keyword),
                        word.len(),
                    );
                }
            }
            b'0'..=b'9' => {
                if let Ok((_, digits)) = number_like(rest) {
                    self.token(Kind::Number, digits.len());
                }
            }
            b'"' => self.quoted(
                Kind::Str,
                string(rest),
                "E0004",
                "string is not closed on its line",
            ),
            b'\'' => {
                self.quoted(
                    Kind::Char,
                    char_constant(rest),
                    "E0005",
                    "a character constant is one byte between quotes",
                );
            }
            b'{' | b'}' | b'(' | b')' | b'[' | b']' | b'<' | b'>' | b';' | b':' | b',' | b'='
            | b'*' | b'+' | b'-' | b'/' | b'%' | b'&' | b'|' | b'^' | b'~' | b'!' | b'?' => {
                self.token(Kind::Punct(first), 1);
            }
            _ => self.illegal(rest),
        }
    }

    fn token(&mut self, kind: Kind, len: usize) {
        let lo = self.at as u32;
        self.at += len;
        self.line_start = false;
        self.out.tokens.push(Token {
            kind,
            lo,
            hi: self.at as u32,
        });
    }

    /// Records trivia; `parsed` is what one of the parsers below made of the rest of the text.
    fn trivia(&mut self, kind: TriviaKind, parsed: IResult<&'a [u8], &'a [u8]>) {
        // The parsers of trivia accept anything that begins with the mark the caller saw.
        let text = parsed.map_or(&self.text[self.at..], |(_, text)| text);
        let mut len = text.len();
        while len > 1 && matches!(text[len - 1], b'\r' | b' ' | b'\t') {
            len -= 1;
        }
        // A blank behind a backslash keeps the line end from belonging to it.
        if matches!(kind, TriviaKind::Passthrough | TriviaKind::Directive)
            && text[..len].ends_with(b"\\")
            && let Some(blank) = text[len..].iter().position(|b| *b != b'\r')
        {
            len += blank + 1;
        }
        let (lo, hi) = (self.at as u32, (self.at + len) as u32);
        self.at += text.len().max(1);
        if matches!(kind, TriviaKind::Line | TriviaKind::Block) {
            self.refuse_bidi(lo, hi);
        }
        self.out.trivia.push(Trivia {
            kind,
            lo,
            hi,
            before: self.out.tokens.len() as u32,
        });
    }

    fn block_comment(&mut self, rest: &'a [u8]) {
        if block_comment(rest).is_err() {
            let opening = self.span(self.at, self.at + 2);
            self.diags
                .push(Diagnostic::error("E0003", opening, UNCLOSED_COMMENT));
        }
        self.trivia(TriviaKind::Block, block_comment(rest));
    }

    fn quoted(
        &mut self,
        kind: Kind,
        parsed: IResult<&'a [u8], &'a [u8]>,
        code: &'static str,
        message: &str,
    ) {
        match parsed {
            Ok((_, text)) => {
                self.refuse_bidi(self.at as u32, (self.at + text.len()) as u32);
                self.token(kind, text.len());
            }
            Err(_) => {
                let opening = self.span(self.at, self.at + 1);
                self.diags.push(Diagnostic::error(code, opening, message));
                // It ends where its quote comes again, as in `'ab'`; else the rest of the line belongs to it.
                let rest = &self.text[self.at..];
                let ends = |b: &u8| *b == rest[0] || *b == b'\n';
                let end = rest.iter().skip(1).position(ends).map(|n| n + 1);
                let line = &rest[..end.unwrap_or(rest.len())];
                let is_closed = end.is_some_and(|end| rest[end] == rest[0]);
                let statement = line.iter().position(|b| *b == b';');
                self.token(
                    kind,
                    match statement {
                        _ if is_closed => line.len() + 1,
                        Some(end) => end,
                        None => line.len(),
                    },
                );
            }
        }
    }

    fn carriage_return(&mut self) {
        let followed = self.text.get(self.at + 1);
        if !matches!(followed, None | Some(b'\n')) && !self.lone_return {
            self.lone_return = true;
            let at = self.span(self.at, self.at + 1);
            self.diags.push(
                Diagnostic::error(
                    "E0002",
                    at,
                    format!("a lone carriage return at offset {}", at.lo),
                )
                .help("lines end with LF or CR LF"),
            );
        }
        self.at += 1;
    }

    /// Reports a run of bytes that begin no token as one mistake, and the word or the string that it is part of goes on
    /// behind it.
    fn illegal(&mut self, rest: &[u8]) {
        let string = typographic_string(rest);
        let len = string.unwrap_or_else(|| illegal_len(rest));
        let span = self.span(self.at, self.at + len);
        let shown = rest[..illegal_len(rest).min(8)].escape_ascii();
        let message = format!("illegal character in file: `{shown}` (offset {})", span.lo);
        let mut error = Diagnostic::error("E0001", span, message);
        if string.is_some() {
            error = error.help("a string stands between two `\"`: these quotes are others");
        } else if rest[0] == b'#' {
            error = error.help("a directive begins its line");
        } else if !rest[0].is_ascii() {
            error = error.help("letters outside ASCII are for comments only");
        }
        self.diags.push(error);
        if string.is_some() {
            return self.token(Kind::Str, len);
        }
        self.at += len;
        self.line_start = false;
        let count = self.out.tokens.len() as u32;
        match self.out.tokens.last_mut() {
            Some(last)
                if last.hi as usize + len == self.at
                    && is_word_token(last.kind)
                    && self.text.get(self.at).is_some_and(|byte| is_word(*byte)) =>
            {
                let goes_on = |b: &&u8| is_word(**b) || !b.is_ascii() || matches!(b, b'$' | b'@');
                self.at += self.text[self.at..].iter().take_while(goes_on).count();
                *last = Token {
                    kind: Kind::Ident,
                    hi: self.at as u32,
                    ..*last
                };
            }
            _ => self.out.refused.push(count),
        }
    }

    /// Bidirectional controls make a text look different from what it says.
    fn refuse_bidi(&mut self, lo: u32, hi: u32) {
        let text = &self.text[lo as usize..hi as usize];
        if text.is_ascii() {
            return;
        }
        let Ok(text) = std::str::from_utf8(text) else {
            return;
        };
        if let Some((at, c)) = text.char_indices().find(|(_, c)| is_bidi_control(*c)) {
            let at = lo as usize + at;
            let span = self.span(at, at + c.len_utf8());
            let message = format!(
                "bidirectional control character {} in a comment or string",
                c.escape_unicode()
            );
            self.diags.push(
                Diagnostic::error("E0006", span, message)
                    .help("remove it: it makes text look different from what it says"),
            );
        }
    }

    fn span(&self, lo: usize, hi: usize) -> Span {
        self.map.span(lo as u32, hi.min(self.text.len()) as u32)
    }
}

/// Message for a comment that does not end; the preprocessor finds it, too.
pub(crate) const UNCLOSED_COMMENT: &str = "comment is not closed";

pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_word_token(kind: Kind) -> bool {
    matches!(kind, Kind::Ident | Kind::Keyword(_) | Kind::Number)
}

/// Bytes at the start that begin no token; one at least.
fn illegal_len(rest: &[u8]) -> usize {
    let is_illegal = |b: &&u8| !b.is_ascii() || !(b.is_ascii_graphic() || b.is_ascii_whitespace());
    rest.iter().take_while(is_illegal).count().max(1)
}

/// Length of `“text”` on one line: the quotes of a word processor.
fn typographic_string(rest: &[u8]) -> Option<usize> {
    let quote = |at: &[u8]| matches!(at, [0xe2, 0x80, 0x9c | 0x9d | 0x98 | 0x99, ..]);
    if !quote(rest) {
        return None;
    }
    let mut on_line = (3..rest.len()).take_while(|at| rest[*at] != b'\n');
    let close = on_line.find(|at| quote(&rest[*at..]))?;
    Some(close + 3)
}

/// `letter (letter | digit | '_')*`; a leading `_` as C has it.
pub(crate) fn identifier(input: &[u8]) -> IResult<&[u8], &[u8]> {
    take_while(is_word).parse(input)
}

/// A digit and everything glued to it: `10U`, `0x1f`, `08`, `1_000`, `1.5`.
pub(crate) fn number_like(input: &[u8]) -> IResult<&[u8], &[u8]> {
    take_while(|b| is_word(b) || b == b'.').parse(input)
}

/// `/* … */`, not nesting.
pub(crate) fn block_comment(input: &[u8]) -> IResult<&[u8], &[u8]> {
    recognize((tag("/*"), take_until("*/"), tag("*/"))).parse(input)
}

/// `// …` up to the line end.
pub(crate) fn line_comment(input: &[u8]) -> IResult<&[u8], &[u8]> {
    recognize((tag("//"), take_till(|b| b == b'\n'))).parse(input)
}

/// `"…"` on one line; there are no escapes.
pub(crate) fn string(input: &[u8]) -> IResult<&[u8], &[u8]> {
    recognize((tag("\""), take_till(|b| b == b'"' || b == b'\n'), tag("\""))).parse(input)
}

/// `'c'`: exactly one byte, no escapes.
pub(crate) fn char_constant(input: &[u8]) -> IResult<&[u8], &[u8]> {
    recognize((tag("'"), take(1usize), tag("'"))).parse(input)
}

/// A line, and the next one as long as a `\` ends the line.
pub(crate) fn raw_line(input: &[u8]) -> IResult<&[u8], &[u8]> {
    let mut at = 0;
    loop {
        let (rest, line) = take_till(|b| b == b'\n').parse(&input[at..])?;
        at += line.len();
        let continued = line.strip_suffix(b"\r").unwrap_or(line).ends_with(b"\\");
        if !continued || alt((eof, tag("\n"))).parse(rest)?.1.is_empty() {
            return take(at).parse(input);
        }
        at += 1;
    }
}

/// Length of what `#if 0` leaves out, up to the line of its `#endif`, `#else` or `#elif`: it need not consist of tokens.
fn dead_len(directive: &[u8], behind: &[u8]) -> usize {
    if split_word(directive[1..].trim_ascii()) != (b"if", b"0") {
        return 0;
    }
    let (mut at, mut depth, mut line_start, mut line) = (0, 0_usize, false, 0);
    while at < behind.len() {
        let rest = &behind[at..];
        at += match rest[0] {
            b'\n' => {
                (line_start, line) = (true, at);
                1
            }
            b' ' | b'\t' | b'\r' | b'\x0b' | b'\x0c' => 1,
            b'#' if line_start => {
                let len = directive_len(rest);
                match split_word(rest[1..len].trim_ascii()).0 {
                    b"if" | b"ifdef" | b"ifndef" => depth += 1,
                    b"endif" | b"else" | b"elif" | b"elifdef" | b"elifndef" if depth == 0 => {
                        return behind[..line].trim_ascii_end().len();
                    }
                    b"endif" => depth -= 1,
                    _ => {}
                }
                len
            }
            b'%' if line_start => raw_line(rest).map_or(1, |(_, text)| text.len()),
            b'/' if rest.starts_with(b"/*") => {
                block_comment(rest).map_or(rest.len(), |(_, text)| text.len())
            }
            other => {
                line_start = false;
                match other {
                    b'/' if rest.starts_with(b"//") => {
                        line_comment(rest).map_or(2, |(_, text)| text.len())
                    }
                    b'"' => string(rest).map_or(1, |(_, text)| text.len()),
                    b'\'' => char_constant(rest).map_or(1, |(_, text)| text.len()),
                    _ => 1,
                }
            }
        };
    }
    behind.trim_ascii_end().len()
}

/// The word at the start and what follows, trimmed.
pub(crate) fn split_word(text: &[u8]) -> (&[u8], &[u8]) {
    let len = text.iter().position(|b| !is_word(*b)).unwrap_or(text.len());
    (&text[..len], text[len..].trim_ascii())
}

/// Length of a directive: to the end of its line, lines continued by `\` and comments over several lines included.
/// A comment that does not end takes only its line.
pub(crate) fn directive_len(input: &[u8]) -> usize {
    let mut at = 0;
    while at < input.len() {
        let rest = &input[at..];
        at += match rest[0] {
            b'\n' => return at,
            b'\\' if rest.starts_with(b"\\\n") => 2,
            b'\\' if rest.starts_with(b"\\\r\n") => 3,
            b'/' if rest.starts_with(b"/*") => {
                block_comment(rest).map_or(2, |(_, text)| text.len())
            }
            b'/' if rest.starts_with(b"//") => {
                return at + rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
            }
            b'"' => string(rest).map_or(1, |(_, text)| text.len()),
            b'\'' => char_constant(rest).map_or(1, |(_, text)| text.len()),
            _ => 1,
        };
    }
    at
}

#[cfg(test)]
mod tests;
