//! Rules about what options select: a pattern that matches nothing, a pattern that matches nothing of the kind that the
//! option changes, a prefix that nothing has: each is probably a mistake.

use super::places::{Place, places, word};
use crate::diag::{Diagnostic, Diagnostics};
use crate::ir::{Name, Spec, Type, TypeDef, TypeKind};
use crate::options::{Options, Patterns};

/// Looks for options that select nothing of the interface, or nothing that they change.
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
    let asked: Vec<(&str, &str)> = maps.chain(lists).collect();
    if asked.is_empty() {
        return;
    }
    let places = places(spec);
    for (flag, pattern) in asked {
        let patterns = only(pattern);
        // A name is that of one thing, and procedures have names of their own: a pattern without a dot does not mean
        // members.
        let of_one = matches!(flag, "rename" | "idempotent");
        let is_meant = |place: &&Place<'_>| {
            place.is_in(&patterns) && (!of_one || pattern.contains('.') == place.is_member())
        };
        let selected = || places.iter().filter(is_meant);
        let Some(first) = selected().next() else {
            diags.push(w0242_nothing_selected(flag, pattern));
            continue;
        };
        // `*` is for whatever there may be.
        let is_for_all = pattern.bytes().all(|byte| matches!(byte, b'*' | b'.'));
        if !is_for_all && !selected().any(|place| changes(flag, place, options)) {
            // A pattern without a dot selects the members with their item.
            let others = selected().any(|place| {
                place.item != first.item || pattern.contains('.') && place.name() != first.name()
            });
            diags.push(w0242_wrong_kind(flag, pattern, first, others, spec));
        }
    }
    for (pattern, prefix) in options.strip_prefix.iter() {
        let patterns = only(pattern);
        let is_known = places.iter().any(|place| place.is_in(&patterns));
        if is_known && !strips_any(&patterns, prefix, spec) {
            diags.push(w0242_nothing_stripped(pattern, prefix));
        }
    }
}

fn only(pattern: &str) -> Patterns {
    let mut patterns = Patterns::default();
    patterns.push(pattern);
    patterns
}

/// The option has an effect at this place.
fn changes(flag: &str, place: &Place<'_>, options: &Options) -> bool {
    match (flag, place.def().map(|def| &def.kind)) {
        ("open-enum", Some(TypeKind::Enum(_)))
        | ("newtype", Some(TypeKind::Alias(_)))
        | ("derive", Some(TypeKind::Struct(_) | TypeKind::Union(_) | TypeKind::Enum(_)))
        | ("extern-type", Some(_))
        // What it selects is looked at elsewhere.
        | ("strip-prefix", _) => true,
        ("rename", _) => place.has_name(),
        ("derive", Some(TypeKind::Alias(_))) => options.newtype.selects(place.item, None),
        ("std-string" | "vec-bytes", _) => place.ty().is_some_and(|ty| is_bytes(flag, ty)),
        ("idempotent", _) => place.procedure().is_some() && (!place.is_member() || place.has_name()),
        _ => false,
    }
}

/// The options for strings and opaque data look into arrays and optional data, but not into other types.
fn is_bytes(flag: &str, ty: &Type) -> bool {
    match innermost(ty) {
        Type::String(_) => flag == "std-string",
        Type::Opaque(_) => flag == "vec-bytes",
        _ => false,
    }
}

fn innermost(mut ty: &Type) -> &Type {
    while let Type::Array(inner, _) | Type::Vec(inner, _) | Type::Optional(inner) = ty {
        ty = inner;
    }
    ty
}

/// What an option changes.
fn wanted(flag: &str) -> &'static str {
    match flag {
        "open-enum" => "enum",
        "std-string" => "string",
        "vec-bytes" => "opaque data of variable size",
        "newtype" => "typedef",
        "idempotent" => "procedure",
        "derive" => "struct, union or enum",
        "rename" => "name that can be chosen there",
        _ => "type",
    }
}

fn w0242_nothing_selected(flag: &str, pattern: &str) -> Diagnostic {
    let pattern = pattern.escape_debug();
    let message = format!("`--{flag}`: `{pattern}` selects nothing");
    Diagnostic::warning_without_place("W0242", message).help(
        "patterns go by the names of the file: TYPE, TYPE.member, PROGRAM.PROCEDURE, PROCEDURE.arg; `*` stands for any text",
    )
}

fn w0242_wrong_kind(
    flag: &str,
    pattern: &str,
    found: &Place<'_>,
    others: bool,
    spec: &Spec,
) -> Diagnostic {
    let message = format!(
        "`--{flag}`: `{}` selects the {} `{}`{}, but no {}",
        pattern.escape_debug(),
        found.kind(),
        found.name(),
        if others { " and others" } else { "" },
        wanted(flag),
    );
    let warning = Diagnostic::warning_without_place("W0242", message);
    match other_way(flag, found, spec) {
        Some(help) => warning.help(help),
        None => warning,
    }
}

/// What may be meant instead.
fn other_way(flag: &str, found: &Place<'_>, spec: &Spec) -> Option<String> {
    if let ("std-string" | "vec-bytes", Some(name)) = (flag, found.procedure()) {
        return Some(format!(
            "the result of a procedure goes by its name alone: `{name}`"
        ));
    }
    if let ("rename", Some(label)) = (flag, found.label()) {
        return Some(match label {
            Some(label) => format!(
                "a variant is called after its label: write `{}.{label}`",
                found.item
            ),
            None => "the variant of `default` is always called `Other`".to_owned(),
        });
    }
    if flag == "rename" || flag == "idempotent" && found.procedure().is_some() {
        let outer = found.outer()?;
        return Some(format!("write `{outer}.{}`", found.last()));
    }
    let def = found.ty().and_then(|ty| behind(flag, ty, spec));
    match def {
        Some(def) => {
            let (kind, name) = (word(def), &def.name.x);
            Some(format!(
                "the type there is the {kind} `{name}`: select that one"
            ))
        }
        None if flag == "derive" && found.kind() == "typedef" => {
            let help = format!("`--newtype {}` makes it a type of its own", found.item);
            Some(help)
        }
        None => None,
    }
}

/// The named type behind a typedef or the type of a member that the option would change.
fn behind<'a>(flag: &str, mut ty: &'a Type, spec: &'a Spec) -> Option<&'a TypeDef> {
    // Typedefs may hold themselves, in arrays.
    for _ in &spec.types {
        let Type::Named(id) = innermost(ty) else {
            return None;
        };
        let last = spec.def(spec.def(*id).layout.last.unwrap_or(*id));
        let fits = match (flag, &last.kind) {
            (_, TypeKind::Alias(target)) if is_bytes(flag, target) => true,
            (_, TypeKind::Alias(target)) => {
                ty = target;
                continue;
            }
            ("open-enum", TypeKind::Enum(_))
            | ("derive", TypeKind::Struct(_) | TypeKind::Union(_) | TypeKind::Enum(_)) => true,
            _ => false,
        };
        return fits.then_some(last);
    }
    None
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
