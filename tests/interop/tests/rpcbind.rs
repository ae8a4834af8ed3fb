//! Both ways through a real rpcbind, in a network namespace of its own.

use interop::checks::{asynchronous, blocking};
use interop::namespace::{self, Rpcbind, rpcinfo, rpcinfo_whatever};
use interop::peers::{CServer, run_c_client};
use interop::server::server;
use rpcgen_runtime::rpcbind::uaddr::Netid;
use rpcgen_runtime::rpcbind::{RegisterError, Registration, Rpcbind as Register};
use rpcgen_runtime::{ConnectOptions, Grace};
use std::process::Command;
use std::time::{Duration, Instant};

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

fn registration(netid: Netid, uaddr: &str) -> Registration {
    Registration {
        program: 0x2000_0042,
        version: 1,
        netid,
        uaddr: uaddr.into(),
    }
}

#[test]
fn h119_our_entries_belong_to_us_replace_our_own_and_no_others() {
    namespace::inside(
        "h119_our_entries_belong_to_us_replace_our_own_and_no_others",
        || {
            let _rpcbind = Rpcbind::start();
            runtime().block_on(async {
                let rpcbind = Register::required();
                let list = [
                    registration(Netid::Tcp, "0.0.0.0.8.1"),
                    registration(Netid::Udp, "0.0.0.0.8.2"),
                    registration(Netid::Tcp6, "::.8.3"),
                    registration(Netid::Udp6, "::.8.4"),
                ];
                rpcbind.register(&list).await.expect("it takes them");
                let ours = || async {
                    let entries = rpcbind.dump().await.expect("it lists");
                    entries
                        .into_iter()
                        .filter(|e| e.program == 0x2000_0042)
                        .collect::<Vec<_>>()
                };
                let entries = ours().await;
                assert_eq!(entries.len(), 4);
                // Registered over the unix socket: nobody else can take it away.
                assert!(entries.iter().all(|e| e.owner == "superuser"), "{entries:?}");
                // A stale entry of ours gives way; to one made over TCP it does not.
                let moved = [registration(Netid::Tcp, "0.0.0.0.9.1")];
                rpcbind.register(&moved).await.expect("it is ours");
                let theirs = [registration(Netid::Tcp, "0.0.0.0.9.9")];
                let tcp = Register::required().at(([127, 0, 0, 1], 111).into());
                let error = tcp.register(&theirs).await.expect_err("it is not theirs");
                assert!(
                    matches!(&error, RegisterError::Taken { holder: Some(h), .. } if h.contains("superuser")),
                    "{error}"
                );
                rpcbind.unregister(&list).await;
                assert_eq!(ours().await, []);
            });
        },
    );
}

/// Waits until `rpcinfo` lists both programs.
fn listed_again(what: &str) {
    let end = Instant::now() + Duration::from_secs(15);
    loop {
        let listed = rpcinfo(&["-p", "127.0.0.1"]).unwrap_or_default();
        if PROGRAMS.iter().all(|p| listed.contains(p)) {
            return;
        }
        assert!(Instant::now() < end, "{what}:\n{listed}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn h118_h125_what_rpcbind_has_lost_is_registered_again() {
    namespace::inside(
        "h118_h125_what_rpcbind_has_lost_is_registered_again",
        || {
            let runtime = runtime();
            // Dual stack: found by either family, though rpcbind comes later than the server.
            let server = server().tcp("[::]:0").udp("[::]:0");
            let server = server.rpcbind(Register::best_effort());
            let server = runtime.block_on(server.start()).expect("it starts without");
            let rpcbind = Rpcbind::start();
            listed_again("rpcbind has come");
            for host in ["127.0.0.1", "[::1]"] {
                for transport in ["tcp", "udp"] {
                    let target = format!("{transport}://{host}");
                    let run = runtime.block_on(asynchronous::run(&target, ConnectOptions::new));
                    run.expect("rpcbind knows the server").all_equal();
                }
            }
            drop(rpcbind);
            let _rpcbind = Rpcbind::start();
            listed_again("rpcbind was started anew");

            // Another user cannot remove it, though rpcbind answers that user, too.
            let hostile = |user: &[&str]| {
                let removed = Command::new("setpriv")
                    .args(user)
                    .args(["rpcinfo", "-d", PROGRAMS[1], "1"])
                    .env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin")
                    .status();
                removed.expect("setpriv runs").success()
            };
            assert!(!hostile(&["--reuid", "65534", "--clear-groups"]));
            let listed = rpcinfo(&["-p", "127.0.0.1"]).expect("rpcinfo lists");
            assert!(listed.contains(PROGRAMS[1]), "{listed}");
            // Root can. It does not last.
            assert!(hostile(&["--reuid", "0"]));
            listed_again("root has removed a program");
            runtime.block_on(server.shutdown(Grace::secs(5)));
        },
    );
}
