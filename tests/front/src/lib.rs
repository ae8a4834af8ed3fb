//! Interface files of all kinds → nearly valid ones → what must hold when they are compiled, whatever they say.
//!
//! `cargo run --release -p front -- [EXECUTIONS [SEED [FOLDER [COMPILED]]]]` runs for as long as one likes; `tests/found/` keeps the
//! files that once failed, and `tests/replay.rs` compiles them again with every change.

pub mod check;
pub mod mangle;
pub mod run;
pub mod seeds;
