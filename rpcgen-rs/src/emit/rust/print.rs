//! Tokens → text, laid out as rustfmt would.
//!
//! The layout knows the few forms that the printer of items writes and asks each range of tokens how wide it is: no
//! second parse, one pass over the tokens. A test has rustfmt confirm every golden output; what it does not know how to
//! break stays on a line that is too long, never wrong.

mod attributes;
mod expr;
mod tokens;

use proc_macro2::{Delimiter, TokenStream};
use std::ops::Range;
use tokens::{Kind, Tokens};

/// Widest line.
const LINE: usize = 100;
const INDENT: usize = 4;

/// Prints whole items, a few at a time: their tokens take many times the memory of the text.
pub(super) struct Printer {
    out: String,
    indent: usize,
    /// What the last item of this module was.
    before: Option<Sort>,
}

/// Of which items several may stand together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Use,
    Const,
    Other,
}

impl Printer {
    /// Begins with this text, of whole lines.
    pub(super) fn new(header: String) -> Self {
        Self {
            out: header,
            indent: 0,
            before: None,
        }
    }

    /// Prints items behind those already there.
    pub(super) fn items(&mut self, items: TokenStream) {
        let tokens = Tokens::new(items);
        let mut layout = Layout {
            tokens: &tokens,
            out: std::mem::take(&mut self.out),
            line: 0,
            indent: self.indent,
        };
        self.before = layout.items_behind(self.before, tokens.all());
        self.out = layout.out;
    }

    /// Prints a module without its items, which come next, up to [`close`](Self::close).
    pub(super) fn open(&mut self, module: TokenStream) {
        self.items(module);
        if self.out.ends_with("{}") {
            self.out.pop();
        }
        self.indent += INDENT;
        self.before = None;
    }

    /// Ends a module.
    pub(super) fn close(&mut self) {
        self.indent -= INDENT;
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n(' ', self.indent));
        self.out.push('}');
        self.before = Some(Sort::Other);
    }

    /// The whole text.
    pub(super) fn finish(mut self) -> String {
        if !self.out.ends_with('\n') {
            self.out.push('\n');
        }
        self.out
    }
}

struct Layout<'t> {
    tokens: &'t Tokens,
    out: String,
    /// Where the current line begins in `out`.
    line: usize,
    indent: usize,
}

