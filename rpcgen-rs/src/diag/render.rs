//! Diagnostics as text: with the source line, on one line, or as JSON.
//!
//! Nothing of the input reaches the terminal unescaped: control characters and the bidirectional controls of Unicode
//! are shown as `\u{…}`, bytes that are not UTF-8 as U+FFFD.

use std::fmt::Write;

use super::{Diagnostic, Label, Severity};
use crate::source::SourceMap;

/// Longest piece of a source line that is shown, in characters.
const WIDTH: usize = 160;

/// ```text
/// calc.x, line 3: error[E0105]: expected `;` after the field, found `}`
///   --> calc.x:3:12
///    |
///  3 |     int a }
///    |          ^ here
///   = help: …
/// ```
pub(super) fn text(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let mut out = String::new();
    let heading = heading(diagnostic);
    if let Some(span) = diagnostic.span() {
        let place = sources.position(span);
        let (path, line) = (clean(place.path), place.line);
        let _ = writeln!(out, "{path}, line {line}: {heading}");
        let _ = writeln!(out, "  --> {path}:{line}:{}", place.column);
    } else {
        let _ = writeln!(out, "{heading}");
    }
    let gutter = diagnostic
        .labels
        .iter()
        .map(|l| digits(sources.position(l.span).line))
        .max()
        .unwrap_or(1);
    let mut file = diagnostic.span().map(|s| s.file);
    for (index, label) in diagnostic.labels.iter().enumerate() {
        if file != Some(label.span.file) {
            let place = sources.position(label.span);
            let _ = writeln!(
                out,
                "  ::: {}:{}:{}",
                clean(place.path),
                place.line,
                place.column
            );
            file = Some(label.span.file);
        }
        snippet(&mut out, label, sources, gutter, index == 0);
    }
    if let Some(help) = &diagnostic.help {
        let _ = writeln!(out, "  = help: {}", clean(help));
    }
    let mut file = diagnostic.span().map(|s| s.file);
    // The chain is as long as includes are nested, which is limited.
    while let Some(at) = file.and_then(|f| sources.file(f).included_at()) {
        let place = sources.position(at);
        let _ = writeln!(
            out,
            "  = note: included at {}:{}",
            clean(place.path),
            place.line
        );
        file = Some(at.file);
    }
    out.push('\n');
    out
}

/// `calc.x:3:12: error[E0105]: message`
pub(super) fn short(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    match diagnostic.span() {
        None => format!("{}\n", heading(diagnostic)),
        Some(span) => {
            let place = sources.position(span);
            format!(
                "{}:{}:{}: {}\n",
                clean(place.path),
                place.line,
                place.column,
                heading(diagnostic)
            )
        }
    }
}

