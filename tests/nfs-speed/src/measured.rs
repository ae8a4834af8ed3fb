//! What a run comes to: a line of numbers between processes.

use nix::time::clock_getcpuclockid;
use nix::unistd::Pid;
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

/// Time that a process has had a processor, with those of its threads that have ended.
pub(crate) fn processor_time(pid: u32) -> Duration {
    let pid = i32::try_from(pid).expect("a process id");
    let clock = clock_getcpuclockid(Pid::from_raw(pid)).expect("it runs");
    clock.now().expect("it runs").into()
}
