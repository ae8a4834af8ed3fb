//! Compiles `calc.x` to Rust whenever it changes.

fn main() -> Result<(), rpcgen_rs::Errors> {
    rpcgen_rs::configure()
        .strip_prefix("CALC_PROG", "CALC_") // a procedure without it would change the names of the others
        .compile(&["calc.x"])
}
