//! Macros: definitions, and the expansion of their uses within a budget.
//!
//! Expansion follows the standard algorithm: a token carries the set of macros it came out of and is not expanded by
//! them again, so that recursion ends; arguments are expanded on their own first, except beside `#` and `##`.
//! Every token produced is charged, so that a "billion laughs" definition stops at the budget.

use std::collections::HashMap;
use std::rc::Rc;

use crate::lex::{char_constant, identifier, is_word, number_like, string};
use crate::source::Span;

/// Arguments inside arguments. Deeper is an error, since each level is a call.
const MAX_DEPTH: u32 = 64;

/// The macro whose value is the line of its use.
pub(crate) const LINE: &[u8] = b"__LINE__";

/// Macros inside the text of macros. Deeper is an error, since every look-up walks the chain.
const MAX_CHAIN: u32 = 200;

/// A macro.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Macro {
    /// `None` for `#define NAME body`.
    pub(super) params: Option<Vec<Rc<[u8]>>>,
    /// The last parameter takes all remaining arguments.
    pub(super) variadic: bool,
    pub(super) body: Vec<Piece>,
}

/// A preprocessing token.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) text: Rc<[u8]>,
    /// White space stood in front of it.
    pub(super) spaced: bool,
    hidden: Hidden,
}

impl PartialEq for Piece {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.spaced == other.spaced
    }
}

impl Piece {
    fn is(&self, text: &[u8]) -> bool {
        *self.text == *text
    }

    pub(super) fn is_ident(&self) -> bool {
        self.text
            .first()
            .is_some_and(|b| is_word(*b) && !b.is_ascii_digit())
    }

    fn new(text: &[u8], spaced: bool) -> Self {
        Self {
            text: text.into(),
            spaced,
            hidden: None,
        }
    }
}

/// The macros a token came out of, innermost first.
type Hidden = Option<Rc<Hide>>;

#[derive(Debug)]
struct Hide {
    name: Rc<[u8]>,
    outer: Hidden,
    /// Length of the chain.
    len: u32,
}

fn chain(set: &Hidden) -> u32 {
    set.as_ref().map_or(0, |hide| hide.len)
}

fn hide(name: &Rc<[u8]>, outer: Hidden) -> Hidden {
    let len = chain(&outer) + 1;
    Some(Rc::new(Hide {
        name: Rc::clone(name),
        outer,
        len,
    }))
}

fn hides(mut set: &Hidden, name: &[u8]) -> bool {
    while let Some(hide) = set {
        if *hide.name == *name {
            return true;
        }
        set = &hide.outer;
    }
    false
}

/// Why an expansion failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The budget is used up.
    Budget,
    /// Arguments nest deeper than [`MAX_DEPTH`], or macros than [`MAX_CHAIN`].
    Depth,
    /// A use without its `)`.
    Unclosed(String),
    /// A use with the wrong number of arguments: name, wanted, found.
    Arguments(String, usize, usize),
}

/// All macros that hold at a point of the text.
#[derive(Debug)]
pub(super) struct Macros {
    map: HashMap<Rc<[u8]>, (Macro, Option<Span>)>,
    /// First bytes of macro names: most words of a file need no look-up.
    first: [bool; 256],
    /// Bytes that expansion may still produce.
    pub(super) budget: u64,
    /// The line whose text is expanded, for `__LINE__`.
    pub(super) line: u32,
}

impl Macros {
    pub(super) fn new(budget: u64) -> Self {
        let mut macros = Self {
            map: HashMap::new(),
            first: [false; 256],
            budget,
            line: 0,
        };
        // It becomes a number where it is used.
        let line = Macro {
            params: None,
            variadic: false,
            body: split(LINE),
        };
        macros.define(LINE, line, None);
        macros
    }

