//! IR → IR with layouts: cycles, lists, boxes, sizes, what may be derived.
//!
//! Works on checked input (no infinite types, no endless typedefs) and never fails. Everything is linear in the number
//! of types and uses no recursion over them; sizes saturate, so that `t60 = { t59 a; t59 b; }` is computed like any
//! other (hostile-inputs 153).

mod aliases;
mod chain;
mod derives;
pub(crate) mod graph;
mod size;

use crate::ir::{Chain, Spec, Type, TypeId, TypeKind};
use graph::Graph;

pub(crate) use aliases::Aliases;

/// Fills in every [`Layout`](crate::ir::Layout) and every [`Arm::boxed`](crate::ir::Arm::boxed).
pub fn compute(spec: &mut Spec) {
    chain::find(spec, &Aliases::new(spec));

    let by_value = by_value(spec);
    box_recursive_arms(spec, &by_value);

    // A list's own pointer is followed by a loop: it makes no recursion.
    let references = Graph::new(spec.types.len(), |at, out| {
        let is_list = spec.types[at].layout.list.is_some();
        targets(spec, at, is_list, |id, _| out.push(id));
    });
    let references = references.components();
    for (at, def) in spec.types.iter_mut().enumerate() {
        def.layout.recursive = references.in_cycle(at);
    }
    // A union that became a typedef may continue a chain of typedefs.
    let aliases = Aliases::new(spec);
    for (at, def) in spec.types.iter_mut().enumerate() {
        def.layout.last = aliases.last(at);
    }
    size::measure(spec, &aliases, &references);
    derives::decide(spec, &references);
}

/// The graph of types that contain each other directly: what must not be infinite.
pub(crate) fn by_value(spec: &Spec) -> Graph {
    Graph::new(spec.types.len(), |at, out| {
        targets(spec, at, false, |id, contained| {
            if contained {
                out.push(id);
            }
        });
    })
}

/// A union that holds itself in an arm has a base case in another one; the arm holds it in a box.
fn box_recursive_arms(spec: &mut Spec, by_value: &Graph) {
    let components = by_value.components();
    for (at, def) in spec.types.iter_mut().enumerate() {
        let TypeKind::Union(union) = &mut def.kind else {
            continue;
        };
        for arm in union
            .cases
            .iter_mut()
            .map(|case| &mut case.arm)
            .chain(&mut union.default)
        {
            let target = arm
                .ty
                .as_ref()
                .and_then(target)
                .filter(|(_, contained)| *contained);
            arm.boxed = target.is_some_and(|(id, _)| {
                components.in_cycle(id) && components.of[id] == components.of[at]
            });
        }
    }
}

/// Calls `f` with every type that a definition is made of.
pub(crate) fn each_type<'a>(kind: &'a TypeKind, mut f: impl FnMut(&'a Type)) {
    match kind {
        TypeKind::Struct(fields) => fields.iter().for_each(|field| f(&field.ty)),
        TypeKind::Union(union) => {
            f(&union.tag);
            union
                .cases
                .iter()
                .map(|case| &case.arm)
                .chain(&union.default)
                .filter_map(|arm| arm.ty.as_ref())
                .for_each(f);
        }
        TypeKind::Alias(ty) => f(ty),
        TypeKind::Enum(_) | TypeKind::Extern(_) => {}
    }
}

/// Calls `f` with the types a definition refers to, and whether a value of it contains one of theirs directly.
fn targets(spec: &Spec, at: usize, without_last_field: bool, mut f: impl FnMut(usize, bool)) {
    let mut report = |ty: &Type| {
        if let Some((id, contained)) = target(ty) {
            f(id, contained);
        }
    };
    match &spec.types[at].kind {
        TypeKind::Struct(fields) if without_last_field => {
            fields[..fields.len() - 1]
                .iter()
                .for_each(|field| report(&field.ty));
        }
        kind => each_type(kind, report),
    }
}

/// The named type inside a type, and whether it is contained directly: not behind a pointer, not in a vector.
pub(crate) fn target(ty: &Type) -> Option<(usize, bool)> {
    match ty {
        Type::Named(id) => Some((id.0 as usize, true)),
        // An array of none, too: neither Rust nor C has it of a type that is not complete.
        Type::Array(element, _) => target(element),
        Type::Vec(element, _) | Type::Optional(element) => {
            target(element).map(|(id, _)| (id, false))
        }
        _ => None,
    }
}

/// Arrays and pointers around a named type.
pub(crate) fn levels(mut ty: &Type) -> u32 {
    let mut levels = 0;
    while let Type::Array(inner, _) | Type::Vec(inner, _) | Type::Optional(inner) = ty {
        levels += 1;
        ty = inner;
    }
    levels
}

/// How a pointer to a type is held in Rust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pointer {
    /// `List<T>`
    List,
    /// `Option<Box<T>>`
    Boxed,
    /// `Option<T>`
    Plain,
}

/// Values larger than this are not held inline where they may be absent: four bytes on the wire would cost them whole.
const LARGE_OPTION: u64 = 256;

/// How a `T *` is held in Rust: the one place that decides.
#[must_use]
pub fn pointer(spec: &Spec, pointee: &Type) -> Pointer {
    let size = match pointee {
        Type::Named(id) => spec.def(*id).layout.size,
        _ => 0,
    };
    pointer_to(spec, pointee, spec.resolve(pointee), size)
}

/// The same while sizes are being measured; `resolved` is what the type is, all typedefs followed.
fn pointer_to(spec: &Spec, pointee: &Type, resolved: &Type, size: u64) -> Pointer {
    let is_recursive = |id: usize| spec.types[id].layout.recursive;
    // A typedef of an array of what points to it is recursive itself; other arrays are if their elements are.
    let recursive = match (pointee, target(resolved)) {
        (Type::Named(id), Some((inner, true))) => {
            is_recursive(at(*id)) || matches!(resolved, Type::Named(_)) && is_recursive(inner)
        }
        (_, Some((inner, true))) => is_recursive(inner),
        _ => false,
    };
    let list = match resolved {
        Type::Named(id) => spec.def(*id).layout.list,
        _ => None,
    };
    match list {
        Some(Chain::List) => Pointer::List,
        Some(Chain::Linked) => Pointer::Boxed,
        None if recursive || size > LARGE_OPTION => Pointer::Boxed,
        None => Pointer::Plain,
    }
}

fn at(id: TypeId) -> usize {
    id.0 as usize
}

#[cfg(test)]
mod tests;
