//! Calls per second of our server beside a hand-written echo of the same bytes, with client and server on one processor.
//!
//! ```text
//! load                 starts each server in turn, drives it in each way, prints the ratios
//! load serve ours|floor    serves, and prints the TCP and UDP port
//! load drive HOST:PORT WAY [SECONDS]    drives a server somebody else has started (libtirpc's, say)
//! ```
//!
//! On two processors one mostly measures the waking of an idle one: run it as `taskset -c 0 load`. What is compared is
//! the processor time of client and server together, so that other work on the machine matters little.

mod drive;
mod floor;
mod ours;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => compare(Duration::from_secs(2)),
        ["serve", "ours"] => ours::serve(),
        ["serve", "floor"] => floor::serve(),
        ["drive", address, way, rest @ ..] => {
            let seconds = rest.first().and_then(|s| s.parse().ok()).unwrap_or(2);
            let address = address.parse().expect("an address");
            let driven = drive::drive(address, way, Duration::from_secs(seconds));
            println!("{way} {:.0} calls/s", driven.rate());
        }
        _ => eprintln!("load [serve ours|floor | drive HOST:PORT WAY [SECONDS]]"),
    }
}

/// A server in a process of its own.
struct Served {
    child: Child,
    tcp: SocketAddr,
    udp: SocketAddr,
}

impl Served {
    fn start(which: &str) -> Self {
        let program = std::env::current_exe().expect("the path of this program");
        let mut command = Command::new(program);
        command.args(["serve", which]).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the server starts");
        let output = child.stdout.take().expect("its output");
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        let mut address = || lines.next()?.parse().ok();
        let (tcp, udp) = (address(), address());
        Self {
            child,
            tcp: tcp.expect("a TCP address"),
            udp: udp.expect("a UDP address"),
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Time that a process (of one thread) has had a processor.
fn processor_time(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/schedstat"));
    let nanoseconds = stat.ok().and_then(|s| s.split(' ').next()?.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

/// Each way three times, the two servers in turn; the best of each counts.
fn compare(time: Duration) {
    let (floor, ours) = (Served::start("floor"), Served::start("ours"));
    println!("calls per second of processor time, client and server together");
    println!("{:14} {:>10} {:>10} {:>6}", "", "floor", "ours", "ratio");
    for way in drive::WAYS {
        let mut best = [0.0f64; 2];
        for _ in 0..3 {
            for (server, best) in [&floor, &ours].into_iter().zip(&mut best) {
                *best = best.max(measure(server, way, time));
            }
        }
        let [floor, ours] = best;
        println!("{way:14} {floor:>10.0} {ours:>10.0} {:>6.2}", ours / floor);
    }
}

fn measure(server: &Served, way: &str, time: Duration) -> f64 {
    let address = if way.starts_with("udp") {
        server.udp
    } else {
        server.tcp
    };
    drive::drive(address, way, time / 10);
    let spent = || processor_time(server.child.id()) + processor_time(std::process::id());
    let before = spent();
    let driven = drive::drive(address, way, time);
    driven.per_second_of(spent() - before)
}
