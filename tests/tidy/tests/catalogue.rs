//! The catalogue of hostile inputs and faults: each number that concerns the server or the client has a test of that side
//! on real sockets, each one about XDR a test of the codec, and its name has the number. `cargo test -p tidy --test
//! catalogue -- --nocapture` prints the table.

use std::collections::BTreeMap;
use tidy::{report, sources};

/// Records, headers, credentials, datagrams, connections and load, rpcbind.
const SERVER: &[(u32, u32)] = &[
    (1, 19),
    (21, 23),
    (28, 37),
    (61, 67),
    (81, 82),
    (86, 87),
    (90, 94),
    (102, 119),
    (124, 125),
];

/// Replies, datagrams, faults of connections, rpcbind's answers.
const CLIENT: &[(u32, u32)] = &[
    (20, 20),
    (24, 30),
    (38, 40),
    (80, 81),
    (83, 85),
    (88, 89),
    (95, 101),
    (120, 123),
];

/// Lengths, counts, memory, padding, flags, enums, unions, recursion, trailing bytes, floats, text, encoding.
const CODEC: &[(u32, u32)] = &[(41, 60)];

/// Where tests of the server talk over sockets.
const SERVER_TESTS: [&str; 3] = ["runtime/tests/", "runtime/src/net/", "tests/interop/tests/"];

/// Where tests of the client do.
const CLIENT_TESTS: [&str; 3] = [
    "runtime/src/client/",
    "runtime/src/rpcbind/tests.rs",
    "tests/interop/tests/",
];

/// Where tests of the codec are.
const CODEC_TESTS: [&str; 3] = [
    "runtime/tests/xdr.rs",
    "tests/codec/tests/",
    "tests/oracle/tests/",
];

/// The numbers in a test's name: `h103_h112_a_handler` has two.
fn numbers(name: &str) -> impl Iterator<Item = &str> {
    name.split('_').map_while(|part| {
        let number = part.strip_prefix('h')?;
        let digits = number.trim_end_matches('b');
        (digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit())).then_some(number)
    })
}

/// The numbers of ranges, as they stand in names.
fn all(ranges: &[(u32, u32)]) -> impl Iterator<Item = String> {
    let numbers = ranges.iter().flat_map(|(from, to)| *from..=*to);
    numbers.map(|n| format!("{n:03}"))
}

#[test]
fn every_number_has_a_test_of_its_side() {
    let sources = sources();
    let mut tests = BTreeMap::<&str, Vec<(&str, &str)>>::new();
    for source in sources.iter().filter(|s| s.is_own_rust()) {
        for line in source.text.lines() {
            let Some((_, rest)) = line.trim_start().split_once("fn ") else {
                continue;
            };
            let name = rest.split('(').next().unwrap_or_default();
            for number in numbers(name) {
                tests.entry(number).or_default().push((&source.path, name));
            }
        }
    }
    for (number, found) in &tests {
        for (path, name) in found {
            println!("{number}  {path}: {name}");
        }
    }
    let mut missing = Vec::new();
    let server = all(SERVER).chain(["080b".to_owned()]);
    let server = server.map(|number| (number, "the server over sockets", SERVER_TESTS));
    let client = all(CLIENT).map(|number| (number, "the client over sockets", CLIENT_TESTS));
    let codec = all(CODEC).map(|number| (number, "the codec", CODEC_TESTS));
    for (number, side, places) in server.chain(client).chain(codec) {
        let found = tests.get(&*number).map_or(&[][..], Vec::as_slice);
        let is_there = |(path, _): &(&str, &str)| places.iter().any(|p| path.starts_with(p));
        if !found.iter().any(is_there) {
            missing.push(format!("no test of number {number} for {side}"));
        }
    }
    report(&missing);
}
