//! Compiles the interface file of the tests.

fn main() -> Result<(), rpcgen_rs::Errors> {
    rpcgen_rs::configure()
        .open_enum("mood")
        .extern_type("moment", "crate::moment::Moment")
        .compile(&["codec.x"])
}
