//! The list idiom: `struct T { …; T *next; }`.
//!
//! The pointer may also be a typedef of `T *`, or a union of a bool that holds a `T` or nothing (the same bytes). Every
//! peer that follows it by recursion dies on a long list, so lists are found here and walked by loops. A struct that
//! refers to itself in another way, too (a tree), is no list.

use super::graph::Graph;
use super::{aliases::Aliases, each_type, targets};
use crate::ir::{Case, Chain, Spec, Type, TypeId, TypeKind, Union};

/// Marks the lists among the types; a union that is the pointer of a list becomes the typedef that it means.
pub(super) fn find(spec: &mut Spec, aliases: &Aliases) {
    let pointers: Vec<Option<TypeId>> = (0..spec.types.len())
        .map(|at| candidate(spec, aliases, at))
        .collect();
    let elsewhere = Graph::new(spec.types.len(), |at, out| {
        let skip = pointers[at].is_some();
        targets(spec, at, skip, |id, _| out.push(id));
    });
    let components = elsewhere.components();
    let is_list = |at: usize| pointers[at].is_some() && !components.in_cycle(at);
    let lists: Vec<usize> = (0..spec.types.len()).filter(|&at| is_list(at)).collect();

    for &at in &lists {
        if let Some(pointer) = pointers[at]
            && matches!(spec.def(pointer).kind, TypeKind::Union(_))
        {
            let node = Type::Named(TypeId(at as u32));
            spec.types[pointer.0 as usize].kind = TypeKind::Alias(Type::Optional(Box::new(node)));
        }
    }
    let by_value = used_by_value(spec);
    for at in lists {
        spec.types[at].layout.list = Some(if by_value[at] {
            Chain::Linked
        } else {
            Chain::List
        });
    }
}

/// If the last field of this struct points to the struct: the type of the pointer (the struct itself for a plain `T *`).
fn candidate(spec: &Spec, aliases: &Aliases, at: usize) -> Option<TypeId> {
    let TypeKind::Struct(fields) = &spec.types[at].kind else {
        return None;
    };
    let this = TypeId(at as u32);
    match aliases.resolve(spec, &fields.last()?.ty) {
        Type::Optional(node) => (*aliases.resolve(spec, node) == Type::Named(this)).then_some(this),
        Type::Named(pointer) => match &spec.def(*pointer).kind {
            TypeKind::Union(union) => {
                let node = node_of(spec, aliases, union)?;
                (*aliases.resolve(spec, node) == Type::Named(this)).then_some(*pointer)
            }
            _ => None,
        },
        _ => None,
    }
}

/// `switch (bool more) { case TRUE: T item; case FALSE: void; }`
fn node_of<'a>(spec: &Spec, aliases: &Aliases, union: &'a Union) -> Option<&'a Type> {
    if *aliases.resolve(spec, &union.tag) != Type::Bool {
        return None;
    }
    let arm = |value| {
        let case = union
            .cases
            .iter()
            .find(|case: &&Case| (case.value != 0) == value);
        case.map(|case| &case.arm).or(union.default.as_ref())
    };
    match (&arm(true)?.ty, &arm(false)?.ty) {
        (Some(node), None) => Some(node),
        _ => None,
    }
}

/// Types that occur other than behind a `*`.
fn used_by_value(spec: &Spec) -> Vec<bool> {
    fn mark(ty: &Type, used: &mut [bool]) {
        match ty {
            Type::Named(id) => used[id.0 as usize] = true,
            Type::Optional(pointee) if matches!(**pointee, Type::Named(_)) => {}
            Type::Optional(inner) | Type::Array(inner, _) | Type::Vec(inner, _) => {
                mark(inner, used);
            }
            _ => {}
        }
    }
    let mut used = vec![false; spec.types.len()];
    for def in &spec.types {
        each_type(&def.kind, |ty| mark(ty, &mut used));
    }
    let procedures = spec
        .programs
        .iter()
        .flat_map(|program| &program.versions)
        .flat_map(|version| &version.procedures);
    for procedure in procedures {
        procedure
            .args
            .iter()
            .map(|arg| &arg.ty)
            .chain(&procedure.result)
            .for_each(|ty| mark(ty, &mut used));
    }
    used
}
