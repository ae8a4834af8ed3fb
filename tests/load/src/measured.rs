//! What a run comes to: a line of numbers between processes.

use std::fmt;
use std::time::{Duration, Instant};

/// How much to call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Amount {
    /// For so long.
    Time(Duration),
    /// So often.
    Calls(u64),
}

impl Amount {
    /// `500ms`, or a number of calls.
    pub(crate) fn parse(word: &str) -> Self {
        let number = |digits: &str| digits.parse().expect("a number");
        match word.strip_suffix("ms") {
            Some(digits) => Self::Time(Duration::from_millis(number(digits))),
            None => Self::Calls(number(word)),
        }
    }

    /// What goes before, unmeasured: nothing where calls are counted.
    pub(crate) fn warm_up(self) -> Self {
        match self {
            Self::Time(time) => Self::Time(time / 10),
            Self::Calls(_) => Self::Calls(0),
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(time) => write!(f, "{}ms", time.as_millis()),
            Self::Calls(calls) => write!(f, "{calls}"),
        }
    }
}

/// Calls between two looks at the clock: it costs a tenth of a pipelined call.
const LOOK: u64 = 16;

/// Calls under way.
#[derive(Debug)]
pub(crate) struct Calling {
    server: u32,
    amount: Amount,
    calls: u64,
    /// Number of calls at which to look at the clock again.
    look: u64,
    begun: Instant,
    spent: [Duration; 2],
}

impl Calling {
    /// From now on, with a server of this process id.
    pub(crate) fn new(server: u32, amount: Amount) -> Self {
        Self {
            server,
            amount,
            calls: 0,
            look: 0,
            begun: Instant::now(),
            spent: spent(server),
        }
    }

    /// Whether to make these calls as well.
    pub(crate) fn goes_on(&mut self, calls: u64) -> bool {
        let on = match self.amount {
            Amount::Time(_) if self.calls < self.look => true,
            Amount::Time(time) => {
                self.look = self.calls + LOOK;
                self.begun.elapsed() < time
            }
            Amount::Calls(most) => self.calls < most,
        };
        self.calls += if on { calls } else { 0 };
        on
    }

    /// What it came to.
    pub(crate) fn line(&self) -> String {
        let wall = self.begun.elapsed();
        let [client, server] = spent(self.server);
        let nanoseconds = [wall, client - self.spent[0], server - self.spent[1]];
        let [wall, client, server] = nanoseconds.map(|d| d.as_nanos());
        format!("{} {wall} {client} {server}", self.calls)
    }
}

/// Processor time of this process and of the server's.
fn spent(server: u32) -> [Duration; 2] {
    [std::process::id(), server].map(processor_time)
}

/// Time that the threads of a process have had a processor.
pub(crate) fn processor_time(pid: u32) -> Duration {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task"));
    let times = tasks.into_iter().flatten().flatten().filter_map(|task| {
        let stat = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        stat.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(times.sum())
}

/// What a client has done, and what that took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    pub(crate) calls: u64,
    /// Processor time of the client.
    pub(crate) client: Duration,
    /// Processor time of the server.
    pub(crate) server: Duration,
}

impl Measured {
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace().map(str::parse);
        let mut word = || words.next()?.ok();
        let calls = word()?;
        // Time on the clock is for readers.
        word()?;
        Some(Self {
            calls,
            client: Duration::from_nanos(word()?),
            server: Duration::from_nanos(word()?),
        })
    }
}

/// Ends this process when its input ends: a server goes with whoever has started it.
pub(crate) fn end_with_input() {
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(0);
    });
}
