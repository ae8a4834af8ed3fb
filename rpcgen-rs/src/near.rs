//! A misspelled name and the known ones → the name that was meant, as far as one can tell.

use std::cmp::Reverse;

/// Finds the name that was meant, as long as that does not take longer than hints are worth.
pub(crate) struct Hints {
    /// Names that may yet be looked at.
    budget: usize,
}

impl Default for Hints {
    fn default() -> Self {
        Self { budget: 1_000_000 }
    }
}

impl Hints {
    /// The known name that is nearest to a misspelled one, if any is near enough.
    pub(crate) fn nearest<'a>(
        &mut self,
        name: &str,
        known: impl Iterator<Item = &'a str>,
    ) -> Option<&'a str> {
        let allowed = (name.len() / 3).min(3);
        let mut best = None;
        for other in known.take(self.budget) {
            self.budget -= 1;
            if other.len().abs_diff(name.len()) <= allowed && other != name {
                // Of two that are as near, what goes on where the name ends: `u_int64` is `u_int64_t`, not `u_int`; then the longer.
                let found = distance(name, other, allowed).map(|distance| {
                    (
                        distance,
                        !other.starts_with(name),
                        Reverse(other.len()),
                        other,
                    )
                });
                best = [best, found].into_iter().flatten().min();
            }
        }
        best.map(|(.., other)| other)
    }
}

/// Edit distance of two names if it is at most `allowed`. A change of case is half as bad as another letter.
fn distance(a: &str, b: &str, allowed: usize) -> Option<usize> {
    /// Longer names are no typing mistakes.
    const LONGEST: usize = 64;
    if a.eq_ignore_ascii_case(b) {
        return Some(1);
    }
    if a.len() > LONGEST || b.len() > LONGEST {
        return None;
    }
    let cost = |x: u8, y: u8| match (x == y, x.eq_ignore_ascii_case(&y)) {
        (true, _) => 0,
        (false, true) => 1,
        (false, false) => 2,
    };
    let (a, b) = (a.as_bytes(), b.as_bytes());
    // The last two rows of the table: letters that changed places need the one before the last.
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).map(|column| column * 2).collect();
    for (line, &x) in a.iter().enumerate() {
        let mut next = vec![(line + 1) * 2];
        for (column, &y) in b.iter().enumerate() {
            let mut least = (row[column] + cost(x, y))
                .min(row[column + 1] + 2)
                .min(next[column] + 2);
            if line > 0 && column > 0 && x == b[column - 1] && a[line - 1] == y {
                least = least.min(before[column - 1] + 2);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
    }
    Some(row[b.len()]).filter(|&found| found <= allowed * 2)
}

/// The words that types are made of.
pub(crate) const TYPE_WORDS: [&str; 15] = [
    "bool", "char", "double", "enum", "float", "hyper", "int", "long", "opaque", "short", "string",
    "struct", "union", "unsigned", "void",
];

/// The word that was probably meant.
pub(crate) fn nearest_word<'a>(word: &[u8], known: &[&'a str]) -> Option<&'a str> {
    let word = std::str::from_utf8(word).ok()?;
    Hints::default().nearest(word, known.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_if_it_is_near() {
        let known = ["nfs_fh3", "nfs_fh", "fattr3", "MAXNAME"];
        let nearest = |name: &str, known: std::array::IntoIter<&'static str, 4>| {
            Hints::default().nearest(name, known)
        };
        assert_eq!(nearest("nfs_hf3", known.into_iter()), Some("nfs_fh3"));
        assert_eq!(nearest("fattr", known.into_iter()), Some("fattr3"));
        assert_eq!(nearest("maxname", known.into_iter()), Some("MAXNAME"));
        assert_eq!(nearest("MaxName", known.into_iter()), Some("MAXNAME"));
        assert_eq!(
            Hints::default().nearest("u_int64", ["u_int", "u_int64_t"].into_iter()),
            Some("u_int64_t")
        );
        assert_eq!(nearest("zzz", known.into_iter()), None);
        assert_eq!(nearest(&"a".repeat(5000), known.into_iter()), None);
    }
}