impl Layout<'_> {
    /// Columns left on the current line.
    fn room(&self) -> usize {
        LINE.saturating_sub(self.out.len() - self.line)
    }

    fn push(&mut self, text: &str) {
        self.out += text;
    }

    /// Begins a line.
    fn newline(&mut self) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.line = self.out.len();
        for _ in 0..self.indent {
            self.out.push(' ');
        }
    }

    /// Prints with more indentation.
    fn indented(&mut self, print: impl FnOnce(&mut Self)) {
        self.indent += INDENT;
        print(self);
        self.indent -= INDENT;
    }

    /// A range on one line.
    fn flat(&mut self, range: Range<usize>) {
        for at in range.clone() {
            if at > range.start && self.tokens.blank(at) {
                self.out.push(' ');
            }
            self.out += self.tokens.text(at);
        }
    }

    /// A range fits on the current line, with `behind` more columns.
    fn fits(&self, range: &Range<usize>, behind: usize) -> bool {
        !self.tokens.breaks(range) && self.tokens.width(range) + behind <= self.room()
    }

    /// The first of these tokens in a range.
    fn find(&self, range: &Range<usize>, wanted: &[&str]) -> Option<usize> {
        let mut all = self.tokens.each(range.clone());
        all.find(|at| wanted.contains(&self.tokens.text(*at)))
    }

    /// Items, each on lines of its own, those of several lines apart from each other.
    fn items(&mut self, range: Range<usize>) {
        self.items_behind(None, range);
    }

    fn items_behind(&mut self, mut before: Option<Sort>, range: Range<usize>) -> Option<Sort> {
        let mut rest = range.clone();
        while !rest.is_empty() {
            let item = rest.start..self.end_of_item(&rest);
            let sort = match self.tokens.text(item.start) {
                "use" => Sort::Use,
                "const" => Sort::Const,
                _ => Sort::Other,
            };
            // Two imports, or two constants without comments, stand together.
            let together = before == Some(sort) && sort != Sort::Other;
            if before.is_some() && (!together || self.tokens.breaks(&item)) {
                self.out.push('\n');
            }
            self.item(item.clone());
            rest.start = item.end;
            before = Some(sort);
        }
        before
    }

    /// An item ends with its `;`, or with its braces where those are no value.
    fn end_of_item(&self, rest: &Range<usize>) -> usize {
        let mut value = false;
        for at in self.tokens.each(rest.clone()) {
            match self.tokens.text(at) {
                ";" => return at + 1,
                "=" => value = true,
                "{" if !value => return self.tokens.behind(at),
                _ => {}
            }
        }
        rest.end
    }

    fn item(&mut self, item: Range<usize>) {
        let start = self.attributes(&item);
        let item = start..item.end;
        self.newline();
        let keyword = self.find(
            &item,
            &[
                "fn", "struct", "enum", "impl", "trait", "mod", "const", "static", "type", "use",
            ],
        );
        let body = item.end - 1;
        let braces = self.tokens.kind(body) == Kind::Close(Delimiter::Brace);
        let open = self.tokens.other_end(body);
        match keyword.map(|at| self.tokens.text(at)) {
            Some("const") if self.find(&item, &["fn"]).is_some() => self.function(item),
            Some("fn") => self.function(item),
            Some("struct" | "enum") if braces => {
                self.flat(item.start..open);
                self.entries(open, Self::entry);
            }
            Some("impl" | "trait" | "mod") if braces => {
                self.header(item.start..open);
                self.body(open, Self::items);
            }
            _ => self.value_item(item),
        }
    }

    /// Parts of a list, one a line, or as many on a line as fit.
    fn parts(&mut self, parts: &[Range<usize>], fill: bool) {
        for (i, part) in parts.iter().enumerate() {
            let comma = fill || i + 1 < parts.len();
            if fill && i > 0 && self.tokens.width(part) + 2 <= self.room() {
                self.push(" ");
            } else {
                self.newline();
            }
            self.flat(part.clone());
            if comma {
                self.push(",");
            }
        }
    }

    /// `impl Trait for Type`, over two lines where one is too short.
    fn header(&mut self, header: Range<usize>) {
        match self.find(&header, &["for"]) {
            Some(at) if self.tokens.width(&header) + 2 > self.room() => {
                self.flat(header.start..at);
                self.indented(Self::newline);
                self.flat(at..header.end);
                self.newline();
            }
            _ => {
                self.flat(header);
                self.push(" ");
            }
        }
    }

    /// Braces around what `print` prints.
    fn body(&mut self, open: usize, print: impl FnOnce(&mut Self, Range<usize>)) {
        let inside = self.tokens.inside(open);
        if inside.is_empty() {
            return self.push("{}");
        }
        self.push("{");
        self.indented(|p| print(p, inside));
        self.newline();
        self.push("}");
    }

    /// Braces around a list, each entry on lines of its own.
    fn entries(&mut self, open: usize, mut print: impl FnMut(&mut Self, Range<usize>)) {
        self.push(" ");
        self.body(open, |p, inside| {
            for entry in p.tokens.split(&inside) {
                let start = p.attributes(&entry);
                p.newline();
                print(p, start..entry.end);
                p.push(",");
            }
        });
    }

    /// A member of a struct or a variant of an enum.
    fn entry(&mut self, entry: Range<usize>) {
        if self.fits(&entry, 1) {
            return self.flat(entry);
        }
        let last = entry.end - 1;
        if let Some(colon) = self.find(&entry, &[":"]) {
            self.flat(entry.start..colon + 1);
            self.indented(Self::newline);
            self.flat(colon + 1..entry.end);
        } else if self.tokens.kind(last) == Kind::Close(Delimiter::Parenthesis) {
            let open = self.tokens.other_end(last);
            self.flat(entry.start..open);
            self.push("(");
            let parts = self.tokens.split(&self.tokens.inside(open));
            self.indented(|p| p.parts(&parts, false));
            self.push(",");
            self.newline();
            self.push(")");
        } else {
            self.flat(entry);
        }
    }

    fn function(&mut self, item: Range<usize>) {
        let last = item.end - 1;
        let block = self.tokens.kind(last) == Kind::Close(Delimiter::Brace);
        let open = if block {
            self.tokens.other_end(last)
        } else {
            last
        };
        let signature = item.start..open;
        if self.tokens.width(&signature) + if block { 2 } else { 1 } <= self.room() {
            self.flat(signature);
        } else {
            self.long_signature(signature, block);
        }
        if block {
            self.push(" ");
            self.body(open, Self::statements);
        } else {
            self.push(";");
        }
    }

    fn long_signature(&mut self, signature: Range<usize>, block: bool) {
        let mut all = self.tokens.each(signature.clone());
        let Some(open) = all.find(|at| self.tokens.opens(*at, Delimiter::Parenthesis)) else {
            return self.flat(signature);
        };
        let parameters = self.tokens.split(&self.tokens.inside(open));
        self.flat(signature.start..open + 1);
        self.indented(|p| {
            for parameter in parameters {
                p.newline();
                p.flat(parameter);
                p.push(",");
            }
        });
        self.newline();
        self.push(")");
        let result = self.tokens.behind(open)..signature.end;
        if result.is_empty() {
            return;
        }
        self.push(" ");
        let behind = if block { 2 } else { 1 };
        if self.tokens.width(&result) + behind <= self.room() {
            return self.flat(result);
        }
        let bound = self.find(&result, &["+"]).unwrap_or(result.end);
        if self.tokens.width(&(result.start..bound)) + 3 <= self.room() {
            self.flat(result.start..bound);
            self.newline();
            self.flat(bound..result.end);
        } else if let Some(less) = self.find(&result, &["<"]) {
            self.long_type(result, less);
        } else {
            self.flat(result);
        }
    }

    /// A type with its parameters one a line.
    fn long_type(&mut self, ty: Range<usize>, less: usize) {
        let mut depth = 0;
        let greater = (less..ty.end).find(|at| {
            match self.tokens.text(*at) {
                "<" => depth += 1,
                ">" => depth -= 1,
                _ => {}
            }
            depth == 0
        });
        let greater = greater.unwrap_or(ty.end - 1);
        self.flat(ty.start..less + 1);
        let parts = self.tokens.split(&(less + 1..greater));
        self.indented(|p| p.parts(&parts, false));
        self.push(",");
        self.newline();
        self.flat(greater..ty.end);
    }

    /// A macro's invocation that is too wide for a line: as many of its entries on a line as fit.
    fn invocation(&mut self, range: Range<usize>) {
        let mut from = range.start;
        for at in self.tokens.each(range.clone()) {
            if self.tokens.opens(at, Delimiter::Parenthesis) {
                self.flat(from..at + 1);
                self.invocation(self.tokens.inside(at));
                from = self.tokens.other_end(at);
            } else if self.tokens.opens(at, Delimiter::Brace) {
                self.flat(from..at);
                self.push(" ");
                self.body(at, Self::filled);
                from = self.tokens.behind(at);
            }
        }
        self.flat(from..range.end);
    }

    /// What a macro lists: each entry ends with a string or with braces.
    fn filled(&mut self, inside: Range<usize>) {
        let ends = |p: &Self, at: usize| {
            p.tokens.opens(at, Delimiter::Brace) || p.tokens.text(at).starts_with('"')
        };
        let mut start = inside.start;
        let mut all: Vec<usize> = self.tokens.each(inside.clone()).collect();
        all.retain(|at| ends(self, *at));
        for at in all {
            let entry = start..self.tokens.behind(at);
            if start > inside.start && self.fits(&entry, 1) {
                self.push(" ");
            } else {
                self.newline();
            }
            if self.fits(&entry, 0) {
                self.flat(entry.clone());
            } else {
                self.invocation(entry.clone());
            }
            start = entry.end;
        }
        if start < inside.end {
            self.newline();
            self.flat(start..inside.end);
        }
    }

    /// `const`, `static`, `type`, `use`, a tuple struct.
    fn value_item(&mut self, item: Range<usize>) {
        match self.find(&item, &["="]) {
            None if self.tokens.width(&item) > self.room() => self.invocation(item),
            None => self.flat(item),
            Some(equals) => {
                self.flat(item.start..equals + 1);
                let value = equals + 1..item.end - 1;
                if self.tokens.opens(value.start, Delimiter::Brace) {
                    self.push(" ");
                    self.body(value.start, Self::items);
                } else {
                    self.right_side(value, 1);
                }
                self.push(";");
            }
        }
    }
}
