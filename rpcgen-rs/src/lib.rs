//! Compiles ONC RPC interface files (`.x`) to Rust.

pub mod ast;
pub mod check;
pub mod diag;
pub mod emit;
pub mod ir;
pub mod layout;
pub mod names;
pub mod options;
pub mod resolve;
pub mod source;

pub use options::Options;

/// Starts a configuration: all defaults.
#[must_use]
pub fn configure() -> Options {
    Options::default()
}
