//! One scope: every item wants a name, and in the end no two have the same.
//!
//! Independent of order: where two items want one name, *all* of them keep the spelling of the `.x` file (W0401 says how
//! to rename one). That may collide with the wish of a third, which then keeps its spelling as well. Spellings of one
//! scope differ in the file, so this ends; what still collides (a pinned name, a name that generated code needs) is
//! an error that asks for a rename.

use std::collections::HashSet;

use super::{OF_PRELUDE, case, is_identifier};
use crate::diag::{Diagnostic, Diagnostics};
use crate::source::Span;

/// Rust's namespaces; an item may live in both.
pub(super) const TYPES: u8 = 1;
pub(super) const VALUES: u8 = 2;

/// Most items that one message names.
const SHOWN: usize = 8;

/// What generated code calls the runtime wherever it needs it: no type can have this name.
pub(super) const RUNTIME: &str = "v1";

/// Something that wants a name.
pub(super) struct Item<'a> {
    /// Spelling in the `.x` file.
    pub(super) x: &'a str,
    /// Where it stands.
    pub(super) span: Span,
    /// The name by the rules of its kind.
    pub(super) wanted: String,
    /// The user pinned the name: it is not changed.
    pub(super) pinned: bool,
    /// `TYPES`, `VALUES` or both.
    pub(super) namespaces: u8,
}

impl Item<'_> {
    /// The spelling of the file. A constant without capitals gets them and an underscore, a tuple struct one capital: as
    /// it stands, it would be taken for a pattern wherever generated code has a variable of that name. A label may be a
    /// number: it can only be called what it is.
    fn kept(&self, owner: &str, is: &str) -> String {
        if !is_identifier(self.x) {
            return is.to_owned();
        }
        let is_value = self.namespaces & VALUES != 0;
        let is_taken = self.x == RUNTIME || is_value && OF_PRELUDE.contains(&self.x);
        if owner.is_empty() && is_taken {
            return format!("{}_", self.x);
        }
        if !self.hides_variables(owner, self.x) {
            return self.x.to_owned();
        }
        if self.namespaces == VALUES {
            return format!("{}_", self.x.to_ascii_uppercase());
        }
        format!("{}_", case::capitalised(self.x))
    }

    /// At the top level, a value of this name would get in the way of variables, which are lower case.
    fn hides_variables(&self, owner: &str, name: &str) -> bool {
        let is_value = self.namespaces & VALUES != 0 && owner.is_empty();
        is_value
            && name.contains(|c: char| c.is_ascii_lowercase())
            && !name.contains(|c: char| c.is_ascii_uppercase())
    }
}

/// A scope and its items.
pub(super) struct Scope<'a> {
    /// The item that contains it, for the pattern of a rename (`nfsstat3.NFS3_OK`); empty at the top level.
    pub(super) owner: &'a str,
    /// Names that generated code needs here for itself.
    pub(super) reserved: &'a [&'a str],
    /// What lives here.
    pub(super) items: Vec<Item<'a>>,
}

