//! Which comment belongs to which item, and its text without marks and gutters.
//!
//! A comment belongs to the item it stands directly in front of (no blank line between) or to the item whose last
//! line it ends; a comment that goes on below a same-line one in the same column belongs to it.

use std::cell::Cell;

use crate::lex::{Kind, Token, Tokens, Trivia, TriviaKind};

/// The comments of a text.
#[derive(Clone, Debug)]
pub struct Comments<'a> {
    text: &'a [u8],
    tokens: &'a [Token],
    trivia: &'a [Trivia],
    /// Index into `trivia` of the last look-up: the next one is nearly always close.
    hint: Cell<usize>,
}

impl<'a> Comments<'a> {
    /// The comments beside these tokens.
    pub fn new(text: &'a [u8], tokens: &'a Tokens) -> Self {
        Self {
            text,
            tokens: &tokens.tokens,
            trivia: &tokens.trivia,
            hint: Cell::new(0),
        }
    }

    /// Comment of an item that reaches from token `first` to token `last` (its `;` or `,`, unless an enum ends without
    /// one): the one in front, and the one on its last line.
    pub fn around(&self, first: usize, last: usize) -> Option<String> {
        let next = self.trivia.get(self.first_at(first))?;
        if next.before as usize > last + 1 {
            return None;
        }
        match (self.before(first), self.behind_end(last)) {
            (Some(before), Some(behind)) => Some(format!("{before}\n\n{behind}")),
            (before, behind) => before.or(behind),
        }
    }

    /// Comment behind the last token of a statement, or in front of its `;`, `,` or `{` at the end of a line.
    pub fn behind_end(&self, last: usize) -> Option<String> {
        let behind = self.on_line_of(last);
        let separator = self.tokens.get(last);
        let separator = separator.filter(|t| matches!(t.kind, Kind::Punct(b';' | b',' | b'{')));
        let inside = separator.and_then(|_| last.checked_sub(1));
        match inside.map(|inside| self.on_line_of(inside)) {
            // As if they stood behind it all.
            Some(inside) if !inside.is_empty() => self.clean(&[inside, behind].concat()),
            _ => self.clean(behind),
        }
    }

    /// Comment directly in front of a token.
    pub fn before(&self, token: usize) -> Option<String> {
        let group = self.group(token);
        let group = &group[self.claimed_of(group, token)..];
        let mut end = self.tokens.get(token)?.lo;
        let mut from = group.len();
        for (index, comment) in group.iter().enumerate().rev() {
            if !is_comment(comment) || self.line_feeds(comment.hi, end) > 1 {
                break;
            }
            end = comment.lo;
            from = index;
        }
        self.clean(&group[from..])
    }

    /// Comment behind a token on its line.
    pub fn behind(&self, token: usize) -> Option<String> {
        self.clean(self.on_line_of(token))
    }

