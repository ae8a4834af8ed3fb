//! Both ways through a real rpcbind, in a network namespace of its own.

use interop::checks::{asynchronous, blocking};
use interop::namespace::{self, Rpcbind, rpcinfo, rpcinfo_whatever};
use interop::peers::{CServer, run_c_client};
use interop::server::server;
use rpcgen_runtime::rpcbind::Rpcbind as Register;
use rpcgen_runtime::{ConnectOptions, Grace};

/// EVERY_PROG and ARITH_PROG, as rpcinfo prints them.
const PROGRAMS: [&str; 2] = ["536873473", "536873474"];

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

#[test]
fn rust_client_finds_c_server() {
    namespace::inside("rust_client_finds_c_server", || {
        let _rpcbind = Rpcbind::start();
        let server = CServer::start(true);
        for target in ["tcp://127.0.0.1", "udp://127.0.0.1"] {
            let run = runtime().block_on(asynchronous::run(target, ConnectOptions::new));
            run.expect("rpcbind knows the C server").all_equal();
            blocking::run(target, ConnectOptions::new)
                .expect("rpcbind knows the C server")
                .all_equal();
        }
        server.stop();
    });
}

#[test]
fn c_client_and_rpcinfo_find_rust_server() {
    namespace::inside("c_client_and_rpcinfo_find_rust_server", || {
        let _rpcbind = Rpcbind::start();
        let runtime = runtime();
        let server = server().rpcbind(Register::required());
        let server = runtime
            .block_on(server.start())
            .expect("the server registers itself");

        run_c_client("tcp", "127.0.0.1", 0);
        run_c_client("udp", "127.0.0.1", 0);

        // version 2 (portmapper) and version 4 listings
        for flags in [["-p", "127.0.0.1"], ["-s", "127.0.0.1"]] {
            let listed = rpcinfo(&flags).expect("rpcinfo lists");
            assert!(
                PROGRAMS.iter().all(|p| listed.contains(p)),
                "{flags:?}:\n{listed}"
            );
        }
        for (program, version) in [
            (PROGRAMS[0], "1"),
            (PROGRAMS[0], "2"),
            (PROGRAMS[1], "1"),
            (PROGRAMS[1], "4"),
        ] {
            for transport in ["tcp", "udp"] {
                let said = rpcinfo(&["-T", transport, "127.0.0.1", program, version]);
                assert!(
                    said.as_ref()
                        .is_some_and(|s| s.contains("ready and waiting")),
                    "{transport} {program} {version}: {said:?}"
                );
            }
        }
        // Without a version rpcinfo asks for version 0 and tries all between the lowest and the highest that the
        // refusal names; it is not content with the gap between them.
        let (_, said) = rpcinfo_whatever(&["-T", "tcp", "127.0.0.1", PROGRAMS[1]]);
        for version in ["1", "4"] {
            let ready = format!("program {} version {version} ready", PROGRAMS[1]);
            assert!(said.contains(&ready), "{said}");
        }

        runtime.block_on(server.shutdown(Grace::secs(5)));
        let listed = rpcinfo(&["-p", "127.0.0.1"]).expect("rpcinfo lists");
        assert!(
            !PROGRAMS.iter().any(|p| listed.contains(p)),
            "still registered:\n{listed}"
        );
    });
}

#[test]
fn without_rpcbind_the_server_starts_unless_registration_is_required() {
    namespace::inside(
        "without_rpcbind_the_server_starts_unless_registration_is_required",
        || {
            let runtime = runtime();
            let started = runtime.block_on(server().rpcbind(Register::best_effort()).start());
            let started = started.expect("registration was not required");
            let target = format!("tcp://{}", started.tcp().expect("it listens"));
            runtime
                .block_on(asynchronous::run(&target, ConnectOptions::new))
                .expect("it serves")
                .all_equal();
            runtime.block_on(started.shutdown(Grace::secs(5)));

            let refused = runtime.block_on(server().rpcbind(Register::required()).start());
            let refused = refused
                .expect_err("there is nobody to register with")
                .to_string();
            assert!(refused.contains("rpcbind"), "{refused}");
        },
    );
}
