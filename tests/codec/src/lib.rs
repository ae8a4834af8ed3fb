//! Generated types of every kind, and random values of them.

#![allow(
    clippy::pedantic,
    clippy::use_self,
    unused_qualifications,
    reason = "our own lints are not for generated code"
)]

rpcgen_runtime::include_x!("codec");

/// Types with one of ours, which the file does not define, in them.
pub mod stamped {
    rpcgen_runtime::include_x!("stamped");
}

pub mod moment;
pub mod random;
