//! Nearly valid messages of every type: each prefix, each flip of one bit, the messages of the committed corpus, and a
//! short run of the fuzz target (`.ci/full fuzz` is the long one).

use oracle::fuzz::{execute, parse, run};
use oracle::interfaces;
use oracle::mangle::{check, valid};
use oracle::types::TYPES;
use rpcgen_runtime::Bytes;

/// Messages of each type that are cut and flipped; the longest of which every byte is, and every bit; values to choose
/// them from.
const MESSAGES: usize = 4;
const LONGEST: usize = 300;
const LARGE: usize = 16 << 10;
const VALUES: u64 = 60;

#[test]
fn h060_every_prefix_and_every_bit_of_every_type() {
    let interfaces = interfaces::all();
    let (mut decoded, mut copied, mut types) = (0, 0, 0);
    for entry in TYPES {
        let interface = interfaces.iter().find(|i| i.module == entry.module);
        let interface = interface.expect("its own interface");
        // Whatever its length, one at least; long ones in so many places.
        let messages = valid(
            interface,
            entry,
            if entry.min > LONGEST { 1 } else { VALUES },
        );
        let step = messages.len().div_ceil(MESSAGES).max(1);
        let mut look = |bytes: Bytes| {
            let _ = check(entry, &bytes);
            if bytes.len() <= LONGEST {
                copied += usize::from((entry.copy)(&bytes));
            }
            decoded += 1;
        };
        for message in messages.iter().step_by(step) {
            let stride = message.len() / LONGEST + 1;
            for cut in (0..=message.len()).step_by(stride) {
                look(message.slice(..cut));
            }
            for at in (0..message.len()).step_by(stride) {
                // Of very long ones one bit in each place, each in its turn.
                let turn = at / stride % 8;
                let all = message.len() <= LARGE;
                for bit in (0..8).filter(|bit| all || *bit == turn) {
                    let mut flipped = message.to_vec();
                    flipped[at] ^= 1 << bit;
                    look(Bytes::from(flipped));
                }
            }
        }
        types += 1;
    }
    println!("{decoded} messages of {types} types, {copied} values cloned");
    assert!(decoded > 100 * types && copied > decoded / 10);
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
