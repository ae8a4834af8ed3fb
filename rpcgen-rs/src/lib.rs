//! Compiles ONC RPC interface files (`.x`) to Rust.

pub mod ast;
pub mod check;
pub mod comments;
pub mod diag;
pub mod dialect;
pub mod emit;
pub mod ir;
pub mod layout;
pub mod lex;
pub mod names;
pub mod options;
pub mod parse;
pub mod preprocess;
pub mod resolve;
pub mod source;

pub use options::Options;

/// Starts a configuration: all defaults.
#[must_use]
pub fn configure() -> Options {
    Options::default()
}
