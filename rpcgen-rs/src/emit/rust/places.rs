//! Types → where their values are decoded: what is moved once more after it was decoded costs as much as its fields.

use crate::ir::{Chain, Spec, Type, TypeId, TypeKind};
use crate::layout::{self, Pointer};
use std::rc::Rc;

/// Where a type's values are decoded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In registers, or wherever the caller wants them.
    Anywhere,
    /// In the box or list that keeps them: the decoder is told what stores the value.
    Kept,
    /// In the value of the only type that contains it: a struct of a recursive type, whose decoder would be called once
    /// for each level.
    Part,
}

pub(super) fn find(spec: &Spec) -> Rc<[Place]> {
    let mut places: Vec<Place> = (spec.types.iter())
        .map(|def| match def.layout.list {
            Some(Chain::List) => Place::Kept,
            _ => Place::Anywhere,
        })
        .collect();
    let mut keep = |ty: &Type| {
        // A linked struct has a loop of its own.
        if let Type::Named(id) = spec.resolve(ty)
            && spec.def(*id).layout.list != Some(Chain::Linked)
        {
            places[id.0 as usize] = Place::Kept;
        }
    };
    for def in &spec.types {
        layout::each_type(&def.kind, |ty| each_boxed(spec, ty, &mut keep));
        if let TypeKind::Union(union) = &def.kind {
            let arms = union.cases.iter().map(|case| &case.arm);
            let boxed = arms.chain(&union.default).filter(|arm| arm.boxed);
            boxed.filter_map(|arm| arm.ty.as_ref()).for_each(&mut keep);
        }
    }
    for (at, uses) in uses(spec).iter().enumerate() {
        let def = &spec.types[at];
        let alone = def.layout.recursive && def.layout.list.is_none();
        let is_struct = matches!(def.kind, TypeKind::Struct(_));
        if is_struct
            && alone
            && places[at] == Place::Anywhere
            && *uses == (Uses { all: 1, direct: 1 })
        {
            places[at] = Place::Part;
        }
    }
    places.into()
}

/// How often a type is named by other types, and how often as the whole of a member or an arm.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Uses {
    all: u32,
    direct: u32,
}

fn uses(spec: &Spec) -> Vec<Uses> {
    let mut uses = vec![Uses::default(); spec.types.len()];
    for def in &spec.types {
        // A typedef stands for what it names wherever it is used.
        if matches!(def.kind, TypeKind::Alias(_)) {
            continue;
        }
        layout::each_type(&def.kind, |ty| each_use(spec, ty, true, &mut uses));
    }
    uses
}

fn each_use(spec: &Spec, ty: &Type, direct: bool, uses: &mut [Uses]) {
    match spec.resolve(ty) {
        Type::Named(TypeId(at)) => {
            let uses = &mut uses[*at as usize];
            uses.all += 1;
            uses.direct += u32::from(direct);
        }
        Type::Array(inner, _) | Type::Vec(inner, _) | Type::Optional(inner) => {
            each_use(spec, inner, false, uses);
        }
        _ => {}
    }
}

/// Calls `f` with what lies in a box of a type.
fn each_boxed(spec: &Spec, ty: &Type, f: &mut impl FnMut(&Type)) {
    match ty {
        Type::Optional(inner) => {
            if layout::pointer(spec, inner) == Pointer::Boxed {
                f(inner);
            }
            each_boxed(spec, inner, f);
        }
        Type::Array(inner, _) | Type::Vec(inner, _) => each_boxed(spec, inner, f),
        _ => {}
    }
}
