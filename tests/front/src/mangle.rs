//! A text → a nearly valid one: bytes, tokens, names, lines, whole definitions and values of JSON are lost, doubled, moved,
//! exchanged.

use golden::random::Random;

/// Longer texts are cut: what is special about them fits in less.
pub const LONGEST: usize = 12 << 10;

/// Tokens that a text may not have.
const WORDS: &[&str] = &[
    "bool",
    "case",
    "char",
    "const",
    "default",
    "double",
    "enum",
    "float",
    "hyper",
    "int",
    "long",
    "opaque",
    "program",
    "short",
    "string",
    "struct",
    "switch",
    "typedef",
    "union",
    "unsigned",
    "version",
    "void",
    "quadruple",
    "oneway",
    "namespace",
    "pragma",
    "TRUE",
    "FALSE",
    "uint64_t",
    "self",
    "String",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "<",
    ">",
    "<>",
    ";",
    ":",
    "::",
    ",",
    "=",
    "*",
    "+",
    "-",
    "/",
    "%",
    "<<",
    ">>",
    "&",
    "|",
    "^",
    "~",
    "!",
    "?",
    "==",
    "!=",
    "<=",
    ">=",
    "&&",
    "||",
    "…",
    "“text”",
    "\"",
    "'",
    "'x'",
    "\"text\"",
    "/*",
    "*/",
    "//",
    "\\\n",
    "\n",
    "\r\n",
    "\r",
    "\0",
    "\u{c}",
    "\u{feff}",
    "\u{202e}",
    "é",
    "\n#include \"b.x\"\n",
    "\n%#include \"b.h\"\n",
    "\n#define F(a, b...) a##b #a F(b)\n",
    "\n#define N N + N\n",
    "\n#define int\n",
    "\n#if ",
    "\n#ifdef N\n",
    "\n#else\n",
    "\n#elif defined(N) && 1\n",
    "\n#endif\n",
    "\n#undef N\n",
    "\n#if N <= 1 ? 'x' != 2U : 3 >= N\n",
    "\n#include \"in.x\"\n",
    "\n#include \"absent.x\"\n",
    "\n%#define D 5\n",
    "\n%#define d unsigned int\n",
    "__VA_ARGS__",
    "\n# 1 \"other.x\"\n",
    "\n#error text\n",
    "\n#pragma x\n",
    "\n%",
    "\n#",
    "##",
    "F(",
    "N",
    "BESIDE",
    "beside",
    "chained",
    "LENGTH",
    "word",
    "d",
    "D",
    "netobj",
    "int16",
    "__LINE__",
    "__FILE__",
    "const N = 3;",
    "struct s { int a; s *next; };",
    "typedef s t<>;",
    "enum e { A, B };",
    "void;",
    "case 1: void;",
    "union u switch (int d) { case 0: int v; default: void; };",
    ", a_long_name_of_a_type_of_an_argument *a_long_name_of_an_argument",
    " | A_LONG_NAME_OF_A_CONSTANT + ANOTHER_LONG_NAME_OF_A_CONSTANT << 3",
    "/* a comment of some length that stands where it may */",
];

/// Numbers at which something ends.
const NUMBERS: &[&str] = &[
    "0",
    "1",
    "2",
    "3",
    "-1",
    "7",
    "8",
    "08",
    "0x",
    "10U",
    "1.5",
    "255",
    "256",
    "65535",
    "65536",
    "0x7fffffff",
    "2147483647",
    "2147483648",
    "-2147483648",
    "-2147483649",
    "4294967295",
    "4294967296",
    "0xffffffffffffffff",
    "18446744073709551616",
    "-9223372036854775808",
    "170141183460469231731687303715884105728",
    "99999999999999999999999999999999999999999",
    "1073741824",
    "536870912",
    "100000",
    "0777",
];

/// Values of JSON.
const VALUES: &[&str] = &[
    "null",
    "true",
    "[]",
    "{}",
    "[1, null]",
    "\"\"",
    "\"text\"",
    "-1",
    "0",
    "1",
    "1.5",
    "1e9",
    "4294967296",
    "-170141183460469231731687303715884105729",
];

/// Parts of JSON's texts.
const ESCAPES: &[&str] = &[
    "\\n",
    "\\r\\b\\f\\/\\\"",
    "\\u0041",
    "\\ud83d\\ude00",
    "\\ud83d",
    "\\ud83d\\u0041",
    "\\ud83d\\u12",
    "\\ude00",
    "\\u12",
    "\\x",
    "\\",
];

