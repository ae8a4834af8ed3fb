//! One identifier at a time: words, cases, keywords.
//!
//! A word ends at `_`, before an upper-case letter that follows a lower-case one (`fileId`), and where digits stand
//! between upper case and lower case (`READ3args`). Nothing else splits a word: `READargs` could be `READ args` or
//! `REA Dargs`, and only a dictionary knows.

/// The words of a name, as it spells them.
pub(super) fn words(name: &str) -> impl Iterator<Item = &str> {
    Words { rest: name }
}

struct Words<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let first = self.rest.bytes().position(|byte| byte != b'_')?;
        self.rest = &self.rest[first..];
        let bytes = self.rest.as_bytes();
        // The last letter seen, and whether digits came after it.
        let mut letter = None;
        let mut digits = false;
        let end = bytes.iter().position(|&byte| {
            let splits = match letter {
                Some(true) => digits && byte.is_ascii_lowercase(),
                Some(false) => byte.is_ascii_uppercase(),
                None => false,
            };
            let splits = splits || byte == b'_';
            if byte.is_ascii_digit() {
                digits = true;
            } else {
                letter = Some(byte.is_ascii_uppercase());
                digits = false;
            }
            splits
        });
        let (word, rest) = self.rest.split_at(end.unwrap_or(bytes.len()));
        self.rest = rest;
        Some(word)
    }
}

/// `nfs_fh3` → `NfsFh3`
pub(super) fn camel(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for word in words(name) {
        let mut letters = word.chars();
        out.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        out.extend(letters.map(|letter| letter.to_ascii_lowercase()));
    }
    presentable(out, name, "N")
}

/// `file_id` → `File_id`, `_id` → `_Id`
pub(super) fn capitalised(name: &str) -> String {
    let mut letters = name.to_owned();
    let first = name.find(|letter: char| letter.is_ascii_lowercase());
    if let Some(letter) = first.and_then(|at| letters.get_mut(at..=at)) {
        letter.make_ascii_uppercase();
    }
    letters
}

/// `fileId` → `file_id`
pub(super) fn snake(name: &str) -> String {
    presentable(joined(name, str::make_ascii_lowercase), name, "n")
}

/// `fileId` → `FILE_ID`
pub(super) fn screaming(name: &str) -> String {
    presentable(joined(name, str::make_ascii_uppercase), name, "N")
}

fn joined(name: &str, case: impl Fn(&mut str)) -> String {
    let mut out = String::with_capacity(name.len() + 2);
    for word in words(name) {
        if !out.is_empty() {
            out.push('_');
        }
        out.push_str(word);
    }
    case(&mut out);
    out
}

/// No Rust name begins with a digit, and one of underscores only (`_` is a pattern) becomes a word.
fn presentable(converted: String, name: &str, before_digit: &str) -> String {
    match converted.as_bytes().first() {
        Some(first) if first.is_ascii_digit() => format!("{before_digit}{converted}"),
        Some(_) => converted,
        None if before_digit == "n" => format!("underscore{}", name.len()),
        None => format!("Underscore{}", name.len()),
    }
}

/// Makes any name usable: `self`, `super`, `crate`, `Self` and `_` cannot be raw identifiers and get a `_` behind.
pub(super) fn usable(name: String) -> String {
    if matches!(name.as_str(), "self" | "Self" | "super" | "crate" | "_") {
        name + "_"
    } else {
        name
    }
}

/// Is it a name of the language? Labels may be numbers.
pub(crate) fn is_identifier(text: &str) -> bool {
    let letters = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    letters && !text.is_empty() && !text.starts_with(|first: char| first.is_ascii_digit())
}

/// Must this name be written `r#name`?
///
/// The keywords, strict and reserved, of all editions up to 2024: generated code is included in crates of any edition.
pub(crate) fn is_keyword(name: &str) -> bool {
    #[rustfmt::skip]
    let found = matches!(
        name,
        "abstract" | "as" | "async" | "await" | "become" | "box" | "break" | "const" | "continue" | "do"
            | "dyn" | "else" | "enum" | "extern" | "false" | "final" | "fn" | "for" | "gen" | "if" | "impl" | "in"
            | "let" | "loop" | "macro" | "match" | "mod" | "move" | "mut" | "override" | "priv" | "pub" | "ref"
            | "return" | "static" | "struct" | "trait" | "true" | "try" | "type" | "typeof" | "unsafe"
            | "unsized" | "use" | "virtual" | "where" | "while" | "yield"
    );
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_camel_case() {
        for (x, rust) in [
            ("nfs_fh3", "NfsFh3"),
            ("READ3args", "Read3Args"),
            ("node_t", "NodeT"),
            ("nfsstat3", "Nfsstat3"),
            ("COMPOUND4args", "Compound4Args"),
            ("PublicKeyType", "PublicKeyType"),
            ("fattr3Type", "Fattr3Type"),
            ("READargs", "Readargs"),
            ("_leading", "Leading"),
            ("_3d", "N3d"),
            ("__", "Underscore2"),
        ] {
            assert_eq!(camel(x), rust, "{x}");
        }
    }

    #[test]
    fn fields_are_snake_case() {
        for (x, rust) in [
            ("tv_sec", "tv_sec"),
            ("fileId", "file_id"),
            ("ALL", "all"),
            ("__x__y", "x_y"),
            ("_", "underscore1"),
            ("_9", "n9"),
        ] {
            assert_eq!(snake(x), rust, "{x}");
        }
    }

    #[test]
    fn constants_are_screaming() {
        assert_eq!(screaming("rpcb_highproc_2"), "RPCB_HIGHPROC_2");
        assert_eq!(screaming("MAXNAME"), "MAXNAME");
    }

    #[test]
    fn keywords_are_raw_or_get_an_underscore() {
        assert!(
            [
                "type", "fn", "match", "async", "await", "dyn", "gen", "try", "priv", "true"
            ]
            .into_iter()
            .all(is_keyword)
        );
        assert!(
            ["union", "default", "auto", "raw", "Some", "u32", "self"]
                .into_iter()
                .all(|word| !is_keyword(word))
        );
        assert_eq!(usable("self".into()), "self_");
        assert_eq!(usable("_".into()), "__");
        assert_eq!(usable("type".into()), "type");
    }
}
