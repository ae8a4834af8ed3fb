//! Whose turn it is to begin a call when as many are pending as may be: who came first.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep, sleep_until};

/// The turns of a channel: as many as calls may be pending. Behind the channel's lock, so that a call which need not
/// wait pays for a comparison.
#[derive(Debug)]
pub(super) struct Turns {
    /// None while somebody waits.
    free: usize,
    waiting: VecDeque<oneshot::Sender<()>>,
}

impl Turns {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            free: limit,
            waiting: VecDeque::new(),
        }
    }

    /// Takes a turn, if there is one.
    pub(super) fn take(&mut self) -> bool {
        let left = self.free.checked_sub(1);
        self.free = left.unwrap_or(0);
        left.is_some()
    }

    /// Gives a turn back: to the one who waits longest, if anybody does.
    pub(super) fn give(&mut self) {
        while let Some(next) = self.waiting.pop_front() {
            if next.send(()).is_ok() {
                return;
            }
        }
        self.free = self.free.saturating_add(1);
    }

    /// Waits for a turn, as long as this.
    pub(super) fn wait(&mut self, limit: Duration) -> Turn {
        // Those who gave up are found when room is wanted for another.
        if self.waiting.len() == self.waiting.capacity() {
            self.waiting.retain(|turn| !turn.is_closed());
        }
        let (give, given) = oneshot::channel();
        self.waiting.push_back(give);
        let begun = Instant::now();
        Turn {
            given,
            begun,
            expiry: begun.checked_add(limit).map(|at| Box::pin(sleep_until(at))),
        }
    }

    /// Lets go of a turn that was waited for, whether it has come or not.
    pub(super) fn leave(&mut self, mut turn: Turn) {
        if turn.given.try_recv().is_ok() {
            self.give();
        }
    }
}

/// A place among those who wait. To be given to [`Turns::leave`], or its turn is lost.
#[derive(Debug)]
pub(super) struct Turn {
    given: oneshot::Receiver<()>,
    begun: Instant,
    expiry: Option<Pin<Box<Sleep>>>,
}

impl Turn {
    /// Whether the turn has come; false when time is up.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        if let Poll::Ready(given) = Pin::new(&mut self.given).poll(cx) {
            return Poll::Ready(given.is_ok());
        }
        match &mut self.expiry {
            Some(expiry) => expiry.as_mut().poll(cx).map(|()| false),
            None => Poll::Pending,
        }
    }

    /// Since when it is waited for.
    pub(super) fn begun(&self) -> Instant {
        self.begun
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn poll(turn: &mut Turn) -> Poll<bool> {
        turn.poll(&mut Context::from_waker(std::task::Waker::noop()))
    }

    #[tokio::test]
    async fn who_waits_longest_is_next() {
        let mut turns = Turns::new(1);
        assert!(turns.take());
        assert!(!turns.take());
        let (mut first, mut second) = (turns.wait(LONG), turns.wait(LONG));
        assert!(poll(&mut first).is_pending());
        turns.give();
        assert!(!turns.take(), "nobody overtakes");
        assert_eq!(poll(&mut first), Poll::Ready(true));
        assert!(poll(&mut second).is_pending());
        turns.give();
        assert_eq!(poll(&mut second), Poll::Ready(true));
        turns.give();
        assert!(turns.take());
    }

    #[tokio::test]
    async fn a_turn_that_nobody_wants_any_more_goes_to_the_next() {
        let mut turns = Turns::new(1);
        assert!(turns.take());
        let (gone, given, mut last) = (turns.wait(LONG), turns.wait(LONG), turns.wait(LONG));
        turns.leave(gone);
        turns.give();
        turns.leave(given);
        assert_eq!(poll(&mut last), Poll::Ready(true));
        turns.give();
        assert!(turns.take());
        assert!(!turns.take());
    }

    #[tokio::test]
    async fn nobody_waits_longer_than_he_wants() {
        let limit = Duration::from_millis(20);
        let mut turns = Turns::new(0);
        let mut turn = turns.wait(limit);
        let came = std::future::poll_fn(|cx| turn.poll(cx)).await;
        assert!(!came);
        assert!(turn.begun().elapsed() >= limit);
    }

    #[tokio::test]
    async fn those_who_gave_up_are_forgotten() {
        let mut turns = Turns::new(0);
        for _ in 0..10_000 {
            let turn = turns.wait(LONG);
            turns.leave(turn);
        }
        assert!(turns.waiting.capacity() < 64);
    }
}
