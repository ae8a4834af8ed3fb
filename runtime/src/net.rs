//! Sockets: what a target is, and how to reach it.

pub mod target;
