//! The `rpcgen-rs` command.
fn main() {}
