//! When to send a datagram again: a round-trip estimate (RFC 6298), doubling up to a ceiling, with jitter.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "durations are divided by constants only"
)]

use super::random::Random;
use std::time::Duration;

/// How long to wait for a reply before a datagram is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retransmit {
    /// First wait while nothing is known of the round trip (default 500 ms).
    pub initial: Duration,
    /// Shortest wait (default 200 ms).
    pub min: Duration,
    /// Longest wait (default 2 s).
    pub max: Duration,
}

impl Default for Retransmit {
    fn default() -> Self {
        Self {
            initial: Duration::from_millis(500),
            min: Duration::from_millis(200),
            max: Duration::from_secs(2),
        }
    }
}

impl Retransmit {
    /// With this first wait.
    #[must_use]
    pub const fn initial(mut self, wait: Duration) -> Self {
        self.initial = wait;
        self
    }

    /// With these bounds on every wait.
    #[must_use]
    pub const fn bounds(mut self, min: Duration, max: Duration) -> Self {
        self.min = min;
        self.max = max;
        self
    }

    fn clamp(&self, wait: Duration) -> Duration {
        wait.min(self.max).max(self.min.min(self.max))
    }

    /// The wait after one of `previous`, before jitter.
    #[must_use]
    pub fn next(&self, previous: Duration) -> Duration {
        self.clamp(previous.saturating_mul(2))
    }
}

/// What is known of the round trip to one server.
#[derive(Clone, Copy, Debug, Default)]
pub struct RoundTrip {
    smoothed: Option<Duration>,
    variation: Duration,
}

impl RoundTrip {
    /// Takes in a measured round trip. A call that was sent twice is no measure: which one was answered? (Karn's rule)
    pub fn sample(&mut self, rtt: Duration) {
        match self.smoothed {
            None => {
                self.smoothed = Some(rtt);
                self.variation = rtt / 2;
            }
            // RFC 6298 §2.3: β = 1/4, α = 1/8.
            Some(smoothed) => {
                let off = smoothed.abs_diff(rtt);
                self.variation = (self.variation.saturating_mul(3).saturating_add(off)) / 4;
                self.smoothed = Some((smoothed.saturating_mul(7).saturating_add(rtt)) / 8);
            }
        }
    }

    /// How long to wait for the first reply, before jitter.
    #[must_use]
    pub fn first_wait(&self, policy: &Retransmit) -> Duration {
        match self.smoothed {
            None => policy.clamp(policy.initial),
            Some(smoothed) => {
                policy.clamp(smoothed.saturating_add(self.variation.saturating_mul(4)))
            }
        }
    }
}

/// Between 7/8 and 9/8 of a wait: clients that lost a server at one instant don't come back at one.
#[must_use]
pub fn jitter(wait: Duration, random: &mut Random) -> Duration {
    let share = random.next_u32() & 0xff;
    let eighth = wait / 8;
    wait.saturating_sub(eighth)
        .saturating_add(eighth.saturating_mul(share) / 128)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn waits_double_up_to_the_ceiling() {
        let policy = Retransmit::default();
        let mut wait = RoundTrip::default().first_wait(&policy);
        let mut waits = vec![];
        for _ in 0..4 {
            waits.push(wait.as_millis());
            wait = policy.next(wait);
        }
        assert_eq!(waits, [500, 1000, 2000, 2000]);
    }

    #[test]
    fn a_fast_server_is_still_given_the_minimum() {
        let mut rtt = RoundTrip::default();
        for _ in 0..10 {
            rtt.sample(MS);
        }
        assert_eq!(rtt.first_wait(&Retransmit::default()), 200 * MS);
    }

    #[test]
    fn a_slow_server_raises_the_wait() {
        let mut rtt = RoundTrip::default();
        rtt.sample(400 * MS);
        assert_eq!(rtt.first_wait(&Retransmit::default()), 1200 * MS);
    }

    #[test]
    fn jitter_stays_within_an_eighth() {
        let mut random = Random::from_key([1, 2]);
        let waits: Vec<_> = (0..1000).map(|_| jitter(800 * MS, &mut random)).collect();
        assert!(waits.iter().all(|w| (700 * MS..=900 * MS).contains(w)));
        assert!(
            waits
                .iter()
                .max()
                .unwrap()
                .abs_diff(*waits.iter().min().unwrap())
                > 150 * MS
        );
    }
}
