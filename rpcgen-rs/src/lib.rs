//! Compiles ONC RPC interface files (`.x`) to Rust.

pub mod ir;
pub mod source;
