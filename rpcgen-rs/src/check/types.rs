//! Rules about structs, enums and unions.

use std::collections::HashMap;

use crate::diag::{Diagnostic, Diagnostics};
use crate::ir::{Case, Const, Enumerator, Field, Name, Spec, Type, TypeDef, TypeKind, Union};
use crate::layout::Aliases;
use crate::lex::Keyword;
use crate::source::Span;

pub(super) fn check(spec: &Spec, diags: &mut Diagnostics) {
    let aliases = Aliases::new(spec);
    for def in &spec.types {
        match &def.kind {
            TypeKind::Struct(fields) => e0208_duplicate_field(fields, diags),
            TypeKind::Enum(members) => {
                e0208_duplicate_enumerator(members, diags);
                w0224_value_of_two_enumerators(members, diags);
            }
            TypeKind::Union(union) => check_union(spec, &aliases, def, union, diags),
            TypeKind::Alias(_) => w0248_name_of_the_language(&def.name, diags),
            TypeKind::Extern(_) => {}
        }
    }
}

fn w0248_name_of_the_language(name: &Name, diags: &mut Diagnostics) {
    if Keyword::of(name.x.as_bytes()).is_some_and(Keyword::begins_type) {
        let message = format!(
            "wherever it is used, `{0}` is the language's own type: nothing can name this one",
            name.x
        );
        diags.push(Diagnostic::warning("W0248", name.span, message).help("give it another name"));
    }
}

pub(super) fn e0214_constant_out_of_range(constant: &Const, value: i128) -> Diagnostic {
    Diagnostic::error(
        "E0214",
        constant.name.span,
        format!("the value {value} does not fit into 64 bits"),
    )
}

fn e0208_duplicate_field(fields: &[Field], diags: &mut Diagnostics) {
    duplicates(fields.iter().map(|field| &field.name), |name, first| {
        diags.push(e0208_duplicate_member(name, first));
    });
}

fn e0208_duplicate_enumerator(members: &[Enumerator], diags: &mut Diagnostics) {
    duplicates(members.iter().map(|member| &member.name), |name, first| {
        diags.push(e0208_duplicate_member(name, first));
    });
}

pub(super) fn e0208_duplicate_member(name: &Name, first: Span) -> Diagnostic {
    Diagnostic::error(
        "E0208",
        name.span,
        format!("there is a second `{}`", name.x),
    )
    .label(first, "first one here")
    .help("give one of the two another name; the wire does not carry names")
}

/// Calls `report` with every name that has occurred before, and the place where.
pub(super) fn duplicates<'a>(
    names: impl Iterator<Item = &'a Name> + Clone,
    mut report: impl FnMut(&Name, Span),
) {
    /// Up to here comparing all with all is faster than hashing.
    const FEW: usize = 12;
    if names.clone().nth(FEW).is_none() {
        let names: Vec<&Name> = names.collect();
        for (at, name) in names.iter().enumerate() {
            if let Some(first) = names[..at].iter().find(|first| first.x == name.x) {
                report(name, first.span);
            }
        }
        return;
    }
    let mut seen: HashMap<&str, Span> = HashMap::new();
    for name in names {
        match seen.get(name.x.as_str()) {
            Some(&first) => report(name, first),
            None => {
                seen.insert(&name.x, name.span);
            }
        }
    }
}

/// One warning for each enum: some repeat all their members under other names.
fn w0224_value_of_two_enumerators(members: &[Enumerator], diags: &mut Diagnostics) {
    let same = |member: &Enumerator| {
        member
            .alias_of
            .map(|first| &members[first])
            .filter(|first| first.name.x != member.name.x)
            .cloned()
    };
    let repeated: Vec<(&Enumerator, Enumerator)> = members
        .iter()
        .filter_map(|member| same(member).map(|first| (member, first)))
        .collect();
    let Some((again, first)) = repeated.first() else {
        return;
    };
    let pairs = shortened(
        repeated
            .iter()
            .map(|(again, first)| format!("`{}` = `{}`", again.name.x, first.name.x)),
    );
    let diagnostic = Diagnostic::warning(
        "W0224",
        again.name.span,
        format!("members of one enum have the same value: {pairs}"),
    );
    let help = "on the wire they are one; in Rust the first is the variant, the other a constant equal to it";
    diags.push(diagnostic.label(first.name.span, "this one").help(help));
}

fn check_union(
    spec: &Spec,
    aliases: &Aliases,
    def: &TypeDef,
    union: &Union,
    diags: &mut Diagnostics,
) {
    let tag = aliases.resolve(spec, &union.tag);
    if !may_discriminate(spec, tag) {
        diags.push(match tag {
            Type::Named(id) if matches!(spec.def(*id).kind, TypeKind::Extern(_)) => {
                e0220_discriminant_elsewhere(union, &spec.def(*id).name)
            }
            _ => e0220_discriminant_type(union),
        });
        return;
    }
    e0203_duplicate_case(union, diags);
    if let Some(members) = enumerators(spec, tag) {
        union
            .cases
            .iter()
            .filter(|case| case.enumerator.is_none())
            .for_each(|case| {
                diags.push(e0221_case_outside_enum(spec, tag, members, case));
            });
        w0223_arms_missing(def, union, members, diags);
    } else if *tag == Type::Bool {
        w0223_arm_of_bool_missing(def, union, diags);
    }
    if union.cases.is_empty() {
        diags.push(w0233_no_case_but_a_default(def));
    }
}

