//! Which programs each listener serves: those of every listener, and those bound to the listeners of a name.
//!
//! Invariant: a table of a name holds all that its listeners serve, so that a call is looked up in one table; where both
//! have a program's version, the name's own wins.

use super::Dispatch;
use super::programs::{Table, Versions};
use super::service::Wrap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The name that a listener, or a program bound to it, has; `None` for listeners without one, and programs of all.
pub(crate) type On = Option<Arc<str>>;

/// All programs of a server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bindings {
    /// What every listener serves, and what goes for all of them.
    everywhere: Arc<Table>,
    /// What the listeners of a name serve besides.
    own: BTreeMap<Arc<str>, Versions>,
    /// Both together.
    named: BTreeMap<Arc<str>, Arc<Table>>,
}

impl Bindings {
    /// What the listeners of a name serve.
    pub(crate) fn table(&self, on: &On) -> &Arc<Table> {
        on.as_ref()
            .and_then(|name| self.named.get(name))
            .unwrap_or(&self.everywhere)
    }

    /// Changes what is the same for all listeners.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut Table)) {
        change(Arc::make_mut(&mut self.everywhere));
        self.unite();
    }

    /// Adds a version behind this middleware, in place of an earlier one with the same numbers and the same name.
    pub(crate) fn insert(&mut self, on: &On, target: Arc<dyn Dispatch>, wraps: &[Wrap]) {
        let versions = match on {
            None => Arc::make_mut(&mut self.everywhere).versions_mut(),
            Some(name) => self.own.entry(Arc::clone(name)).or_default(),
        };
        versions.insert(target, wraps);
        self.unite();
    }

    /// Takes a version away from the listeners of a name; whether it was bound to them.
    pub(crate) fn remove_from(&mut self, name: &str, program: u32, version: u32) -> bool {
        let own = self.own.get_mut(name);
        let was_there = own.is_some_and(|own| own.remove(program, version));
        self.unite();
        was_there
    }

    /// Takes a version away from all listeners; whether any served it.
    pub(crate) fn remove(&mut self, program: u32, version: u32) -> bool {
        let everywhere = Arc::make_mut(&mut self.everywhere).versions_mut();
        let mut was_there = everywhere.remove(program, version);
        for own in self.own.values_mut() {
            was_there |= own.remove(program, version);
        }
        self.unite();
        was_there
    }

    /// The same programs behind this middleware, the first of it outermost.
    pub(crate) fn wrapped(mut self, wraps: &[Wrap]) -> Self {
        Arc::make_mut(&mut self.everywhere).wrap(wraps);
        for own in self.own.values_mut() {
            own.wrap(wraps);
        }
        self.unite();
        self
    }

    /// The names that programs are bound to.
    pub(crate) fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.own.keys()
    }

    fn unite(&mut self) {
        let table = |(name, own): (&Arc<str>, &Versions)| {
            let mut table = Table::clone(&self.everywhere);
            table.versions_mut().extend(own);
            (Arc::clone(name), Arc::new(table))
        };
        self.named = self.own.iter().map(table).collect();
    }
}
