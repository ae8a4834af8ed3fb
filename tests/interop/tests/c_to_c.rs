//! The C client against the C server: shows that a difference found elsewhere is ours.

use interop::namespace::{self, Rpcbind, rpcinfo};
use interop::peers::{CServer, run_c_client};

#[test]
fn c_client_agrees_with_c_server() {
    let server = CServer::start(false);
    run_c_client("tcp", "127.0.0.1", server.tcp);
    run_c_client("udp", "127.0.0.1", server.udp);
    server.stop();
}

#[test]
fn c_client_finds_c_server_by_rpcbind() {
    namespace::inside("c_client_finds_c_server_by_rpcbind", || {
        let _rpcbind = Rpcbind::start();
        let server = CServer::start(true);
        run_c_client("tcp", "127.0.0.1", 0);
        run_c_client("udp", "127.0.0.1", 0);
        let listed = rpcinfo(&["-p", "127.0.0.1"]).expect("rpcinfo lists");
        assert!(
            listed.contains("536873473"),
            "EVERY_PROG is registered:\n{listed}"
        );
        server.stop();
        let listed = rpcinfo(&["-p", "127.0.0.1"]).expect("rpcinfo lists");
        assert!(
            !listed.contains("536873473"),
            "EVERY_PROG is gone:\n{listed}"
        );
    });
}
