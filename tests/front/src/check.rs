//! A text and flags → everything the compiler can make of it, and whether it holds together. A text that begins with `{`
//! is the JSON of an interface.
//!
//! Whatever the text: no panic, bounded memory, either messages that can be shown or output. Whatever is accepted: Rust
//! that parses, the same for a second run, from the JSON of the interface, and from the formatted text. Whatever consists
//! of tokens: formatting keeps them and is stable, and a formatted text means what it meant.

use golden::options;
use rpcgen_rs::diag::{Diagnostics, Format, Severity};
use rpcgen_rs::emit::x;
use rpcgen_rs::lex::{Tokens, lex_raw};
use rpcgen_rs::options::Formats;
use rpcgen_rs::source::{FileId, MapLoader, SourceMap, SpanMap};
use rpcgen_rs::{Options, Output};
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The files beside the text, for its `#include "b.x"` and `%#include "c.h"`: one to take from, one with a program and a
/// mistake, which includes a third from its folder, and one that needs the first.
const BESIDE: [(&str, &str); 4] = [
    ("b.x", include_str!("../beside/b.x")),
    ("d/c.x", include_str!("../beside/d/c.x")),
    ("d/d.x", include_str!("../beside/d/d.x")),
    ("d/e.x", include_str!("../beside/d/e.x")),
];

/// Memory that compiling may take at its peak: a macro may expand to 4 MiB of text.
const MEMORY: u64 = 512 << 20;

/// What was seen of a text.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// There was output.
    pub accepted: bool,
    /// Memory at the peak, bytes.
    pub memory: u64,
    /// What is special about the text: messages, and sequences of tokens in its Rust.
    pub features: Vec<u64>,
}

/// Compiles a text in all ways.
///
/// # Errors
/// What does not hold.
pub fn check(text: &[u8], flags: &str) -> Result<Seen, String> {
    let mut seen = Err(String::new());
    let memory = allocation_counter::measure(|| {
        let unwound = catch_unwind(AssertUnwindSafe(|| holds(text, flags)));
        seen = unwound.unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref().map(|text: &&str| (*text).to_owned()));
            Err(format!("panic: {}", text.unwrap_or_default()))
        });
    });
    let mut seen = seen?;
    seen.memory = memory.bytes_max;
    if memory.bytes_max > MEMORY {
        return Err(format!("{} bytes of memory", memory.bytes_max));
    }
    Ok(seen)
}

fn holds(text: &[u8], flags: &str) -> Result<Seen, String> {
    let mut options = options(flags);
    options.emit = Formats::RUST;
    options.emit.json = true;
    let is_json = text.starts_with(b"{");
    let path = if is_json { "in.json" } else { "in.x" };
    let output = compile(&options, path, text);
    let mut seen = Seen {
        accepted: !output.files.is_empty(),
        ..Seen::default()
    };
    messages(&output, &mut seen)?;
    if let [rust, json] = &output.files[..] {
        let parsed = syn::parse_file(&rust.text);
        parsed.map_err(|error| format!("the Rust does not parse: {error}\n{}", rust.text))?;
        features(&rust.text, &mut seen);
        if compile(&options, path, text).files != output.files {
            return Err("another run makes other output".to_owned());
        }
        let again = compile(&options, "in.json", json.text.as_bytes());
        let fits = json.text.len() <= options.max_input as usize;
        if fits && again.files != output.files {
            let said = again.diagnostics.render(&again.sources, Format::Text);
            return Err(format!("the JSON read back makes other output: {said}"));
        }
    } else if seen.accepted {
        return Err("one Rust file and one JSON file are wanted".to_owned());
    }
    if !is_json {
        formatted(&options, text, &output)?;
    }
    Ok(seen)
}

fn compile(options: &Options, path: &str, text: &[u8]) -> Output {
    let beside = BESIDE.map(|(path, text)| (path, text.as_bytes()));
    let mut files = MapLoader::new(beside.into_iter().chain([(path, text)]));
    rpcgen_rs::compile(options, &mut files, path)
}

