//! Host names → addresses, for callers who wait no longer than they want to.
//!
//! The system's look-up (`getaddrinfo`) can neither be given a deadline nor be cancelled, so it runs in a thread of its
//! own: at most eight in a process, made when a name is to be looked up and gone when there is none left. Who does not
//! wait any more leaves nothing behind but the look-up that has begun; one that has not is never made. Address literals
//! come nowhere near here.

use super::target::Host;
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use tokio::sync::oneshot;

/// Look-ups at the same time: what waits behind them waits for a resolver that answers nobody.
const THREADS: usize = 8;

type Found = io::Result<Vec<SocketAddr>>;

/// Begins to look a name up.
pub(crate) fn look_up(host: Host, port: u16) -> oneshot::Receiver<Found> {
    static SYSTEM: Resolver = Resolver::new(Host::resolve);
    SYSTEM.look_up(host, port)
}

struct Resolver {
    look: fn(&Host, u16) -> Found,
    state: Mutex<State>,
}

struct State {
    threads: usize,
    waiting: VecDeque<Job>,
}

struct Job {
    host: Host,
    port: u16,
    answer: oneshot::Sender<Found>,
}

impl Resolver {
    const fn new(look: fn(&Host, u16) -> Found) -> Self {
        let state = State {
            threads: 0,
            waiting: VecDeque::new(),
        };
        Self {
            look,
            state: Mutex::new(state),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look_up(&'static self, host: Host, port: u16) -> oneshot::Receiver<Found> {
        let (answer, found) = oneshot::channel();
        let mut state = self.lock();
        state.waiting.retain(|job| !job.answer.is_closed());
        state.waiting.push_back(Job { host, port, answer });
        if state.threads < THREADS {
            let name = "rpc name look-up".to_owned();
            match thread::Builder::new().name(name).spawn(|| self.work()) {
                Ok(_) => state.threads += 1,
                Err(e) if state.threads == 0 => {
                    if let Some(job) = state.waiting.pop_back() {
                        let _ = job.answer.send(Err(e));
                    }
                }
                // Those that run will come to it.
                Err(_) => {}
            }
        }
        found
    }

    /// Makes look-ups as long as there are any.
    fn work(&self) {
        loop {
            let job = {
                let mut state = self.lock();
                match state.waiting.pop_front() {
                    Some(job) => job,
                    None => {
                        state.threads -= 1;
                        return;
                    }
                }
            };
            if !job.answer.is_closed() {
                let _ = job.answer.send((self.look)(&job.host, job.port));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Condvar;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::{Duration, Instant};

    static BEGUN: AtomicUsize = AtomicUsize::new(0);
    static OPEN: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());

    /// A resolver that answers nobody until it is let.
    fn stuck(_: &Host, port: u16) -> Found {
        BEGUN.fetch_add(1, Ordering::SeqCst);
        let mut open = OPEN.0.lock().unwrap();
        while !*open {
            open = OPEN.1.wait(open).unwrap();
        }
        Ok(vec![([127, 0, 0, 1], port).into()])
    }

    fn until(what: impl Fn() -> bool) {
        let end = Instant::now() + Duration::from_secs(20);
        while !what() {
            assert!(Instant::now() < end, "did not happen");
            thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn a_resolver_that_answers_nobody_costs_eight_threads_and_they_end() {
        static RESOLVER: Resolver = Resolver::new(stuck);
        let host = || Host {
            name: "host".into(),
            port: None,
        };
        let first: Vec<_> = (0..8).map(|n| RESOLVER.look_up(host(), n)).collect();
        until(|| BEGUN.load(Ordering::SeqCst) == THREADS);
        // A thousand callers who do not wait: nothing is kept for them and nothing done.
        for n in 0..1000 {
            drop(RESOLVER.look_up(host(), n));
        }
        let last = RESOLVER.look_up(host(), 99);
        let state = RESOLVER.lock();
        assert_eq!((state.threads, state.waiting.len()), (THREADS, 1));
        drop(state);
        *OPEN.0.lock().unwrap() = true;
        OPEN.1.notify_all();
        for (n, found) in (0..).zip(first) {
            assert_eq!(found.blocking_recv().unwrap().unwrap()[0].port(), n);
        }
        assert_eq!(last.blocking_recv().unwrap().unwrap()[0].port(), 99);
        assert_eq!(BEGUN.load(Ordering::SeqCst), THREADS + 1);
        until(|| RESOLVER.lock().threads == 0);
    }
}
