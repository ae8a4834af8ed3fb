//! Which derives are legal: `Eq` and `Hash`, `Default`, `Copy`.

use super::graph::{Components, Graph};
use super::size::INLINE_ARRAY;
use super::{each_type, target};
use crate::ir::{Spec, Type, TypeKind, Union};

/// A node that never joins a fixpoint.
const NEVER: usize = usize::MAX;

/// Decides for all types.
pub(super) fn decide(spec: &mut Spec, references: &Components) {
    let eq = without_float(spec, references);
    let default = with_zero_value(spec);
    let copy = copyable(spec);
    for (node, def) in spec.types.iter_mut().enumerate() {
        let layout = &mut def.layout;
        (layout.eq, layout.default, layout.copy) = (eq[node], default[node], copy[node]);
    }
}

/// No float anywhere inside, behind pointers included. A type of elsewhere may hold one.
fn without_float(spec: &Spec, references: &Components) -> Vec<bool> {
    let mut eq = vec![true; spec.types.len()];
    for (group, _) in references.groups() {
        let clean = group.iter().all(|&node| {
            let mut clean = !matches!(spec.types[node].kind, TypeKind::Extern(_));
            each_type(&spec.types[node].kind, |ty| {
                clean &= !is_float(ty) && target(ty).is_none_or(|(id, _)| eq[id]);
            });
            clean
        });
        group.iter().for_each(|&node| eq[node] = clean);
    }
    eq
}

fn is_float(ty: &Type) -> bool {
    match ty {
        Type::Float | Type::Double | Type::Quadruple => true,
        Type::Array(inner, _) | Type::Vec(inner, _) | Type::Optional(inner) => is_float(inner),
        _ => false,
    }
}

/// All zero is a value: enums that declare 0, unions with an arm for it, structs of such.
fn with_zero_value(spec: &Spec) -> Vec<bool> {
    let mut possible = vec![true; spec.types.len()];
    let zero_parts = Graph::new(spec.types.len(), |node, out| {
        let mut part = |ty: &Type| {
            let held = target(ty).filter(|(_, contained)| *contained && !is_array_of_none(ty));
            out.extend(held.map(|(id, _)| id));
        };
        match &spec.types[node].kind {
            TypeKind::Enum(members) => {
                possible[node] = members.iter().any(|member| member.value == 0);
            }
            TypeKind::Extern(_) => possible[node] = false,
            TypeKind::Union(union) => {
                part(&union.tag);
                possible[node] = zero_arm(union, part);
            }
            kind => each_type(kind, part),
        }
    });
    zero_parts.least_fixpoint(|node| {
        if possible[node] {
            zero_parts.targets(node).len()
        } else {
            NEVER
        }
    })
}

fn is_array_of_none(ty: &Type) -> bool {
    match ty {
        Type::Array(element, count) => *count == 0 || is_array_of_none(element),
        _ => false,
    }
}

/// Reports the type of the arm for 0; false if there is none.
fn zero_arm(union: &Union, mut part: impl FnMut(&Type)) -> bool {
    let case = union
        .cases
        .iter()
        .find(|case| case.value == 0)
        .map(|case| &case.arm);
    let Some(arm) = case.or(union.default.as_ref()) else {
        return false;
    };
    arm.ty.iter().for_each(&mut part);
    true
}

/// Scalars, enums and fixed structures of them that are held inline.
fn copyable(spec: &Spec) -> Vec<bool> {
    let mut possible = vec![true; spec.types.len()];
    let parts = Graph::new(spec.types.len(), |node, out| {
        let def = &spec.types[node];
        possible[node] = match &def.kind {
            TypeKind::Enum(_) => true,
            TypeKind::Struct(_) | TypeKind::Alias(_) => {
                def.layout.fixed.is_some_and(|size| size <= INLINE_ARRAY)
            }
            TypeKind::Union(_) | TypeKind::Extern(_) => false,
        };
        each_type(&def.kind, |ty| out.extend(target(ty).map(|(id, _)| id)));
    });
    parts.least_fixpoint(|node| {
        if possible[node] {
            parts.targets(node).len()
        } else {
            NEVER
        }
    })
}
