//! Comments of the `.x` file → rustdoc, so that no comment can break the documentation or the code.

use crate::ir::Docs;
use proc_macro2::TokenStream;
use quote::quote;

/// The documentation of an item: its comment, or `otherwise`, which may hold markdown.
pub(super) fn or(docs: &Docs, otherwise: &str) -> TokenStream {
    match docs {
        Some(text) if !text.trim().is_empty() => of(text),
        _ if otherwise.is_empty() => TokenStream::new(),
        _ => own(otherwise),
    }
}

/// A line of our own as documentation: it may hold markdown.
pub(super) fn own(line: &str) -> TokenStream {
    let line = format!(" {line}");
    quote!(#[doc = #line])
}

/// A text as documentation: one attribute, however many lines there are, which the layout makes lines of again.
pub(super) fn of(text: &str) -> TokenStream {
    let text = markdown(text);
    let mut lines = String::with_capacity(text.len() + text.len() / 16);
    for (i, line) in text.lines().enumerate() {
        if i > 0 {
            lines.push('\n');
        }
        if !line.is_empty() {
            lines.push(' ');
        }
        lines += line;
    }
    quote!(#[doc = #lines])
}

/// Plain text as markdown that shows it: links, tags and code are those of the text, not of rustdoc.
fn markdown(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let shown = || lines.iter().filter(|line| !line.is_empty());
    let base = shown().map(|line| indent(line)).min().unwrap_or(0);
    let mut out = String::new();
    let mut state = State::Text;
    // The next line that is not blank.
    let mut goes_on = 0;
    for (i, line) in lines.iter().enumerate() {
        // An indented block would be taken for Rust code, and tested.
        let drawn =
            |line: &&str| !line.is_empty() && (indent(line) >= base + 4 || line.starts_with('\t'));
        let next = match (state, marker(line)) {
            _ if line.is_empty() => {
                // Blank lines by the million are looked through once.
                if goes_on < i {
                    let behind = lines[i..].iter().position(|line| !line.is_empty());
                    goes_on = behind.map_or(lines.len(), |behind| i + behind);
                }
                match state {
                    State::Drawing if lines.get(goes_on).is_some_and(drawn) => state,
                    _ => State::Text,
                }
            }
            (State::Text | State::List(_), Some(marker))
                if !drawn(line) || state != State::Text =>
            {
                State::List(marker)
            }
            (State::List(_), _) => state,
            _ if drawn(line) => State::Drawing,
            _ => State::Text,
        };
        if (next == State::Drawing) != (state == State::Drawing) {
            out += if next == State::Drawing {
                "```text\n"
            } else {
                "```\n"
            };
        }
        out += &match next {
            State::Drawing => {
                let line = line.get(base..).unwrap_or(line.trim_start());
                visible(line).replace("```", "'''").replace('\t', "    ")
            }
            State::List(width) => item(line, width),
            State::Text if is_ruler(line) => String::new(),
            State::Text => escape(line.trim_start()),
        };
        out.push('\n');
        state = next;
    }
    if state == State::Drawing {
        out += "```\n";
    }
    out
}

/// What the lines of a comment are part of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Text,
    /// A list whose markers have this width.
    List(usize),
    /// A block that is shown as it stands.
    Drawing,
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Width of the marker of a list's item: `- `, `1. `.
fn marker(line: &str) -> Option<usize> {
    let line = line.trim_start();
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &line[digits..];
    let mark = match digits {
        0 => rest.starts_with(['-', '+', '*']) || rest.starts_with("o  "),
        1..=3 => rest.starts_with(['.', ')']),
        _ => false,
    };
    (mark && rest[1..].starts_with(' ')).then_some(digits + 2)
}

/// A line of a list; what belongs to an item is indented as markdown wants it.
fn item(line: &str, width: usize) -> String {
    let line = line.trim_start();
    match marker(line) {
        Some(2) => format!("- {}", escape(line[1..].trim_start())),
        Some(width) => format!("{}{}", &line[..width], escape(line[width..].trim_start())),
        None => format!("{:width$}{}", "", escape(line)),
    }
}

/// A line that only separates.
fn is_ruler(line: &str) -> bool {
    let line = line.trim();
    line.len() >= 3 && line.bytes().all(|b| b"-=*_#~+/|".contains(&b))
}

fn escape(line: &str) -> String {
    let line = visible(line).replace('\t', " ");
    // What would make a heading or a list of this line.
    let starts = line.starts_with(['-', '+', '=']);
    let mut out = String::from(if starts { "\\" } else { "" });
    for (i, word) in line.split(' ').enumerate() {
        if i > 0 {
            out.push(' ');
        }
        match ["http://", "https://"]
            .iter()
            .filter_map(|s| word.find(s))
            .min()
        {
            Some(at) => {
                let url = &word[at..];
                let end = url
                    .find(['<', '>', '"', '`', '|', '\\'])
                    .unwrap_or(url.len());
                let url = url[..end].trim_end_matches(['.', ',', ';', ':', ')', ']', '\'']);
                out += &escape_word(&word[..at]);
                out += &format!("<{url}>");
                out += &escape_word(&word[at + url.len()..]);
            }
            None => out += &escape_word(word),
        }
    }
    out
}

fn escape_word(word: &str) -> String {
    let mut out = String::new();
    let mut before = None;
    let mut rest = word.chars();
    while let Some(c) = rest.next() {
        let next = rest.clone().next();
        let special = match c {
            '[' | ']' | '<' | '>' | '`' | '\\' | '#' | '*' | '|' | '~' => true,
            // Inside of a word it means nothing.
            '_' => {
                let after = rest.as_str().trim_start_matches('_').chars().next();
                !(before.is_some_and(char::is_alphanumeric)
                    && after.is_some_and(char::is_alphanumeric))
            }
            '&' => next.is_some_and(|c| c.is_ascii_alphabetic() || c == '#'),
            _ => false,
        };
        if special && (c != '#' || out.is_empty()) {
            out.push('\\');
        }
        out.push(c);
        before = if c == '_' { before } else { Some(c) };
    }
    out
}

/// Control characters and those that change the direction of text, spelled out.
fn visible(line: &str) -> String {
    let hidden = |c: char| {
        (c.is_control() && c != '\t')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    let mut out = String::new();
    for c in line.chars() {
        if hidden(c) {
            out += &format!("(U+{:04X})", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::markdown;

    #[test]
    fn a_million_blank_lines_are_looked_through_once() {
        let text = format!("x\n          drawn\n{}y", "\n".repeat(1_000_000));
        let shown = markdown(&text);
        assert!(shown.starts_with("x\n```text\n") && shown.ends_with("y\n"));
    }

    #[test]
    fn text_shows_as_it_stands() {
        assert_eq!(markdown("see [1] and <b>"), "see \\[1\\] and \\<b\\>\n");
        assert_eq!(
            markdown("a_b and _c_ &lt; & d"),
            "a_b and \\_c\\_ \\&lt; & d\n"
        );
        assert_eq!(markdown("# a\n=b"), "\\# a\n\\=b\n");
    }

    #[test]
    fn addresses_are_links() {
        assert_eq!(markdown("at http://a.b/c_d."), "at <http://a.b/c_d>.\n");
        assert_eq!(markdown("(http://a.b/c)"), "(<http://a.b/c>)\n");
    }

    #[test]
    fn indented_blocks_are_not_code_of_ours() {
        assert_eq!(
            markdown("a:\n\n    x = 1;\nb"),
            "a:\n\n```text\n    x = 1;\n```\nb\n"
        );
    }

    #[test]
    fn lists_are_lists() {
        assert_eq!(
            markdown("one of\n - a\n   and b\n - c\n\nd"),
            "one of\n- a\n  and b\n- c\n\nd\n"
        );
        assert_eq!(markdown("1. a\nb"), "1. a\n   b\n");
    }

    #[test]
    fn rulers_are_dropped() {
        assert_eq!(markdown("---------\na\n====="), "\na\n\n");
    }

    #[test]
    fn h148_hidden_characters_are_spelled_out() {
        assert_eq!(markdown("a\u{202e}b```"), "a(U+202E)b\\`\\`\\`\n");
    }
}
