//! The codec beside libtirpc, xdr-codec, code written by hand, and memcpy, in one run.
//!
//! `cargo run --release [WORKLOAD]` prints nanoseconds of thread CPU time for ours and, for the others, how many times
//! as long each takes; it writes all nanoseconds to `bench.json`. `cargo run --release WORKLOAD encode|message|decode`
//! repeats one step of ours for a profiler.

mod clock;
mod contestants;
mod generated {
    rpcgen_runtime::include_x!("bench");
}
mod hand;
mod header;
mod table;
mod values;
#[allow(warnings)]
mod xdrgen {
    include!(concat!(env!("OUT_DIR"), "/xdrgen_xdr.rs"));
}

use contestants::{boxes, by_hand, in_c, memcpy, message, ours, spin, with_xdr_codec};
use table::Row;

macro_rules! row {
    ($args:ident, $rows:ident, $name:ident, $xdrgen:ty) => {
        let name = stringify!($name);
        if $args.first().is_none_or(|only| only == name) {
            let value = values::$name();
            let bytes = message(&value).to_bytes();
            if let Some(step) = $args.get(1) {
                return spin(&value, &bytes, step);
            }
            eprintln!("{name}");
            $rows.push(Row {
                name,
                bytes: bytes.len(),
                ours: ours(&value, &bytes),
                c: in_c(name, &bytes),
                xdr_codec: Some(with_xdr_codec::<$xdrgen>(&bytes)),
                hand: by_hand(&value, &bytes, hand::put::$name, hand::get::$name),
                memcpy: memcpy(&bytes),
            });
        }
    };
}

/// As large as a node of the tree.
type Words = [u64; size_of::<generated::Node>() / 8];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let mut rows = Vec::new();
    row!(args, rows, mixed, xdrgen::mixed);
    row!(args, rows, readdirplus, xdrgen::readdirplus3res);
    row!(args, rows, ints, xdrgen::ints);
    row!(args, rows, hypers, xdrgen::hypers);
    row!(args, rows, bulk, xdrgen::bulk);
    row!(args, rows, words, xdrgen::words);
    row!(args, rows, tree, xdrgen::node);
    if args.first().is_none_or(|only| only == "header") {
        eprintln!("header");
        rows.push(header::row());
    }
    table::print(&rows);
    if let Some(row) = rows.iter().find(|row| row.name == "tree") {
        let floor = boxes::<Words, { values::BOXES }>();
        println!(
            "\ntree: its {} boxes alone, made and dropped, take {floor:.1} ns; C's decode takes {:.2} times as long",
            values::BOXES,
            row.c.decode / floor
        );
    }
    std::fs::write("bench.json", table::json(&rows)).expect("the folder is writable");
}
