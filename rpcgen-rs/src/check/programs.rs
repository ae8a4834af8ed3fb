//! Rules about programs, versions and procedures.

use std::collections::HashMap;

use super::types::{duplicates, e0208_duplicate_member};
use crate::diag::{Diagnostic, Diagnostics};
use crate::ir::{Name, Procedure, Program, Spec, Version};
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
