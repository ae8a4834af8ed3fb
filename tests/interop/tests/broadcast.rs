//! Broadcast through the real rpcbind: two hosts with a C server each, on a network of their own.

use interop::arith::arith_prog::{ArithV1Client, ArithV4Client};
use interop::namespace::{self, Rpcbind};
use interop::peers::CServer;
use rpcgen_runtime::auth::AuthSys;
use rpcgen_runtime::client::Broadcast;
use rpcgen_runtime::net::target::{Host, Target};
use rpcgen_runtime::rpcbind::Rpcbind as Register;
use rpcgen_runtime::{ClientStub, Grace, connect};
use std::net::{IpAddr, SocketAddr};
use std::process::Command;
use std::time::Duration;

const HERE: &str = "203.0.113.1";
const THERE: &str = "203.0.113.2";

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

fn ip(arguments: &str) {
    let done = Command::new("ip")
        .args(arguments.split_whitespace())
        .env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin")
        .status()
        .expect("ip is installed (tests/run installs it)");
    assert!(done.success(), "ip {arguments}: {done}");
}

/// A cable to another host; its other end is `there0`.
fn cable() {
    ip("link add here0 type veth peer name there0");
    // No pause before the link-local addresses may be used.
    let _ = std::fs::write("/proc/sys/net/ipv6/conf/here0/accept_dad", "0");
    ip(&format!("addr add {HERE}/24 brd + dev here0"));
    ip("link set here0 up");
}

#[test]
fn every_c_service_of_a_network_is_found_and_can_be_called() {
    namespace::inside(
        "every_c_service_of_a_network_is_found_and_can_be_called",
        || {
            cable();
            let there = CServer::start_on_host("there0", &format!("{THERE}/24"));
            let _rpcbind = Rpcbind::start_calling();
            let here = CServer::start(true);
            runtime().block_on(async {
                // Nobody is named: the networks are this machine's own. The one that all these tests have is another.
                let wide = Broadcast::new().wait(Duration::from_secs(3));
                let question = |arith: ArithV1Client| async move { arith.sub(7, 9).await };
                let mut answers = wide.call(question).await.expect("there is a network");
                let mut hosts: Vec<SocketAddr> = Vec::new();
                while let Some(answer) = answers.next().await {
                    assert_eq!(answer.result.expect("both serve it"), -2);
                    hosts.push(answer.host);
                }
                hosts.sort();
                let at =
                    |ip: &str, port| SocketAddr::new(ip.parse::<IpAddr>().expect("an IP"), port);
                let wanted = [(HERE, here.udp), (THERE, there.udp)].map(|(ip, port)| at(ip, port));
                hosts.retain(|host| !host.ip().to_string().starts_with("198.51.100."));
                assert_eq!(hosts, wanted);
                // What was found is where it says.
                for at in hosts {
                    let name = at.ip().to_string();
                    let port = Some(at.port());
                    let target = Target::Udp(Host { name, port });
                    let arith: ArithV1Client = connect(target).await.expect("a service");
                    assert_eq!(arith.sub(1, 2).await.expect("an answer"), -1);
                }
                // rpcbind passes a claim of AUTH_SYS on.
                let who = |arith: ArithV4Client| async move {
                    let calls = rpcgen_runtime::CallOptions::new().cred(AuthSys::new(12, 34));
                    ClientStub::with(&arith, calls).who().await
                };
                let wide = Broadcast::new().wait(Duration::from_secs(3)).most(2);
                let mut answers = wide.call(who).await.expect("there is a network");
                while let Some(answer) = answers.next().await {
                    assert_eq!(answer.result.expect("an answer"), "sys 12 34");
                }
                // A program that nobody serves: silence, and an end.
                let wide = Broadcast::new().wait(Duration::from_millis(300));
                let nobody = wide
                    .call_raw(0x2000_0fff, 1, 0, rpcgen_runtime::Body::new())
                    .await;
                assert!(nobody.expect("it is sent").next().await.is_none());
            });
            there.stop();
            here.stop();
        },
    );
}

#[test]
fn a_rust_service_is_found_through_rpcbind_over_ipv4_and_ipv6() {
    namespace::inside(
        "a_rust_service_is_found_through_rpcbind_over_ipv4_and_ipv6",
        || {
            let _rpcbind = Rpcbind::start_calling();
            runtime().block_on(async {
                let server = interop::server::server()
                    .udp("0.0.0.0:0")
                    .udp("[::]:0")
                    .rpcbind(Register::required());
                let server = server.start().await.expect("the server registers itself");
                let question = |arith: ArithV1Client| async move { arith.sub(7, 9).await };
                // This rpcbind listens to no IPv6 group, so it is named.
                let wide = Broadcast::new().wait(Duration::from_secs(2));
                let wide = wide.to(([198, 51, 100, 255], 0).into());
                let wide = wide.to((std::net::Ipv6Addr::LOCALHOST, 0).into());
                let mut answers = wide.call(question).await.expect("there is a network");
                let mut hosts = Vec::new();
                while let Some(answer) = answers.next().await {
                    assert_eq!(answer.result.expect("it is served"), -2);
                    hosts.push(answer.host.ip().to_string());
                }
                hosts.sort_unstable();
                assert_eq!(hosts, ["198.51.100.1", "::1"]);
                server.shutdown(Grace::secs(5)).await;
            });
        },
    );
}
