//! Compiles the interface.

fn main() -> Result<(), rpcgen_rs::Errors> {
    rpcgen_rs::configure().compile(&["nfs3.x"])?;
    rpcgen_rs::configure().compile(&["mount3.x"])
}
