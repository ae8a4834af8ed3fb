//! Tests against the reference implementation: a C server and a C client made by the system's `rpcgen` and linked with
//! libtirpc, each against ours.
//!
//! `x/` has the interfaces, `c/` the C half, `src/` the Rust half, `tests/` the pairings. Both halves can make sample
//! number `k` of every kind of value (see `c/samples.h`), so that what arrives is compared with what was to be sent.

pub mod capture;
pub mod checks;
pub mod namespace;
pub mod peers;
pub mod samples;
pub mod server;
pub mod wire;

/// What `rpcgen-rs` made of `x/every.x`.
#[allow(clippy::pedantic, clippy::use_self)]
pub mod every {
    rpcgen_runtime::include_x!("every");
}

/// What `rpcgen-rs` made of `x/arith.x`.
#[allow(clippy::pedantic, clippy::use_self)]
pub mod arith {
    rpcgen_runtime::include_x!("arith");
}

/// What `rpcgen-rs` made of `x/wide.x`.
#[allow(clippy::pedantic, clippy::use_self)]
pub mod wide {
    rpcgen_runtime::include_x!("wide");
}
