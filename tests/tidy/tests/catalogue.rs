//! The catalogue of hostile inputs and faults: each number that concerns the server has a test on real sockets, which has
//! the number in its name. `cargo test -p tidy --test catalogue -- --nocapture` prints the table.

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

/// Where tests talk over sockets.
const ON_SOCKETS: [&str; 3] = ["runtime/tests/", "runtime/src/net/", "tests/interop/tests/"];

/// The numbers in a test's name: `h103_h112_a_handler` has two.
fn numbers(name: &str) -> impl Iterator<Item = &str> {
    name.split('_').map_while(|part| {
        let number = part.strip_prefix('h')?;
        let digits = number.trim_end_matches('b');
        (digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit())).then_some(number)
    })
}

#[test]
fn every_number_of_the_server_has_a_test_on_sockets() {
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
    let wanted = SERVER.iter().flat_map(|(from, to)| *from..=*to);
    let mut wanted: Vec<String> = wanted.map(|n| format!("{n:03}")).collect();
    wanted.push("080b".to_owned());
    let mut missing = Vec::new();
    for number in wanted {
        let found = tests.get(&*number).map_or(&[][..], Vec::as_slice);
        let on_sockets = |(path, _): &&(&str, &str)| ON_SOCKETS.iter().any(|p| path.starts_with(p));
        for (path, name) in found {
            println!("{number}  {path}: {name}");
        }
        if !found.iter().any(|test| on_sockets(&test)) {
            missing.push(format!("no test of number {number} talks over sockets"));
        }
    }
    report(&missing);
}
