//! Nearly valid messages of every type: each prefix, each flip of one bit, the messages of the committed corpus, and a
//! short run of the fuzz target (`.ci/full fuzz` is the long one).

use oracle::fuzz::{execute, parse, run};
use oracle::interfaces;
use oracle::mangle::{check, valid};
use oracle::types::TYPES;
use rpcgen_runtime::Bytes;

/// Messages of each type that are cut and flipped, and values to choose them from.
const MESSAGES: usize = 4;
const VALUES: u64 = 60;
/// Of longer messages so many places, evenly spread, are looked at; all where the optimiser is at hand (`.ci/full fuzz`).
const PLACES: usize = 300;
const LONG: usize = if cfg!(debug_assertions) {
    PLACES
} else {
    usize::MAX
};
/// But all of each type's shortest message, unless it is longer.
const LARGE: usize = 4 << 10;

#[test]
fn h060_every_prefix_and_every_bit_of_every_type() {
    let interfaces = interfaces::all();
    let (mut decoded, mut copied, mut whole) = (0, 0, 0);
    for entry in TYPES {
        let interface = interfaces.iter().find(|i| i.module == entry.module);
        let interface = interface.expect("its own interface");
        let values = if entry.min > LARGE { 1 } else { VALUES };
        let messages = valid(interface, entry, values);
        let mut look = |bytes: Bytes| {
            let _ = check(entry, &bytes);
            if bytes.len() <= PLACES {
                copied += usize::from((entry.copy)(&bytes));
            }
            decoded += 1;
        };
        let step = messages.len().div_ceil(MESSAGES).max(1);
        for (at, message) in messages.iter().step_by(step).enumerate() {
            let all = message.len() <= LONG || at == 0 && message.len() <= LARGE;
            whole += usize::from(all && at == 0);
            let stride = if all { 1 } else { message.len() / PLACES + 1 };
            for cut in (0..=message.len()).step_by(stride) {
                look(message.slice(..cut));
            }
            for at in (0..message.len()).step_by(stride) {
                for bit in 0..8 {
                    let mut flipped = message.to_vec();
                    flipped[at] ^= 1 << bit;
                    look(Bytes::from(flipped));
                }
            }
        }
    }
    let types = TYPES.len();
    println!(
        "{decoded} messages of {types} types, of {whole} without a gap, {copied} values cloned"
    );
    let large = TYPES
        .iter()
        .filter(|entry| entry.min > LARGE.max(LONG))
        .count();
    assert_eq!(whole, types - large);
    assert!(large <= 4 && decoded > 100 * types && copied > decoded / 10);
}

#[test]
fn the_corpus_is_within_its_budget() {
    let corpus = include_str!("fuzz.corpus");
    assert!(corpus.lines().count() > 1000);
    for line in corpus.lines() {
        let (entry, bytes) = parse(line);
        execute(entry, &bytes);
    }
}

#[test]
fn a_short_run_of_the_fuzz_target() {
    let report = run(50_000, 1);
    let [strict, interop] = report.values;
    assert!(
        strict > 2_000 && interop > strict,
        "some decode: {report:?}"
    );
    assert!(report.ends > 5_000, "{report:?}");
}