    /// The comments that belong to a token as the last one of its line.
    fn on_line_of(&self, token: usize) -> &'a [Trivia] {
        let group = self.group(token + 1);
        &group[..self.claimed_of(group, token + 1)]
    }

    /// Everything between a token and the one before it.
    fn group(&self, token: usize) -> &'a [Trivia] {
        let rest = &self.trivia[self.first_at(token)..];
        let count = rest.iter().take_while(|t| t.before as usize == token);
        &rest[..count.count()]
    }

    /// Index of the first trivia in front of a token or behind it.
    fn first_at(&self, token: usize) -> usize {
        let before = |t: &Trivia| (t.before as usize) < token;
        let near = self.hint.get();
        let (seen, rest) = self.trivia.split_at(near);
        let lo = if seen.last().is_none_or(before) {
            match rest.iter().take(8).position(|t| !before(t)) {
                Some(steps) => near + steps,
                None => near + rest.partition_point(before),
            }
        } else {
            seen.partition_point(before)
        };
        self.hint.set(lo);
        lo
    }

    /// How many of the comments in front of `token` belong to the line of the token before it.
    pub(crate) fn claimed(&self, token: usize) -> usize {
        self.claimed_of(self.group(token), token)
    }

    fn claimed_of(&self, group: &[Trivia], token: usize) -> usize {
        let previous = token.checked_sub(1).and_then(|i| self.tokens.get(i));
        let (Some(first), Some(previous), Some(next)) =
            (group.first(), previous, self.tokens.get(token))
        else {
            return 0;
        };
        if !is_comment(first) || self.line_feeds(previous.hi, first.lo) > 0 {
            return 0;
        }
        let ends = matches!(previous.kind, Kind::Punct(b';' | b',' | b'{' | b'}' | b':'));
        let follows = group.get(1).map_or(next.lo, |t| t.lo);
        if self.line_feeds(first.hi, follows) == 0
            && !ends
            && !matches!(next.kind, Kind::Punct(b'}' | b';' | b',') | Kind::End)
        {
            return 0;
        }
        let mut count = 1;
        while let (Some(above), Some(comment)) = (group.get(count - 1), group.get(count)) {
            let same_line = self.line_feeds(above.hi, comment.lo) == 0;
            let ends_line = |at: usize| {
                let follows = group.get(at + 1).map_or(next.lo, |t| t.lo);
                self.line_feeds(group[at].hi, follows) > 0
            };
            // With others behind it on its line, perhaps.
            let continues = self.line_feeds(above.hi, comment.lo) == 1
                && self.column(first.lo) == self.column(comment.lo)
                && (count..group.len()).any(ends_line);
            if !is_comment(comment) || !(same_line || continues) {
                break;
            }
            count += 1;
        }
        count
    }

    fn line_feeds(&self, lo: u32, hi: u32) -> usize {
        self.text[lo as usize..hi as usize]
            .iter()
            .filter(|b| **b == b'\n')
            .count()
    }

    /// Column as shown with tab stops every eight.
    fn column(&self, at: u32) -> usize {
        let before = &self.text[..at as usize];
        let start = before
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |lf| lf + 1);
        before[start..].iter().fold(0, |column, b| {
            if *b == b'\t' {
                column / 8 * 8 + 8
            } else {
                column + 1
            }
        })
    }

    fn clean(&self, comments: &[Trivia]) -> Option<String> {
        if comments.is_empty() {
            return None;
        }
        if let [only] = comments
            && let Some(line) = self.single_line(only)
        {
            return Some(line).filter(|line| !line.is_empty() && !is_rule(line));
        }
        let mut lines = Vec::new();
        for run in comments.chunk_by(|a, b| a.kind == b.kind) {
            let texts = run
                .iter()
                .map(|comment| decode(&self.text[comment.lo as usize..comment.hi as usize]));
            if run[0].kind == TriviaKind::Line {
                let texts = texts.map(|text| line(&text).trim_end().to_owned());
                lines.extend(dedented(texts.collect()));
            } else {
                texts.for_each(|text| block(&text, &mut lines));
            }
        }
        tidy(lines)
    }

    /// The usual case without the work of the others: `/* text */` on one line.
    fn single_line(&self, comment: &Trivia) -> Option<String> {
        let text = &self.text[comment.lo as usize..comment.hi as usize];
        if comment.kind != TriviaKind::Block
            || !text.is_ascii()
            || text.iter().any(u8::is_ascii_control)
        {
            return None;
        }
        Some(inner(std::str::from_utf8(text).ok()?).trim().to_owned())
    }
}

fn is_comment(trivia: &Trivia) -> bool {
    matches!(trivia.kind, TriviaKind::Block | TriviaKind::Line)
}

/// UTF-8 if it is, else Latin-1. Control characters are no text.
fn decode(bytes: &[u8]) -> String {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|b| char::from(*b)).collect(),
    };
    text.chars()
        .filter(|c| matches!(c, '\n' | '\t') || !c.is_control())
        .collect()
}

/// What stands between the marks of a `/* … */` comment, without the stars beside them.
fn inner(text: &str) -> &str {
    let text = text.strip_prefix("/*").unwrap_or(text);
    let text = text.strip_suffix("*/").unwrap_or(text);
    let rest = text.trim_start_matches(['*', '!']).trim_end_matches('*');
    behind_mark(rest, text.starts_with(['*', '!']))
}

/// What stands behind the mark of a `// …` comment.
fn line(text: &str) -> &str {
    let rest = text.trim_start_matches('/');
    let is_doc = text.starts_with("///") || rest.starts_with('!');
    behind_mark(rest.strip_prefix('!').unwrap_or(rest), is_doc)
}

