//! Nanoseconds of thread CPU time for one call of a function.

use nix::time::{ClockId, clock_gettime};

/// Batches of which the fastest counts: the others met an interrupt or a busy neighbour.
const BATCHES: usize = 50;
/// Length of a batch in nanoseconds.
const BATCH: f64 = 2e6;

fn now() -> f64 {
    let t = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("Linux has this clock");
    t.tv_sec() as f64 * 1e9 + t.tv_nsec() as f64
}

/// Times `step`.
pub fn measure(mut step: impl FnMut()) -> f64 {
    let mut batch = |n: u64| {
        let start = now();
        for _ in 0..n {
            step();
        }
        now() - start
    };
    let mut n = 1;
    while batch(n) < BATCH {
        n *= 2;
    }
    (0..BATCHES)
        .map(|_| batch(n) / n as f64)
        .fold(f64::INFINITY, f64::min)
}
