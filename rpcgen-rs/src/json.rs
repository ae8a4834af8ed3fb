//! JSON, as much of it as the schema of an interface needs: integers of any size up to 127 bits, no fractions.

use std::fmt;

/// A JSON value. Objects keep their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Int(i128),
    Text(String),
    Array(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl Json {
    /// A text, or null.
    pub(crate) fn text_or_null(text: Option<&str>) -> Self {
        text.map_or(Self::Null, Self::from)
    }

    /// An object of these members.
    pub(crate) fn object<'a>(members: impl IntoIterator<Item = (&'a str, Self)>) -> Self {
        Self::Object(
            members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        )
    }

    /// The member of an object.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Text(text) => write_text(f, text),
            Self::Array(items) => {
                write_all(f, depth, "[]", items, |f, item| item.write(f, depth + 1))
            }
            Self::Object(members) => write_all(f, depth, "{}", members, |f, (name, value)| {
                write_text(f, name)?;
                f.write_str(": ")?;
                value.write(f, depth + 1)
            }),
        }
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl<T: Into<Self>> FromIterator<T> for Json {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self::Array(items.into_iter().map(Into::into).collect())
    }
}

/// Two blanks for each level, one item on each line.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

fn write_all<T>(
    f: &mut fmt::Formatter<'_>,
    depth: usize,
    brackets: &str,
    items: &[T],
    mut write: impl FnMut(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    if items.is_empty() {
        return f.write_str(brackets);
    }
    let (open, close) = brackets.split_at(1);
    f.write_str(open)?;
    for (at, item) in items.iter().enumerate() {
        write!(
            f,
            "{}\n{:2$}",
            if at > 0 { "," } else { "" },
            "",
            (depth + 1) * 2
        )?;
        write(f, item)?;
    }
    write!(f, "\n{:1$}{close}", "", depth * 2)
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for letter in text.chars() {
        match letter {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\t' => f.write_str("\\t")?,
            letter if letter.is_control() => write!(f, "\\u{:04x}", u32::from(letter))?,
            letter => write!(f, "{letter}")?,
        }
    }
    f.write_str("\"")
}

/// Where a text is no JSON, and what was expected there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotJson {
    pub(crate) at: usize,
    pub(crate) expected: &'static str,
}

/// Reads a value.
pub(crate) fn parse(text: &str) -> Result<Json, NotJson> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    reader.blanks();
    if reader.at < text.len() {
        Err(reader.expected("the end of the text"))
    } else {
        Ok(value)
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    /// Values inside each other.
    const DEPTH: u32 = 64;

    fn value(&mut self, depth: u32) -> Result<Json, NotJson> {
        self.blanks();
        match self.peek() {
            _ if depth > Self::DEPTH => Err(self.expected("less nesting")),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => Ok(Json::Text(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.integer(),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Result<Json, NotJson> {
        for (word, value) in [
            ("null", Json::Null),
            ("true", Json::Bool(true)),
            ("false", Json::Bool(false)),
        ] {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.expected("a value"))
    }

    fn integer(&mut self) -> Result<Json, NotJson> {
        let rest = &self.text[self.at..];
        let end = rest
            .find(|c: char| !matches!(c, '-' | '+' | '.' | 'e' | 'E' | '0'..='9'))
            .unwrap_or(rest.len());
        let value = rest[..end]
            .parse()
            .map_err(|_| self.expected("a whole number"))?;
        self.at += end;
        Ok(Json::Int(value))
    }

    fn array(&mut self, depth: u32) -> Result<Json, NotJson> {
        let mut items = Vec::new();
        self.members(b']', |reader| {
            items.push(reader.value(depth + 1)?);
            Ok(())
        })?;
        Ok(Json::Array(items))
    }

    fn object(&mut self, depth: u32) -> Result<Json, NotJson> {
        let mut members = Vec::new();
        self.members(b'}', |reader| {
            reader.blanks();
            let name = reader.string()?;
            reader.blanks();
            reader.eat(b':', "`:`")?;
            members.push((name, reader.value(depth + 1)?));
            Ok(())
        })?;
        Ok(Json::Object(members))
    }

    /// From the opening bracket to the closing one.
    fn members(
        &mut self,
        close: u8,
        mut member: impl FnMut(&mut Self) -> Result<(), NotJson>,
    ) -> Result<(), NotJson> {
        self.at += 1;
        self.blanks();
        if self.peek() == Some(close) {
            self.at += 1;
            return Ok(());
        }
        loop {
            member(self)?;
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(byte) if byte == close => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.expected("`,` or the closing bracket")),
            }
        }
    }

    fn string(&mut self) -> Result<String, NotJson> {
        self.eat(b'"', "a text")?;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let end = rest
                .find(['"', '\\'])
                .ok_or_else(|| self.expected("the end of the text"))?;
            out.push_str(&rest[..end]);
            self.at += end + 1;
            if rest.as_bytes()[end] == b'"' {
                return Ok(out);
            }
            out.push(self.escape()?);
        }
    }

    fn escape(&mut self) -> Result<char, NotJson> {
        let letter = self.peek().ok_or_else(|| self.expected("an escape"))?;
        self.at += 1;
        Ok(match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'u' => self.unicode()?,
            _ => return Err(self.expected("an escape")),
        })
    }

    /// `\u0041`, or a pair of surrogates.
    fn unicode(&mut self) -> Result<char, NotJson> {
        let first = self.hex()?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first).ok_or_else(|| self.expected("a character"));
        }
        if !self.text[self.at..].starts_with("\\u") {
            return Err(self.expected("the second half of a surrogate pair"));
        }
        self.at += 2;
        let second = self.hex()?;
        let both = (0xdc00..0xe000)
            .contains(&second)
            .then(|| 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00));
        both.and_then(char::from_u32)
            .ok_or_else(|| self.expected("the second half of a surrogate pair"))
    }

    fn hex(&mut self) -> Result<u32, NotJson> {
        let digits = self
            .text
            .get(self.at..self.at + 4)
            .filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let value = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let value = value.ok_or_else(|| self.expected("four hexadecimal digits"))?;
        self.at += 4;
        Ok(value)
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8, expected: &'static str) -> Result<(), NotJson> {
        if self.peek() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        Err(self.expected(expected))
    }

    fn expected(&self, expected: &'static str) -> NotJson {
        NotJson {
            at: self.at,
            expected,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let value = Json::object([
            (
                "a",
                Json::Array(vec![
                    Json::Null,
                    Json::Bool(true),
                    Json::Int(-1),
                    Json::Int(i128::from(u64::MAX)),
                ]),
            ),
            ("b \"\\\n\u{1}é", Json::from("x\t/\u{1f600}")),
            ("c", Json::Object(Vec::new())),
            ("d", Json::Array(Vec::new())),
        ]);
        assert_eq!(parse(&value.to_string()), Ok(value));
    }

    #[test]
    fn escapes_of_others_are_understood() {
        assert_eq!(
            parse(r#" "\u0041\/\ud83d\ude00\b" "#),
            Ok(Json::from("A/\u{1f600}\u{8}"))
        );
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for wrong in [
            "",
            "{",
            "[1,]",
            "{\"a\" 1}",
            "\"a",
            "1.5",
            "nul",
            "1 2",
            r#""\ud83d""#,
            r#""\ud83d\u0041""#,
            r#""\u12""#,
            "\"\\",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert!(parse(&"[".repeat(100_000)).is_err());
    }
}
