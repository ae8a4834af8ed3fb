//! Rules that need layouts: what cannot be sent, and what would not fit on a stack.

use crate::diag::{Diagnostic, Diagnostics};
use crate::ir::{Name, Spec, Type, TypeDef, TypeKind};
use crate::layout::graph::Graph;
use crate::layout::{each_type, levels, target};

/// Values larger than this would overflow the stacks they are decoded on.
const LARGEST_VALUE: u64 = 256 << 10;
/// The same for values of recursive types; half of what the default limit of depth allows, so that some may nest.
const LARGEST_RECURSIVE_VALUE: u64 = 32 << 10;
/// More elements than this that take no bytes are a loop for nothing.
const MOST_OF_NOTHING: u64 = 64;
/// Types inside each other that rustc follows by default, with some room for what holds the value (it follows 128).
const DEEPEST_VALUE: u32 = 96;

/// Checks sizes; runs behind [`layout`](crate::layout).
pub(crate) fn check(spec: &Spec, diags: &mut Diagnostics) {
    for def in &spec.types {
        let limit = if def.layout.recursive {
            LARGEST_RECURSIVE_VALUE
        } else {
            LARGEST_VALUE
        };
        if def.layout.min > u64::from(u32::MAX) {
            diags.push(e0231_larger_than_a_message(&def.name, def.layout.min));
        } else if def.layout.size > limit {
            diags.push(e0234_larger_than_a_stack(&def.name, def.layout.size, limit));
        }
    }
    e0232_elements_of_no_bytes(spec, diags);
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

fn e0234_larger_than_a_stack(name: &Name, bytes: u64, limit: u64) -> Diagnostic {
    let message = format!(
        "a `{}` would take about {} bytes of stack",
        name.x,
        shown(bytes)
    );
    Diagnostic::error("E0234", name.span, message)
        .help(format!("the limit is {limit}; make the largest of its parts optional with `*` or an array with `<>`"))
}

/// Four bytes of a count, or none at all, could claim 2^32 such elements. A few in a fixed array do no harm.
fn e0232_elements_of_no_bytes(spec: &Spec, diags: &mut Diagnostics) {
    let steps = Steps::count(spec);
    for def in &spec.types {
        let mut known = false;
        each_type(&def.kind, |ty| {
            known |= target(ty).is_some_and(|(id, _)| steps.0[id] > MOST_OF_NOTHING);
        });
        // A type inside has been reported, or this one is.
        if known || steps.inside(spec, def) <= MOST_OF_NOTHING {
            continue;
        }
        let message = format!(
            "elements of an array in `{}` take no bytes on the wire",
            def.name.x
        );
        let diagnostic = Diagnostic::error("E0232", def.name.span, message);
        diags.push(
            diagnostic
                .help("a count alone would make any number of them: send the count as `unsigned`"),
        );
    }
}

/// How many elements a decoder makes of no bytes.
struct Steps(Vec<u64>);

impl Steps {
    /// For every type that takes no bytes: those inside it come first.
    fn count(spec: &Spec) -> Self {
        let mut steps = Self(vec![0; spec.types.len()]);
        let empty = |at: usize| spec.types[at].layout.max == Some(0);
        let contained = Graph::new(spec.types.len(), |at, out| {
            if empty(at) {
                each_type(&spec.types[at].kind, |ty| {
                    out.extend(target(ty).map(|(id, _)| id));
                });
            }
        });
        for at in contained.components().order {
            if empty(at) {
                steps.0[at] = steps.inside(spec, &spec.types[at]);
            }
        }
        steps
    }

    fn inside(&self, spec: &Spec, def: &TypeDef) -> u64 {
        let mut sum: u64 = 0;
        each_type(&def.kind, |ty| sum = sum.saturating_add(self.of(spec, ty)));
        sum
    }

    fn of(&self, spec: &Spec, ty: &Type) -> u64 {
        match ty {
            Type::Array(element, count) if takes_no_bytes(spec, element) => {
                count.saturating_mul(self.of(spec, element).max(1))
            }
            Type::Vec(element, _) if takes_no_bytes(spec, element) => u64::MAX,
            Type::Array(element, _) | Type::Vec(element, _) | Type::Optional(element) => {
                self.of(spec, element)
            }
            Type::Named(id) => self.0[id.0 as usize],
            _ => 0,
        }
    }
}

/// Reported once, for the deepest type.
fn w0235_deeper_than_rustc_follows(spec: &Spec) -> Option<Diagnostic> {
    let references = Graph::new(spec.types.len(), |at, out| {
        let kind = &spec.types[at].kind;
        each_type(kind, |ty| out.extend(target(ty).map(|(id, _)| id)));
    });
    let mut depths = vec![0; spec.types.len()];
    for at in references.components().order {
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
