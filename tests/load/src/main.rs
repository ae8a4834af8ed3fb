//! Servers and clients under load: ours beside hand-written floors, libtirpc, tarpc and tonic, all on one processor.
//!
//! ```text
//! load compare FOLDER [MILLISECONDS [ROUNDS]]    the tables; FOLDER holds the peers' programs, and gets load.json
//! load serve ours|floor                          serves, prints its TCP and UDP port, ends with its input
//! load call ours|blocking|raw|drive PORT PID WAY AMOUNT    calls, prints what that took
//! ```
//!
//! `tests/load/run` builds the peers and runs the first. On two processors one mostly measures the waking of an idle
//! one, so all processes share one. What counts is the processor time of client and server together for a call: other
//! work on the machine matters little then. The contestants take turns, and the median of the rounds counts.

mod contest;
mod floor;
mod goals;
mod measured;
mod ours;
mod process;
mod raw;
mod syscalls;
mod table;
mod way;

use measured::Amount;
use std::net::SocketAddr;
use std::path::Path;
use way::Way;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["compare", folder, rest @ ..] => {
            let number = |at: usize, usual| match rest.get(at) {
                Some(word) => word.parse().expect("a number"),
                None => usual,
            };
            table::compare(Path::new(folder), number(0, 500), number(1, 7));
        }
        ["serve", "ours"] => ours::serve(),
        ["serve", "floor"] => floor::serve(),
        ["call", which, port, pid, way, amount] => {
            let port: u16 = port.parse().expect("a port");
            let address = SocketAddr::from(([127, 0, 0, 1], port));
            let (server, way) = (pid.parse().expect("a process id"), Way::named(way));
            let call = match *which {
                "ours" => ours::call,
                "blocking" => ours::call_blocking,
                "raw" => raw::call,
                "drive" => raw::drive,
                _ => panic!("no client {which}"),
            };
            println!("{}", call(address, server, way, Amount::parse(amount)));
        }
        _ => eprintln!("load compare FOLDER | serve WHICH | call WHICH PORT PID WAY AMOUNT"),
    }
}
