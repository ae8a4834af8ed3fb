//! Messages about the input: what every stage reports instead of stopping.
//!
//! A [`Diagnostic`] has a stable code (`E0105`; `W…` for warnings), points at the source by [`Label`]s, the first of
//! which is *the* place, and renders in three formats ([`Format`]). [`Diagnostics`] collects them, keeps at most one
//! error for each place, and stops keeping at a limit so that hostile input cannot fill the memory with messages.

mod codes;
mod render;

use std::collections::BTreeSet;

use crate::source::{SourceMap, Span};

pub use codes::explain;
#[cfg(feature = "cli")]
pub(crate) use render::clean;
pub(crate) use render::is_bidi_control;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Output is made, and something deserves a look.
    Warning,
    /// No output is made.
    Error,
}

/// Output formats of messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// The message, `FILE, line N: …` as rpcgen prints it, the source line with markers, help.
    #[default]
    Text,
    /// One line: `FILE:LINE:COLUMN: error[E0105]: message`.
    Short,
    /// One JSON object on one line.
    Json,
}

/// A place and what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// Text beside the marker; may be empty.
    pub text: String,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code: `rpcgen-rs explain CODE` tells more.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence: lower case, no full stop.
    pub message: String,
    /// Places, the main one first. May be empty for messages about no place.
    pub labels: Vec<Label>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error at a place.
    pub fn error(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, Some(span), message.into())
    }

    /// A warning at a place.
    pub fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, Some(span), message.into())
    }

    /// An error about no place in the text, as a missing input file.
    pub fn error_without_place(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, None, message.into())
    }

    /// A warning about no place in the text, as an option without effect.
    pub fn warning_without_place(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, None, message.into())
    }

    fn new(code: &'static str, severity: Severity, span: Option<Span>, message: String) -> Self {
        let labels = span
            .map(|span| Label {
                span,
                text: String::new(),
            })
            .into_iter()
            .collect();
        Self {
            code,
            severity,
            message,
            labels,
            help: None,
        }
    }

    /// Text beside the marker of the main place.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        if let Some(label) = self.labels.first_mut() {
            label.text = text.into();
        }
        self
    }

    /// One more place.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// What to do about it.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// The main place.
    pub fn span(&self) -> Option<Span> {
        self.labels.first().map(|l| l.span)
    }

    /// The message as text, ending in a line feed.
    pub fn render(&self, sources: &SourceMap, format: Format) -> String {
        match format {
            Format::Text => render::text(self, sources),
            Format::Short => render::short(self, sources),
            Format::Json => render::json(self, sources),
        }
    }
}

/// The messages of a run, in the order they were found.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    /// Places that have an error already.
    places: BTreeSet<Span>,
    errors: usize,
    suppressed: usize,
}

impl Diagnostics {
    /// Messages kept in one run; later ones are only counted.
    pub const LIMIT: usize = 500;

    /// Adds a message. A second error at the same place is dropped: it is nearly always the echo of the first.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if diagnostic.severity == Severity::Error {
            self.errors += 1;
            if let Some(span) = diagnostic.span()
                && !self.places.insert(span)
            {
                return;
            }
        }
        // Warnings must not use up the room of errors.
        let room = if diagnostic.severity == Severity::Error {
            Self::LIMIT
        } else {
            Self::LIMIT / 2
        };
        if self.list.len() < room {
            self.list.push(diagnostic);
        } else {
            self.suppressed += 1;
            // Without this, 10^6 errors would keep 10^6 places.
            self.places.clear();
        }
    }

    /// Adds the wanted ones of other messages, and how many others were not kept.
    pub(crate) fn append(&mut self, other: &Self, wanted: impl Fn(&Diagnostic) -> bool) {
        let wanted = other.iter().filter(|diagnostic| wanted(diagnostic));
        wanted.for_each(|diagnostic| self.push(diagnostic.clone()));
        self.suppressed += other.suppressed;
    }

    /// The first error alone, and how many other messages there were.
    pub(crate) fn first_error(&self) -> Self {
        let mut first = Self::default();
        let mut errors = self.iter().filter(|d| d.severity == Severity::Error);
        if let Some(error) = errors.next() {
            first.push(error.clone());
        }
        first.suppressed = self.suppressed + self.list.len() - first.list.len();
        first
    }

    /// There was at least one error.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// How many messages were counted but not kept.
    pub fn suppressed(&self) -> usize {
        self.suppressed
    }

    /// The messages in the order they were found.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// No message at all.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The first message with this code: for tests and tools.
    pub fn find(&self, code: &str) -> Option<&Diagnostic> {
        self.list.iter().find(|d| d.code == code)
    }

    /// The first message with one of these codes that shows one place only.
    pub(crate) fn find_mut(&mut self, codes: &[&str]) -> Option<&mut Diagnostic> {
        let mut list = self.list.iter_mut();
        list.find(|d| codes.contains(&d.code) && d.labels.len() == 1)
    }

    /// All messages as text in the order of their places, plus a line about suppressed ones.
    pub fn render(&self, sources: &SourceMap, format: Format) -> String {
        let mut list: Vec<&Diagnostic> = self.list.iter().collect();
        list.sort_by_key(|d| d.span().map(|span| (span.file, span.lo)));
        let mut out: String = list
            .into_iter()
            .map(|d| d.render(sources, format))
            .collect();
        if self.suppressed > 0 && format != Format::Json {
            out.push_str(&format!(
                "{} more messages are not shown\n",
                self.suppressed
            ));
        }
        out
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    #[test]
    fn one_error_for_each_place_and_a_limit() {
        let at = |lo| Span {
            file: FileId(0),
            lo,
            hi: lo + 1,
        };
        let mut diags = Diagnostics::default();
        diags.push(Diagnostic::warning("W0304", at(1), "w"));
        assert!(!diags.has_errors());
        diags.push(Diagnostic::error("E0101", at(1), "first"));
        diags.push(Diagnostic::error("E0101", at(1), "echo"));
        assert_eq!(diags.iter().count(), 2);
        for i in 0..10_000 {
            diags.push(Diagnostic::error("E0101", at(i + 5), "many"));
        }
        assert_eq!(diags.iter().count(), Diagnostics::LIMIT);
        assert_eq!(diags.suppressed(), 10_002 - Diagnostics::LIMIT);
        assert!(diags.has_errors());
    }
}
