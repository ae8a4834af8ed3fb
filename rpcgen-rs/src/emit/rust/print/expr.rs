//! Layout of statements and expressions.

use super::tokens::{CALL, Kind};
use super::{INDENT, LINE, Layout};
use proc_macro2::Delimiter;
use std::ops::Range;

/// Widest chain of method calls on one line (rustfmt's `chain_width`).
const CHAIN: usize = 60;
/// Elements of an array up to this width share lines (rustfmt's `short_array_element_width_threshold`).
const SHORT_ELEMENT: usize = 10;

impl Layout<'_> {
    /// The statements of a block, one a line.
    pub(super) fn statements(&mut self, range: Range<usize>) {
        let mut rest = range;
        while !rest.is_empty() {
            let end = self.end_of_statement(&rest);
            let statement = rest.start..end;
            rest.start = end;
            if matches!(
                self.tokens.text(statement.start),
                "#" | "fn" | "use" | "const"
            ) {
                self.item(statement);
                continue;
            }
            self.newline();
            let last = end - 1;
            if self.tokens.text(last) == ";" {
                self.statement(statement.start..last, 1);
                self.push(";");
            } else {
                self.statement(statement, 0);
            }
        }
    }

    fn end_of_statement(&self, rest: &Range<usize>) -> usize {
        let first = self.tokens.text(rest.start);
        let item = matches!(first, "#" | "fn" | "const");
        let control = matches!(first, "if" | "match" | "loop" | "while" | "for");
        for at in self.tokens.each(rest.clone()) {
            if self.tokens.text(at) == ";" {
                return at + 1;
            }
            if (item || control) && self.tokens.opens(at, Delimiter::Brace) {
                let end = self.tokens.behind(at);
                if end == rest.end || !matches!(self.tokens.text(end), "else" | ";" | "." | "?") {
                    return end;
                }
            }
        }
        rest.end
    }

    fn statement(&mut self, range: Range<usize>, behind: usize) {
        if self.tokens.text(range.start) == "let"
            && let Some(equals) = self.find(&range, &["="])
        {
            self.flat(range.start..equals + 1);
            return self.right_side(equals + 1..range.end, behind);
        }
        self.expr(range, behind);
    }

    /// What stands behind a `=`: on the same line, on the next, or broken up.
    pub(super) fn right_side(&mut self, value: Range<usize>, behind: usize) {
        let width = self.tokens.width(&value) + behind;
        if width + 1 > self.room() && self.fits_on_next_line(&value, width) {
            self.indented(|p| {
                p.newline();
                p.expr(value, behind);
            });
        } else {
            self.push(" ");
            self.expr(value, behind);
        }
    }

    fn fits_on_next_line(&self, value: &Range<usize>, width: usize) -> bool {
        !self.tokens.breaks(value)
            && !self.is_long_chain(value)
            && self.indent + INDENT + width <= LINE
    }

    /// An expression with `behind` more columns on its last line.
    pub(super) fn expr(&mut self, range: Range<usize>, behind: usize) {
        if range.is_empty() {
            return;
        }
        if self.fits(&range, behind) && !self.is_long_chain(&range) {
            return self.flat(range);
        }
        self.broken(range, behind);
    }

    /// An expression over several lines.
    fn broken(&mut self, range: Range<usize>, behind: usize) {
        if self.tokens.kind(range.start) == Kind::Pipe {
            return self.closure(range, behind);
        }
        match self.tokens.text(range.start) {
            "match" | "if" | "while" | "loop" | "async" | "for" | "{" => {
                return self.control(range);
            }
            "return" | "break" | "&" | "*" | "!" | "-" | "move" => {
                self.flat(range.start..range.start + 1);
                if self.tokens.blank(range.start + 1) {
                    self.push(" ");
                }
                return self.broken(range.start + 1..range.end, behind);
            }
            _ => {}
        }
        if let Some(equals) = self.find(&range, &["=", "+="]) {
            self.flat(range.start..equals + 1);
            return self.right_side(equals + 1..range.end, behind);
        }
        for operator in ["&&", "+"] {
            if self.find(&range, &[operator]).is_some() {
                return self.operands(range, operator, behind);
            }
        }
        self.postfix(range, behind);
    }

    /// `a + b + c`, one operand a line.
    fn operands(&mut self, range: Range<usize>, operator: &str, behind: usize) {
        let mut from = range.start;
        let mut parts = Vec::new();
        for at in self.tokens.each(range.clone()) {
            if self.tokens.text(at) == operator {
                parts.push(from..at);
                from = at + 1;
            }
        }
        parts.push(from..range.end);
        let last = parts.len() - 1;
        let indent = self.indent;
        for (i, part) in parts.into_iter().enumerate() {
            let behind = if i == last { behind } else { 0 };
            if i == 0 {
                self.expr(part, behind);
                continue;
            }
            // A first operand that is narrower than the indentation does not stand alone.
            let narrow = i == 1 && self.out.len() - self.line <= indent + INDENT;
            let operand = |p: &mut Self| {
                p.push(operator);
                p.push(" ");
                p.expr(part, behind);
            };
            if narrow {
                self.push(" ");
                operand(self);
            } else {
                self.indented(|p| {
                    p.newline();
                    operand(p);
                });
            }
        }
    }

    /// `match x { … }`, `if x { … } else { … }`, `async move { … }`, and what follows.
    fn control(&mut self, range: Range<usize>) {
        let mut from = range.start;
        let mut arms = false;
        for at in self.tokens.each(range.clone()) {
            match self.tokens.text(at) {
                "match" => arms = true,
                "if" | "else" | "while" | "loop" => arms = false,
                "{" => {
                    if at > from {
                        if from > range.start && self.tokens.blank(from) {
                            self.push(" ");
                        }
                        self.flat(from..at);
                        self.push(" ");
                    }
                    let print = if arms { Self::arms } else { Self::statements };
                    self.body(at, print);
                    from = self.tokens.behind(at);
                }
                _ => {}
            }
        }
        self.flat(from..range.end);
    }

    fn arms(&mut self, range: Range<usize>) {
        let mut rest = range;
        while !rest.is_empty() {
            let arrow = self.find(&rest, &["=>"]).unwrap_or(rest.start);
            let body = arrow + 1;
            let block = self.tokens.opens(body, Delimiter::Brace);
            let value =
                Some(self.tokens.inside(body)).filter(|inside| block && self.is_value(inside));
            let end = if block {
                self.tokens.behind(body)
            } else {
                self.find(&(body..rest.end), &[","]).unwrap_or(rest.end)
            };
            self.newline();
            self.pattern(rest.start..arrow);
            self.push(" => ");
            if let Some(value) = value {
                self.arm_value(value);
            } else if block {
                self.body(body, Self::statements);
            } else {
                self.arm_value(body..end);
            }
            let comma = end < rest.end && self.tokens.text(end) == ",";
            rest.start = if comma { end + 1 } else { end };
        }
    }

    /// A block's content is one short expression.
    fn is_value(&self, inside: &Range<usize>) -> bool {
        let first = inside.start;
        let statement = |at: usize| {
            matches!(
                self.tokens.text(at),
                "let" | ";" | "if" | "match" | "loop" | "while" | "return"
            )
        };
        !inside.is_empty()
            && !self.tokens.breaks(inside)
            && !self.tokens.each(first..inside.end).any(statement)
    }

    /// The value of an arm; one that needs more than the rest of the line gets braces.
    fn arm_value(&mut self, value: Range<usize>) {
        let width = self.tokens.width(&value);
        if width + 1 > self.room() && self.fits_on_next_line(&value, width) {
            self.push("{");
            self.indented(|p| {
                p.newline();
                p.expr(value, 0);
            });
            self.newline();
            self.push("}");
        } else {
            self.expr(value, 1);
            self.push(",");
        }
    }

    /// Alternatives that are too wide for a line stand one a line.
    fn pattern(&mut self, pattern: Range<usize>) {
        if self.tokens.width(&pattern) + 5 <= self.room() {
            return self.flat(pattern);
        }
        let mut from = pattern.start;
        for at in self.tokens.each(pattern.clone()) {
            if self.tokens.text(at) == "|" {
                self.flat(from..at);
                self.newline();
                from = at;
            }
        }
        self.flat(from..pattern.end);
    }

    /// `|a, b| …` that does not fit: its value stands in braces.
    fn closure(&mut self, range: Range<usize>, behind: usize) {
        let second = (range.start + 1..range.end).find(|at| self.tokens.kind(*at) == Kind::Pipe);
        let body = second.unwrap_or(range.start) + 1;
        self.flat(range.start..body);
        self.push(" ");
        let first = self.tokens.text(body);
        let literal = self.tokens.kind(range.end - 1) == Kind::Close(Delimiter::Brace);
        if literal || matches!(first, "match" | "async") {
            return self.expr(body..range.end, behind);
        }
        // What a writer is handed to returns nothing: in braces it is a statement.
        let writes =
            self.tokens.text(range.start + 1) == "w" && self.tokens.text(range.end - 1) != ";";
        self.push("{");
        self.indented(|p| {
            p.newline();
            p.expr(body..range.end, usize::from(writes));
            if writes {
                p.push(";");
            }
        });
        self.newline();
        self.push("}");
    }

    /// Two or more links in a chain that is too wide for one line.
    fn is_long_chain(&self, range: &Range<usize>) -> bool {
        self.tokens.width(range) > CHAIN
            && self.links(range).len() > 1
            && self.find(range, &["=", "+=", "+", "&&"]).is_none()
            && !matches!(
                self.tokens.text(range.start),
                "match" | "if" | "|" | "move" | "async" | "return"
            )
    }

    /// The dots of a chain.
    fn links(&self, range: &Range<usize>) -> Vec<usize> {
        let all = self.tokens.each(range.clone());
        all.filter(|at| self.tokens.text(*at) == ".").collect()
    }

    /// A path or call with whatever is called on it.
    fn postfix(&mut self, range: Range<usize>, behind: usize) {
        let links = self.links(&range);
        if let [first, ..] = links.as_slice()
            && !self.overflows(&range, &links)
        {
            let root = self.tokens.width(&(range.start..*first));
            let one = self
                .tokens
                .width(&(range.start..*links.get(1).unwrap_or(&range.end)));
            if links.len() > 1 || root > INDENT || one > self.room() {
                return self.chain(range, &links, behind);
            }
        }
        self.call(range, behind);
    }

    /// A path or one link of a chain: what stands in its last brackets goes over several lines.
    fn call(&mut self, range: Range<usize>, behind: usize) {
        let groups = self.tokens.each(range.clone());
        let last = groups
            .filter(|at| matches!(self.tokens.kind(*at), Kind::Open(_)))
            .last();
        let Some(open) = last.filter(|open| !self.tokens.breaks(&(range.start..*open))) else {
            return self.flat(range);
        };
        self.flat(range.start..open);
        let tail = self.tokens.behind(open)..range.end;
        let behind = behind + self.tokens.width(&tail);
        match self.tokens.kind(open) {
            Kind::Open(Delimiter::Brace) => self.literal(open),
            Kind::Open(Delimiter::Bracket) => {
                if self.tokens.blank(open) && open > range.start {
                    self.push(" ");
                }
                self.elements(open);
            }
            _ => self.arguments(open, behind),
        }
        if !tail.is_empty() && self.tokens.text(tail.start) == "." {
            self.newline();
        }
        self.flat(tail);
    }

    /// The chain's only group that takes several lines may do so where it stands.
    fn overflows(&self, range: &Range<usize>, links: &[usize]) -> bool {
        let all = self.tokens.each(range.clone());
        let broken: Vec<usize> = all
            .filter(|at| self.tokens.breaks(&(*at..at + 1)))
            .collect();
        match broken.as_slice() {
            [open] => links.last().is_none_or(|link| link < open) || links.len() == 1,
            _ => false,
        }
    }

    /// A chain, one link a line.
    fn chain(&mut self, range: Range<usize>, links: &[usize], behind: usize) {
        let mut from = range.start;
        // A root that is narrower than the indentation has the first link on its line.
        let first = range.start..*links.get(1).unwrap_or(&range.end);
        let narrow = self.tokens.width(&(range.start..links[0])) <= INDENT
            && self.tokens.width(&first) <= self.room();
        let breaks = if narrow { &links[1..] } else { links };
        for at in breaks {
            self.flat(from..*at);
            self.indented(Self::newline);
            from = *at;
        }
        self.indented(|p| p.call(from..range.end, behind));
    }

    /// The members of a struct literal.
    fn literal(&mut self, open: usize) {
        self.entries(open, |p, entry| match p.find(&entry, &[":"]) {
            Some(colon) => {
                p.flat(entry.start..colon + 1);
                p.push(" ");
                p.expr(colon + 1..entry.end, 1);
            }
            None => p.expr(entry, 1),
        });
    }

    fn elements(&mut self, open: usize) {
        let inside = self.tokens.inside(open);
        if let Some(semicolon) = self.find(&inside, &[";"]) {
            return self.repeated(inside.start..semicolon, semicolon + 1..inside.end);
        }
        let elements = self.tokens.split(&self.tokens.inside(open));
        let fill = elements
            .iter()
            .all(|e| self.tokens.width(e) <= SHORT_ELEMENT);
        self.push("[");
        self.indented(|p| p.parts(&elements, fill));
        if !fill {
            self.push(",");
        }
        self.newline();
        self.push("]");
    }

    /// `[element; count]` on lines of its own.
    fn repeated(&mut self, element: Range<usize>, count: Range<usize>) {
        self.push("[");
        self.indented(|p| {
            p.newline();
            p.expr(element, 1);
            p.push(";");
            p.newline();
            p.expr(count, 0);
        });
        self.newline();
        self.push("]");
    }

    /// Arguments of a call: the last one may go over several lines where it stands.
    fn arguments(&mut self, open: usize, behind: usize) {
        let arguments = self.tokens.split(&self.tokens.inside(open));
        self.push("(");
        let closure = |a: &&Range<usize>| self.tokens.kind(a.start) == Kind::Pipe;
        if let Some((last, others)) = arguments.split_last()
            && arguments.iter().filter(closure).count() < 2
            && self.may_overflow(last, others.is_empty())
        {
            let before = others
                .iter()
                .map(|a| self.tokens.width(a) + 2)
                .sum::<usize>();
            let flat = others.iter().all(|a| !self.tokens.breaks(a));
            if flat && before + self.head_width(last) + 3 <= self.room().min(CALL) {
                for argument in others {
                    self.flat(argument.clone());
                    self.push(", ");
                }
                self.broken(last.clone(), 1 + behind);
                return self.push(")");
            }
        }
        self.indented(|p| {
            for argument in arguments {
                p.newline();
                p.expr(argument, 1);
                p.push(",");
            }
        });
        self.newline();
        self.push(")");
    }

    /// Whether an argument may begin on the line of its call and end on another.
    fn may_overflow(&self, argument: &Range<usize>, alone: bool) -> bool {
        let first = argument.start;
        if self.tokens.kind(first) == Kind::Pipe {
            return true;
        }
        match self.tokens.text(first) {
            "move" | "async" | "match" => true,
            _ => {
                let tried = usize::from(self.tokens.text(argument.end - 1) == "?");
                let last = self.tokens.kind(argument.end - 1 - tried);
                last == Kind::Close(Delimiter::Brace) || alone && matches!(last, Kind::Close(_))
            }
        }
    }

    /// Width of an argument's first line, should it go over several.
    fn head_width(&self, argument: &Range<usize>) -> usize {
        let end = if self.tokens.kind(argument.start) == Kind::Pipe {
            let second =
                (argument.start + 1..argument.end).find(|at| self.tokens.kind(*at) == Kind::Pipe);
            second.map_or(argument.end, |at| at + 1)
        } else {
            let mut all = self.tokens.each(argument.clone());
            all.find(|at| matches!(self.tokens.kind(*at), Kind::Open(_)))
                .map_or(argument.end, |at| at + 1)
        };
        self.tokens.width(&(argument.start..end))
    }
}
