//! Compiles the interface file of the codec's tests, which has types of every kind.

fn main() -> Result<(), rpcgen_rs::Errors> {
    rpcgen_rs::configure().compile(&["../codec/codec.x"])
}
