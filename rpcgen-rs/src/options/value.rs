//! The kinds of option values: how each is read from the command line and written back.

/// How generated names are spelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Naming {
    /// As Rust programmers spell them.
    #[default]
    Rust,
    /// As the `.x` file spells them.
    C,
}

/// Preprocessor symbols and their values, in the order they were given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Symbols(Vec<(String, String)>);

impl Symbols {
    /// Adds a symbol.
    pub fn push(&mut self, name: &str, value: &str) {
        self.0.push((name.to_owned(), value.to_owned()));
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// A set of items, described by patterns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patterns(Vec<String>);

impl Patterns {
    /// Adds a pattern.
    pub fn push(&mut self, pattern: &str) {
        self.0.push(pattern.to_owned());
    }

    /// Is the item, or this member of it, selected?
    #[must_use]
    pub fn selects(&self, item: &str, member: Option<&str>) -> bool {
        self.0.iter().any(|pattern| matches(pattern, item, member))
    }

    /// Is this member selected, not all of the item?
    pub(crate) fn selects_member(&self, item: &str, member: &str) -> bool {
        let mut of_members = self.0.iter().filter(|pattern| pattern.contains('.'));
        of_members.any(|pattern| matches(pattern, item, Some(member)))
    }

    /// The patterns in the order they were given.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// Patterns, each with a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PatternMap(Vec<(String, String)>);

impl PatternMap {
    /// Adds a pattern and its text.
    pub fn push(&mut self, pattern: &str, text: &str) {
        self.0.push((pattern.to_owned(), text.to_owned()));
    }

    /// The texts of all patterns that select the item or this member of it, in the order they were given.
    pub fn all<'a>(
        &'a self,
        item: &'a str,
        member: Option<&'a str>,
    ) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(pattern, _)| matches(pattern, item, member))
            .map(|(_, text)| text.as_str())
    }

    /// The text for exactly this item or member (a pattern for an item does not reach its members); the last one wins.
    #[must_use]
    pub fn get(&self, item: &str, member: Option<&str>) -> Option<&str> {
        let exact = |pattern: &str| {
            pattern.contains('.') == member.is_some() && matches(pattern, item, member)
        };
        self.0
            .iter()
            .rev()
            .find(|(pattern, _)| exact(pattern))
            .map(|(_, text)| text.as_str())
    }

    /// Patterns and texts in the order they were given.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(pattern, text)| (pattern.as_str(), text.as_str()))
    }
}

/// A pattern without a dot selects an item and all its members, one with a dot a member.
fn matches(pattern: &str, item: &str, member: Option<&str>) -> bool {
    match (pattern.split_once('.'), member) {
        (None, _) => glob(pattern.as_bytes(), item.as_bytes()),
        (Some(_), None) => false,
        (Some((outer, inner)), Some(member)) => {
            glob(outer.as_bytes(), item.as_bytes()) && glob(inner.as_bytes(), member.as_bytes())
        }
    }
}

/// `*` stands for any text. The last star is the only one that ever needs to be tried again, so this is a loop.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut retry = None;
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            retry = Some((p, t));
            p += 1;
        } else if pattern.get(p) == Some(&text[t]) {
            (p, t) = (p + 1, t + 1);
        } else if let Some((star, from)) = retry {
            retry = Some((star, from + 1));
            (p, t) = (star + 1, from + 1);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

/// Kinds of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Formats {
    /// Rust code.
    pub rust: bool,
    /// The resolved interface as JSON.
    pub json: bool,
}

impl Formats {
    /// Rust code only.
    pub const RUST: Self = Self {
        rust: true,
        json: false,
    };
    /// Nothing: the input is only checked.
    pub const NONE: Self = Self {
        rust: false,
        json: false,
    };
    /// JSON only.
    pub const JSON: Self = Self {
        rust: false,
        json: true,
    };
}

