//! Who is measured, in which way, and what came of it.

use crate::measured::{Amount, Measured};
use crate::process::{Programs, Served, Side};
use crate::way::Way;
use std::time::Duration;

/// A client with a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) client: Side,
    pub(crate) server: Side,
}

const fn pair(client: Side, server: Side) -> Pair {
    Pair { client, server }
}

/// Standard sockets against each server: what a server costs.
pub(crate) const ON_FLOOR: Pair = pair(Side::Drive, Side::Floor);
pub(crate) const ON_OURS: Pair = pair(Side::Drive, Side::Ours);
pub(crate) const ON_LIBTIRPC: Pair = pair(Side::Drive, Side::Libtirpc);
/// Both ends of one kind.
pub(crate) const RAW: Pair = pair(Side::Floor, Side::Floor);
pub(crate) const OURS: Pair = pair(Side::Ours, Side::Ours);
pub(crate) const BLOCKING: Pair = pair(Side::Blocking, Side::Ours);
pub(crate) const LIBTIRPC: Pair = pair(Side::Libtirpc, Side::Libtirpc);
pub(crate) const TARPC: Pair = pair(Side::Tarpc, Side::Tarpc);
pub(crate) const TONIC: Pair = pair(Side::Tonic, Side::Tonic);

const PAIRS: [Pair; 9] = [
    ON_FLOOR,
    ON_OURS,
    ON_LIBTIRPC,
    RAW,
    OURS,
    BLOCKING,
    LIBTIRPC,
    TARPC,
    TONIC,
];

impl Pair {
    fn can(self, way: Way) -> bool {
        match self.client {
            Side::Drive => true,
            Side::Floor | Side::Ours | Side::Tarpc | Side::Tonic => {
                !matches!(way, Way::Connections | Way::Udp)
            }
            Side::Blocking | Side::Libtirpc => {
                !matches!(way, Way::Connections | Way::Udp | Way::Pipeline)
            }
        }
    }
}

/// The rounds of a pair in a way.
#[derive(Debug)]
struct Cell {
    pair: Pair,
    way: Way,
    rounds: Vec<Measured>,
}

/// Everything measured.
#[derive(Debug, Default)]
pub(crate) struct Results(Vec<Cell>);

/// Microseconds of processor for a call.
fn cost(round: &Measured, servers_alone: bool) -> f64 {
    let client = if servers_alone {
        0.0
    } else {
        round.client.as_secs_f64()
    };
    (client + round.server.as_secs_f64()) * 1e6 / round.calls as f64
}

pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

impl Results {
    fn rounds(&self, pair: Pair, way: Way) -> &[Measured] {
        let cell = self.0.iter().find(|c| c.pair == pair && c.way == way);
        cell.map_or(&[], |cell| &cell.rounds)
    }

    /// Microseconds of processor for a call, of both ends.
    pub(crate) fn both(&self, pair: Pair, way: Way) -> Option<f64> {
        let rounds = self.rounds(pair, way).iter();
        median(rounds.map(|round| cost(round, false)).collect())
    }

    /// Microseconds of processor for a call, of the server.
    pub(crate) fn server(&self, pair: Pair, way: Way) -> Option<f64> {
        let rounds = self.rounds(pair, way).iter();
        median(rounds.map(|round| cost(round, true)).collect())
    }

    /// How many times the calls per second of `base` this pair does: the median of the rounds' ratios.
    pub(crate) fn ratio(&self, pair: Pair, base: Pair, way: Way) -> f64 {
        let rounds = self.rounds(pair, way).iter().zip(self.rounds(base, way));
        let ratios = rounds.map(|(round, base)| cost(base, false) / cost(round, false));
        median(ratios.collect()).expect("both were measured")
    }
}

/// All pairs in all ways they can, in turns.
pub(crate) fn hold(programs: &Programs, millis: u64, rounds: u64) -> Results {
    let servers = [
        Side::Floor,
        Side::Ours,
        Side::Libtirpc,
        Side::Tarpc,
        Side::Tonic,
    ];
    let mut results = Results::default();
    for way in Way::ALL {
        eprintln!("{}", way.title());
        let at = results.0.len();
        for pair in PAIRS.into_iter().filter(|pair| pair.can(way)) {
            let rounds = Vec::new();
            results.0.push(Cell { pair, way, rounds });
        }
        let served = servers.map(|side| (side, Served::start(programs.server(side))));
        let amount = Amount::Time(Duration::from_millis(millis));
        for _ in 0..rounds {
            for cell in &mut results.0[at..] {
                let server = served.iter().find(|(side, _)| *side == cell.pair.server);
                let (_, server) = server.expect("all servers run");
                let client = programs.client(cell.pair.client);
                cell.rounds.push(server.call(client, way, amount));
            }
        }
    }
    results
}