/// Doxygen's `<` behind the mark says that the comment belongs to what stands in front of it.
fn behind_mark(text: &str, is_doc: bool) -> &str {
    text.strip_prefix('<').filter(|_| is_doc).unwrap_or(text)
}

/// Lines of a `/* … */` comment; a gutter of `*` is removed if every line has it, and so is the right side of a box.
fn block(text: &str, lines: &mut Vec<String>) {
    // The last line counts where only blanks are in front of its mark, and without them as well.
    let mut rest = inner(text).split('\n');
    lines.extend(rest.next().map(|first| first.trim().to_owned()));
    let rest: Vec<&str> = rest.collect();
    let filled = || rest.iter().map(|l| l.trim()).filter(|l| !l.is_empty());
    let gutter = filled().all(|l| l.starts_with('*'));
    let boxed = gutter && (text.starts_with("/***") || has_right_side(&rest));
    let rest: Vec<String> = rest
        .iter()
        .map(|line| {
            let line = untabbed(line);
            let mut line = line.trim_end();
            if gutter {
                line = line.trim_start().trim_start_matches('*');
            }
            if boxed {
                line = line.trim_end_matches('*').trim_end();
            }
            line.to_owned()
        })
        .collect();
    lines.extend(dedented(rest));
}

/// Whether all lines end in a `*`, one below the other.
fn has_right_side(lines: &[&str]) -> bool {
    let lines = lines.iter().map(|l| l.trim_end()).filter(|l| !l.is_empty());
    let mut ends = lines.map(|l| l.ends_with('*').then(|| untabbed(l).len()));
    let (first, mut count) = (ends.next().flatten(), 1);
    first.is_some() && ends.inspect(|_| count += 1).all(|end| end == first) && count > 1
}

/// Without the spaces that all lines begin with: `// text` comments begin with one.
fn dedented(mut lines: Vec<String>) -> Vec<String> {
    let filled = lines.iter().filter(|l| !l.is_empty());
    let indent = filled.map(|l| l.len() - l.trim_ascii_start().len()).min();
    for line in &mut lines {
        line.drain(..indent.unwrap_or(0).min(line.len()));
    }
    lines
}

/// Tabs in front become the spaces up to their stops, every eight; those inside, whose stops change when a comment moves,
/// become eight spaces.
fn untabbed(line: &str) -> String {
    let text = line.trim_start_matches([' ', '\t']);
    let blank = &line[..line.len() - text.len()];
    let stop = |column: usize, letter: char| {
        let next = column + 1;
        if letter == '\t' {
            next.next_multiple_of(8)
        } else {
            next
        }
    };
    let indent = blank.chars().fold(0, stop);
    " ".repeat(indent) + &text.replace('\t', "        ")
}

/// Drops rules (`-----`) and blank lines at both ends. Nothing left is no comment.
fn tidy(lines: Vec<String>) -> Option<String> {
    let mut lines: Vec<String> = lines
        .into_iter()
        .map(|l| if is_rule(&l) { String::new() } else { l })
        .collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    let from = lines.iter().position(|l| !l.is_empty())?;
    Some(lines[from..].join("\n"))
}

fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.len() >= 3
        && line
            .chars()
            .all(|c| matches!(c, '-' | '=' | '*' | '_' | '#' | '~' | '+' | '/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Diagnostics;
    use crate::lex::lex;
    use crate::source::SpanMap;

    /// Comments around the statement (ending in `;`, `,` or `}`) that holds the word `wanted`.
    fn docs(text: &str, wanted: &str) -> Option<String> {
        let tokens = lex(
            text.as_bytes(),
            &SpanMap::default(),
            &mut Diagnostics::default(),
        );
        let ends = |t: &Token| matches!(t.kind, Kind::Punct(b';' | b',' | b'{'));
        let at = tokens
            .tokens
            .iter()
            .position(|t| text[t.lo as usize..t.hi as usize] == *wanted)
            .expect("the word");
        let first = tokens.tokens[..at]
            .iter()
            .rposition(ends)
            .map_or(0, |i| i + 1);
        let last = at + tokens.tokens[at..].iter().position(ends).unwrap_or(0);
        Comments::new(text.as_bytes(), &tokens).around(first, last)
    }

    #[test]
    fn before_and_on_the_same_line() {
        let text = "/* far away */\n\n// one\n// two\nint a; /* of a */\nint b;   /* of b\n * more */\nint c;\n";
        assert_eq!(docs(text, "a").as_deref(), Some("one\ntwo\n\nof a"));
        assert_eq!(docs(text, "b").as_deref(), Some("of b\nmore"));
        assert_eq!(docs(text, "c"), None);
    }

    #[test]
    fn continued_in_the_same_column() {
        let text = "{ int a;   /* one */\n           /* two */\n  /* of b */\n  int b; };";
        assert_eq!(docs(text, "a").as_deref(), Some("one\ntwo"));
        assert_eq!(docs(text, "b").as_deref(), Some("of b"));
    }

    #[test]
    fn the_last_enumerator_and_percent_lines() {
        let text = "{ A, /* a */ B = 1 /* b */ }\n/* not of c */\n%#x\nint c;";
        assert_eq!(docs(text, "A").as_deref(), Some("a"));
        assert_eq!(docs(text, "c"), None);
    }

    #[test]
    fn several_on_one_line_continue_together() {
        let text = "{ int a; // one\n         /* two */ /* three */\nint b; }";
        assert_eq!(docs(text, "a").as_deref(), Some("one\ntwo\nthree"));
        let text = "{ int a; // one\n         /* two */ /* three */ int b; }";
        assert_eq!(docs(text, "b").as_deref(), Some("two\nthree"));
    }

    #[test]
    fn the_last_enumerator_has_only_its_own() {
        let text = "enum e {\n    A,  /* a */\n    B\n};";
        let tokens = lex(
            text.as_bytes(),
            &SpanMap::default(),
            &mut Diagnostics::default(),
        );
        let comments = Comments::new(text.as_bytes(), &tokens);
        assert_eq!(comments.around(3, 4).as_deref(), Some("a"));
        assert_eq!(comments.around(5, 5), None);
    }

    #[test]
    fn the_end_of_a_comment_may_move_with_it() {
        for end in ["*/", " */", "     */"] {
            let text = format!("/*\n * a\n{end} /* b */\nint x;");
            assert_eq!(docs(&text, "x").as_deref(), Some("a\n\nb"), "{end}");
        }
    }

    #[test]
    fn a_comment_says_the_same_on_either_side_of_the_separator() {
        for text in ["{ A /* a */, // b\n B }", "{ A, /* a */ // b\n B }"] {
            assert_eq!(docs(text, "A").as_deref(), Some("a\nb"), "{text}");
        }
        for text in ["{ A // a\n, //   b\n B }", "{ A, // a\n     //   b\n B }"] {
            assert_eq!(docs(text, "A").as_deref(), Some("a\n  b"), "{text}");
        }
    }

    #[test]
    fn stars_of_the_text_stay() {
        let text = "/*\n * Returns a char *\n * or **NULL**\n */\nint a;";
        let wanted = "Returns a char *\nor **NULL**";
        assert_eq!(docs(text, "a").as_deref(), Some(wanted));
    }

    #[test]
    fn marks_of_doxygen_are_removed() {
        for comment in [
            "/**< of a */",
            "/*!< of a */",
            "///< of a",
            "//!< of a",
            "//! of a",
        ] {
            let text = format!("{{ int a; {comment}\n int b; }}");
            assert_eq!(docs(&text, "a").as_deref(), Some("of a"), "{comment}");
        }
        assert_eq!(docs("// <a> b\nint a;", "a").as_deref(), Some("<a> b"));
    }

    #[test]
    fn gutters_rules_and_boxes_are_removed() {
        let text = "/****************\n * Title         *\n *   indented\n *\n * end\n ****************/\nint a;";
        assert_eq!(docs(text, "a").as_deref(), Some("Title\n  indented\n\nend"));
        let text = "/* first\n     second\n       third */\nint a;";
        assert_eq!(docs(text, "a").as_deref(), Some("first\nsecond\n  third"));
        let text = "/*\n * Title *\n * end   *\n */\nint a;";
        assert_eq!(docs(text, "a").as_deref(), Some("Title\nend"));
        assert_eq!(docs("/* ------ */\nint a;", "a"), None);
        assert_eq!(docs("/**/\nint a;", "a"), None);
    }
}