/// The value of an option as the command line spells it.
pub(super) trait Setting: PartialEq {
    /// Takes a value of the command line.
    fn set(&mut self, text: &str) -> Result<(), String>;

    /// The texts that make this value out of the default one.
    fn spell(&self, default: &Self) -> Vec<String>;
}

impl Setting for bool {
    fn set(&mut self, text: &str) -> Result<(), String> {
        *self = text
            .parse()
            .map_err(|_| format!("expected `true` or `false`, found `{text}`"))?;
        Ok(())
    }

    fn spell(&self, default: &Self) -> Vec<String> {
        if self == default {
            Vec::new()
        } else {
            vec![self.to_string()]
        }
    }
}

impl Setting for String {
    fn set(&mut self, text: &str) -> Result<(), String> {
        text.clone_into(self);
        Ok(())
    }

    fn spell(&self, default: &Self) -> Vec<String> {
        if self == default {
            Vec::new()
        } else {
            vec![self.clone()]
        }
    }
}

impl Setting for Vec<String> {
    fn set(&mut self, text: &str) -> Result<(), String> {
        self.push(text.to_owned());
        Ok(())
    }

    fn spell(&self, _: &Self) -> Vec<String> {
        self.clone()
    }
}

impl Setting for Patterns {
    fn set(&mut self, text: &str) -> Result<(), String> {
        self.push(text);
        Ok(())
    }

    fn spell(&self, _: &Self) -> Vec<String> {
        self.0.clone()
    }
}

impl Setting for Symbols {
    fn set(&mut self, text: &str) -> Result<(), String> {
        let (name, value) = text.split_once('=').unwrap_or((text, "1"));
        self.push(name, value);
        Ok(())
    }

    fn spell(&self, _: &Self) -> Vec<String> {
        self.iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect()
    }
}

impl Setting for PatternMap {
    fn set(&mut self, text: &str) -> Result<(), String> {
        let (pattern, value) = text
            .split_once('=')
            .ok_or_else(|| format!("expected `PATTERN=VALUE`, found `{text}`"))?;
        self.push(pattern, value);
        Ok(())
    }

    fn spell(&self, _: &Self) -> Vec<String> {
        self.iter()
            .map(|(pattern, value)| format!("{pattern}={value}"))
            .collect()
    }
}

impl Setting for Naming {
    fn set(&mut self, text: &str) -> Result<(), String> {
        *self = match text {
            "rust" => Self::Rust,
            "c" => Self::C,
            _ => return Err(format!("expected `rust` or `c`, found `{text}`")),
        };
        Ok(())
    }

    fn spell(&self, default: &Self) -> Vec<String> {
        if self == default {
            return Vec::new();
        }
        vec![String::from(match self {
            Self::Rust => "rust",
            Self::C => "c",
        })]
    }
}

impl Setting for u32 {
    fn set(&mut self, text: &str) -> Result<(), String> {
        *self = text
            .parse()
            .map_err(|_| format!("expected a number below 2^32, found `{text}`"))?;
        Ok(())
    }

    fn spell(&self, default: &Self) -> Vec<String> {
        if self == default {
            Vec::new()
        } else {
            vec![self.to_string()]
        }
    }
}

impl Setting for Formats {
    fn set(&mut self, text: &str) -> Result<(), String> {
        let mut formats = Self {
            rust: false,
            json: false,
        };
        for format in text.split(',') {
            match format {
                "rust" => formats.rust = true,
                "json" => formats.json = true,
                _ => return Err(format!("expected `rust` or `json`, found `{format}`")),
            }
        }
        *self = formats;
        Ok(())
    }

    fn spell(&self, default: &Self) -> Vec<String> {
        if self == default {
            return Vec::new();
        }
        let names = [(self.rust, "rust"), (self.json, "json")];
        vec![
            names
                .iter()
                .filter(|(wanted, _)| *wanted)
                .map(|(_, name)| *name)
                .collect::<Vec<_>>()
                .join(","),
        ]
    }
}