/// One object on one line: code, severity, message, help, and labels with file, line, column and byte offsets.
pub(super) fn json(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let mut out = String::from("{");
    let _ = write!(out, "\"code\":{},", quoted(diagnostic.code));
    let _ = write!(
        out,
        "\"severity\":{},",
        quoted(severity(diagnostic.severity))
    );
    let _ = write!(out, "\"message\":{},", quoted(&diagnostic.message));
    let help = diagnostic
        .help
        .as_deref()
        .map_or_else(|| "null".to_owned(), quoted);
    let _ = write!(out, "\"help\":{help},\"labels\":[");
    for (index, label) in diagnostic.labels.iter().enumerate() {
        let place = sources.position(label.span);
        let _ = write!(
            out,
            "{}{{\"file\":{},\"line\":{},\"column\":{},\"start\":{},\"end\":{},\"text\":{}}}",
            if index == 0 { "" } else { "," },
            quoted(place.path),
            place.line,
            place.column,
            label.span.lo,
            label.span.hi,
            quoted(&label.text),
        );
    }
    out.push_str("]}\n");
    out
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

fn heading(diagnostic: &Diagnostic) -> String {
    format!(
        "{}[{}]: {}",
        severity(diagnostic.severity),
        diagnostic.code,
        clean(&diagnostic.message)
    )
}

fn digits(number: u32) -> usize {
    number.to_string().len()
}

/// The line of a label and its markers: `^` under the main place, `-` under others.
fn snippet(out: &mut String, label: &Label, sources: &SourceMap, gutter: usize, main: bool) {
    let file = sources.file(label.span.file);
    let (lo, hi) = file.line(file.row(label.span.lo));
    let from = label.span.lo.clamp(lo, hi);
    let to = label.span.hi.clamp(from, hi);
    let piece = |a: u32, b: u32| String::from_utf8_lossy(&file.text()[a as usize..b as usize]);
    // Lines of 10 MB exist: no more is looked at than can be shown.
    let most = 4 * (WIDTH as u32 + 2);
    let before = clean(&last_chars(
        &piece(lo.max(from.saturating_sub(most)), from),
        WIDTH,
    ));
    let marked = clean(&first_chars(&piece(from, to.min(from + most)), WIDTH));
    let after = clean(&first_chars(&piece(to, hi.min(to + most)), WIDTH));
    let line = sources.position(label.span).line;
    let _ = writeln!(out, " {:gutter$} |", "");
    let _ = writeln!(out, " {line:>gutter$} | {before}{marked}{after}");
    let marker = if main { "^" } else { "-" }.repeat(marked.chars().count().max(1));
    let indent = " ".repeat(before.chars().count());
    let text = if label.text.is_empty() {
        String::new()
    } else {
        format!(" {}", clean(&label.text))
    };
    let _ = writeln!(out, " {:gutter$} | {indent}{marker}{text}", "");
}

/// The first `limit` characters.
fn first_chars(text: &str, limit: usize) -> String {
    text.chars().take(limit).collect()
}

fn last_chars(text: &str, limit: usize) -> String {
    match text.char_indices().rev().nth(limit) {
        None => text.to_owned(),
        Some((at, _)) => format!("…{}", &text[at..]),
    }
}

/// Text that is safe to show: tabs widened, control and bidirectional characters escaped.
pub(crate) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => out.push_str("    "),
            c if c.is_control() || is_bidi_control(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// Characters that reorder what is shown (the "Trojan Source" set and the marks).
pub(crate) fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A JSON string.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c.is_control() || is_bidi_control(c) => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use crate::diag::{Diagnostic, Format};
    use crate::source::{SourceMap, Span};

    fn sample(text: &str) -> (SourceMap, Span) {
        let mut sources = SourceMap::default();
        let file = sources.add("calc.x", text.into(), None);
        (sources, Span { file, lo: 0, hi: 0 })
    }

    #[test]
    fn text_format_shows_line_and_places() {
        let (sources, at) = sample("struct a {\n\tint a }\n};\n");
        let d = Diagnostic::error(
            "E0105",
            Span {
                lo: 18,
                hi: 19,
                ..at
            },
            "expected `;`, found `}`",
        )
        .note("here")
        .label(Span { lo: 7, hi: 8, ..at }, "while reading struct `a`")
        .help("end it with `;`");
        let expected = "\
calc.x, line 2: error[E0105]: expected `;`, found `}`
  --> calc.x:2:8
   |
 2 |     int a }
   |           ^ here
   |
 1 | struct a {
   |        - while reading struct `a`
  = help: end it with `;`

";
        assert_eq!(d.render(&sources, Format::Text), expected);
        assert_eq!(
            d.render(&sources, Format::Short),
            "calc.x:2:8: error[E0105]: expected `;`, found `}`\n"
        );
        assert_eq!(
            d.render(&sources, Format::Json),
            "{\"code\":\"E0105\",\"severity\":\"error\",\"message\":\"expected `;`, found `}`\",\"help\":\"end it with `;`\",\
             \"labels\":[{\"file\":\"calc.x\",\"line\":2,\"column\":8,\"start\":18,\"end\":19,\"text\":\"here\"},\
             {\"file\":\"calc.x\",\"line\":1,\"column\":8,\"start\":7,\"end\":8,\"text\":\"while reading struct `a`\"}]}\n"
        );
    }

    #[test]
    fn hostile_source_lines_are_escaped() {
        let (sources, at) = sample("a\u{1b}[2J\u{202e}b\u{7}");
        let shown = Diagnostic::error("E0001", at, "bad \"\u{1b}\"").render(&sources, Format::Text);
        assert!(shown.contains("a\\u{1b}[2J\\u{202e}b\\u{7}"), "{shown}");
        assert!(!shown.contains('\u{1b}') && !shown.contains('\u{202e}'));
        let json = Diagnostic::error("E0001", at, "bad \"\u{1b}\\").render(&sources, Format::Json);
        assert!(json.contains(r#""bad \"\u001b\\""#), "{json}");
    }

    #[test]
    fn a_line_of_a_megabyte_is_cut() {
        let (sources, at) = sample(&"x".repeat(1 << 20));
        let span = Span {
            lo: 500_000,
            hi: 600_000,
            ..at
        };
        let shown = Diagnostic::error("E0001", span, "long").render(&sources, Format::Text);
        assert!(shown.len() < 2000, "{}", shown.len());
    }
}
