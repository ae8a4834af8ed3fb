//! Generated types of every kind, and random values of them.

#![allow(missing_docs, reason = "generated from a file without comments")]

rpcgen_runtime::include_x!("codec");

pub mod random;
