//! The protocol as state machines without sockets, clocks or tasks: bytes and instants come in, bytes and events go out.

#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

#[cfg(feature = "std")]
pub mod client;
#[cfg(feature = "std")]
pub mod random;
pub mod record;
#[cfg(feature = "std")]
pub mod replay;
#[cfg(feature = "std")]
pub mod retransmit;
pub mod server;
