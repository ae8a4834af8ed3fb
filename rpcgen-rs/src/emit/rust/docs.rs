//! Comments of the `.x` file → rustdoc, so that no comment can break the documentation or the code.

use crate::ir::Docs;
use proc_macro2::TokenStream;
use quote::quote;

/// The documentation of an item: its comment, or `otherwise`.
pub(super) fn or(docs: &Docs, otherwise: &str) -> TokenStream {
    match docs {
        Some(text) if !text.trim().is_empty() => of(text),
        _ if otherwise.is_empty() => TokenStream::new(),
        _ => of(otherwise),
    }
}

/// A text as documentation.
pub(super) fn of(text: &str) -> TokenStream {
    markdown(text)
        .lines()
        .map(|line| {
            let line = if line.is_empty() {
                String::new()
            } else {
                format!(" {line}")
            };
            quote!(#[doc = #line])
        })
        .collect()
}

/// Plain text as markdown that shows it: links, tags and code are those of the text, not of rustdoc.
fn markdown(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let base = lines
        .iter()
        .filter(|l| !l.is_empty())
        .map(|l| indent(l))
        .min()
        .unwrap_or(0);
    let mut out = String::new();
    let mut fenced = false;
    for (i, line) in lines.iter().enumerate() {
        // An indented block would be taken for Rust code, and tested.
        let drawn = |l: &&str| !l.is_empty() && (indent(l) >= base + 4 || l.starts_with('\t'));
        let inside = if line.is_empty() {
            fenced && lines[i..].iter().find(|l| !l.is_empty()).is_some_and(drawn)
        } else {
            drawn(line)
        };
        if inside != fenced {
            out += if inside { "```text\n" } else { "```\n" };
            fenced = inside;
        }
        let line = line.get(base..).unwrap_or(line.trim_start());
        out += &if inside {
            visible(line).replace("```", "'''")
        } else {
            escape(line)
        };
        out.push('\n');
    }
    if fenced {
        out += "```\n";
    }
    out
}

fn escape(line: &str) -> String {
    let mut out = String::new();
    for (i, word) in visible(line).split(' ').enumerate() {
        if i > 0 {
            out.push(' ');
        }
        let end = word.trim_end_matches(['.', ',', ';', ':', ')', '>', ']', '"', '\'']);
        if end.starts_with("http://") || end.starts_with("https://") {
            out += &format!("<{end}>");
            out += &escape_word(&word[end.len()..]);
        } else {
            out += &escape_word(word);
        }
    }
    out
}

fn escape_word(word: &str) -> String {
    let mut out = String::new();
    for c in word.chars() {
        if matches!(
            c,
            '[' | ']' | '<' | '>' | '`' | '\\' | '#' | '*' | '_' | '|' | '~'
        ) {
            out.push('\\');
        }
        out.push(c);
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
    fn text_shows_as_it_stands() {
        assert_eq!(markdown("see [1] and <b>"), "see \\[1\\] and \\<b\\>\n");
        assert_eq!(markdown("at http://a.b/c."), "at <http://a.b/c>.\n");
    }

    #[test]
    fn indented_blocks_are_not_code_of_ours() {
        assert_eq!(
            markdown("a:\n\n    x = 1;\nb"),
            "a:\n\n```text\n    x = 1;\n```\nb\n"
        );
    }

    #[test]
    fn h148_hidden_characters_are_spelled_out() {
        assert_eq!(markdown("a\u{202e}b```"), "a(U+202E)b\\`\\`\\`\n");
    }
}
