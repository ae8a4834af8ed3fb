//! A seed and a number of executions → mangled messages of every type, decoded in both modes within their budget.
//!
//! Deterministic. A message whose decoding ends in a way not seen before joins those that are mangled further.

use crate::interfaces;
use crate::mangle::{End, check, mangle, valid};
use crate::types::{Entry, TYPES};
use crate::values::Rng;
use rpcgen_runtime::{Bytes, Mode};
use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

/// Messages kept for a type.
const KEPT: usize = 64;
/// Types whose smallest message is longer have their turn once in so many times.
const RARELY: u64 = 1 << 14;
const LONG: usize = 16 << 10;

/// What a run did.
#[derive(Debug, Default)]
pub struct Report {
    /// Messages decoded in both modes.
    pub executions: u64,
    /// Of these, decoded to a value in strict mode, and in interop mode.
    pub values: [u64; 2],
    /// Different ends of different types.
    pub ends: usize,
    /// The largest part of its budget that a decode held at its peak.
    pub fullest: f64,
    /// The longest that one message took, all its decodes and encodes together.
    pub slowest: Duration,
    /// One message for each type and end, the smallest: type and bytes.
    pub corpus: Vec<(&'static Entry, Bytes)>,
}

/// Checks one message; its ends and how much of its budget it took.
///
/// # Panics
/// Something does not hold: see [`check`]; or decoding takes more memory than the budget allows.
pub fn execute(entry: &Entry, bytes: &Bytes) -> ([End; 2], f64) {
    let info = allocation_counter::measure(|| drop((entry.decode)(bytes, Mode::Interop)));
    assert_eq!(info.bytes_current, 0, "{}: all is given back", entry.x);
    let budget = (bytes.len() * entry.ratio.max(16) + (64 << 10)) as f64;
    let part = info.bytes_max as f64 / budget;
    // An array that grows holds its old memory beside the new for a moment.
    assert!(part <= 1.5, "{}: {part} of its budget", entry.x);
    (check(entry, bytes), part)
}

/// Runs.
///
/// # Panics
/// As [`execute`], naming the message.
#[must_use]
pub fn run(executions: u64, seed: u64) -> Report {
    let mut pools = pools();
    let mut rng = Rng::new(seed);
    let mut report = Report::default();
    let mut seen = HashSet::new();
    let mut smallest: BTreeMap<(usize, [&str; 2]), Bytes> = BTreeMap::new();
    while report.executions < executions {
        let at = rng.below(TYPES.len() as u64) as usize;
        let (entry, pool) = (&TYPES[at], &mut pools[at]);
        if entry.min > LONG && rng.below(RARELY) != 0 {
            continue;
        }
        let [first, other] = [0; 2].map(|_| rng.below(pool.len() as u64) as usize);
        let mut message = pool[first].to_vec();
        mangle(&mut rng, &mut message, &pool[other]);
        let message = Bytes::from(message);
        let guard = Named(entry, &message);
        let start = Instant::now();
        let (ends, part) = execute(entry, &message);
        report.slowest = report.slowest.max(start.elapsed());
        std::mem::forget(guard);
        report.executions += 1;
        report.fullest = report.fullest.max(part);
        for (count, end) in report.values.iter_mut().zip(ends) {
            *count += u64::from(end == End::Value);
        }
        if seen.insert((at, ends)) {
            let words = ends.map(|end| match end {
                End::Value => "value",
                End::Error(word, _) => word,
            });
            let kept = smallest
                .entry((at, words))
                .or_insert_with(|| message.clone());
            if message.len() < kept.len() {
                *kept = message.clone();
            }
            if message.len() < LONG {
                let place = if pool.len() < KEPT { pool.len() } else { first };
                pool.truncate(KEPT);
                pool.insert(place, message);
            }
        }
    }
    report.ends = seen.len();
    report.corpus = smallest
        .into_iter()
        .map(|((at, _), bytes)| (&TYPES[at], bytes))
        .collect();
    report
}

/// Valid messages of each type.
fn pools() -> Vec<Vec<Bytes>> {
    let interfaces = interfaces::all();
    let pool = |entry: &Entry| {
        let interface = interfaces.iter().find(|i| i.module == entry.module);
        let interface = interface.expect("its own interface");
        let mut messages = valid(interface, entry, if entry.min > LONG { 2 } else { 40 });
        messages.truncate(KEPT / 2);
        messages
    };
    TYPES.iter().map(pool).collect()
}

/// Names the message when its execution panics.
struct Named<'a>(&'a Entry, &'a Bytes);

impl Drop for Named<'_> {
    fn drop(&mut self) {
        eprintln!("{}", line(self.0, self.1));
    }
}

/// A message as a line of a corpus: `module type bytes`.
#[must_use]
pub fn line(entry: &Entry, bytes: &Bytes) -> String {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "{} {} {}",
        entry.module,
        entry.x,
        if hex.is_empty() { "-" } else { &hex }
    )
}

/// The message of a line.
///
/// # Panics
/// It is no such line.
#[must_use]
pub fn parse(line: &str) -> (&'static Entry, Bytes) {
    let words: Vec<&str> = line.split(' ').collect();
    let [module, x, hex] = words[..] else {
        panic!("module, type and bytes: {line}");
    };
    let entry = TYPES.iter().find(|e| e.module == module && e.x == x);
    let digits = hex.trim_start_matches('-').as_bytes().chunks(2);
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).expect("digits");
        u8::from_str_radix(pair, 16).expect("digits")
    };
    (
        entry.expect("a type that there is"),
        digits.map(byte).collect(),
    )
}