/// Messages can be shown in each form; errors and output exclude each other.
fn messages(output: &Output, seen: &mut Seen) -> Result<(), String> {
    for form in [Format::Text, Format::Short, Format::Json] {
        let shown = output.diagnostics.render(&output.sources, form);
        if form == Format::Short && shown.lines().count() < output.diagnostics.iter().count() {
            return Err(format!("messages are missing in\n{shown}"));
        }
    }
    if output.diagnostics.has_errors() == seen.accepted {
        return Err(format!("errors and output: {}", seen.accepted));
    }
    let mut last = 0;
    for diagnostic in &output.diagnostics {
        if rpcgen_rs::check::explain(diagnostic.code).is_none() {
            return Err(format!("nothing explains {}", diagnostic.code));
        }
        // Without what stands in quotes.
        let words: Vec<&str> = diagnostic.message.split('`').step_by(2).collect();
        let words = words.concat();
        let text = words.trim_matches(|letter: char| !letter.is_ascii_alphabetic());
        let template: String = text
            .chars()
            .filter(|letter| !letter.is_ascii_digit())
            .collect();
        let this = hash(&template);
        seen.features.extend([this, hash(&(last, this))]);
        last = this;
    }
    Ok(())
}

/// Sequences of five tokens of the Rust, names and numbers all alike.
fn features(rust: &str, seen: &mut Seen) {
    let code = rust
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let mut kinds: Vec<u8> = Vec::new();
    for line in code {
        let mut rest = line.trim();
        while let Some(first) = rest.chars().next() {
            if first == '"' {
                // What strings say is no matter of the generator.
                let end = rest[1..].find('"').map_or(rest.len(), |end| end + 2);
                kinds.push(b'"');
                rest = rest[end..].trim_start();
                continue;
            }
            let word = |letter: char| letter.is_alphanumeric() || letter == '_';
            let end = rest
                .find(|letter| !word(letter))
                .unwrap_or(rest.len())
                .max(first.len_utf8());
            kinds.push(match (first, &rest[..end]) {
                ('0'..='9', _) => b'0',
                (
                    _,
                    "fn" | "pub" | "impl" | "struct" | "enum" | "match" | "if" | "for" | "while"
                    | "return" | "const",
                ) => (hash(&rest[..end]) as u8) | 0x80,
                ('A'..='Z', _) => b'A',
                ('a'..='z' | '_', _) => b'a',
                _ => first as u8,
            });
            rest = rest[end..].trim_start();
        }
    }
    seen.features.extend(kinds.windows(5).map(hash));
}

fn hash<T: Hash + ?Sized>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Formats what is a sentence of the language, as the command does.
fn formatted(options: &Options, text: &[u8], output: &Output) -> Result<(), String> {
    // Whether a text over the limit is a sentence was not looked at.
    if text.len() > options.max_input as usize {
        return Ok(());
    }
    let once = match format(text) {
        Some(once) if !output.diagnostics.iter().any(|d| d.code.starts_with("E01")) => once,
        _ => return Ok(()),
    };
    let shown = String::from_utf8_lossy(&once);
    if format(&once).as_deref() != Some(&once[..]) {
        return Err(format!("formatting is not stable:\n{shown}"));
    }
    if content(text) != content(&once) {
        return Err(format!("formatting changes tokens:\n{shown}"));
    }
    if once.len() > options.max_input as usize {
        return Ok(());
    }
    let again = compile(options, "in.x", &once);
    // With the files that it needs, one of the two may be within the limit, and both may pass it in different files.
    let is_beyond = |output: &Output| output.diagnostics.find("E0058").is_some();
    if is_beyond(&again) || is_beyond(output) {
        return Ok(());
    }
    let codes = |output: &Output| {
        let errors = output
            .diagnostics
            .iter()
            .filter(|d| d.severity == Severity::Error);
        let mut codes: Vec<&str> = errors.map(|diagnostic| diagnostic.code).collect();
        codes.sort_unstable();
        codes
    };
    if codes(&again) != codes(output) {
        return Err(format!(
            "formatting changes messages: {:?}\n{shown}",
            codes(&again)
        ));
    }
    if again.files != output.files {
        return Err(format!("formatting changes the output:\n{shown}"));
    }
    Ok(())
}

fn format(text: &[u8]) -> Option<Vec<u8>> {
    let mut sources = SourceMap::default();
    let file = sources.add("in.x", text.to_vec(), None);
    x::format(file, &sources, &mut Diagnostics::default())
}

/// The texts of all tokens.
fn content(text: &[u8]) -> Vec<&[u8]> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let map = SpanMap::identity(FileId::default());
    let Tokens { tokens, .. } = lex_raw(text, &map, &mut Diagnostics::default());
    tokens
        .iter()
        .map(|token| &text[token.lo as usize..token.hi as usize])
        .collect()
}
