//! The programs that a server serves.

use super::Dispatch;
use super::service::Wrap;
use crate::Interface;
use crate::proto::server::Programs;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Programs and versions, each with whoever answers for it.
#[derive(Clone, Default)]
pub(crate) struct Table(BTreeMap<u32, BTreeMap<u32, Served>>);

#[derive(Clone)]
struct Served {
    target: Arc<dyn Dispatch>,
    interface: &'static Interface,
}

impl Table {
    /// Adds a version, in place of an earlier one with the same numbers.
    pub(crate) fn insert(&mut self, target: Arc<dyn Dispatch>) {
        let interface = target.interface();
        let versions = self.0.entry(interface.program).or_default();
        versions.insert(interface.version, Served { target, interface });
    }

    /// The same programs behind this middleware, the first of it outermost.
    pub(crate) fn wrapped(mut self, wraps: &[Wrap]) -> Self {
        for served in self.0.values_mut().flat_map(BTreeMap::values_mut) {
            for wrap in wraps.iter().rev() {
                served.target = wrap(Arc::clone(&served.target));
            }
        }
        self
    }

    /// The (program, version) pairs in ascending order.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (u32, u32)> {
        self.0
            .iter()
            .flat_map(|(&program, versions)| versions.keys().map(move |&v| (program, v)))
    }
}

impl Programs for Table {
    type Target = Arc<dyn Dispatch>;

    fn versions(&self, program: u32) -> impl Iterator<Item = u32> {
        self.0
            .get(&program)
            .into_iter()
            .flat_map(|versions| versions.keys().copied())
    }

    fn target(&self, program: u32, version: u32) -> Option<(&Self::Target, &'static Interface)> {
        let served = self.0.get(&program)?.get(&version)?;
        Some((&served.target, served.interface))
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.pairs()).finish()
    }
}