impl Scope<'_> {
    /// Gives each item its name, in order.
    pub(super) fn settle(mut self, diags: &mut Diagnostics) -> Vec<String> {
        let wishes = self.items.iter_mut();
        let wishes = wishes.map(|item| case::usable(std::mem::take(&mut item.wanted)));
        let mut names: Vec<String> = wishes.collect();
        let mut fixed: Vec<bool> = self.items.iter().map(|item| item.pinned).collect();
        loop {
            let clashes = self.clashes(&names);
            if clashes.is_empty() {
                return names;
            }
            let taken: HashSet<&str> = names.iter().map(String::as_str).collect();
            let movable = |group: &&Vec<usize>| group.iter().any(|&at| !fixed[at]);
            let (solvable, stuck): (Vec<_>, Vec<_>) = clashes.iter().partition(movable);
            if solvable.is_empty() {
                for group in stuck {
                    diags.push(self.e0401_names_clash_again(group, &names, &taken));
                }
                return names;
            }
            for group in &solvable {
                diags.push(self.w0401_names_clash(group, &names, &taken));
            }
            for at in solvable
                .into_iter()
                .flatten()
                .copied()
                .filter(|&at| !self.items[at].pinned)
            {
                names[at] = self.kept(at, &names);
                fixed[at] = true;
            }
        }
    }

    /// Groups of items with one name, each in source order, sorted by that order.
    fn clashes(&self, names: &[String]) -> Vec<Vec<usize>> {
        let mut order: Vec<usize> = (0..names.len()).collect();
        order.sort_by(|&a, &b| names[a].cmp(&names[b]).then(a.cmp(&b)));
        let same = order.chunk_by(|&a, &b| names[a] == names[b]);
        let groups = same.map(|group| self.colliding(group, names));
        let mut groups: Vec<Vec<usize>> = groups.filter(|group| !group.is_empty()).collect();
        groups.sort();
        groups
    }

    /// Which of these items of one name meet another one in some namespace, or a reserved name.
    fn colliding(&self, group: &[usize], names: &[String]) -> Vec<usize> {
        let name = names[group[0]].as_str();
        let hides_variables = |&at: &usize| self.items[at].hides_variables(self.owner, name);
        if self.reserved.contains(&name) || group.iter().any(hides_variables) {
            return group.to_vec();
        }
        if group.len() == 1 {
            return Vec::new();
        }
        let in_namespace = |bit: u8| {
            group
                .iter()
                .filter(|&&at| self.items[at].namespaces & bit != 0)
                .count()
        };
        let crowded = [TYPES, VALUES]
            .into_iter()
            .filter(|&bit| in_namespace(bit) > 1)
            .sum::<u8>();
        group
            .iter()
            .copied()
            .filter(|&at| self.items[at].namespaces & crowded != 0)
            .collect()
    }

    /// What an item is called whose wish can't be granted.
    fn kept(&self, at: usize, names: &[String]) -> String {
        case::usable(self.items[at].kept(self.owner, &names[at]))
    }

    fn w0401_names_clash(
        &self,
        group: &[usize],
        names: &[String],
        taken: &HashSet<&str>,
    ) -> Diagnostic {
        let others: Vec<String> = group
            .iter()
            .filter(|&&at| !self.items[at].pinned && self.kept(at, names) != self.items[at].x)
            .take(SHOWN)
            .map(|&at| {
                let kept = self.kept(at, names);
                format!("; `{}` is called `{kept}`", self.items[at].x)
            })
            .collect();
        let others = others.concat();
        let message = match group {
            [at] if others.is_empty() => format!(
                "generated code needs the name `{}`; `{}` keeps its spelling",
                names[*at], self.items[*at].x
            ),
            [at] => format!("generated code needs the name `{}`{others}", names[*at]),
            _ if others.is_empty() => format!(
                "{} become `{}` in Rust; {}",
                self.list(group),
                names[group[0]],
                self.spelling_kept(group)
            ),
            _ => format!(
                "{} become `{}` in Rust{others}",
                self.list(group),
                names[group[0]]
            ),
        };
        self.with_rename(
            Diagnostic::warning("W0401", self.items[group[0]].span, message),
            group,
            names,
            taken,
        )
    }

    /// Who keeps their spelling: all but those that the user pinned.
    fn spelling_kept(&self, group: &[usize]) -> String {
        let free = group.iter().copied().filter(|&at| !self.items[at].pinned);
        let free: Vec<usize> = free.collect();
        match free.as_slice() {
            _ if free.len() == group.len() => "they keep their spelling".to_owned(),
            [_] => format!("{} keeps its spelling", self.list(&free)),
            _ => format!("{} keep their spelling", self.list(&free)),
        }
    }

    fn e0401_names_clash_again(
        &self,
        group: &[usize],
        names: &[String],
        taken: &HashSet<&str>,
    ) -> Diagnostic {
        let message = match group {
            [at] => format!(
                "`{}` cannot be called `{}` in Rust: generated code needs this name",
                self.items[*at].x, names[*at]
            ),
            _ => format!(
                "{} would all be `{}` in Rust",
                self.list(group),
                names[group[0]]
            ),
        };
        self.with_rename(
            Diagnostic::error("E0401", self.items[group[0]].span, message),
            group,
            names,
            taken,
        )
    }

    fn list(&self, group: &[usize]) -> String {
        let shown = group.iter().take(SHOWN);
        let mut quoted: Vec<String> = shown.map(|&at| format!("`{}`", self.items[at].x)).collect();
        if group.len() > SHOWN {
            quoted.push(format!("{} more", group.len() - SHOWN));
        }
        match quoted.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
            _ => quoted.concat(),
        }
    }

    fn with_rename(
        &self,
        mut diagnostic: Diagnostic,
        group: &[usize],
        names: &[String],
        taken: &HashSet<&str>,
    ) -> Diagnostic {
        for &at in group[1..].iter().take(SHOWN) {
            diagnostic = diagnostic.label(self.items[at].span, format!("also `{}`", names[at]));
        }
        let last = group[group.len() - 1];
        let pattern = match self.owner {
            "" => self.items[last].x.to_owned(),
            owner => format!("{owner}.{}", self.items[last].x),
        };
        // Of 500 clashes and more, nobody reads how to end each.
        let numbered = (2..500).map(|number| format!("{}{number}", names[last]));
        let mut free = numbered.filter(|name| !taken.contains(name.as_str()));
        let name = free.next().unwrap_or_default();
        diagnostic.help(format!(
            "choose a name with `.rename({pattern:?}, {name:?})` or `--rename {pattern}={name}`"
        ))
    }
}
