//! Names inside programs: traits of versions, methods of procedures, arguments.

use std::collections::HashSet;

use super::scope::{Scope, TYPES, VALUES};
use super::types::w0402_prefix_hangs_on_one_member;
use super::{Speller, case, prefix, put};
use crate::diag::Diagnostics;
use crate::ir::{Procedure, Program, Spec, Version};

/// Names what all programs hold.
pub(super) fn name_members(spec: &mut Spec, speller: Speller<'_>, diags: &mut Diagnostics) {
    for program in &mut spec.programs {
        name_versions(program, speller, diags);
        name_procedures(program, speller, diags);
    }
}

/// `MOUNTPROG` version 3 → `MountV3`; the number, not the name, so that no two are alike. With
/// `--naming c` as well: nothing of this name exists in C.
fn name_versions(program: &mut Program, speller: Speller<'_>, diags: &mut Diagnostics) {
    let base = case::camel(base(&program.name.x));
    let items = program.versions.iter().map(|version| {
        let mut item = speller.item(Some(&program.name.x), &version.name, TYPES, str::to_owned);
        if !item.pinned {
            item.wanted = format!("{base}V{}", version.number);
        }
        item
    });
    // The modules beside the traits.
    let scope = Scope {
        owner: &program.name.x,
        reserved: &["blocking", "procs"],
        items: items.collect(),
    };
    let names = scope.settle(diags);
    put(
        program.versions.iter_mut().map(|version| &mut version.name),
        names,
    );
}

/// The program's name without `PROG`, `PROGRAM`, `SVC`.
pub(super) fn base(program: &str) -> &str {
    let mut base = program;
    for suffix in ["_PROGRAM", "_PROG", "PROGRAM", "PROG", "_SVC", "SVC"] {
        // Lower-case letters need the `_`: `reprog` is no `RE` program.
        let cut = match suffix.strip_prefix('_') {
            Some(_) => strip_suffix_in_any_case(base, suffix),
            None => base.strip_suffix(suffix),
        };
        base = cut
            .filter(|rest| rest.bytes().any(|byte| byte.is_ascii_alphanumeric()))
            .unwrap_or(base);
    }
    base
}

fn strip_suffix_in_any_case<'a>(text: &'a str, suffix: &str) -> Option<&'a str> {
    let (rest, end) = text.split_at_checked(text.len().checked_sub(suffix.len())?)?;
    end.eq_ignore_ascii_case(suffix).then_some(rest)
}

/// Methods: what all procedures of all versions share is stripped.
fn name_procedures(program: &mut Program, speller: Speller<'_>, diags: &mut Diagnostics) {
    let owner = program.name.clone();
    let all: Vec<&str> = distinct(
        program
            .versions
            .iter()
            .flat_map(|version| &version.procedures),
    );
    let stems: Vec<&str> = match (
        speller.options.strip_prefix.get(&owner.x, None),
        all.as_slice(),
    ) {
        (Some(pinned), _) => prefix::strip_pinned(&all, pinned),
        (None, [sole]) => {
            let stem = prefix::strip_stem(sole, base(&owner.x));
            if speller.shows_notes() && prefix::hangs_on_others(sole) {
                let stripped = &sole[..sole.len() - stem.len()];
                diags.push(w0402_prefix_hangs_on_one_member(
                    &owner,
                    stripped,
                    "it has a single procedure",
                ));
            }
            vec![stem]
        }
        (None, _) => {
            let stripped = prefix::strip_shared(&all);
            if let Some(why) = stripped.fragile.filter(|_| speller.shows_notes()) {
                diags.push(w0402_prefix_hangs_on_one_member(
                    &owner,
                    stripped.prefix,
                    why,
                ));
            }
            stripped.stems
        }
    };
    let stem_of: std::collections::HashMap<&str, &str> = all.into_iter().zip(stems).collect();
    let settled: Vec<Vec<String>> = program
        .versions
        .iter()
        .map(|version| {
            let rule = |x: &str| case::snake(stem_of.get(x).copied().unwrap_or(x));
            let items = version
                .procedures
                .iter()
                .map(|procedure| speller.item(Some(&owner.x), &procedure.name, VALUES, rule));
            Scope {
                owner: &owner.x,
                reserved: &[],
                items: items.collect(),
            }
            .settle(diags)
        })
        .collect();
    for (version, names) in program.versions.iter_mut().zip(settled) {
        let Version { procedures, .. } = version;
        put(
            procedures.iter_mut().map(|procedure| &mut procedure.name),
            names,
        );
        procedures
            .iter_mut()
            .for_each(|procedure| name_arguments(procedure, speller, diags));
    }
}

fn distinct<'a>(procedures: impl Iterator<Item = &'a Procedure>) -> Vec<&'a str> {
    let mut seen = HashSet::new();
    procedures
        .map(|procedure| procedure.name.x.as_str())
        .filter(|name| seen.insert(*name))
        .collect()
}

/// `cx` is the first parameter of every server method.
fn name_arguments(procedure: &mut Procedure, speller: Speller<'_>, diags: &mut Diagnostics) {
    let owner = &procedure.name.x;
    let items = procedure
        .args
        .iter()
        .map(|arg| speller.item(Some(owner), &arg.name, VALUES, case::snake))
        .collect();
    let mut names = Scope {
        owner,
        reserved: &[],
        items,
    }
    .settle(diags);
    if let Some(at) = names.iter().position(|name| name == "cx") {
        let mut other = String::from("cx_");
        while names.contains(&other) {
            other.push('_');
        }
        names[at] = other;
    }
    put(procedure.args.iter_mut().map(|arg| &mut arg.name), names);
}
