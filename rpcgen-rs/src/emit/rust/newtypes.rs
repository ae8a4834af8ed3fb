//! Which typedefs become types of their own: those that the options select, and every few levels of a long chain of
//! arrays of arrays, which neither rustc nor a reader follows as one type.

use crate::ir::{Chain, Spec, Type, TypeKind};
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
    let walked = walked(spec);
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
            chosen[id] = (wanted || below > LEVELS) && !walked[id];
            if chosen[id] {
                below = 0;
            }
            levels[id] = Some(below);
        }
    }
    chosen.into()
}

/// The typedefs by which linked lists call the next node, or the pointer to it: loops walk them.
fn walked(spec: &Spec) -> Vec<bool> {
    let mut walked = vec![false; spec.types.len()];
    for def in &spec.types {
        if let (Some(Chain::Linked), TypeKind::Struct(fields)) = (def.layout.list, &def.kind) {
            let mut next = fields.last().map(|field| &field.ty);
            while let Some(ty) = next.take() {
                match ty {
                    Type::Optional(node) => next = Some(node),
                    Type::Named(id) => {
                        if let TypeKind::Alias(target) = &spec.def(*id).kind {
                            walked[id.0 as usize] = true;
                            next = Some(target);
                        }
                    }
                    _ => {}
                }
            }
        }
    }
    walked
}