    /// Defines a macro; returns where it was defined differently before.
    pub(super) fn define(&mut self, name: &[u8], new: Macro, span: Option<Span>) -> Option<Span> {
        if let Some(byte) = name.first() {
            self.first[usize::from(*byte)] = true;
        }
        let same = self.map.get(name).is_some_and(|(old, _)| *old == new);
        let old = self.map.insert(name.into(), (new, span));
        old.filter(|_| !same).and_then(|(_, span)| span)
    }

    pub(super) fn undefine(&mut self, name: &[u8]) {
        self.map.remove(name);
    }

    pub(super) fn get(&self, name: &[u8]) -> Option<&Macro> {
        if !self.first[usize::from(*name.first()?)] {
            return None;
        }
        self.map.get(name).map(|(found, _)| found)
    }

    /// The macro with arguments that this token calls, if `(` stands behind it.
    pub(super) fn called_by(&self, piece: &Piece) -> Option<&Macro> {
        let may = piece.is_ident() && !hides(&piece.hidden, &piece.text);
        self.get(&piece.text)
            .filter(|found| may && found.params.is_some())
    }

    fn charge(&mut self, piece: &Piece) -> Result<(), Failure> {
        // A token costs more than its text, and its chain is walked.
        let cost = piece.text.len() as u64 + 8 + 4 * u64::from(chain(&piece.hidden));
        self.budget = self.budget.checked_sub(cost).ok_or(Failure::Budget)?;
        Ok(())
    }

    /// Expands everything in `input`.
    pub(super) fn expand(&mut self, input: Vec<Piece>) -> Result<Vec<Piece>, Failure> {
        self.expand_at(input, 0)
    }

    fn expand_at(&mut self, mut input: Vec<Piece>, depth: u32) -> Result<Vec<Piece>, Failure> {
        if depth > MAX_DEPTH {
            return Err(Failure::Depth);
        }
        input.reverse();
        let mut out = Vec::new();
        while let Some(piece) = input.pop() {
            self.charge(&piece)?;
            let found = if piece.is_ident() && !hides(&piece.hidden, &piece.text) {
                self.get(&piece.text)
            } else {
                None
            };
            // A macro with parameters means nothing without its `(`.
            let is_call = input.last().is_some_and(|p| p.is(b"("));
            let found = found.filter(|found| found.params.is_none() || is_call);
            let Some(found) = found.cloned() else {
                out.push(piece);
                continue;
            };
            let args = match &found.params {
                None => Vec::new(),
                Some(params) => arguments(&mut input, &piece, params.len(), found.variadic)?,
            };
            let mut result = self.substitute(&found, &args, depth)?;
            for here in result
                .iter_mut()
                .filter(|here| piece.is(LINE) && here.is(LINE))
            {
                here.text = self.line.to_string().into_bytes().into();
            }
            let hidden = hide(&piece.text, piece.hidden.clone());
            if chain(&hidden) > MAX_CHAIN {
                return Err(Failure::Depth);
            }
            for (index, new) in result.iter_mut().enumerate() {
                new.hidden = merge(&new.hidden, &hidden);
                self.charge(new)?;
                if index == 0 {
                    new.spaced = piece.spaced;
                }
            }
            input.extend(result.into_iter().rev());
        }
        Ok(out)
    }

