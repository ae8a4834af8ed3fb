//! Rules that need layouts: what cannot be sent, and what would not fit on a stack.

use crate::diag::{Diagnostic, Diagnostics};
use crate::ir::{Name, Spec, Type, TypeDef, TypeKind};
use crate::layout::graph::Graph;
use crate::layout::{each_type, levels, target};

/// Values larger than this would overflow the stacks they are decoded on.
const LARGEST_VALUE: u64 = 256 << 10;
/// Types inside each other that rustc follows by default, with some room for what holds the value (it follows 128).
const DEEPEST_VALUE: u32 = 96;

/// Checks sizes; runs behind [`layout`](crate::layout).
pub(crate) fn check(spec: &Spec, diags: &mut Diagnostics) {
    for def in &spec.types {
        if def.layout.min > u64::from(u32::MAX) {
            diags.push(e0231_larger_than_a_message(&def.name, def.layout.min));
        } else if def.layout.size > LARGEST_VALUE {
            diags.push(e0234_larger_than_a_stack(&def.name, def.layout.size));
        }
        e0232_elements_of_no_bytes(spec, def, diags);
    }
    if let Some(deepest) = w0235_deeper_than_rustc_follows(spec) {
        diags.push(deepest);
    }
}

fn e0231_larger_than_a_message(name: &Name, bytes: u64) -> Diagnostic {
    let message = format!(
        "every `{}` takes at least {} bytes, more than a message can hold",
        name.x,
        shown(bytes)
    );
    Diagnostic::error("E0231", name.span, message)
        .help("use `<>` instead of `[]` for what may be shorter")
}

fn e0234_larger_than_a_stack(name: &Name, bytes: u64) -> Diagnostic {
    let message = format!(
        "a `{}` would take about {} bytes of stack",
        name.x,
        shown(bytes)
    );
    Diagnostic::error("E0234", name.span, message)
        .help(format!("the limit is {LARGEST_VALUE}; make the largest of its parts optional with `*` or an array with `<>`"))
}

/// A count of 4 bytes could claim 2^32 such elements.
fn e0232_elements_of_no_bytes(spec: &Spec, def: &TypeDef, diags: &mut Diagnostics) {
    each_type(&def.kind, |ty| {
        if let Type::Vec(element, _) = ty
            && takes_no_bytes(spec, element)
        {
            let message = format!(
                "elements of an array in `{}` take no bytes on the wire",
                def.name.x
            );
            let diagnostic = Diagnostic::error("E0232", def.name.span, message);
            diags.push(
                diagnostic.help(
                    "a count alone would make any number of them: send the count as `unsigned`",
                ),
            );
        }
    });
}

/// Reported once, for the deepest type.
fn w0235_deeper_than_rustc_follows(spec: &Spec) -> Option<Diagnostic> {
    let references = Graph::new(spec.types.len(), |at, out| {
        let kind = &spec.types[at].kind;
        each_type(kind, |ty| out.extend(target(ty).map(|(id, _)| id)));
    });
    let mut depths = vec![0; spec.types.len()];
    for &at in references.components().groups.iter().flatten() {
        let kind = &spec.types[at].kind;
        let mut depth: u32 = 0;
        each_type(kind, |ty| {
            if let Some((id, _)) = target(ty) {
                depth = depth.max(depths[id] + levels(ty));
            }
        });
        let own = u32::from(!matches!(kind, TypeKind::Alias(_)));
        depths[at] = depth + own;
    }
    let (def, depth) = spec
        .types
        .iter()
        .zip(depths)
        .max_by_key(|(_, depth)| *depth)?;
    (depth > DEEPEST_VALUE).then(|| {
        let message = format!("values of `{}` are {depth} types deep", def.name.x);
        let limit = depth.saturating_mul(4).next_power_of_two();
        Diagnostic::warning("W0235", def.name.span, message).help(format!(
            "rustc follows 128: write `#![recursion_limit = \"{limit}\"]` at the top of the crate"
        ))
    })
}

fn takes_no_bytes(spec: &Spec, ty: &Type) -> bool {
    match ty {
        Type::OpaqueFixed(0) | Type::Array(_, 0) => true,
        Type::Array(element, _) => takes_no_bytes(spec, element),
        Type::Named(id) => spec.def(*id).layout.max == Some(0),
        _ => false,
    }
}

fn shown(bytes: u64) -> String {
    if bytes == u64::MAX {
        String::from("2^64")
    } else {
        bytes.to_string()
    }
}
