//! Times → a table of ratios, and JSON.

use serde_json::{Value, json};

/// Nanoseconds for one value; decoding owned values, drop included.
#[derive(Clone, Copy)]
pub struct Time {
    pub encode: f64,
    pub decode: f64,
}

/// Ours, and the time to make and drop a whole message body.
pub struct Ours {
    pub time: Time,
    pub message: f64,
}

/// A workload.
pub struct Row {
    pub name: &'static str,
    pub bytes: usize,
    pub ours: Ours,
    pub c: Time,
    pub xdr_codec: Option<Time>,
    pub hand: Time,
    pub memcpy: f64,
}

/// What the codec is to reach against C: how many times as fast, encode and decode.
const GOALS: &[(&str, f64, f64)] = &[
    ("mixed", 6.5, 5.5),
    ("readdirplus", 12.0, 11.0),
    ("ints", 33.0, 55.0),
    ("hypers", 23.0, 42.0),
    ("words", 6.5, 8.0),
    ("tree", 6.0, 3.7),
    ("header", 1.4, 8.0),
];

pub fn print(rows: &[Row]) {
    println!(
        "                      | ours, ns                    | times as long as ours: encode / decode"
    );
    println!(
        "{:12} {:>8} | {:>8} {:>8} {:>8}  | {:>13} {:>13} {:>13} {:>13} {:>13}",
        "workload",
        "bytes",
        "encode",
        "message",
        "decode",
        "C",
        "(goal)",
        "xdr-codec",
        "by hand",
        "memcpy"
    );
    for row in rows {
        let ours = row.ours.time;
        let pair = |time: Option<Time>| {
            time.map_or("-".into(), |time| {
                format!(
                    "{:.2} / {:.2}",
                    time.encode / ours.encode,
                    time.decode / ours.decode
                )
            })
        };
        let goal = GOALS.iter().find(|(name, ..)| *name == row.name);
        let memcpy = Time {
            encode: row.memcpy,
            decode: row.memcpy,
        };
        println!(
            "{:12} {:>8} | {:>8.1} {:>8.1} {:>8.1}  | {:>13} {:>13} {:>13} {:>13} {:>13}",
            row.name,
            row.bytes,
            ours.encode,
            row.ours.message,
            ours.decode,
            pair(Some(row.c)),
            goal.map_or("-".into(), |(_, encode, decode)| format!(
                "{encode} / {decode}"
            )),
            pair(row.xdr_codec),
            pair(Some(row.hand)),
            pair(Some(memcpy)),
        );
    }
}

pub fn json(rows: &[Row]) -> String {
    let time = |time: Time| json!({ "encode": time.encode, "decode": time.decode });
    let rows: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "workload": row.name,
                "bytes": row.bytes,
                "ours": time(row.ours.time),
                "message": row.ours.message,
                "libtirpc": time(row.c),
                "xdr_codec": row.xdr_codec.map(time),
                "by_hand": time(row.hand),
                "memcpy": row.memcpy,
            })
        })
        .collect();
    let file = json!({ "unit": "nanoseconds of thread CPU time for one value", "rows": rows });
    format!("{file:#}\n")
}