    /// The body of a macro with its arguments in place.
    fn substitute(
        &mut self,
        found: &Macro,
        args: &[Vec<Piece>],
        depth: u32,
    ) -> Result<Vec<Piece>, Failure> {
        let params = found.params.as_deref().unwrap_or_default();
        let args: HashMap<&Rc<[u8]>, &Vec<Piece>> = params.iter().zip(args).collect();
        let argument = |piece: &Piece| args.get(&piece.text).copied();
        let mut out: Vec<Piece> = Vec::with_capacity(found.body.len());
        // Whether `##` came, and whether what stands to the left of it is an empty argument: then nothing is joined.
        let (mut paste, mut left_is_empty) = (false, false);
        let mut body = found.body.iter().enumerate().peekable();
        while let Some((at, piece)) = body.next() {
            if piece.is(b"##") && at > 0 {
                paste = true;
                continue;
            }
            let next = body.peek().map(|(_, piece)| *piece);
            let mut new = if piece.is(b"#")
                && found.params.is_some()
                && next.is_some_and(|p| argument(p).is_some())
            {
                let arg = body
                    .next()
                    .and_then(|(_, piece)| argument(piece))
                    .map_or_else(Vec::new, |a| join(a));
                let text: Vec<u8> = arg.into_iter().filter(|b| *b != b'"').collect();
                vec![Piece::new(
                    &[b"\"", &text[..], b"\""].concat(),
                    piece.spaced,
                )]
            } else if let Some(arg) = argument(piece) {
                let raw = paste || next.is_some_and(|p| p.is(b"##"));
                let mut new = if raw {
                    arg.clone()
                } else {
                    self.expand_at(arg.clone(), depth + 1)?
                };
                if let Some(first) = new.first_mut() {
                    first.spaced = piece.spaced;
                }
                new
            } else {
                vec![piece.clone()]
            };
            for piece in &new {
                self.charge(piece)?;
            }
            let joined = std::mem::take(&mut paste) && !left_is_empty;
            left_is_empty = new.is_empty() && !joined;
            if joined && let (Some(left), false) = (out.last_mut(), new.is_empty()) {
                let right = new.remove(0);
                left.text = [&*left.text, &*right.text].concat().into();
                self.charge(left)?;
            }
            out.extend(new);
        }
        Ok(out)
    }
}

/// Adds the macros of `outer` to `inner`.
fn merge(inner: &Hidden, outer: &Hidden) -> Hidden {
    match inner {
        None => outer.clone(),
        Some(first) if hides(outer, &first.name) => merge(&first.outer, outer),
        Some(first) => hide(&first.name, merge(&first.outer, outer)),
    }
}

/// Takes `( … )` from the input, which is reversed, and splits it at its outer commas.
fn arguments(
    input: &mut Vec<Piece>,
    name: &Piece,
    wanted: usize,
    variadic: bool,
) -> Result<Vec<Vec<Piece>>, Failure> {
    let shown = || String::from_utf8_lossy(&name.text).into_owned();
    input.pop();
    let mut args = vec![Vec::new()];
    let mut depth = 0;
    loop {
        let Some(piece) = input.pop() else {
            return Err(Failure::Unclosed(shown()));
        };
        if depth == 0 && piece.is(b")") {
            break;
        }
        if piece.is(b"(") {
            depth += 1;
        } else if piece.is(b")") {
            depth -= 1;
        }
        let rest = variadic && args.len() == wanted;
        if depth == 0 && piece.is(b",") && !rest {
            args.push(Vec::new());
        } else if let Some(last) = args.last_mut() {
            last.push(piece);
        }
    }
    if wanted == 0 && args.len() == 1 && args[0].is_empty() {
        args.clear();
    }
    if variadic && args.len() + 1 == wanted {
        args.push(Vec::new());
    }
    if args.len() != wanted {
        return Err(Failure::Arguments(shown(), wanted, args.len()));
    }
    Ok(args)
}

/// Splits text (without comments) into preprocessing tokens.
pub(super) fn split(text: &[u8]) -> Vec<Piece> {
    let mut out = Vec::new();
    let mut spaced = false;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let len = match rest[0] {
            b if b.is_ascii_whitespace() || b == b'\x0b' => {
                spaced = true;
                at += 1;
                continue;
            }
            b'0'..=b'9' => number_like(rest).map_or(1, |(_, t)| t.len()),
            b if is_word(b) => identifier(rest).map_or(1, |(_, t)| t.len()),
            b'"' => string(rest).map_or(1, |(_, t)| t.len()),
            b'\'' => char_constant(rest).map_or(1, |(_, t)| t.len()),
            b'#' if rest.starts_with(b"##") => 2,
            _ => 1,
        };
        out.push(Piece::new(&rest[..len], spaced));
        spaced = false;
        at += len;
    }
    out
}

