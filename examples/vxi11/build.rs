//! Compiles the interface.

fn main() -> Result<(), rpcgen_rs::Errors> {
    rpcgen_rs::configure().compile(&["vxi11.x"])
}
