//! Mistakes that people make, and what is said about each: one message, at its place.
//!
//! `mistakes.txt` has a block for each: `== title`, the file, and behind `--` the messages and their help. A title that
//! ends in `×2` says that the mistake is made twice. `UPDATE_GOLDEN=1 cargo test -p golden` writes the messages.

use golden::{Mistake, compare, compile, mistakes, mistakes_file, report};
use rpcgen_rs::Options;
use rpcgen_rs::diag::{Format, Severity};
use rpcgen_rs::lex::Keyword;
use std::collections::HashSet;
use std::fmt::Write as _;

#[test]
fn one_mistake_is_one_message() {
    let mut wanted = String::new();
    let mut complaints = Vec::new();
    let mut count = 0;
    for Mistake { title, text } in mistakes() {
        let made = title
            .split_once('×')
            .map_or(1, |(_, n)| n.parse().expect("a number"));
        let output = compile(&text, &Options::default());
        write!(wanted, "== {title}\n{text}").expect("a string takes text");
        let mut errors = 0;
        for diagnostic in &output.diagnostics {
            errors += usize::from(diagnostic.severity == Severity::Error);
            let shown = diagnostic.render(&output.sources, Format::Short);
            let shown = shown.trim_end().trim_start_matches("in.x:");
            writeln!(wanted, "-- {shown}").expect("a string takes text");
            if let Some(help) = &diagnostic.help {
                writeln!(wanted, "--   {help}").expect("a string takes text");
            }
        }
        if errors != made {
            complaints.push(format!("{title}: {errors} errors"));
        }
        count += 1;
    }
    assert!(count > 100, "the mistakes are there");
    compare(&mistakes_file(), Some(&wanted), &mut complaints);
    report(&complaints);
}

/// Mistakes that leave something open, which takes in what follows: a comment, a dead branch, and where `}` or `;` is
/// missing, what can't be told from the rest of it.
const OPEN: [(&str, &[&str]); 6] = [
    ("unclosed enum", &["one `}` too many", "no `{`"]),
    ("unclosed if", &["stray endif", "else noif"]),
    (
        "eof in program",
        &[
            "a union of C",
            "version outside",
            "struct no name",
            "no `{`",
            "variables ×2",
            "missing switch",
            "uppercase kw ×2",
            "misspelled keywords, and what is in their braces ×9",
            "no `{` in programs and enums ×3",
            "a misspelled switch ×2",
        ],
    ),
    (
        "a message of protobuf",
        &["struct no name", "comment nested", "slash comment"],
    ),
    (
        "eof after typedef",
        &["comment nested", "slash comment", "at start"],
    ),
    (
        "semi after version",
        &["comment nested", "slash comment", "at start"],
    ),
];

/// Behind these, or before, nothing is known of names.
const LINES_LOST: [&str; 2] = ["comment unclosed", "if unclosed2"];

#[test]
fn two_mistakes_are_two_messages() {
    let mistakes = mistakes();
    let mut complaints = Vec::new();
    let mut pairs = 0;
    for first in &mistakes {
        let alone = codes(&first.text);
        for second in &mistakes {
            let text = renamed(&second.text, &first.text);
            let second_alone = codes(&text);
            let known = OPEN
                .iter()
                .any(|(open, taken)| *open == first.title && taken.contains(&&*second.title));
            let is_lost = |mistake: &Mistake| LINES_LOST.contains(&&*mistake.title);
            // Some mistakes are in the names.
            if known || is_lost(first) || is_lost(second) || second_alone != codes(&second.text) {
                continue;
            }
            let mut each = [&*alone, &*second_alone].concat();
            each.sort_unstable();
            let both = codes(&format!("{}\n{text}", first.text));
            if both != each {
                let titles = format!("{} / {}", first.title, second.title);
                complaints.push(format!("{titles}: {each:?}, not {both:?}"));
            }
            pairs += 1;
        }
    }
    assert!(pairs > 10_000, "{pairs} pairs");
    report(&complaints);
}

/// The codes of all errors, sorted.
fn codes(text: &str) -> Vec<&'static str> {
    let output = compile(text, &Options::default());
    let errors = output.diagnostics.iter();
    let errors = errors.filter(|diagnostic| diagnostic.severity == Severity::Error);
    let mut codes: Vec<_> = errors.map(|diagnostic| diagnostic.code).collect();
    codes.sort_unstable();
    codes
}

/// The text with other names for those that `taken` has, too.
fn renamed(text: &str, taken: &str) -> String {
    const DIRECTIVES: [&str; 8] = [
        "include", "if", "ifdef", "ifndef", "else", "endif", "define", "defined",
    ];
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let words: HashSet<&str> = taken.split(|letter| !is_word(letter)).collect();
    let mut out = String::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let len = rest.find(|letter| !is_word(letter)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(len.max(letter.len_utf8()));
        out += word;
        let is_name = letter.is_ascii_alphabetic()
            && Keyword::of(word.as_bytes()).is_none()
            && !DIRECTIVES.contains(&word);
        if is_name && words.contains(word) {
            out += "_2";
        }
        rest = behind;
    }
    out
}
