//! The prefix that the members of an enum or the procedures of a program share, and what is left without it.
//!
//! The longest prefix of whole `_` segments goes. `*_OK` has no vote (`NFS_OK` among `NFSERR_…`) and loses as many
//! segments as the others. If a digit would lead, one segment is given back. Names depend on all members together, so
//! [`Stripped::fragile`] says when they hang on a single one.

use std::collections::HashSet;

/// What is left of each name, in order.
#[derive(Debug, PartialEq)]
pub(super) struct Stripped<'a> {
    /// The names without the prefix; never empty.
    pub(super) stems: Vec<&'a str>,
    /// The prefix that went, with its last `_`.
    pub(super) prefix: &'a str,
    /// Why one member more or less would change the prefix.
    pub(super) fragile: Option<&'static str>,
}

/// Strips what the names share.
pub(super) fn strip_shared<'a>(names: &[&'a str]) -> Stripped<'a> {
    let mut voters: Vec<&str> = names.iter().copied().filter(|name| !is_ok(name)).collect();
    if voters.len() < 2 {
        voters = names.to_vec();
    }
    if voters.len() < 2 {
        let fragile = names.iter().any(|name| droppable(name) > 0);
        return keep(names, fragile.then_some("it has a single member"));
    }
    let shared = shared_segments(&voters);
    if shared == 0 {
        let fragile = voters.len() > 2 && hangs_on_one(&voters, 0);
        return keep(
            names,
            fragile.then_some("it would have one if one member were gone"),
        );
    }
    let led_by_digit = |count| {
        names
            .iter()
            .any(|name| drop_segments(name, count).starts_with(|c: char| c.is_ascii_digit()))
    };
    let (count, fragile) = if led_by_digit(shared) {
        (shared - 1, Some("a digit would lead one of the names"))
    } else {
        (
            shared,
            hangs_on_one(&voters, shared)
                .then_some("it would be another without one of the members"),
        )
    };
    let first = voters[0];
    Stripped {
        stems: names
            .iter()
            .map(|name| drop_segments(name, count))
            .collect(),
        prefix: &first[..first.len() - drop_segments(first, count).len()],
        fragile,
    }
}

/// Strips a given prefix from the names that begin with it. As without it, `*_OK` loses as many segments as the others,
/// unless one of them has that name.
pub(super) fn strip_pinned<'a>(names: &[&'a str], prefix: &str) -> Vec<&'a str> {
    let segments = prefix.bytes().filter(|byte| *byte == b'_').count();
    let strip = |name: &&'a str| {
        name.strip_prefix(prefix)
            .filter(|rest| is_name(rest))
            .unwrap_or(name)
    };
    let mut stems: Vec<&str> = names.iter().map(strip).collect();
    let mut taken: HashSet<&str> = stems.iter().copied().collect();
    for (at, name) in names.iter().enumerate() {
        if stems[at] == *name && is_ok(name) && prefix.ends_with('_') {
            let stem = drop_segments(name, segments);
            if taken.insert(stem) {
                stems[at] = stem;
            }
        }
    }
    stems
}

/// Without other names nothing was stripped from this one, or something else than with them.
pub(super) fn hangs_on_others(name: &str) -> bool {
    droppable(name) > 0
}

/// Strips from a sole procedure's name the segments it shares with the program's: `YPPASSWD` and `YPPASSWDPROC_UPDATE`.
pub(super) fn strip_stem<'a>(name: &'a str, stem: &str) -> &'a str {
    let equal = name
        .split('_')
        .zip(stem.split('_'))
        .take_while(|(a, b)| a.eq_ignore_ascii_case(b))
        .count();
    let starts = |text: &str| {
        text.len() >= stem.len()
            && text.as_bytes()[..stem.len()].eq_ignore_ascii_case(stem.as_bytes())
    };
    let count = if equal == 0 && !stem.is_empty() && name.split('_').next().is_some_and(starts) {
        1
    } else {
        equal
    };
    drop_segments(name, count)
}

fn keep<'a>(names: &[&'a str], fragile: Option<&'static str>) -> Stripped<'a> {
    Stripped {
        stems: names.to_vec(),
        prefix: "",
        fragile,
    }
}

fn is_ok(name: &str) -> bool {
    name.ends_with("_OK")
}

/// Is there a letter or digit to make a name of?
fn is_name(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_alphanumeric())
}

/// How many segments may go so that a name is left.
fn droppable(name: &str) -> usize {
    let last = name
        .bytes()
        .rposition(|byte| byte.is_ascii_alphanumeric())
        .unwrap_or(0);
    name.as_bytes()[..last]
        .iter()
        .filter(|&&byte| byte == b'_')
        .count()
}

fn drop_segments(name: &str, count: usize) -> &str {
    let count = count.min(droppable(name));
    if count == 0 {
        return name;
    }
    let end = name
        .match_indices('_')
        .nth(count - 1)
        .map_or(0, |(at, _)| at + 1);
    &name[end..]
}

