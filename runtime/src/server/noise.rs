//! Log lines about bad peers: one a second for each kind, the rest is counted. Hostile peers must not fill a disk.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// One kind of log line.
#[derive(Debug)]
pub(crate) struct Noise {
    /// Seconds since the first use, plus one; 0 for never.
    last: AtomicU64,
    suppressed: AtomicU64,
}

impl Noise {
    pub(crate) const fn new() -> Self {
        Self {
            last: AtomicU64::new(0),
            suppressed: AtomicU64::new(0),
        }
    }

    /// Whether a line may be written now: then the number of lines that were not, since the last one.
    pub(crate) fn line(&self) -> Option<u64> {
        static START: OnceLock<Instant> = OnceLock::new();
        let second = START.get_or_init(Instant::now).elapsed().as_secs() + 1;
        if self.last.swap(second, Ordering::Relaxed) == second {
            self.suppressed.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        Some(self.suppressed.swap(0, Ordering::Relaxed))
    }
}
