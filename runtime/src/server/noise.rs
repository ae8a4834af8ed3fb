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
        self.line_in(START.get_or_init(Instant::now).elapsed().as_secs() + 1)
    }

    /// The same in a second, counted from 1.
    fn line_in(&self, second: u64) -> Option<u64> {
        if self.last.swap(second, Ordering::Relaxed) == second {
            self.suppressed.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        Some(self.suppressed.swap(0, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_a_second_says_how_many_there_were() {
        let noise = Noise::new();
        assert_eq!(noise.line_in(1), Some(0));
        for _ in 0..1_000 {
            assert_eq!(noise.line_in(1), None);
        }
        assert_eq!(noise.line_in(2), Some(1_000));
        assert_eq!(noise.line_in(9), Some(0));
    }
}
