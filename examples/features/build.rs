//! Compiles the interface whenever it changes, with server traits for procedures that block beside the async ones.

fn main() -> Result<(), rpcgen_rs::Errors> {
    rpcgen_rs::configure()
        .blocking_server(true)
        .compile(&["desk.x"])
}
