//! Compiles the interfaces whenever they change.

fn main() -> Result<(), rpcgen_rs::Errors> {
    rpcgen_rs::configure().compile(&["x/every.x", "x/arith.x", "x/wide.x"])
}
