//! Makes the other sides of the benchmark: C by rpcgen and gcc, Rust by xdrgen.

use std::path::Path;
use std::process::Command;

fn run(command: &mut Command) {
    let status = command.status();
    assert!(
        status.as_ref().is_ok_and(std::process::ExitStatus::success),
        "{command:?}: {status:?} (Debian: gcc, rpcsvc-proto, libtirpc-dev)"
    );
}

fn main() {
    println!("cargo::rerun-if-changed=xdrgen.x");
    println!("cargo::rerun-if-changed=c/bench.c");
    let out = std::env::var("OUT_DIR").expect("cargo sets it");
    let out = Path::new(&out);

    std::fs::copy("bench.x", out.join("bench.x")).expect("the output folder is writable");
    for (flag, name) in [("-h", "bench.h"), ("-c", "bench_xdr.c")] {
        let _ = std::fs::remove_file(out.join(name));
        run(Command::new("rpcgen")
            .current_dir(out)
            .args([flag, "-o", name, "bench.x"]));
    }
    let here = std::env::current_dir().expect("cargo sets it");
    run(Command::new("gcc")
        .current_dir(out)
        .args([
            "-O2",
            "-I/usr/include/tirpc",
            "-I.",
            "-o",
            "c_bench",
            "bench_xdr.c",
        ])
        .arg(here.join("c/bench.c"))
        .arg("-ltirpc"));

    xdrgen::compile("xdrgen.x").expect("xdrgen takes xdrgen.x");
    rpcgen_rs::configure()
        .compile(&["bench.x"])
        .expect("rpcgen-rs takes bench.x");
}
