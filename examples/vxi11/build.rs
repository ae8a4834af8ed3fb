//! Compiles the interface.

fn main() -> Result<(), rpcgen_rs::Errors> {
    rpcgen_rs::configure()
        .strip_prefix("Device_AddrFamily", "DEVICE_")
        .compile(&["vxi11.x"])
}
