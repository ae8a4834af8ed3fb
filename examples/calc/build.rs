//! Compiles `calc.x` to Rust whenever it changes.

fn main() -> Result<(), rpcgen_rs::Errors> {
    rpcgen_rs::configure().compile(&["calc.x"])
}
