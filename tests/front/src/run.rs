//! A seed and a number of executions → texts compiled: the ones to start from as they are, and between and behind them
//! what is made of the ones that showed something new.
//!
//! Deterministic. A text that fails is made smaller before it is shown.

use crate::check::{Seen, check};
use crate::mangle::{Parts, chunks, line_ranges, mangle, words};
use crate::seeds;
use golden::random::Random;
use std::collections::HashSet;
use std::time::{Duration, Instant};

/// Flags of which a text gets some.
const FLAGS: &[&str] = &[
    "--strict-rpcgen",
    "--strict-rfc",
    "--no-notes",
    "--naming=c",
    "--open-enum=*",
    "--std-string=*",
    "--vec-bytes=*",
    "--newtype=*",
    "--blocking-server",
    "--small",
    "--show-source",
    "--no-types",
    "--no-client",
    "--no-server",
    "--idempotent=*",
    "--derive=*=Eq",
    "--define=N=4",
    "--define=N(x)=4",
    "--include=x",
    "--rename=s=no name",
    "--extern-type=s=no path",
    "--undefine=RPC_HDR",
    "--extern-type=s=outside::S",
    "--rename=s=Renamed",
    "--strip-prefix=*=A_",
    "--max-items=40",
    "--max-members=5",
    "--max-input=5000",
    "--max-input=200",
    "--define=N(=4",
    "--extern-type=e=outside::E",
    "--derive=*=::core::fmt::Debug",
    "--derive=s=Copy",
    "--rename=s=v1",
    "--rename=e.A=Same",
    "--rename=e.B=Same",
    "--strip-prefix=e=A",
    "--runtime-path=crate::runtime",
];

/// A text does not take longer, all its compilations together.
const SLOWEST: Duration = Duration::from_secs(20);

/// Tries to make a failing text smaller.
const SMALLER: usize = 3000;

/// A text and its flags, one a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The text.
    pub text: Vec<u8>,
    /// The flags.
    pub flags: String,
}

/// What a run did.
#[derive(Debug, Default)]
pub struct Report {
    /// Texts.
    pub executions: u64,
    /// Of these, accepted.
    pub accepted: u64,
    /// Different messages and sequences of Rust tokens.
    pub features: usize,
    /// The most memory that one text took, bytes.
    pub memory: u64,
    /// The longest that one text took.
    pub slowest: Duration,
    /// Accepted texts that showed something new.
    pub kept: Vec<Input>,
    /// Texts for which something does not hold, made smaller, and what.
    pub failures: Vec<(Input, String)>,
}

/// Runs until there are `failures` failures, or for so many executions.
#[must_use]
pub fn run(
    executions: u64,
    seed: u64,
    failures: usize,
    mut progress: impl FnMut(&Report),
) -> Report {
    let mut rng = Random::new(seed);
    let mut pool = seeds::inputs();
    let originals = pool.len();
    let mut report = Report::default();
    let mut known = HashSet::new();
    let mut complaints = HashSet::new();
    while report.executions < executions && report.failures.len() < failures {
        // Every other text, so that a short run has some of both.
        let original = Some(report.executions as usize)
            .filter(|executed| executed.is_multiple_of(2))
            .and_then(|executed| pool[..originals].get(executed / 2));
        let is_new = original.is_none();
        let input = original
            .cloned()
            .unwrap_or_else(|| next(&mut rng, &pool, originals));
        let start = Instant::now();
        let seen = check(&input.text, &input.flags);
        let time = start.elapsed();
        report.executions += 1;
        report.slowest = report.slowest.max(time);
        let seen = if time > SLOWEST {
            Err(format!("it took {time:?}"))
        } else {
            seen
        };
        match seen {
            Ok(seen) => {
                report.accepted += u64::from(seen.accepted);
                report.memory = report.memory.max(seen.memory);
                keep(&mut known, &mut pool, &mut report, input, &seen, is_new);
            }
            Err(complaint) => {
                let first = complaint.lines().next().unwrap_or_default().to_owned();
                // The same again tells nothing.
                if complaints.insert(first.clone()) {
                    let input = smaller(input, &first);
                    report.failures.push((input, complaint));
                }
            }
        }
        report.features = known.len();
        progress(&report);
    }
    report
}

fn next(rng: &mut Random, pool: &[Input], originals: usize) -> Input {
    let mut input = match rng.below(8) {
        0 => Input {
            text: seeds::random(rng),
            flags: String::new(),
        },
        1 | 2 => pool[rng.below(originals)].clone(),
        // Those found last are the strangest.
        3 | 4 => pool[pool.len() - 1 - rng.below(pool.len().min(200))].clone(),
        _ => rng.pick(pool).clone(),
    };
    let other = &rng.pick(pool).text;
    mangle(rng, &mut input.text, other);
    if rng.one_in(3) {
        input.flags.clear();
        for _ in 0..rng.below(4) {
            let flag = rng.pick(FLAGS);
            if !input.flags.contains(flag) {
                input.flags += &format!("{flag}\n");
            }
        }
    }
    input
}

fn keep(
    known: &mut HashSet<u64>,
    pool: &mut Vec<Input>,
    report: &mut Report,
    input: Input,
    seen: &Seen,
    is_new: bool,
) {
    let before = known.len();
    known.extend(&seen.features);
    if known.len() > before && is_new {
        if seen.accepted {
            report.kept.push(input.clone());
        }
        pool.push(input);
    }
}

/// Leaves out what is not needed to fail in the same way.
fn smaller(mut input: Input, complaint: &str) -> Input {
    let fails = |input: &Input| match check(&input.text, &input.flags) {
        Ok(_) => false,
        Err(error) => error.lines().next().unwrap_or_default() == complaint,
    };
    for flag in input.flags.clone().lines() {
        let flags = input.flags.replace(&format!("{flag}\n"), "");
        let candidate = Input {
            text: input.text.clone(),
            flags,
        };
        if fails(&candidate) {
            input = candidate;
        }
    }
    let bytes = |text: &[u8]| (0..text.len()).map(|at| (at, at + 1)).collect();
    let parts: [Parts; 4] = [chunks, line_ranges, words, bytes];
    let mut tries = 0;
    for parts in parts {
        // From the end, so that the ranges in front stay what they are.
        for (lo, hi) in parts(&input.text).into_iter().rev() {
            let mut candidate = input.clone();
            candidate.text.drain(lo..hi);
            tries += 1;
            if tries < SMALLER && fails(&candidate) {
                input = candidate;
            }
        }
    }
    input
}
