//! What is to be reached, as ratios of one run.

use crate::contest::*;
use crate::way::Way;

/// A ratio that is demanded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Goal {
    pub(crate) what: &'static str,
    pub(crate) way: Way,
    pair: Pair,
    base: Pair,
    /// Whether the ratio is one of time, which is to be low, or of calls per second, which are to be many.
    is_time: bool,
    pub(crate) limit: f64,
}

const fn rate(what: &'static str, way: Way, pair: Pair, base: Pair, limit: f64) -> Goal {
    Goal {
        what,
        way,
        pair,
        base,
        is_time: false,
        limit,
    }
}

const fn time(what: &'static str, way: Way, pair: Pair, base: Pair, limit: f64) -> Goal {
    Goal {
        what,
        way,
        pair,
        base,
        is_time: true,
        limit,
    }
}

const FLOOR: &str = "server, calls per second : floor";
const C_SERVER: &str = "server, calls per second : libtirpc";
const C_PAIR: &str = "client and server, time of a call : libtirpc";
const PING_PONG: &str = "client and server, time of a call : raw ping-pong";
const BLOCKED: &str = "blocking client, time of a call : raw blocking client";

pub(crate) const GOALS: [Goal; 22] = [
    rate(FLOOR, Way::Null, ON_OURS, ON_FLOOR, 0.93),
    rate(FLOOR, Way::Echo, ON_OURS, ON_FLOOR, 0.93),
    rate(FLOOR, Way::Pipeline, ON_OURS, ON_FLOOR, 0.7),
    rate(FLOOR, Way::Connections, ON_OURS, ON_FLOOR, 0.9),
    rate(FLOOR, Way::Read, ON_OURS, ON_FLOOR, 0.9),
    rate(FLOOR, Way::Write, ON_OURS, ON_FLOOR, 0.9),
    rate(C_SERVER, Way::Pipeline, ON_OURS, ON_LIBTIRPC, 10.0),
    rate(C_SERVER, Way::Read, ON_OURS, ON_LIBTIRPC, 1.5),
    rate(C_SERVER, Way::Write, ON_OURS, ON_LIBTIRPC, 1.5),
    rate(C_SERVER, Way::Udp, ON_OURS, ON_LIBTIRPC, 1.3),
    time(PING_PONG, Way::Null, OURS, RAW, 1.15),
    time(PING_PONG, Way::Echo, OURS, RAW, 1.15),
    time(C_PAIR, Way::Null, OURS, LIBTIRPC, 0.92),
    time(C_PAIR, Way::Echo, OURS, LIBTIRPC, 0.92),
    time(BLOCKED, Way::Null, BLOCKING, ON_OURS, 1.06),
    time(BLOCKED, Way::Echo, BLOCKING, ON_OURS, 1.06),
    rate(
        "client and server, calls per second : tarpc",
        Way::Pipeline,
        OURS,
        TARPC,
        5.0,
    ),
    rate(
        "client and server, calls per second : tonic",
        Way::Pipeline,
        OURS,
        TONIC,
        25.0,
    ),
    rate(
        "client and server, calls per second : raw",
        Way::Read,
        OURS,
        RAW,
        0.85,
    ),
    rate(
        "client and server, calls per second : raw",
        Way::Write,
        OURS,
        RAW,
        0.85,
    ),
    rate(
        "blocking client, calls per second : raw blocking client",
        Way::Read,
        BLOCKING,
        ON_OURS,
        0.85,
    ),
    rate(
        "blocking client, calls per second : raw blocking client",
        Way::Write,
        BLOCKING,
        ON_OURS,
        0.85,
    ),
];

impl Goal {
    /// What the run came to.
    pub(crate) fn reached(&self, results: &Results) -> f64 {
        let ratio = results.ratio(self.pair, self.base, self.way);
        if self.is_time { 1.0 / ratio } else { ratio }
    }

    /// What the floor itself comes to against the same peer: more is not to be had on this machine.
    pub(crate) fn of_floor(&self, results: &Results) -> Option<f64> {
        let floor = match self.base {
            ON_LIBTIRPC => ON_FLOOR,
            LIBTIRPC | TARPC | TONIC => RAW,
            _ => return None,
        };
        let ratio = results.ratio(floor, self.base, self.way);
        Some(if self.is_time { 1.0 / ratio } else { ratio })
    }

    pub(crate) fn holds(&self, reached: f64) -> bool {
        if self.is_time {
            reached <= self.limit
        } else {
            reached >= self.limit
        }
    }

    /// `at least 0.93`.
    pub(crate) fn demand(&self) -> String {
        let bound = if self.is_time { "at most" } else { "at least" };
        format!("{bound} {}", self.limit)
    }
}
