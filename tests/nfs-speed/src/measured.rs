//! What a run comes to: a line of numbers between processes.

use std::time::Duration;

/// What a client has done, and what that took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    pub(crate) calls: u64,
    pub(crate) wall: Duration,
    /// Of the client's process.
    pub(crate) cpu: Duration,
}

impl Measured {
    pub(crate) fn line(self) -> String {
        let Self { calls, wall, cpu } = self;
        format!("{calls} {} {}", wall.as_nanos(), cpu.as_nanos())
    }

    pub(crate) fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace().map(str::parse);
        let mut word = || words.next()?.ok();
        Some(Self {
            calls: word()?,
            wall: Duration::from_nanos(word()?),
            cpu: Duration::from_nanos(word()?),
        })
    }
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
