//! Where chains of typedefs end, each chain walked once: 10^5 typedefs of typedefs are linear.

use crate::ir::{Spec, Type, TypeId, TypeKind};

/// For each type the last typedef of its chain, if it is one.
pub(crate) struct Aliases {
    last: Vec<TypeId>,
}

impl Aliases {
    /// Follows all chains. One that never ends (an error that `check` reports) ends where it was entered.
    pub(crate) fn new(spec: &Spec) -> Self {
        const UNSEEN: TypeId = TypeId(u32::MAX);
        let mut last = vec![UNSEEN; spec.types.len()];
        let mut path = Vec::new();
        for start in (0..spec.types.len() as u32).map(TypeId) {
            let mut at = start;
            while last[at.0 as usize] == UNSEEN {
                last[at.0 as usize] = at;
                path.push(at);
                match &spec.def(at).kind {
                    TypeKind::Alias(Type::Named(next)) if is_alias(spec, *next) => at = *next,
                    _ => break,
                }
            }
            let end = last[at.0 as usize];
            path.drain(..).for_each(|id| last[id.0 as usize] = end);
        }
        Self { last }
    }

    /// The last typedef of the chain that begins with this type.
    pub(super) fn last(&self, at: usize) -> Option<TypeId> {
        self.last.get(at).copied()
    }

    /// [`Spec::resolve`] in constant time.
    pub(crate) fn resolve<'a>(&self, spec: &'a Spec, ty: &'a Type) -> &'a Type {
        let Type::Named(id) = ty else { return ty };
        match &spec.def(self.last[id.0 as usize]).kind {
            TypeKind::Alias(target) => target,
            _ => ty,
        }
    }
}

fn is_alias(spec: &Spec, id: TypeId) -> bool {
    matches!(spec.def(id).kind, TypeKind::Alias(_))
}
