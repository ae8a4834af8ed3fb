//! Rules about programs, versions and procedures.

use std::collections::{HashMap, HashSet};

use super::types::{duplicates, e0208_duplicate_member};
use crate::diag::{Diagnostic, Diagnostics};
use crate::ir::{ConstValue, Name, Procedure, Program, Spec, Version};
use crate::source::Span;

pub(super) fn check(spec: &Spec, diags: &mut Diagnostics) {
    duplicates(
        spec.programs.iter().map(|program| &program.name),
        |name, first| {
            diags.push(e0209_duplicate_name(name, first, "program"));
        },
    );
    // Versions of one program may be in two: rpcbind's file has 2 in one, 3 and 4 in another.
    let mut served: HashMap<(u32, u32), &Name> = HashMap::new();
    for program in &spec.programs {
        let numbers = || program.versions.iter().map(|v| (program.number, v.number));
        let first = numbers().find_map(|numbers| served.get(&numbers));
        if let Some(first) = first.filter(|first| first.x != program.name.x) {
            diags.push(w0211_duplicate_program_number(program, first));
        }
        for numbers in numbers() {
            served.entry(numbers).or_insert(&program.name);
        }
        check_program(program, diags);
    }
    defines(spec, diags);
}

/// What a number is, its name and itself.
type Define<'a> = (&'static str, &'a Name, i128);

/// C makes a `#define` of each constant and number, of a procedure's only where its name occurs first in its program
/// (language.md §3.9); the last one of a name counts wherever the name stands.
fn defines(spec: &Spec, diags: &mut Diagnostics) {
    let place = |name: &Name| (name.span.file, name.span.lo);
    let mut groups: Vec<Vec<Define<'_>>> = Vec::new();
    for constant in &spec.consts {
        if let ConstValue::Int(value, _) = constant.value {
            groups.push(vec![("constant", &constant.name, value)]);
        }
    }
    groups.extend(spec.programs.iter().map(numbers));
    groups.sort_by_key(|group| place(group[0].1));
    let mut counts: HashMap<&str, Define<'_>> = HashMap::new();
    for group in &groups {
        let mut procedures = HashSet::new();
        for define in group {
            let (what, name, _) = define;
            if *what != "procedure" || procedures.insert(&name.x) {
                counts.insert(&name.x, *define);
            }
        }
    }
    // A name that is wrong anyway, the same kind of thing twice in one place.
    let wrong: HashSet<_> = (diags.iter())
        .filter(|diagnostic| diagnostic.code == "E0209")
        .filter_map(|diagnostic| diagnostic.span().map(|span| (span.file, span.lo)))
        .collect();
    for define in groups.iter().flatten() {
        let Some(last) = counts.get(define.1.x.as_str()) else {
            continue;
        };
        // Constants of one name are looked at elsewhere.
        let is_known = (last.0, define.0) == ("constant", "constant")
            || [last, define]
                .iter()
                .any(|(_, name, _)| wrong.contains(&place(name)));
        if last.2 != define.2 && !is_known {
            diags.push(w0246_another_number_in_c(define, last));
        }
    }
}

/// The numbers of a program, in the order of C's header.
fn numbers(program: &Program) -> Vec<Define<'_>> {
    let mut all = vec![("program", &program.name, i128::from(program.number))];
    for version in &program.versions {
        all.push(("version", &version.name, i128::from(version.number)));
        let procedures = version.procedures.iter();
        all.extend(procedures.map(|p| ("procedure", &p.name, i128::from(p.number))));
    }
    all
}

fn check_program(program: &Program, diags: &mut Diagnostics) {
    duplicates(
        program.versions.iter().map(|version| &version.name),
        |name, first| {
            diags.push(e0209_duplicate_name(name, first, "version"));
        },
    );
    duplicate_numbers(
        program
            .versions
            .iter()
            .map(|version| (&version.name, version.number)),
        |name, number, first| {
            diags.push(e0210_duplicate_number(name, number, first, "version"));
        },
    );
    for version in &program.versions {
        if version.number == 0 {
            diags.push(w0227_version_zero(version));
        }
        check_version(version, diags);
    }
}

fn check_version(version: &Version, diags: &mut Diagnostics) {
    duplicates(
        version.procedures.iter().map(|procedure| &procedure.name),
        |name, first| {
            diags.push(e0209_duplicate_name(name, first, "procedure"));
        },
    );
    let numbers = version
        .procedures
        .iter()
        .map(|procedure| (&procedure.name, procedure.number));
    duplicate_numbers(numbers, |name, number, first| {
        diags.push(e0210_duplicate_number(name, number, first, "procedure"));
    });
    for procedure in &version.procedures {
        duplicates(procedure.args.iter().map(|arg| &arg.name), |name, first| {
            diags.push(e0208_duplicate_member(name, first));
        });
        if procedure.number == 0 && (!procedure.args.is_empty() || procedure.result.is_some()) {
            diags.push(w0228_procedure_zero_is_not_null(procedure));
        }
    }
}

fn duplicate_numbers<'a>(
    items: impl Iterator<Item = (&'a Name, u32)>,
    mut report: impl FnMut(&Name, u32, &Name),
) {
    let mut seen: HashMap<u32, &Name> = HashMap::new();
    for (name, number) in items {
        if let Some(first) = seen.insert(number, name) {
            report(name, number, first);
        }
    }
}

fn e0209_duplicate_name(name: &Name, first: Span, what: &str) -> Diagnostic {
    Diagnostic::error(
        "E0209",
        name.span,
        format!("there is a second {what} `{}`", name.x),
    )
    .label(first, "first one here")
}

fn e0210_duplicate_number(name: &Name, number: u32, first: &Name, what: &str) -> Diagnostic {
    let message = format!(
        "`{}` has the number {number}, which is {what} `{}`",
        name.x, first.x
    );
    Diagnostic::error("E0210", name.span, message)
        .label(first.span, "this one")
        .help("give one of them a number of its own")
}

fn w0211_duplicate_program_number(program: &Program, first: &Name) -> Diagnostic {
    let message = format!(
        "`{}` has the number {} of program `{}`, and a version of the same number",
        program.name.x, program.number, first.x
    );
    Diagnostic::warning("W0211", program.name.span, message)
        .label(first.span, "this one")
        .help("one server can serve only one of them")
}

fn w0227_version_zero(version: &Version) -> Diagnostic {
    Diagnostic::warning(
        "W0227",
        version.name.span,
        format!("`{}` is version 0", version.name.x),
    )
    .help("clients that ask a server for its versions often take 0 for \"none\"")
}

fn w0228_procedure_zero_is_not_null(procedure: &Procedure) -> Diagnostic {
    let message = format!(
        "procedure 0, `{}`, has arguments or a result",
        procedure.name.x
    );
    Diagnostic::warning("W0228", procedure.name.span, message)
        .help("by convention procedure 0 does nothing: clients call it without arguments to see whether a server answers")
}

fn w0246_another_number_in_c(
    (what, name, number): &Define<'_>,
    (other, winner, counts): &Define<'_>,
) -> Diagnostic {
    let name_x = &name.x;
    let message = format!("the {what} `{name_x}` is {number}, but C takes it for {counts}");
    Diagnostic::warning("W0246", name.span, message)
        .label(winner.span, format!("C's `#define` of this {other} counts"))
        .help(format!(
            "give one of them another name; to meet a peer in C as it is, give this {what} the number {counts}"
        ))
}