/// Splits a text into ranges.
pub(crate) type Parts = fn(&[u8]) -> Vec<(usize, usize)>;

/// Changes a text in one place or several; `other` lends its parts.
pub fn mangle(rng: &mut Random, text: &mut Vec<u8>, other: &[u8]) {
    if text.len() > LONGEST {
        cut(rng, text);
    }
    // Mostly few changes: what is wrong all over ends at its first lines.
    let changes = 1 + rng.below(2) + if rng.one_in(8) { rng.below(12) } else { 0 };
    for _ in 0..changes {
        match rng.below(16) {
            0..=7 if text.starts_with(b"{") => values(rng, text),
            0 => bytes(rng, text),
            1..=4 => tokens(rng, text, other),
            5..=8 => names(rng, text),
            9 | 10 => numbers(rng, text),
            11 => lines(rng, text, other),
            12 | 13 => definitions(rng, text, other),
            14 => splice(rng, text, other),
            _ => nest(rng, text),
        }
    }
    text.truncate(2 * LONGEST);
}

/// Keeps a window of whole definitions.
fn cut(rng: &mut Random, text: &mut Vec<u8>) {
    let all = chunks(text);
    let mut kept = Vec::new();
    let from = rng.below(all.len());
    for (lo, hi) in &all[from..] {
        if kept.len() + (hi - lo) > LONGEST {
            break;
        }
        kept.extend_from_slice(&text[*lo..*hi]);
    }
    *text = kept;
}

fn bytes(rng: &mut Random, text: &mut Vec<u8>) {
    let at = rng.below(text.len() + 1);
    match rng.below(4) {
        0 if at < text.len() => text[at] = rng.bits() as u8,
        1 if at < text.len() => text[at] ^= 1 << rng.below(8),
        2 => drop(text.drain(at..(at + 1 + rng.below(6)).min(text.len()))),
        _ => text.insert(at, rng.bits() as u8),
    }
}

/// The words and signs of a text, as ranges; white space is none.
pub(crate) fn words(text: &[u8]) -> Vec<(usize, usize)> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let mut end = at + 1;
        if is_word(text[at]) {
            while end < text.len() && is_word(text[end]) {
                end += 1;
            }
        }
        if !text[at].is_ascii_whitespace() {
            found.push((at, end));
        }
        at = end;
    }
    found
}

fn tokens(rng: &mut Random, text: &mut Vec<u8>, other: &[u8]) {
    let all = words(text);
    if all.is_empty() {
        return text.extend_from_slice(rng.pick(WORDS).as_bytes());
    }
    let (lo, hi) = *rng.pick(&all);
    match rng.below(6) {
        0 => drop(text.drain(lo..hi)),
        1 => {
            let copy = [b" ", &text[lo..hi]].concat();
            insert(text, hi, &copy);
        }
        2 => {
            let (from, to) = *rng.pick(&all);
            let copy = text[from..to].to_vec();
            drop(text.splice(lo..hi, copy));
        }
        3 => {
            let theirs = words(other);
            if let Some((from, to)) = theirs.get(rng.below(theirs.len())) {
                drop(text.splice(lo..hi, other[*from..*to].iter().copied()));
            }
        }
        4 => drop(text.splice(lo..hi, rng.pick(WORDS).bytes())),
        _ => {
            let word = [b" ", rng.pick(WORDS).as_bytes(), b" "].concat();
            insert(text, hi, &word);
        }
    }
}

/// A name becomes another one of the file: clashes, cycles, types for values.
fn names(rng: &mut Random, text: &mut Vec<u8>) {
    let mut all = words(text);
    all.retain(|(lo, _)| text[*lo].is_ascii_alphabetic() || text[*lo] == b'_');
    if all.is_empty() {
        return;
    }
    let ((lo, hi), (from, to)) = (*rng.pick(&all), *rng.pick(&all));
    let mut name = text[from..to].to_vec();
    match rng.below(8) {
        0 => name.make_ascii_lowercase(),
        1 => name.make_ascii_uppercase(),
        2 => name.retain(|byte| *byte != b'_'),
        3 => name.extend_from_slice(&text[lo..hi]),
        _ => {}
    }
    drop(text.splice(lo..hi, name));
}

fn numbers(rng: &mut Random, text: &mut Vec<u8>) {
    let mut all = words(text);
    all.retain(|(lo, _)| text[*lo].is_ascii_digit());
    let place = if all.is_empty() || rng.one_in(8) {
        words(text).get(rng.below(60)).copied()
    } else {
        Some(*rng.pick(&all))
    };
    if let Some((lo, hi)) = place {
        drop(text.splice(lo..hi, rng.pick(NUMBERS).bytes()));
    }
}

