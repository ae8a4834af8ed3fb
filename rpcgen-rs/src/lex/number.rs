//! Number tokens → values: decimal, `0x` hexadecimal, `0` octal (the text goes to a C compiler verbatim in rpcgen,
//! so `0777` is 511), each with an optional suffix of `u`, `l`, `ul`, `ll`, `ull`.

/// What is wrong with a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberError {
    /// `0x`
    NoDigits,
    /// `08`
    NotOctal,
    /// `1_000`, `12abc`, `1.5`, `10UU`
    BadCharacter(u8),
    /// 2^64 and more.
    TooLarge,
}

impl NumberError {
    /// The message.
    pub fn message(self, text: &str) -> String {
        match self {
            Self::NoDigits => format!("`{text}` has no digits"),
            Self::NotOctal => {
                format!("`{text}` begins with 0, so it is octal, and 8 and 9 are no octal digits")
            }
            Self::BadCharacter(b'.') => format!("`{text}` is no whole number"),
            Self::BadCharacter(byte) => format!(
                "`{}` does not belong in the number `{text}`",
                byte.escape_ascii()
            ),
            Self::TooLarge => format!("`{text}` is larger than 64 bits can hold"),
        }
    }
}

/// Value of a number token.
pub fn number(text: &[u8]) -> Result<u64, NumberError> {
    let (digits, base) = match text {
        [b'0', b'x' | b'X', digits @ ..] => (digits, 16),
        [b'0', digits @ ..] if digits.first().is_some_and(u8::is_ascii_digit) => (digits, 8),
        _ => (text, 10),
    };
    let len = digits
        .iter()
        .take_while(|b| (**b as char).is_digit(base.max(10)))
        .count();
    let (digits, suffix) = digits.split_at(len);
    if digits.is_empty() {
        return Err(NumberError::NoDigits);
    }
    let mut value: u64 = 0;
    for byte in digits {
        let digit = (*byte as char)
            .to_digit(base)
            .ok_or(NumberError::NotOctal)?;
        value = value
            .checked_mul(u64::from(base))
            .and_then(|v| v.checked_add(u64::from(digit)))
            .ok_or(NumberError::TooLarge)?;
    }
    let lower: Vec<u8> = suffix.iter().take(4).map(u8::to_ascii_lowercase).collect();
    match lower.as_slice() {
        b"" | b"u" | b"l" | b"ul" | b"lu" | b"ll" | b"ull" | b"llu" => Ok(value),
        _ => Err(NumberError::BadCharacter(suffix[0])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_base_and_suffix() {
        for (text, value) in [
            ("0", 0),
            ("10", 10),
            ("0777", 511),
            ("0x1F", 31),
            ("0XfF", 255),
            ("10U", 10),
            ("0ul", 0),
            ("7LLU", 7),
            ("0xffffffffffffffff", u64::MAX),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(number(text.as_bytes()), Ok(value), "{text}");
        }
    }

    #[test]
    fn h130_wrong_numbers_do_not_wrap() {
        use NumberError::{BadCharacter, NoDigits, NotOctal, TooLarge};
        let long = format!("0x{}", "F".repeat(40));
        for (text, error) in [
            ("18446744073709551616", TooLarge),
            (long.as_str(), TooLarge),
            ("08", NotOctal),
            ("0x", NoDigits),
            ("0xg", NoDigits),
            ("1_000", BadCharacter(b'_')),
            ("1.5", BadCharacter(b'.')),
            ("12abc", BadCharacter(b'a')),
            ("1uu", BadCharacter(b'u')),
            ("1ulll", BadCharacter(b'u')),
        ] {
            assert_eq!(number(text.as_bytes()), Err(error), "{text}");
            assert!(error.message(text).contains(text));
        }
    }
}
