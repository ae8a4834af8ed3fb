//! The protocol as state machines without sockets, clocks or tasks: bytes and instants come in, bytes and events go out.

#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

pub mod record;
