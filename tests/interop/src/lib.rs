//! Tests against the reference implementation: a C server and a C client made by the system's `rpcgen` and linked with
//! libtirpc, each against ours.
//!
//! `x/` has the interfaces, `c/` the C half, `src/` the Rust half, `tests/` the pairings. Both halves can make sample
//! number `k` of every kind of value (see `c/samples.h`), so that what arrives is compared with what was to be sent.

pub mod capture;
pub mod namespace;
pub mod peers;
