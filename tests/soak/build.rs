//! The stubs of `soak.x`.

fn main() -> Result<(), rpcgen_rs::Errors> {
    rpcgen_rs::configure().compile(&["soak.x"])
}
