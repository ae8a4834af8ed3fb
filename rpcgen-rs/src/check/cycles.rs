//! Types that refer to each other without end.

use crate::diag::{Diagnostic, Diagnostics};
use crate::ir::{Spec, Type, TypeDef, TypeKind};
use crate::layout::graph::Graph;
use crate::layout::target;
use crate::source::Span;

pub(crate) fn check(spec: &Spec, diags: &mut Diagnostics) {
    let typedefs = Graph::new(spec.types.len(), |at, out| {
        if let TypeKind::Alias(ty) = &spec.types[at].kind {
            let next = target(ty).map(|(id, _)| id);
            out.extend(next.filter(|&id| matches!(spec.types[id].kind, TypeKind::Alias(_))));
        }
    });
    let endless = typedefs.components();
    for (group, cyclic) in endless.groups() {
        if let (Some(&first), true) = (group.iter().min(), cyclic) {
            diags.push(e0212_endless_typedef(spec, &typedefs.cycle_through(first)));
        }
    }

    let contents = contents(spec);
    // A struct has an end if all it holds has one, a union if one of its arms does.
    let finite = contents.least_fixpoint(|at| match &spec.types[at].kind {
        TypeKind::Union(union) => {
            let arms = union
                .cases
                .iter()
                .map(|case| &case.arm)
                .chain(&union.default);
            let ends = |ty: &Type| !target(ty).is_some_and(|(_, contained)| contained);
            usize::from(
                !arms
                    .map(|arm| &arm.ty)
                    .any(|ty| ty.as_ref().is_none_or(ends)),
            )
        }
        _ => contents.targets(at).len(),
    });
    let infinite = Graph::new(spec.types.len(), |at, out| {
        if !finite[at] {
            out.extend(
                contents
                    .targets(at)
                    .iter()
                    .filter(|&&target| !finite[target]),
            );
        }
    });
    let components = infinite.components();
    for (group, cyclic) in components.groups() {
        if let (Some(&first), true) = (group.iter().min(), cyclic)
            && !endless.in_cycle(first)
        {
            diags.push(e0213_infinite_type(spec, &infinite.cycle_through(first)));
        }
    }
}

/// What each type holds directly; the discriminants of unions are not followed, they cannot be recursive.
fn contents(spec: &Spec) -> Graph {
    Graph::new(spec.types.len(), |at, out| {
        let mut hold = |ty: &Type| {
            let held = target(ty).filter(|(_, contained)| *contained);
            out.extend(held.map(|(id, _)| id));
        };
        match &spec.types[at].kind {
            TypeKind::Struct(fields) => fields.iter().for_each(|field| hold(&field.ty)),
            TypeKind::Alias(ty) => hold(ty),
            TypeKind::Union(union) => {
                let arms = union
                    .cases
                    .iter()
                    .map(|case| &case.arm)
                    .chain(&union.default);
                arms.filter_map(|arm| arm.ty.as_ref()).for_each(hold);
            }
            TypeKind::Enum(_) | TypeKind::Extern(_) => {}
        }
    })
}

fn e0212_endless_typedef(spec: &Spec, cycle: &[usize]) -> Diagnostic {
    let first = &spec.types[cycle[0]];
    let message = format!(
        "the typedef `{}` never ends: {}",
        first.name.x,
        path(spec, cycle)
    );
    let others = cycle.iter().skip(1).take(3).map(|&at| &spec.types[at].name);
    let diagnostic = Diagnostic::error("E0212", first.name.span, message);
    others
        .fold(diagnostic, |diagnostic, name| {
            diagnostic.label(name.span, "by way of this one")
        })
        .help("one of them must be a struct, a union or a basic type")
}

fn e0213_infinite_type(spec: &Spec, cycle: &[usize]) -> Diagnostic {
    let first = &spec.types[cycle[0]];
    let message = format!(
        "`{}` would be infinitely large: {}",
        first.name.x,
        path(spec, cycle)
    );
    let next = cycle.iter().cycle().skip(1);
    let holders = cycle
        .iter()
        .zip(next)
        .take(4)
        .filter_map(|(&at, &next)| holder(&spec.types[at], next));
    let diagnostic = Diagnostic::error("E0213", first.name.span, message);
    let diagnostic = holders.fold(diagnostic, |diagnostic, (span, what)| {
        diagnostic.label(span, what)
    });
    diagnostic.help("make one of these optional with `*` or an array with `<>`, so that it can end")
}

/// The member through which a type holds another one.
fn holder(def: &TypeDef, held: usize) -> Option<(Span, &'static str)> {
    let holds = |ty: &Type| target(ty) == Some((held, true));
    match &def.kind {
        TypeKind::Struct(fields) => {
            let field = fields.iter().find(|field| holds(&field.ty))?;
            Some((field.name.span, "held by this member"))
        }
        TypeKind::Union(union) => {
            let mut arms = union
                .cases
                .iter()
                .map(|case| &case.arm)
                .chain(&union.default);
            let arm = arms.find(|arm| arm.ty.as_ref().is_some_and(holds))?;
            arm.name
                .as_ref()
                .map(|name| (name.span, "held by this arm"))
        }
        _ => None,
    }
}

/// `a → b → a`; the middle of a long path tells nobody anything.
fn path(spec: &Spec, cycle: &[usize]) -> String {
    let name = |at: &usize| spec.types[*at].name.x.as_str();
    let mut names: Vec<&str> = cycle.iter().map(name).collect();
    if names.len() > 8 {
        names.splice(4..names.len() - 3, ["…"]);
    }
    names.push(name(&cycle[0]));
    names.join(" → ")
}
