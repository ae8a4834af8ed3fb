//! The programs that a listener serves, and which credentials they ask for.

use super::Dispatch;
use super::service::Wrap;
use crate::Interface;
use crate::auth::{Authenticated, Authenticator};
use crate::msg::{AuthStat, CallRef};
use crate::proto::server::Programs;
use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Programs and versions, each with whoever answers for it, in ascending order.
#[derive(Clone, Default)]
pub(crate) struct Versions(Vec<Served>);

/// What a listener serves.
#[derive(Clone, Default)]
pub(crate) struct Table {
    served: Versions,
    fallback: Option<Served>,
    authenticators: BTreeMap<u32, Arc<dyn Authenticator>>,
    /// Flavors that suffice, for a program (`None`) or one of its procedures.
    required: BTreeMap<(u32, Option<u32>), Vec<u32>>,
}

#[derive(Clone)]
struct Served {
    target: Arc<dyn Dispatch>,
    interface: &'static Interface,
}

impl Served {
    fn new(target: Arc<dyn Dispatch>) -> Self {
        let interface = target.interface();
        Self { target, interface }
    }

    fn wrap(&mut self, wraps: &[Wrap]) {
        for wrap in wraps.iter().rev() {
            self.target = wrap(Arc::clone(&self.target));
        }
    }

    fn parts(&self) -> (&Arc<dyn Dispatch>, &'static Interface) {
        (&self.target, self.interface)
    }

    fn pair(&self) -> (u32, u32) {
        (self.interface.program, self.interface.version)
    }
}

impl Versions {
    /// Adds a version behind this middleware, in place of an earlier one with the same numbers.
    pub(crate) fn insert(&mut self, target: Arc<dyn Dispatch>, wraps: &[Wrap]) {
        let mut served = Served::new(target);
        served.wrap(wraps);
        self.put(served);
    }

    fn put(&mut self, served: Served) {
        match self.find(served.pair()) {
            Ok(at) => self.0[at] = served,
            Err(at) => self.0.insert(at, served),
        }
    }

    /// Where a version is, or where it would be.
    #[inline]
    fn find(&self, pair: (u32, u32)) -> Result<usize, usize> {
        self.0.binary_search_by_key(&pair, Served::pair)
    }

    /// Takes in all versions of these, in place of those with the same numbers.
    pub(crate) fn extend(&mut self, others: &Self) {
        for served in &others.0 {
            self.put(served.clone());
        }
    }

    /// Takes a version out; whether it was there.
    pub(crate) fn remove(&mut self, program: u32, version: u32) -> bool {
        let found = self.find((program, version));
        if let Ok(at) = found {
            self.0.remove(at);
        }
        found.is_ok()
    }

    /// Puts all behind this middleware, the first of it outermost.
    pub(crate) fn wrap(&mut self, wraps: &[Wrap]) {
        for served in &mut self.0 {
            served.wrap(wraps);
        }
    }

    /// The (program, version) pairs in ascending order.
    fn pairs(&self) -> impl Iterator<Item = (u32, u32)> {
        self.0.iter().map(Served::pair)
    }
}

impl Table {
    /// The programs, without what goes for all of them.
    pub(crate) fn versions_mut(&mut self) -> &mut Versions {
        &mut self.served
    }

    /// Sets who answers for all programs that are not in the table.
    pub(crate) fn set_fallback(&mut self, target: Arc<dyn Dispatch>) {
        self.fallback = Some(Served::new(target));
    }

    /// Sets who judges the credentials of a flavor.
    pub(crate) fn set_authenticator(&mut self, flavor: u32, judge: Arc<dyn Authenticator>) {
        self.authenticators.insert(flavor, judge);
    }

    /// Sets the flavors that suffice for a program, or for one of its procedures.
    pub(crate) fn require(&mut self, program: u32, procedure: Option<u32>, flavors: Vec<u32>) {
        self.required.insert((program, procedure), flavors);
    }

    /// Puts all behind this middleware, the first of it outermost.
    pub(crate) fn wrap(&mut self, wraps: &[Wrap]) {
        self.served.wrap(wraps);
        if let Some(fallback) = &mut self.fallback {
            fallback.wrap(wraps);
        }
    }

    /// The (program, version) pairs in ascending order.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (u32, u32)> {
        self.served.pairs()
    }
}

impl Programs for Table {
    type Target = Arc<dyn Dispatch>;

    fn versions(&self, program: u32) -> impl Iterator<Item = u32> {
        let pairs = self.served.pairs();
        pairs.filter_map(move |(other, version)| (other == program).then_some(version))
    }

    #[inline]
    fn target(&self, program: u32, version: u32) -> Option<(&Self::Target, &'static Interface)> {
        let at = self.served.find((program, version)).ok()?;
        self.served.0.get(at).map(Served::parts)
    }

    fn fallback(&self) -> Option<(&Self::Target, &'static Interface)> {
        self.fallback.as_ref().map(Served::parts)
    }

    fn authenticate(&self, call: &CallRef<'_>) -> Option<Result<Authenticated, AuthStat>> {
        let judge = self.authenticators.get(&call.cred.flavor)?;
        // It reads bytes from the network, in the task that serves all peers of a UDP socket: its panic ends one call.
        let judged = catch_unwind(AssertUnwindSafe(|| judge.authenticate(call)));
        Some(judged.unwrap_or(Err(AuthStat::FAILED)))
    }

    fn suffices(&self, flavor: u32, program: u32, procedure: u32) -> bool {
        if self.required.is_empty() {
            return true;
        }
        let of_procedure = self.required.get(&(program, Some(procedure)));
        of_procedure
            .or_else(|| self.required.get(&(program, None)))
            .is_none_or(|flavors| flavors.contains(&flavor))
    }
}

impl fmt::Debug for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.pairs()).finish()
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.served.fmt(f)
    }
}
