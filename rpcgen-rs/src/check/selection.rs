//! Rules about what options select: a pattern that matches nothing, or a prefix that nothing has, is probably misspelled.

use crate::diag::{Diagnostic, Diagnostics};
use crate::ir::{Name, Procedure, Spec, TypeDef, TypeKind, Union};
use crate::options::{Options, Patterns};

/// Looks for patterns that select nothing of the interface.
pub(crate) fn check(spec: &Spec, options: &Options, diags: &mut Diagnostics) {
    let lists = [
        ("open-enum", &options.open_enum),
        ("std-string", &options.std_string),
        ("vec-bytes", &options.vec_bytes),
        ("newtype", &options.newtype),
        ("idempotent", &options.idempotent),
    ];
    let maps = [
        ("extern-type", &options.extern_type),
        ("rename", &options.rename),
        ("strip-prefix", &options.strip_prefix),
        ("derive", &options.derive),
    ];
    let lists = lists
        .iter()
        .flat_map(|(flag, list)| list.iter().map(|p| (*flag, p)));
    let maps = maps
        .iter()
        .flat_map(|(flag, map)| map.iter().map(|(p, _)| (*flag, p)));
    for (flag, pattern) in maps.chain(lists) {
        if !selects_any(&only(pattern), spec) {
            diags.push(w0242_nothing_selected(flag, pattern));
        }
    }
    for (pattern, prefix) in options.strip_prefix.iter() {
        let patterns = only(pattern);
        if selects_any(&patterns, spec) && !strips_any(&patterns, prefix, spec) {
            diags.push(w0242_nothing_stripped(pattern, prefix));
        }
    }
}

fn only(pattern: &str) -> Patterns {
    let mut patterns = Patterns::default();
    patterns.push(pattern);
    patterns
}

fn w0242_nothing_selected(flag: &str, pattern: &str) -> Diagnostic {
    let pattern = pattern.escape_debug();
    let message = format!("`--{flag}`: `{pattern}` selects nothing");
    Diagnostic::warning_without_place("W0242", message).help(
        "patterns go by the names of the file: TYPE, TYPE.member, PROCEDURE.arg; `*` stands for any text",
    )
}

fn w0242_nothing_stripped(pattern: &str, prefix: &str) -> Diagnostic {
    let (pattern, prefix) = (pattern.escape_debug(), prefix.escape_debug());
    let message = format!("`--strip-prefix`: nothing in `{pattern}` begins with `{prefix}`");
    Diagnostic::warning_without_place("W0242", message).help(
        "it strips what the file has in front of an enum's members or a program's procedures, in the file's spelling",
    )
}

/// Is there an enum or a program with a name in it that has this prefix?
fn strips_any(patterns: &Patterns, prefix: &str, spec: &Spec) -> bool {
    let selected = |owner: &Name| patterns.selects(&owner.x, None);
    let begins = |name: &Name| name.x.starts_with(prefix);
    let in_enum = |def: &TypeDef| match &def.kind {
        TypeKind::Enum(members) => members.iter().any(|member| begins(&member.name)),
        _ => false,
    };
    spec.types
        .iter()
        .any(|def| selected(&def.name) && in_enum(def))
        || spec.programs.iter().any(|program| {
            let mut procedures = program.versions.iter().flat_map(|v| &v.procedures);
            selected(&program.name) && procedures.any(|p| begins(&p.name))
        })
}

fn selects_any(patterns: &Patterns, spec: &Spec) -> bool {
    let item = |item: &str| patterns.selects(item, None);
    let pair = |item: &str, member: &str| patterns.selects(item, Some(member));
    let of_procedure =
        |p: &Procedure| item(&p.name.x) || p.args.iter().any(|arg| pair(&p.name.x, &arg.name.x));
    let versions = || {
        spec.programs
            .iter()
            .flat_map(|p| p.versions.iter().map(move |v| (p, v)))
    };
    spec.consts.iter().any(|constant| item(&constant.name.x))
        || spec
            .types
            .iter()
            .any(|def| item(&def.name.x) || has_member(def, &|m| pair(&def.name.x, m)))
        || spec.programs.iter().any(|program| item(&program.name.x))
        || versions().any(|(program, version)| {
            item(&version.name.x)
                || pair(&program.name.x, &version.name.x)
                || version.procedures.iter().any(|p| {
                    of_procedure(p)
                        || pair(&program.name.x, &p.name.x)
                        || pair(&version.name.x, &p.name.x)
                })
        })
}

fn has_member(def: &TypeDef, wanted: &dyn Fn(&str) -> bool) -> bool {
    match &def.kind {
        TypeKind::Struct(fields) => fields.iter().any(|field| wanted(&field.name.x)),
        TypeKind::Enum(members) => members.iter().any(|member| wanted(&member.name.x)),
        TypeKind::Union(union) => has_arm(union, wanted),
        TypeKind::Alias(_) | TypeKind::Extern(_) => false,
    }
}

/// A union's members are its labels, its arms and its discriminant.
fn has_arm(union: &Union, wanted: &dyn Fn(&str) -> bool) -> bool {
    let arms = union
        .cases
        .iter()
        .map(|case| &case.arm)
        .chain(&union.default);
    wanted(&union.discriminant.x)
        || union.cases.iter().any(|case| wanted(&case.name.x))
        || arms.flat_map(|arm| &arm.name).any(|name| wanted(&name.x))
}
