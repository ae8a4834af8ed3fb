//! What people mean when they write something else: help for messages, from the tokens around a mistake.

use super::Parser;
use crate::lex::{Keyword, Kind};
use crate::near::{TYPE_WORDS, nearest_word};
use crate::source::Span;

/// Words that begin a definition.
const DEFINITIONS: [&str; 6] = ["const", "enum", "struct", "union", "typedef", "program"];

impl Parser<'_> {
    /// The use of a macro that brings in the current token, if one does.
    pub(super) fn macro_use(&self) -> Option<Span> {
        let token = self.tokens.get(self.at)?;
        self.map.macro_use(token.lo)
    }

    /// The token is nowhere to be seen where the message points to.
    pub(super) fn macro_help(&self) -> Option<String> {
        self.macro_use()?;
        // All of a condition is text made anew, with or without a macro.
        if self.end == super::END_OF_CONDITION {
            return None;
        }
        let used = "it comes from a macro that is used here: look at its `#define`";
        (self.kind() != Kind::End).then(|| used.to_owned())
    }

    /// Something else than a definition begins at the current token.
    pub(super) fn definition_help(&self) -> Option<String> {
        let word = self.word(self.at);
        if self.kind() == Kind::Ident {
            if let Some(meant) = nearest_word(word, &DEFINITIONS) {
                return Some(format!("did you mean `{meant}`?"));
            }
            if matches!(word, b"static" | b"extern" | b"inline") {
                if self.nth(1) == Kind::Keyword(Keyword::Const) {
                    return Some("leave the word out".to_owned());
                }
                let help = "this is C: an interface has types, constants and programs; lines for C alone begin with `%`";
                return Some(help.to_owned());
            }
        }
        if self.kind() == Kind::Keyword(Keyword::Version) {
            return Some(
                "a version stands in a program: `program P { version V { … } = 1; } = 0x20000001;`"
                    .into(),
            );
        }
        if self.is_in_comment() {
            return Some("comments do not nest: the one before ended at the first `*/`".to_owned());
        }
        // `type name (`, `type *name;`
        let behind = (1..6)
            .map(|n| self.nth(n))
            .find(|kind| !matches!(kind, Kind::Ident | Kind::Keyword(_) | Kind::Punct(b'*')));
        match (self.kind(), self.nth(1), behind) {
            (Kind::Ident | Kind::Keyword(_), Kind::Ident | Kind::Keyword(_) | Kind::Punct(b'*'), Some(Kind::Punct(b'('))) => {
                Some("a procedure stands in a version of a program: `program P { version V { … } = 1; } = 0x20000001;`".into())
            }
            (Kind::Ident | Kind::Keyword(_), Kind::Ident | Kind::Keyword(_) | Kind::Punct(b'*'), Some(Kind::Punct(b';' | b'=' | b'[' | b'<' | b','))) => {
                Some("there are no variables: a type gets its name by `typedef`, a number by `const`".to_owned())
            }
            _ => None,
        }
    }

    /// The word that begins the definition here and is misspelled, if what follows it is as in such a definition.
    pub(super) fn misspelled_definition(&self) -> Option<&'static str> {
        if self.kind() != Kind::Ident {
            return None;
        }
        let meant = nearest_word(self.word(self.at), &DEFINITIONS)?;
        let is_word = |n| matches!(self.nth(n), Kind::Ident | Kind::Keyword(_));
        let fits = match (meant, self.nth(2)) {
            ("const", behind) => matches!(behind, Kind::Punct(b'=') | Kind::Number),
            ("enum" | "struct" | "program", behind) => behind == Kind::Punct(b'{'),
            ("union", behind) => behind == Kind::Keyword(Keyword::Switch),
            _ => is_word(2),
        };
        (is_word(1) && fits).then_some(meant)
    }

    /// The word here is a misspelled `known`.
    pub(super) fn is_misspelled(&self, known: &'static str) -> bool {
        self.kind() == Kind::Ident && nearest_word(self.word(self.at), &[known]).is_some()
    }

    /// Reports that this word is a misspelled `meant`; `what` may stand here.
    pub(super) fn misspelled(&mut self, what: &str, meant: &str) {
        let help = format!("did you mean `{meant}`?");
        self.expected_at(self.span(), what, Some(help));
    }

    /// A `*/` follows, and no `/*` before it.
    fn is_in_comment(&self) -> bool {
        (0..40).any(|n| {
            let pair = self
                .tokens
                .get(self.at + n)
                .zip(self.tokens.get(self.at + n + 1));
            pair.is_some_and(|(a, b)| {
                a.kind == Kind::Punct(b'*') && b.kind == Kind::Punct(b'/') && a.hi == b.lo
            })
        })
    }

    /// A name is missing at the current token, behind a type.
    pub(super) fn name_help(&self) -> Option<String> {
        let last = self.at.checked_sub(1)?;
        let shown = self.text_of(last);
        let brackets = matches!(self.kind(), Kind::Punct(b'[' | b'<'));
        let name_follows = (1..6)
            .find(|n| matches!(self.nth(*n), Kind::Punct(b']' | b'>')))
            .is_some_and(|n| self.nth(n + 1) == Kind::Ident);
        match self.tokens[last].kind {
            Kind::Ident if self.word(last) == b"signed" => {
                Some("leave the word out: a number without `unsigned` has a sign".to_owned())
            }
            Kind::Ident if self.word(last) == b"break" && self.kind() == Kind::Punct(b';') => {
                Some("an arm ends at its `;`, without a `break`; one without content is `void;`".to_owned())
            }
            Kind::Ident if matches!(self.kind(), Kind::Keyword(_)) => {
                nearest_word(self.word(last), &TYPE_WORDS).map(|meant| format!("did you mean `{meant}`?"))
            }
            Kind::Ident | Kind::Keyword(_) if brackets && name_follows => {
                Some("the brackets of an array stand behind its name: `int x[5]`".to_owned())
            }
            Kind::Ident if self.kind() == Kind::Punct(b';') && nearest_word(self.word(last), &["void"]).is_some() => {
                Some("did you mean `void`?".to_owned())
            }
            Kind::Ident if brackets || self.kind() == Kind::Punct(b';') => {
                Some(format!("`{shown}` stands where a type is expected: write `TYPE {shown}`"))
            }
            Kind::Punct(b'}') => {
                Some("a type that is defined in place needs a name behind its `}`, or a place of its own".to_owned())
            }
            _ => None,
        }
    }

    /// `struc color a`, `unsigned chaar b`: at the last word, which one of those before it was meant to be.
    fn misspelled_before_name(&self) -> Option<&'static str> {
        let (name, first) = (self.at.checked_sub(1)?, self.at.checked_sub(2)?);
        let is_ident = |at: usize| self.tokens[at].kind == Kind::Ident;
        if !self.is_word_too_many() || !is_ident(name) {
            return None;
        }
        let wrong = if is_ident(first) { first } else { name };
        nearest_word(self.word(wrong), &TYPE_WORDS)
    }

    /// A character is missing at the current token.
    pub(super) fn punct_help(&self, punct: u8) -> Option<String> {
        let what = self.context.last().map_or("", |(what, _)| what);
        if matches!(punct, b';' | b'(')
            && let Some(meant) = self.misspelled_before_name()
        {
            return Some(format!("did you mean `{meant}`?"));
        }
        let help = match (punct, self.kind(), what) {
            (b';', Kind::Punct(b'='), "struct" | "union") => "members have no values",
            (b';', Kind::Punct(b':'), "struct") => {
                "there are no bit-fields: a member has the size of its type"
            }
            (b';', Kind::Punct(b'('), "struct" | "union") => {
                "an array of five is `x[5]`, one of at most five `x<5>`"
            }
            (b']', Kind::Punct(b'>'), _) | (b'>', Kind::Punct(b']'), _) => {
                "`[n]` means exactly n elements, `<n>` at most n"
            }
            _ => return None,
        };
        Some(help.to_owned())
    }

    /// `const int X = 5;`: the habit of C. The type is reported and passed over.
    pub(super) fn skip_constant_type(&mut self) {
        let word = |kind| matches!(kind, Kind::Ident | Kind::Keyword(_));
        if !(word(self.kind()) && word(self.nth(1))) {
            return;
        }
        let mut name = self.at;
        while word(
            self.tokens
                .get(name + 1)
                .map_or(Kind::End, |token| token.kind),
        ) {
            name += 1;
        }
        // Without a `=`, it may be that which is missing.
        if self.tokens.get(name + 1).map(|token| token.kind) != Some(Kind::Punct(b'=')) {
            return;
        }
        let help = format!(
            "a constant has no type: write `const {} = …;`",
            self.text_of(name)
        );
        self.expected_at(self.span(), "the constant's name", Some(help));
        self.at = name;
    }
}
