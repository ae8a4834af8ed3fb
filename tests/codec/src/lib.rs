//! Generated types of every kind, and random values of them.

#![allow(
    clippy::pedantic,
    clippy::use_self,
    unused_qualifications,
    reason = "our own lints are not for generated code"
)]

rpcgen_runtime::include_x!("codec");

pub mod moment;
pub mod random;
