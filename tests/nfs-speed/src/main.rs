//! The NFSv3 example's server beside nfs-ganesha's memory back end, and its client beside libnfs, under the same loads.
//!
//! ```text
//! nfs-speed [SECONDS [ROUNDS [servers|clients]]]    the comparison, or half of it, as tables; takes root, for nfs-ganesha
//! nfs-speed drive ADDRESS LOAD HANDLE CONNECTIONS WINDOW MILLISECONDS    the load on a server
//! nfs-speed call ADDRESS LOAD HANDLE WINDOW MILLISECONDS                 our client; without a window the blocking one
//! ```
//!
//! Servers have one processor, clients another. The two that are compared take turns, several rounds long, and what
//! counts is the median. Whatever else the machine does falls on both; processor time hardly depends on it at all.

mod client;
mod drive;
mod load;
mod measured;
mod peers;

use interop::namespace::{self, Rpcbind};
use load::{Load, from_hex};
use measured::Measured;
use peers::Server;
use std::path::Path;
use std::time::Duration;

/// Connections, and calls in flight on each.
const SERVER_WAYS: [(Load, usize, usize); 9] = [
    (Load::Getattr, 1, 1),
    (Load::Getattr, 1, 64),
    (Load::Getattr, 16, 64),
    (Load::Readdirplus, 1, 4),
    (Load::Readdirplus, 16, 4),
    (Load::Read, 1, 4),
    (Load::Read, 16, 4),
    (Load::Write, 1, 4),
    (Load::Write, 16, 4),
];

/// Calls in flight, on one connection.
const CLIENT_WAYS: [(Load, usize); 8] = [
    (Load::Getattr, 1),
    (Load::Getattr, 64),
    (Load::Readdirplus, 1),
    (Load::Readdirplus, 8),
    (Load::Read, 1),
    (Load::Read, 8),
    (Load::Write, 1),
    (Load::Write, 8),
];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let number = |word: &str| word.parse::<usize>().expect("a number");
    let time = |word: &str| Duration::from_millis(number(word) as u64);
    match words.as_slice() {
        ["drive", address, load, handle, connections, window, millis] => {
            let address = address.parse().expect("an address");
            let (load, handle) = (Load::named(load), from_hex(handle));
            let (connections, window) = (number(connections), number(window));
            let driven = drive::drive(address, load, &handle, connections, window, time(millis));
            println!("{}", driven.line());
        }
        ["call", address, load, handle, window, millis] => {
            let address = address.parse().expect("an address");
            let (load, handle) = (Load::named(load), from_hex(handle));
            let called = client::call(address, load, &handle, number(window), time(millis));
            println!("{}", called.line());
        }
        ["call", address, load, handle, millis] => {
            let address = address.parse().expect("an address");
            let (load, handle) = (Load::named(load), from_hex(handle));
            let called = client::call_blocking(address, load, &handle, time(millis));
            println!("{}", called.line());
        }
        rest => {
            let seconds = rest
                .first()
                .map_or(1.0, |word| word.parse().expect("seconds"));
            let rounds = rest.get(1).map_or(5, |word| number(word));
            let time = Duration::from_secs_f64(seconds);
            let half = rest.get(2).copied();
            namespace::inside_program(|| {
                let work = peers::beside("nfs-speed-tmp");
                std::fs::create_dir_all(&work).expect("the build folder is writable");
                let ours = Server::ours();
                if half != Some("clients") {
                    compare_servers(&ours, &work, time, rounds);
                }
                if half != Some("servers") {
                    compare_clients(&ours, &work, time, rounds);
                }
            });
        }
    }
}

/// One side of a line: what counts of each round.
#[derive(Debug)]
struct Side {
    rates: Vec<f64>,
    /// Microseconds of processor for a unit.
    costs: Vec<f64>,
}

impl Side {
    const NEW: Self = Self {
        rates: Vec::new(),
        costs: Vec::new(),
    };

    fn add(&mut self, measured: Measured, cpu: Duration, units: usize) {
        let units = measured.calls as f64 * units as f64;
        self.rates.push(units / measured.wall.as_secs_f64());
        self.costs.push(cpu.as_secs_f64() * 1e6 / units);
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn line(what: &str, ours: &mut Side, theirs: &mut Side) {
    let (rate, their_rate) = (median(&mut ours.rates), median(&mut theirs.rates));
    let (cost, their_cost) = (median(&mut ours.costs), median(&mut theirs.costs));
    println!(
        "| {what} | {rate:.0} | {their_rate:.0} | {:.2} | {cost:.2} | {their_cost:.2} | {:.2} |",
        rate / their_rate,
        their_cost / cost
    );
}

fn heading(other: &str, whose: &str) {
    println!(
        "\n| load | ours, 1/s | {other}, 1/s | ratio | {whose} time, ours, µs | {other}, µs | ratio |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|");
}

fn compare_servers(ours: &Server, work: &Path, time: Duration, rounds: usize) {
    // nfs-ganesha does not start without.
    let _rpcbind = Rpcbind::start();
    let theirs = Server::ganesha(work);
    heading(theirs.name, "server");
    for (load, connections, window) in SERVER_WAYS {
        let mut sides = [const { Side::NEW }; 2];
        for _ in 0..rounds {
            for (server, side) in [ours, &theirs].into_iter().zip(&mut sides) {
                let (driven, cpu) = server.driven(load, connections, window, time);
                // Pages differ in length, for the handles do: what counts is entries.
                side.add(driven, cpu, if load.lists() { server.page } else { 1 });
            }
        }
        let unit = if load.lists() { ", entries" } else { "" };
        let name = load.name();
        let plural = if connections == 1 { "" } else { "s" };
        let what =
            format!("{name}{unit}, {connections} connection{plural}, {window} in flight on each");
        let [mine, other] = &mut sides;
        line(&what, mine, other);
    }
}

fn compare_clients(ours: &Server, work: &Path, time: Duration, rounds: usize) {
    let libnfs = peers::build_libnfs_load(work);
    heading("libnfs", "client");
    for (load, window) in CLIENT_WAYS {
        let [mut mine, mut blocking, mut floor, mut other] = [const { Side::NEW }; 4];
        for _ in 0..rounds {
            let called = ours.called(load, Some(window), time);
            mine.add(called, called.cpu, 1);
            let called = ours.called_by_libnfs(&libnfs, load, window, time);
            other.add(called, called.cpu, 1);
            let (driven, _) = ours.driven(load, 1, window, time);
            floor.add(driven, driven.cpu, 1);
            if window == 1 {
                let called = ours.called(load, None, time);
                blocking.add(called, called.cpu, 1);
            }
        }
        let what = format!("{}, {window} in flight", load.name());
        line(&what, &mut mine, &mut other);
        if window == 1 {
            line(&format!("{what}, blocking"), &mut blocking, &mut other);
        }
        // What is at most to be had: a client that knows its call beforehand and drops all but the head of the reply.
        line(&format!("{what}, floor"), &mut floor, &mut other);
    }
}