/// The text of tokens, with a space wherever two of them would become one, or a comment.
pub(super) fn join(pieces: &[Piece]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::new();
    for piece in pieces {
        if !out.is_empty() && piece.spaced || touch(&out, &piece.text) {
            out.push(b' ');
        }
        out.extend_from_slice(&piece.text);
    }
    out
}

/// Whether two texts side by side would make one token of two, or a comment. Bytes that begin no token are taken for
/// part of the word beside them.
pub(super) fn touch(left: &[u8], right: &[u8]) -> bool {
    let of_word = |byte: u8| {
        is_word(byte) || matches!(byte, b'#' | b'$' | b'@' | b'\\' | b'`') || !byte.is_ascii()
    };
    match (left.last(), right.first()) {
        (Some(b'/'), Some(b'/' | b'*')) => true,
        (Some(left), Some(right)) => of_word(*left) && of_word(*right),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(defines: &[(&str, Option<&[&str]>, &str)], text: &str) -> Result<String, Failure> {
        let mut macros = Macros::new(100_000);
        for (name, params, body) in defines {
            let params = params.map(|p| p.iter().map(|p| p.as_bytes().into()).collect());
            let new = Macro {
                params,
                variadic: false,
                body: split(body.as_bytes()),
            };
            macros.define(name.as_bytes(), new, None);
        }
        let out = macros.expand(split(text.as_bytes()))?;
        Ok(String::from_utf8_lossy(&join(&out)).into_owned())
    }

    #[test]
    fn objects_functions_strings_and_pasting() {
        let defines: &[(&str, Option<&[&str]>, &str)] = &[
            ("N", None, "(M + 1)"),
            ("M", None, "8"),
            ("ADD", Some(&["a", "b"]), "(a) + (b)"),
            ("CAT", Some(&["a", "b"]), "a ## b"),
            ("STR", Some(&["a"]), "#a"),
            ("SLASH", None, "/"),
        ];
        for (text, result) in [
            ("x N y", "x (8 + 1) y"),
            ("ADD(M, (1, 2))", "(8) + ((1, 2))"),
            ("ADD(ADD(1,2),3)", "((1) + (2)) + (3)"),
            ("CAT(opaque, _x) CAT(M,M)", "opaque_x MM"),
            ("STR(a  b)", "\"a b\""),
            ("ADD", "ADD"),
            ("SLASH/", "/ /"),
        ] {
            assert_eq!(expand(defines, text).as_deref(), Ok(result), "{text}");
        }
    }

    #[test]
    fn h146_recursion_ends_and_bombs_stop() {
        assert_eq!(
            expand(&[("A", None, "A B"), ("B", None, "A")], "A").as_deref(),
            Ok("A A")
        );
        assert_eq!(
            expand(&[("F", Some(&["x"]), "F(x)")], "F(1)").as_deref(),
            Ok("F(1)")
        );
        let names: Vec<String> = (0..30).map(|i| format!("L{i}")).collect();
        let bodies: Vec<String> = (0..30).map(|i| format!("L{0} L{0} L{0}", i + 1)).collect();
        let bomb: Vec<_> = names
            .iter()
            .zip(&bodies)
            .map(|(n, b)| (n.as_str(), None, b.as_str()))
            .collect();
        assert_eq!(expand(&bomb, "L0"), Err(Failure::Budget));
        let twice: &[(&str, Option<&[&str]>, &str)] = &[("T", Some(&["x"]), "x x")];
        let nested = format!("{}1{}", "T(".repeat(40), ")".repeat(40));
        assert_eq!(expand(twice, &nested), Err(Failure::Budget));
        let deep = format!("{}1{}", "I(".repeat(100), ")".repeat(100));
        assert_eq!(
            expand(&[("I", Some(&["x"]), "x")], &deep),
            Err(Failure::Depth)
        );
        assert_eq!(expand(twice, "T(1"), Err(Failure::Unclosed("T".into())));
        assert_eq!(
            expand(twice, "T(1,2)"),
            Err(Failure::Arguments("T".into(), 1, 2))
        );
    }
}
