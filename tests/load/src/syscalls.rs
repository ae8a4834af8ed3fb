//! System calls for each call, counted by strace.

use crate::measured::Amount;
use crate::process::{Programs, Served, Side};
use crate::way::Way;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// Calls of the two runs whose difference is what the calls cost: the rest is beginning and end.
const FEW: u64 = 6_400;
const MANY: u64 = 19_200;

/// Numbers of system calls by name.
type Counts = BTreeMap<String, f64>;

/// What client and server do for one turn.
#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) client: Counts,
    pub(crate) server: Counts,
}

/// Counts for one turn: a call, or as many as are in flight at once.
pub(crate) fn count(programs: &Programs, client: Side, server: Side, way: Way) -> Turn {
    let turns = (MANY - FEW) as f64 / (way.in_flight() * way.connections()) as f64;
    // One end at a time: strace stops a process at each of its calls, and the other would get in pieces what it sends at
    // one go.
    let [of_client, of_server] = [true, false].map(|at_client| {
        let [few, mut counts] = [FEW, MANY].map(|calls| {
            let amount = Amount::Calls(calls);
            run(programs, (client, server), at_client, way, amount)
        });
        for (name, count) in &mut counts {
            *count = (*count - few.get(name).unwrap_or(&0.0)) / turns;
        }
        counts.retain(|_, count| *count >= 0.005);
        counts
    });
    Turn {
        client: of_client,
        server: of_server,
    }
}

/// What one end calls in a run, from its beginning to its end.
fn run(
    programs: &Programs,
    (client, server): (Side, Side),
    at_client: bool,
    way: Way,
    amount: Amount,
) -> Counts {
    let file = programs.folder.join("strace");
    let (mut client, mut server) = (programs.client(client), programs.server(server));
    let end = if at_client { &mut client } else { &mut server };
    *end = traced(end, &file);
    let served = Served::start(server);
    served.call(client, way, amount);
    served.end();
    parse(&file)
}

/// The same command under strace.
fn traced(command: &Command, file: &Path) -> Command {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-c", "-qq", "-o"]).arg(file);
    strace.arg(command.get_program()).args(command.get_args());
    strace
}

/// The table that `strace -c` writes: the fourth column counts, the last names.
fn parse(file: &Path) -> Counts {
    let text = std::fs::read_to_string(file).expect("strace has written");
    let mut counts = Counts::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |at: usize| words.get(at).and_then(|w| w.parse::<f64>().ok());
        if let (Some(_), Some(count), Some(name)) = (number(0), number(3), words.last())
            && *name != "total"
        {
            counts.insert((*name).to_owned(), count);
        }
    }
    assert!(!counts.is_empty(), "strace has counted nothing:\n{text}");
    counts
}

/// `1 sendto, 1 recvfrom`.
pub(crate) fn say(counts: &Counts) -> String {
    let mut all: Vec<_> = counts.iter().collect();
    all.sort_by(|a, b| b.1.total_cmp(a.1));
    let one = |(name, count): &(&String, &f64)| {
        let digits = format!("{count:.2}");
        let digits = digits.trim_end_matches('0').trim_end_matches('.');
        format!("{digits} {name}")
    };
    all.iter().map(one).collect::<Vec<_>>().join(", ")
}
