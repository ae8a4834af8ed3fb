//! Compiles ONC RPC interface files (`.x`, the language of `rpcgen`) to Rust: types with XDR codecs, clients, servers.
//!
//! In a build script (the crate as build dependency, without its default features):
//!
//! ```no_run
//! fn main() -> Result<(), rpcgen_rs::Errors> {
//!     rpcgen_rs::configure().include_dir("idl").compile(&["idl/calc.x"])
//! }
//! ```
//!
//! and in the crate `mod calc { rpcgen_runtime::include_x!("calc"); }`. On the command line: `rpcgen-rs calc.x`.
//! As a library, without any file:
//!
//! ```
//! use rpcgen_rs::{Options, compile, source::MapLoader};
//!
//! let mut files = MapLoader::new([("point.x", "struct point { int x; int y; };")]);
//! let output = compile(&Options::default(), &mut files, "point.x");
//! assert!(output.files[0].text.contains("pub struct Point"));
//! ```
//!
//! # The pipeline
//!
//! ```text
//! .x text ─preprocess─▶ text + map ─lex─▶ tokens ─parse─▶ ast ─resolve─▶ ir ─check─▶ ir ✓ ─layout─▶ ─names─▶ named ir ─emit─▶ files
//!            Loader                        comments                  names → ids            cycles, sizes,      Rust         rust
//!                                                                    values computed        lists, derives      spelling     json
//! ```
//!
//! One stage, one file; [`compile`] shows them all on a screen. New here? Read `compile.rs`, then `ir.rs`.
//!
//! # Invariants
//!
//! 1. From `preprocess` to `emit` nothing touches files or the environment: text comes by a [`Loader`](source::Loader),
//!    output leaves as [`OutFile`]s. Only `files`, `cargo`, `cli` and `main` do.
//! 2. A stage returns its result *and* diagnostics; nothing stops at the first error.
//! 3. After `check` the IR is total: back ends return text, not `Result`, and look nothing up that could be missing.
//! 4. Same input and options, same output, byte for byte: nothing iterates over a hash map on the way to it.
//! 5. No input overflows the stack: nesting is limited by the parser, and graphs of types and values are walked by loops.

pub mod ast;
mod cargo;
pub mod check;
#[cfg(feature = "cli")]
pub mod cli;
pub mod comments;
mod compile;
pub mod diag;
pub mod dialect;
pub mod emit;
mod files;
pub mod ir;
mod json;
pub mod layout;
pub mod lex;
pub mod names;
mod near;
pub mod options;
pub mod parse;
pub mod preprocess;
pub mod resolve;
mod schema;
pub mod source;
#[cfg(test)]
mod testing;

pub use compile::{Errors, Output, compile, compile_together};
pub use emit::OutFile;
pub use options::Options;

/// Starts a configuration: all defaults. End it with [`Options::compile`].
#[must_use]
pub fn configure() -> Options {
    Options::default()
}