/// A value of JSON or the name of a member becomes another one, or a word of it an escape.
fn values(rng: &mut Random, text: &mut Vec<u8>) {
    let all = words(text);
    if all.is_empty() {
        return;
    }
    let (lo, hi) = *rng.pick(&all);
    if rng.one_in(4) {
        drop(text.splice(lo..hi, rng.pick(ESCAPES).bytes()));
        return;
    }
    let begins = |byte: &u8| b"[{:,".contains(byte);
    if let Some(mark) = text[lo..].iter().position(begins) {
        let lo = lo + mark + 1;
        let hi = lo + value_len(&text[lo..]);
        drop(text.splice(lo..hi, rng.pick(VALUES).bytes()));
    }
}

/// Bytes to the end of the value at the start of the text.
pub(crate) fn value_len(text: &[u8]) -> usize {
    let (mut depth, mut quoted) = (0_usize, false);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' | b',' | b':' if depth == 0 => return at,
            b']' | b'}' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}

fn insert(text: &mut Vec<u8>, at: usize, piece: &[u8]) {
    drop(text.splice(at..at, piece.iter().copied()));
}

/// Ranges between the ends of lines.
pub(crate) fn line_ranges(text: &[u8]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut lo = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        found.push((lo, lo + line.len()));
        lo += line.len();
    }
    found
}

fn lines(rng: &mut Random, text: &mut Vec<u8>, other: &[u8]) {
    rearrange(rng, text, other, line_ranges);
}

/// Ranges of whole definitions, roughly: up to a `;` outside of braces.
pub(crate) fn chunks(text: &[u8]) -> Vec<(usize, usize)> {
    let (mut found, mut lo, mut depth) = (Vec::new(), 0, 0_usize);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b';' if depth == 0 => {
                found.push((lo, at + 1));
                lo = at + 1;
            }
            _ => {}
        }
    }
    found.push((lo, text.len()));
    found
}

fn definitions(rng: &mut Random, text: &mut Vec<u8>, other: &[u8]) {
    rearrange(rng, text, other, chunks);
}

/// Loses, doubles, exchanges or borrows a part.
fn rearrange(rng: &mut Random, text: &mut Vec<u8>, other: &[u8], parts: Parts) {
    let all = parts(text);
    if all.is_empty() {
        return;
    }
    let ((lo, hi), (from, to)) = (*rng.pick(&all), *rng.pick(&all));
    match rng.below(4) {
        0 => drop(text.drain(lo..hi)),
        1 => {
            let copy = text[from..to].to_vec();
            insert(text, hi, &copy);
        }
        2 if to <= lo => {
            let later = text[lo..hi].to_vec();
            let between = text[to..lo].to_vec();
            let first = text[from..to].to_vec();
            drop(text.splice(from..hi, [later, between, first].concat()));
        }
        _ => {
            let theirs = parts(other);
            if let Some((from, to)) = theirs.get(rng.below(theirs.len())) {
                insert(text, hi, &other[*from..*to]);
            }
        }
    }
}

/// The beginning of one text and the end of another.
fn splice(rng: &mut Random, text: &mut Vec<u8>, other: &[u8]) {
    let (ours, theirs) = (words(text), words(other));
    let from = theirs
        .get(rng.below(theirs.len()))
        .map_or(0, |range| range.0);
    let to = ours.get(rng.below(ours.len())).map_or(0, |range| range.1);
    text.truncate(to);
    text.extend_from_slice(&other[from..other.len().min(from + LONGEST)]);
}

/// Opens something again and again.
fn nest(rng: &mut Random, text: &mut Vec<u8>) {
    let opening = rng.pick(&[
        "{",
        "(",
        "struct {",
        "union switch (int d) { case 1: ",
        "enum { A = ",
        "-",
        "~ ",
        "1 ? ",
        "namespace n {",
        "F(",
        "\n#if 1\n",
        "1 + ",
        "(1 << ",
        "/*",
        "[",
        "{\"a\":",
    ]);
    let times = if rng.one_in(10) {
        1 + rng.below(1200)
    } else {
        1 + rng.below(4)
    };
    let all = words(text);
    let at = all.get(rng.below(all.len())).map_or(0, |range| range.0);
    insert(text, at, opening.repeat(times).as_bytes());
}
