//! Who gets a connection: a count of all, and of each source address where that is limited.

use super::source::Source;
use super::{Peer, Shared};
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

/// Connections of each source address; kept only where their number is limited.
#[derive(Debug, Default)]
pub(crate) struct Sources(Mutex<HashMap<Source, usize>>);

/// A connection's place. Dropping it makes room for another.
#[derive(Debug)]
pub(crate) struct Place {
    server: Arc<Shared>,
    source: Option<Source>,
}

/// Which limit is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    Server,
    Source,
}

impl Place {
    pub(crate) fn take(server: &Arc<Shared>, peer: &Peer) -> Result<Self, Full> {
        let limits = &server.limits;
        if server.connections.fetch_add(1, Ordering::Relaxed) >= limits.connections {
            server.connections.fetch_sub(1, Ordering::Relaxed);
            return Err(Full::Server);
        }
        // From here on the count is given back when the place is dropped.
        let mut place = Self {
            server: Arc::clone(server),
            source: None,
        };
        if let (Some(limit), Some(source)) = (limits.connections_per_source, Source::of(peer)) {
            let mut sources = server.sources.lock();
            let count = sources.entry(source).or_default();
            if *count >= limit {
                drop(sources);
                return Err(Full::Source);
            }
            *count += 1;
            place.source = Some(source);
        }
        Ok(place)
    }
}

impl Sources {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Source, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.server.connections.fetch_sub(1, Ordering::Relaxed);
        self.server.activity.touch();
        let Some(source) = self.source else { return };
        let mut sources = self.server.sources.lock();
        if let Some(count) = sources.get_mut(&source) {
            *count -= 1;
            if *count == 0 {
                sources.remove(&source);
            }
        }
    }
}
