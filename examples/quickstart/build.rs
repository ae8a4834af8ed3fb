//! Compiles `board.x` to Rust whenever it changes.

fn main() -> Result<(), rpcgen_rs::Errors> {
    rpcgen_rs::configure()
        .strip_prefix("status", "STATUS_")
        .compile(&["board.x"])
}