fn enumerators<'a>(spec: &'a Spec, tag: &Type) -> Option<&'a [Enumerator]> {
    match tag {
        Type::Named(id) => match &spec.def(*id).kind {
            TypeKind::Enum(members) => Some(members),
            _ => None,
        },
        _ => None,
    }
}

fn may_discriminate(spec: &Spec, tag: &Type) -> bool {
    match tag {
        Type::Named(_) => enumerators(spec, tag).is_some(),
        Type::Bool | Type::Char | Type::UChar | Type::Short | Type::UShort => true,
        Type::Int | Type::UInt | Type::Hyper | Type::UHyper => true,
        _ => false,
    }
}

fn e0220_discriminant_type(union: &Union) -> Diagnostic {
    let message = format!(
        "the type of `{}` cannot tell the arms of a union apart",
        union.discriminant.x
    );
    Diagnostic::error("E0220", union.discriminant.span, message)
        .help("use an enum, `bool`, or an integer: `int`, `unsigned`, `hyper`, `short`, `char`")
}

fn e0220_discriminant_elsewhere(union: &Union, ty: &Name) -> Diagnostic {
    let message = format!(
        "`{}` cannot tell the arms of a union apart: `--extern-type` says that its type `{}` is elsewhere",
        union.discriminant.x, ty.x
    );
    Diagnostic::error("E0220", union.discriminant.span, message)
        .help(format!("leave out `--extern-type` for `{0}`, and have its definition in this file or in one that is compiled with it", ty.x))
}

fn e0203_duplicate_case(union: &Union, diags: &mut Diagnostics) {
    let mut seen: HashMap<i64, &Case> = HashMap::with_capacity(union.cases.len());
    for case in &union.cases {
        if let Some(first) = seen.insert(case.value, case) {
            let message = if first.name.x == case.name.x {
                format!("there is a second `case {}`", case.name.x)
            } else {
                format!(
                    "`case {}` has the same value as `case {}`: {}",
                    case.name.x, first.name.x, case.value
                )
            };
            diags.push(
                Diagnostic::error("E0203", case.name.span, message)
                    .label(first.name.span, "first one here"),
            );
        }
    }
}

fn e0221_case_outside_enum(
    spec: &Spec,
    tag: &Type,
    members: &[Enumerator],
    case: &Case,
) -> Diagnostic {
    let name = match tag {
        Type::Named(id) => spec.def(*id).name.x.as_str(),
        _ => "the enum",
    };
    let what = if case.name.x == case.value.to_string() {
        format!("no member of `{name}` has the value {}", case.value)
    } else {
        format!(
            "`{}` is no member of `{name}`, and no member has its value {}",
            case.name.x, case.value
        )
    };
    let known = shortened(
        members
            .iter()
            .map(|member| format!("`{}` = {}", member.name.x, member.value)),
    );
    Diagnostic::error("E0221", case.name.span, what).help(format!("the members are {known}"))
}

fn w0223_arms_missing(
    def: &TypeDef,
    union: &Union,
    members: &[Enumerator],
    diags: &mut Diagnostics,
) {
    if union.default.is_some() {
        return;
    }
    let covered: std::collections::HashSet<usize> = union
        .cases
        .iter()
        .filter_map(|case| case.enumerator)
        .collect();
    let missing = members
        .iter()
        .enumerate()
        .filter(|(at, member)| member.alias_of.is_none() && !covered.contains(at));
    let missing: Vec<String> = missing
        .map(|(_, member)| format!("`{}`", member.name.x))
        .collect();
    if !missing.is_empty() {
        diags.push(w0223(def, &shortened(missing.into_iter())));
    }
}

fn w0223_arm_of_bool_missing(def: &TypeDef, union: &Union, diags: &mut Diagnostics) {
    if let ([only], None) = (union.cases.as_slice(), &union.default) {
        diags.push(w0223(
            def,
            if only.value == 0 { "`TRUE`" } else { "`FALSE`" },
        ));
    }
}

fn w0223(def: &TypeDef, missing: &str) -> Diagnostic {
    let message = format!("`{}` has no arm for {missing}", def.name.x);
    Diagnostic::warning("W0223", def.name.span, message).help(
        "such values can be neither sent nor received; add `default: void;` if they may occur",
    )
}

fn w0233_no_case_but_a_default(def: &TypeDef) -> Diagnostic {
    let message = format!(
        "`{}` has no case: its `default` is always taken",
        def.name.x
    );
    Diagnostic::warning("W0233", def.name.span, message)
}

/// At most a line full of names.
fn shortened(names: impl Iterator<Item = String>) -> String {
    const SHOWN: usize = 6;
    let mut names: Vec<String> = names.collect();
    if names.len() > SHOWN + 1 {
        let more = names.len() - SHOWN;
        names.truncate(SHOWN);
        names.push(format!("{more} more"));
    }
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}
