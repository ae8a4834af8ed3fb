//! Generated types of every kind on `core` and `alloc` alone: `.ci/full features` builds this for a processor without an
//! operating system.
//!
//! Generated code takes `Vec`, `Box` and `String` from `::std`; the second line below is all that it asks for.

#![no_std]
extern crate alloc as std;

#[allow(
    clippy::pedantic,
    clippy::use_self,
    unused_qualifications,
    reason = "our own lints are not for generated code"
)]
mod codec {
    rpcgen_runtime::include_x!("codec");
}

pub use codec::*;
