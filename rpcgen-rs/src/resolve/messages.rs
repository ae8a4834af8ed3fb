//! What can be wrong with names: one function for each rule, its code in its name.

use crate::ast::Decl;
use crate::diag::Diagnostic;
use crate::source::Span;

/// `is_discriminant`: its values must be known.
pub(super) fn e0201_undefined_type(
    name: &str,
    span: Span,
    nearest: Option<&str>,
    is_discriminant: bool,
) -> Diagnostic {
    let diagnostic = Diagnostic::error("E0201", span, format!("the type `{name}` is not defined"));
    let elsewhere = if is_discriminant {
        String::from(
            "the values of a discriminant must be known: compile the file that defines it with this one",
        )
    } else {
        format!("if it lives elsewhere, say where: `--extern-type {name}=path::to::Type`")
    };
    diagnostic.help(match nearest {
        Some(near) => format!("did you mean `{near}`? {elsewhere}"),
        None => elsewhere,
    })
}

pub(super) fn e0202_undefined_value(name: &str, span: Span, nearest: Option<&str>) -> Diagnostic {
    let diagnostic = Diagnostic::error("E0202", span, format!("the value `{name}` is not defined"));
    let diagnostic = diagnostic.note("no constant, enum member or procedure has this name");
    let header = format!("if a C header defines it, give its value: `-D{name}=VALUE`");
    diagnostic.help(match nearest {
        Some(near) => format!("did you mean `{near}`? {header}"),
        None => header,
    })
}

pub(super) fn e0201_number_as_type(name: &str, span: Span, defined: Span) -> Diagnostic {
    Diagnostic::error("E0201", span, format!("`{name}` is a number, not a type"))
        .label(defined, "defined here")
}

pub(super) fn e0202_type_as_number(name: &str, span: Span, defined: Span) -> Diagnostic {
    Diagnostic::error("E0202", span, format!("`{name}` is a type, not a number"))
        .label(defined, "defined here")
        .help("a number, a constant or a member of an enum belongs here")
}

pub(super) fn e0204_defined_twice(name: &str, span: Span, first: Span) -> Diagnostic {
    let message = format!("`{name}` is defined again with another meaning");
    Diagnostic::error("E0204", span, message)
        .label(first, "first defined here")
        .help("rename one of them, or drop it")
}

pub(super) fn e0205_value_defined_twice(name: &str, span: Span, first: Span) -> Diagnostic {
    let message = format!("`{name}` is defined again with another value");
    Diagnostic::error("E0205", span, message).label(first, "first defined here")
}

pub(super) fn e0206_typedef_of_itself(decl: &Decl) -> Diagnostic {
    let name = &decl.name.name;
    let message = format!("`{name}` is defined as itself, and nothing else defines it");
    Diagnostic::error("E0206", decl.name.span, message).help(format!(
        "beside a definition of `{name}` this line is allowed and means nothing"
    ))
}

pub(super) fn e0211_value_cycle(cycle: &[(&str, Span)]) -> Diagnostic {
    let name = cycle[0].0;
    // The middle of a long path tells nobody anything.
    let shown: Vec<&str> = if cycle.len() > 8 {
        let (head, tail) = (&cycle[..4], &cycle[cycle.len() - 3..]);
        head.iter()
            .map(|(name, _)| *name)
            .chain(["…"])
            .chain(tail.iter().map(|(name, _)| *name))
            .collect()
    } else {
        cycle.iter().map(|(name, _)| *name).collect()
    };
    let message = format!(
        "the value of `{name}` depends on itself: {} → {name}",
        shown.join(" → ")
    );
    let mut diagnostic = Diagnostic::error("E0211", cycle[0].1, message);
    for (name, span) in cycle.iter().skip(1).take(3) {
        diagnostic = diagnostic.label(*span, format!("by way of `{name}`"));
    }
    diagnostic
}

pub(super) fn e0207_default_twice(span: Span, first: Span) -> Diagnostic {
    Diagnostic::error("E0207", span, "the union has a second `default`")
        .label(first, "first `default` here")
}

pub(super) fn e0215_enumerator_out_of_range(span: Span, value: i128) -> Diagnostic {
    Diagnostic::error(
        "E0215",
        span,
        format!("the value {value} does not fit into 32 bits"),
    )
    .help("members of enums are 32-bit numbers on the wire: -2147483648 to 4294967295")
}

pub(super) fn e0216_bound_out_of_range(span: Span, value: i128) -> Diagnostic {
    Diagnostic::error("E0216", span, format!("{value} is no number of elements"))
        .help("counts are 32-bit numbers on the wire: 0 to 4294967295; `<>` is without bound")
}

pub(super) fn e0217_number_out_of_range(span: Span, what: &str, value: i128) -> Diagnostic {
    Diagnostic::error("E0217", span, format!("{value} is no {what} number")).help(format!(
        "{what} numbers are unsigned 32-bit numbers: 0 to 4294967295"
    ))
}

pub(super) fn e0222_case_out_of_range(
    span: Span,
    value: i128,
    least: i128,
    most: i128,
) -> Diagnostic {
    Diagnostic::error("E0222", span, format!("the discriminant is never {value}"))
        .help(format!("labels of its type are {least} to {most}"))
}

pub(super) fn w0243_assumed_type(name: &str, span: Span, ty: &str) -> Diagnostic {
    let message = format!("the type `{name}` is not defined; it is taken for `{ty}`");
    Diagnostic::warning("W0243", span, message).help(format!(
        "say what it is: `typedef {ty} {name};`, or `--extern-type {name}=path::to::Type`"
    ))
}

pub(super) fn w0225_bound_of_sole_argument(span: Span) -> Diagnostic {
    Diagnostic::warning(
        "W0225",
        span,
        "C does not enforce the bound of a sole string argument; nor does the generated code",
    )
    .help("to enforce it, use a typedef: `typedef string name<10>;`")
}

pub(super) fn w0226_pointer_as_sole_argument(span: Span) -> Diagnostic {
    Diagnostic::warning(
        "W0226",
        span,
        "C ignores the `*` of a sole argument; so does the generated code",
    )
    .help("to pass optional data, use a typedef: `typedef foo *foo_ptr;`")
}

pub(super) fn w0247_pointer_to_char(span: Span) -> Diagnostic {
    Diagnostic::warning(
        "W0247",
        span,
        "a pointer to `char` is at most one char, not text",
    )
    .help("text is `string name<>`")
}

pub(super) fn e0218_expression_without_value(span: Span, why: &str) -> Diagnostic {
    Diagnostic::error(
        "E0218",
        span,
        format!("this expression has no value: {why}"),
    )
}

pub(super) fn e0219_string_is_no_number(name: &str, span: Span, defined: Span) -> Diagnostic {
    Diagnostic::error(
        "E0219",
        span,
        format!("`{name}` is a string, and a number is needed here"),
    )
    .label(defined, "defined here")
}

pub(super) fn e0230_ambiguous_value(
    name: &str,
    span: Span,
    places: impl Iterator<Item = Span>,
) -> Diagnostic {
    let message = format!("`{name}` has several values: it is defined more than once");
    let diagnostic = Diagnostic::error("E0230", span, message)
        .help("write the number, or give them different names");
    places.take(4).fold(diagnostic, |diagnostic, place| {
        diagnostic.label(place, "one of them")
    })
}
