//! Layout of attributes, and of documentation as comments.

use super::Layout;
use proc_macro2::Delimiter;
use std::ops::Range;

/// Widest arguments of an attribute on one line (rustfmt's `attr_fn_like_width`).
const ATTRIBUTE: usize = 70;

impl Layout<'_> {
    /// Attributes, one a line, documentation as comments; returns where they end.
    pub(super) fn attributes(&mut self, item: &Range<usize>) -> usize {
        let mut at = item.start;
        while at < item.end && self.tokens.text(at) == "#" {
            let inside = self.tokens.inside(at + 1);
            self.newline();
            if self.tokens.text(inside.start) == "doc" && self.tokens.text(inside.start + 1) == "="
            {
                for (i, line) in unescape(self.tokens.text(inside.start + 2))
                    .split('\n')
                    .enumerate()
                {
                    if i > 0 {
                        self.newline();
                    }
                    self.push("///");
                    self.push(line);
                }
            } else {
                self.attribute(at..inside.end + 1, &inside);
            }
            at = inside.end + 1;
        }
        at
    }

    fn attribute(&mut self, attribute: Range<usize>, inside: &Range<usize>) {
        let list = self.tokens.each(inside.clone()).last();
        let list = list.filter(|at| self.tokens.opens(*at, Delimiter::Parenthesis));
        match list {
            Some(open)
                if self.tokens.width(&attribute) > self.room()
                    || self.tokens.width(&self.tokens.inside(open)) > ATTRIBUTE =>
            {
                self.flat(attribute.start..open);
                let fill = self.tokens.text(inside.start) == "derive";
                self.push("(");
                let parts = self.tokens.split(&self.tokens.inside(open));
                self.indented(|p| p.parts(&parts, fill));
                self.newline();
                self.push(")]");
            }
            _ => self.flat(attribute),
        }
    }
}

/// The text of a string literal as [`proc_macro2`] writes it.
fn unescape(literal: &str) -> String {
    let inner = |from: usize| literal.get(from..literal.len() - 1).unwrap_or_default();
    if literal.starts_with('r') {
        return inner(2).to_owned();
    }
    let inner = inner(1);
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => text.push('\n'),
            Some('r') => text.push(' '),
            Some('t') => text.push('\t'),
            Some('0') => text.push('\u{fffd}'),
            Some('u') => {
                let code: String = chars.by_ref().take_while(|c| *c != '}').collect();
                let code = u32::from_str_radix(code.trim_start_matches('{'), 16).ok();
                text.push(code.and_then(char::from_u32).unwrap_or('\u{fffd}'));
            }
            Some(other) => text.push(other),
            None => {}
        }
    }
    text
}
