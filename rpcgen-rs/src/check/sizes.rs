//! Rules that need layouts: what cannot be sent, and what would not fit on a stack.

use crate::diag::{Diagnostic, Diagnostics};
use crate::ir::{Name, Spec, Type, TypeDef};
use crate::layout::each_type;

/// Values larger than this would overflow the stacks they are decoded on.
const LARGEST_VALUE: u64 = 256 << 10;

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
