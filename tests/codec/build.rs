//! Compiles the interface files of the tests.

fn main() -> Result<(), rpcgen_rs::Errors> {
    rpcgen_rs::configure()
        .open_enum("mood")
        .compile(&["codec.x"])?;
    rpcgen_rs::configure()
        .extern_type("moment", "crate::moment::Moment")
        .compile(&["elsewhere/stamped.x"])
}
