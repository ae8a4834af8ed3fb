//! The `rpcgen-rs` command.

fn main() -> std::process::ExitCode {
    rpcgen_rs::cli::main()
}
