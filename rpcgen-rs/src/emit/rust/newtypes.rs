//! Which typedefs become types of their own: those that the options select, and every few levels of a long chain of
//! arrays of arrays, which neither rustc nor a reader follows as one type.

use crate::ir::{Chain, Spec, Type, TypeId, TypeKind};
use crate::layout;
use crate::options::Options;
use std::rc::Rc;

/// Most arrays and pointers inside each other before one gets a type of its own.
const LEVELS: u32 = 8;

/// Whether each type is such a typedef. Every chain of typedefs is walked once.
pub(super) fn choose(spec: &Spec, options: &Options) -> Rc<[bool]> {
    let mut chosen = vec![false; spec.types.len()];
    let mut levels: Vec<Option<u32>> = vec![None; spec.types.len()];
    let mut path = Vec::new();
    for start in 0..spec.types.len() {
        let mut at = Some(start);
        let mut below = 0;
        while let Some(id) = at {
            let TypeKind::Alias(target) = &spec.types[id].kind else {
                break;
            };
            if let Some(known) = levels[id] {
                below = known;
                break;
            }
            levels[id] = Some(0);
            path.push((id, target));
            at = layout::target(target).map(|(id, _)| id);
        }
        while let Some((id, target)) = path.pop() {
            below += layout::levels(target);
            let wanted = options.newtype.selects(&spec.types[id].name.x, None);
            chosen[id] = (wanted || below > LEVELS) && !is_walked(spec, target);
            if chosen[id] {
                below = 0;
            }
            levels[id] = Some(below);
        }
    }
    chosen.into()
}

/// The pointer of a linked list: loops walk it.
fn is_walked(spec: &Spec, ty: &Type) -> bool {
    let linked = |id: TypeId| spec.def(id).layout.list == Some(Chain::Linked);
    match ty {
        Type::Optional(to) => matches!(spec.resolve(to), Type::Named(node) if linked(*node)),
        _ => false,
    }
}
