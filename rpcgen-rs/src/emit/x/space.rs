//! Where a space stands between two tokens of one line.

use super::Formatter;
use crate::lex::{Keyword, Kind};

impl Formatter<'_> {
    /// A space in front of the token at `index`, if it does not begin its line.
    pub(super) fn space_before(&self, index: usize) -> bool {
        let Some(last) = index.checked_sub(1) else {
            return false;
        };
        let (left, right) = (self.kind(last), self.kind(index));
        // Apart, they are no operator, and must not become one.
        if !self.touch(last) && is_operator(left, right) {
            return true;
        }
        if self.qualifies(index) || self.qualifies(last) {
            return false;
        }
        // The halves of `<<` and `>>`.
        if self.shifts(index)
            && self.shifts(last)
            && left == right
            && self.touch(last)
            && self.second_half(index)
        {
            return false;
        }
        match (left, right) {
            (_, Kind::Punct(b'<' | b'>')) if self.shifts(index) => true,
            (Kind::Punct(b'<' | b'>'), _) if self.shifts(last) => true,
            (_, Kind::Punct(b';' | b',' | b')' | b']' | b'>' | b':' | b'[' | b'<')) => false,
            (Kind::Punct(b'(' | b'[' | b'<'), _) => false,
            (Kind::Ident, Kind::Punct(b'(')) => false,
            (Kind::Keyword(Keyword::Switch | Keyword::Case), Kind::Punct(b'(')) => true,
            // A procedure may have a keyword for a name.
            (Kind::Keyword(_), Kind::Punct(b'(')) => false,
            (Kind::Punct(b'*'), _) => self.multiplies(),
            (Kind::Punct(b'~' | b'!'), _) => false,
            (Kind::Punct(b'-' | b'+'), _) => !self.is_sign(last),
            _ => true,
        }
    }

    /// In a value: `*` multiplies and `-` subtracts.
    fn multiplies(&self) -> bool {
        self.value || self.brackets > 0
    }

    /// The `-` or `+` at `index` has no left operand.
    pub(super) fn is_sign(&self, index: usize) -> bool {
        let left = index
            .checked_sub(1)
            .map_or(Kind::End, |last| self.kind(last));
        !matches!(
            left,
            Kind::Ident | Kind::Number | Kind::Char | Kind::Punct(b')')
        )
    }

    /// No gap between the token and the next one.
    fn touch(&self, index: usize) -> bool {
        let tokens = &self.tokens.tokens;
        tokens
            .get(index)
            .zip(tokens.get(index + 1))
            .is_some_and(|(a, b)| a.hi == b.lo)
    }

    /// The token is one of the colons of `a::b`.
    pub(super) fn qualifies(&self, index: usize) -> bool {
        let colon = |i: usize| self.kind(i) == Kind::Punct(b':');
        let pair = |i: usize| {
            colon(i)
                && colon(i + 1)
                && self.kind(i + 2) == Kind::Ident
                && i > 0
                && self.kind(i - 1) == Kind::Ident
        };
        pair(index) || index > 0 && pair(index - 1)
    }

    /// The token is half of `<<` or `>>`, as the parser sees it.
    pub(super) fn shifts(&self, index: usize) -> bool {
        let at = |i: usize, c: u8| self.kind(i) == Kind::Punct(c);
        let operand = |i: usize| {
            matches!(
                self.kind(i),
                Kind::Number | Kind::Ident | Kind::Char | Kind::Punct(b'(' | b'-' | b'~')
            )
        };
        let both = |i: usize, c: u8| at(i, c) && at(i + 1, c) && self.touch(i);
        let pair = |i: usize, c: u8| both(i, c) && operand(i + 2) && !self.second_half(i);
        [b'<', b'>']
            .iter()
            .any(|c| pair(index, *c) || index > 0 && pair(index - 1, *c))
    }

    /// Pairs count from the left: `<<<` and `<<<<` are no operators, but must not become one either.
    fn second_half(&self, index: usize) -> bool {
        let run = (0..index)
            .rev()
            .take_while(|i| self.kind(*i) == self.kind(index) && self.touch(*i))
            .count();
        run % 2 == 1
    }
}

/// Two signs that mean something else when nothing is between them.
fn is_operator(left: Kind, right: Kind) -> bool {
    match (left, right) {
        (Kind::Punct(left), Kind::Punct(right)) => {
            matches!(
                &[left, right],
                b"<<" | b">>" | b"::" | b"<=" | b">=" | b"==" | b"!="
            )
        }
        _ => false,
    }
}
