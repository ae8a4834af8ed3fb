//! Do two definitions mean the same? Comments and places do not matter.

use crate::ir::{Arm, TypeKind};

/// Compares what both say on the wire and to the reader: names, values and types.
pub(super) fn means_the_same(a: &TypeKind, b: &TypeKind) -> bool {
    match (a, b) {
        (TypeKind::Struct(a), TypeKind::Struct(b)) => {
            same(a, b, |a, b| a.name.x == b.name.x && a.ty == b.ty)
        }
        (TypeKind::Union(a), TypeKind::Union(b)) => {
            a.discriminant.x == b.discriminant.x
                && a.tag == b.tag
                && same(&a.cases, &b.cases, |a, b| {
                    a.value == b.value && same_arm(&a.arm, &b.arm)
                })
                && match (&a.default, &b.default) {
                    (Some(a), Some(b)) => same_arm(a, b),
                    (a, b) => a.is_none() && b.is_none(),
                }
        }
        (TypeKind::Enum(a), TypeKind::Enum(b)) => {
            same(a, b, |a, b| a.name.x == b.name.x && a.value == b.value)
        }
        (TypeKind::Alias(a), TypeKind::Alias(b)) => a == b,
        // The user said where the type lives: what the file says about it does not matter.
        (_, TypeKind::Extern(_)) => true,
        _ => false,
    }
}

fn same<T>(a: &[T], b: &[T], equal: impl Fn(&T, &T) -> bool) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
}

fn same_arm(a: &Arm, b: &Arm) -> bool {
    let name = |arm: &Arm| arm.name.as_ref().map(|name| name.x.clone());
    name(a) == name(b) && a.ty == b.ty
}
