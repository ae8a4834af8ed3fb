//! Our side of `load.x`.

fn main() -> Result<(), rpcgen_rs::Errors> {
    rpcgen_rs::configure().compile(&["load.x"])
}