fn shared_segments(names: &[&str]) -> usize {
    names.iter().fold(usize::MAX, |count, name| {
        shared_by_two(names[0], name, count)
    })
}

fn shared_by_two(a: &str, b: &str, at_most: usize) -> usize {
    let equal = a
        .split('_')
        .zip(b.split('_'))
        .take(at_most)
        .take_while(|(a, b)| a == b)
        .count();
    equal.min(droppable(a)).min(droppable(b))
}

/// Would the others share another prefix if one of them were not there?
fn hangs_on_one(names: &[&str], shared: usize) -> bool {
    if names.len() == 2 {
        return true; // A single member keeps its whole name.
    }
    // Only a name that limits the prefix can change it by its absence. The first name is compared with all others.
    let limiting = |name: &&str| shared_by_two(names[0], name, usize::MAX) == shared;
    let mut limits = names[1..].iter().filter(|name| limiting(name));
    match (limits.next(), limits.next()) {
        (Some(only), None) => {
            let others: Vec<&str> = names
                .iter()
                .copied()
                .filter(|name| !std::ptr::eq(*name, *only))
                .collect();
            shared_segments(&others) != shared
        }
        _ => shared_segments(&names[1..]) != shared,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stems<'a>(names: &[&'a str]) -> Vec<&'a str> {
        strip_shared(names).stems
    }

    #[test]
    fn whole_segments_shared_by_all_go() {
        assert_eq!(
            stems(&["NFS3ERR_PERM", "NFS3ERR_NOENT", "NFS3ERR_IO"]),
            ["PERM", "NOENT", "IO"]
        );
        assert_eq!(stems(&["A_B_X", "A_B_Y"]), ["X", "Y"]);
        assert_eq!(stems(&["NFREG", "NFDIR"]), ["NFREG", "NFDIR"]);
        assert_eq!(stems(&["YP_TRUE", "NIS_FALSE"]), ["YP_TRUE", "NIS_FALSE"]);
    }

    #[test]
    fn ok_has_no_vote_and_loses_its_own_segments() {
        assert_eq!(
            stems(&["NFS3_OK", "NFS3ERR_PERM", "NFS3ERR_NOENT"]),
            ["OK", "PERM", "NOENT"]
        );
        assert_eq!(stems(&["NFS_OK", "NFS_ERR"]), ["OK", "ERR"]);
        assert_eq!(stems(&["MNT_OK", "A", "B"]), ["MNT_OK", "A", "B"]);
    }

    #[test]
    fn a_single_member_keeps_its_name() {
        assert_eq!(stems(&["FOO_BAR"]), ["FOO_BAR"]);
        assert!(strip_shared(&["FOO_BAR"]).fragile.is_some());
    }

    #[test]
    fn a_leading_digit_gives_one_segment_back() {
        assert_eq!(
            stems(&["A_TYPE_32BIT", "A_TYPE_64BIT", "A_TYPE_X"]),
            ["TYPE_32BIT", "TYPE_64BIT", "TYPE_X"]
        );
        assert_eq!(stems(&["W_3", "W_4"]), ["W_3", "W_4"]);
    }

    #[test]
    fn something_is_always_left() {
        assert_eq!(stems(&["FOO", "FOO_A"]), ["FOO", "FOO_A"]);
        assert_eq!(stems(&["FOO_", "FOO_A"]), ["FOO_", "FOO_A"]);
        assert_eq!(stems(&["_A_X", "_A_Y"]), ["X", "Y"]);
    }

    #[test]
    fn a_prefix_that_hangs_on_one_member_is_fragile() {
        assert!(strip_shared(&["A_B_X", "A_B_Y", "A_Z"]).fragile.is_some());
        assert!(strip_shared(&["A_Z", "A_B_X", "A_B_Y"]).fragile.is_some());
        assert!(strip_shared(&["A_X", "A_Y"]).fragile.is_some());
        assert!(strip_shared(&["A_X", "A_Y", "A_Z"]).fragile.is_none());
        assert!(
            strip_shared(&["A_B_X", "A_B_Y", "A_Z", "A_W"])
                .fragile
                .is_none()
        );
    }

    #[test]
    fn a_pinned_prefix_is_text() {
        assert_eq!(
            strip_pinned(&["FOO_A", "FOOB", "C", "FOO_"], "FOO_"),
            ["A", "FOOB", "C", "FOO_"]
        );
        assert_eq!(strip_pinned(&["FOO_A"], ""), ["FOO_A"]);
    }

    #[test]
    fn a_sole_procedure_loses_the_stem_of_its_program() {
        assert_eq!(strip_stem("YPPASSWDPROC_UPDATE", "YPPASSWD"), "UPDATE");
        assert_eq!(strip_stem("CALC_ADD", "CALC"), "ADD");
        assert_eq!(strip_stem("FOO_BAR_RUN", "FOO_BAR"), "RUN");
        assert_eq!(strip_stem("CALC", "CALC"), "CALC");
        assert_eq!(strip_stem("OTHER_RUN", "CALC"), "OTHER_RUN");
    }
}
