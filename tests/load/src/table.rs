//! The comparison as Markdown on standard output and as JSON in a file.

use crate::contest::*;
use crate::goals::GOALS;
use crate::process::{Programs, Side};
use crate::syscalls;
use crate::way::Way;
use std::path::Path;

/// Everything: measures, counts, prints.
pub(crate) fn compare(folder: &Path, millis: u64, rounds: u64) {
    let programs = Programs::new(folder);
    let results = hold(&programs, millis, rounds);
    servers(&results);
    clients(&results);
    goals(&results);
    system_calls(&programs);
    let json = folder.join("load.json");
    std::fs::write(&json, to_json(&results)).expect("the folder is writable");
    eprintln!("also in {}", json.display());
}

fn cell(value: Option<f64>) -> String {
    match value {
        None => "–".into(),
        Some(v) if v < 10.0 => format!("{v:.2}"),
        Some(v) => format!("{v:.1}"),
    }
}

fn line(cells: impl IntoIterator<Item = String>) {
    let cells: Vec<String> = cells.into_iter().collect();
    println!("| {} |", cells.join(" | "));
}

fn head(columns: &[&str]) {
    println!();
    line(columns.iter().map(|c| (*c).to_owned()));
    let rules = columns.iter().enumerate();
    line(rules.map(|(i, _)| if i == 0 { "---" } else { "---:" }.to_owned()));
}

/// tarpc's and tonic's under their own clients, the others under standard sockets.
const SERVERS: [(&str, Pair); 5] = [
    ("floor", ON_FLOOR),
    ("ours", ON_OURS),
    ("libtirpc", ON_LIBTIRPC),
    ("tarpc", TARPC),
    ("tonic", TONIC),
];

fn servers(results: &Results) {
    let names = SERVERS.map(|(name, _)| name);
    head(&[&["the server's processor time for a call, µs"], &names[..]].concat());
    for way in Way::ALL {
        let costs = SERVERS.map(|(_, pair)| cell(results.server(pair, way)));
        line([way.title().to_owned()].into_iter().chain(costs));
    }
}

const CLIENTS: [(&str, Pair); 8] = [
    ("raw tokio", RAW),
    ("ours, async", OURS),
    ("raw blocking, floor", ON_FLOOR),
    ("raw blocking, our server", ON_OURS),
    ("ours, blocking", BLOCKING),
    ("libtirpc", LIBTIRPC),
    ("tarpc", TARPC),
    ("tonic", TONIC),
];

fn clients(results: &Results) {
    let names = CLIENTS.map(|(name, _)| name);
    head(&[&["processor time of both ends for a call, µs"], &names[..]].concat());
    for way in Way::ALL {
        let costs = CLIENTS.map(|(_, pair)| cell(results.both(pair, way)));
        line([way.title().to_owned()].into_iter().chain(costs));
    }
}

fn goals(results: &Results) {
    let columns = [
        "ours : theirs",
        "load",
        "reached",
        "wanted",
        "",
        "floor : theirs",
    ];
    head(&columns);
    for goal in GOALS {
        let reached = goal.reached(results);
        let verdict = if goal.holds(reached) {
            "holds"
        } else {
            "misses"
        };
        let figure = format!("{reached:.2}");
        let floor = cell(goal.of_floor(results));
        let words = [
            goal.what,
            goal.way.title(),
            &figure,
            &goal.demand(),
            verdict,
            &floor,
        ];
        line(words.map(str::to_owned));
    }
}

/// Whose system calls are counted: what one turn is, client, way.
const COUNTED: [(&str, Side, Way); 5] = [
    ("a call of the async client", Side::Ours, Way::Null),
    ("a call of the blocking client", Side::Blocking, Way::Null),
    (
        "64 calls of the async client in flight",
        Side::Ours,
        Way::Pipeline,
    ),
    ("64 calls in one write", Side::Drive, Way::Pipeline),
    (
        "a UDP datagram from each of 64 clients",
        Side::Drive,
        Way::Udp,
    ),
];

fn system_calls(programs: &Programs) {
    head(&["system calls", "client", "server"]);
    for (what, client, way) in COUNTED {
        let turn = syscalls::count(programs, client, Side::Ours, way);
        let (client, server) = (syscalls::say(&turn.client), syscalls::say(&turn.server));
        line([what.to_owned(), client, server]);
    }
}

fn to_json(results: &Results) -> String {
    let row = |(name, pair): (&str, Pair), way: Way| {
        let both = results.both(pair, way)?;
        let server = results.server(pair, way)?;
        let way = way.name();
        Some(format!(
            "    {{ \"who\": \"{name}\", \"load\": \"{way}\", \"both_ends\": {both:.4}, \"server\": {server:.4} }}"
        ))
    };
    let all = CLIENTS
        .into_iter()
        .chain([("raw blocking, libtirpc's server", ON_LIBTIRPC)]);
    let rows: Vec<String> = all
        .flat_map(|who| Way::ALL.into_iter().filter_map(move |way| row(who, way)))
        .collect();
    let goals = GOALS.iter().map(|goal| {
        let reached = goal.reached(results);
        let (what, load, holds) = (goal.what, goal.way.name(), goal.holds(reached));
        let wanted = goal.demand();
        format!(
            "    {{ \"what\": \"{what}\", \"load\": \"{load}\", \"reached\": {reached:.3}, \"wanted\": \"{wanted}\", \"holds\": {holds} }}"
        )
    });
    let goals: Vec<String> = goals.collect();
    format!(
        "{{\n  \"unit\": \"microseconds of processor time for a call\",\n  \"rows\": [\n{}\n  ],\n  \"goals\": [\n{}\n  ]\n}}\n",
        rows.join(",\n"),
        goals.join(",\n")
    )
}
