//! Where calls come from: sources that no client has (hostile input 90), and the address as the handler sees it (115). In
//! a network of its own, with rpcbind's port free and link-local addresses.

use interop::arith::arith_prog::ArithV1Client;
use interop::namespace;
use interop::server::server;
use interop::wire::{call, words};
use rpcgen_runtime::{Grace, Server, connect};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::process::Command;
use std::sync::mpsc;
use std::time::{Duration, Instant};

const ARITH: u32 = 0x2000_0a02;

fn runtime() -> tokio::runtime::Runtime {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.enable_all().build().expect("a runtime")
}

/// An IPv4 packet with a UDP datagram (RFC 791, RFC 768), both without checksums: the system fills in the first, and the
/// second is optional.
fn packet(from: (Ipv4Addr, u16), to: (Ipv4Addr, u16), data: &[u8]) -> Vec<u8> {
    let udp = u16::try_from(8 + data.len()).expect("it is short");
    let mut packet = vec![0x45, 0];
    packet.extend((20 + udp).to_be_bytes());
    packet.extend([0, 0, 0, 0, 64, 17, 0, 0]);
    packet.extend(from.0.octets());
    packet.extend(to.0.octets());
    for word in [from.1, to.1, udp, 0] {
        packet.extend(word.to_be_bytes());
    }
    packet.extend(data);
    packet
}

#[test]
fn h090_sources_that_no_client_has_get_no_reply() {
    namespace::inside("h090_sources_that_no_client_has_get_no_reply", || {
        let runtime = runtime();
        let server = runtime.block_on(server().start()).expect("it starts");
        let at = server.udp().expect("it listens");
        let message = call(1, ARITH, 1, 0);
        let answer = words(&[1, 1, 0, 0, 0, 0]);
        let ask = |port: u16| {
            let socket = UdpSocket::bind(("127.0.0.1", port)).expect("the port is free");
            let limit = Some(Duration::from_millis(300));
            socket.set_read_timeout(limit).expect("a limit is set");
            socket.send_to(&message, at).expect("it is sent");
            let mut reply = [0; 100];
            let got = socket.recv(&mut reply).ok();
            got.map(|n| reply[..n].to_vec())
        };
        assert_eq!(ask(112), Some(answer.clone()));
        assert_eq!(ask(111), None, "an rpcbind would pass it on");
        assert_eq!(server.stats().dropped, 1);

        let raw = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::UDP)).expect("as root");
        raw.set_header_included_v4(true).expect("an option is set");
        let to = SockAddr::from(at);
        let forged = packet(
            (Ipv4Addr::LOCALHOST, 0),
            (Ipv4Addr::LOCALHOST, at.port()),
            &message,
        );
        raw.send_to(&forged, &to).expect("it is sent");
        let end = Instant::now() + Duration::from_secs(5);
        while server.stats().dropped < 2 {
            assert!(Instant::now() < end, "port 0: {:?}", server.stats());
            std::thread::sleep(Duration::from_millis(5));
        }
        // The same packet from a port that a client may have is answered: there is nothing wrong with it.
        let client = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
        let port = client.local_addr().expect("it has one").port();
        let good = packet(
            (Ipv4Addr::LOCALHOST, port),
            (Ipv4Addr::LOCALHOST, at.port()),
            &message,
        );
        raw.send_to(&good, &to).expect("it is sent");
        let mut reply = [0; 100];
        let limit = Some(Duration::from_secs(5));
        client.set_read_timeout(limit).expect("a limit is set");
        let n = client.recv(&mut reply).expect("it is answered");
        assert_eq!(&reply[..n], &answer);
        assert_eq!(server.stats().dropped, 2);
        runtime.block_on(server.shutdown(Grace::secs(5)));
    });
}

/// Link-local addresses of this machine, each with its interface's number.
fn link_locals() -> Vec<SocketAddrV6> {
    let text = std::fs::read_to_string("/proc/net/if_inet6").expect("IPv6 is there");
    let addresses = text.lines().filter_map(|line| {
        let mut fields = line.split_whitespace();
        let ip = u128::from_str_radix(fields.next()?, 16).ok()?;
        let scope = u32::from_str_radix(fields.next()?, 16).ok()?;
        Some(SocketAddrV6::new(Ipv6Addr::from(ip), 0, 0, scope))
    });
    addresses
        .filter(|at| at.ip().is_unicast_link_local())
        .collect()
}

#[test]
fn h115_handlers_see_one_form_of_each_address() {
    namespace::inside("h115_handlers_see_one_form_of_each_address", || {
        let (tell, told) = mpsc::channel();
        let runtime = runtime();
        let server: Server = server().intercept(move |request| {
            let _ = tell.send(request.cx.peer().address());
            Ok(())
        });
        let server = server.tcp("[::]:0").udp("[::]:0");
        let server = runtime.block_on(server.start()).expect("it starts");
        let dual: Vec<SocketAddr> = server
            .addresses()
            .iter()
            .filter_map(|at| at.to_string().split_once("[::]:")?.1.parse().ok())
            .map(|port: u16| SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)))
            .collect();
        let [tcp, udp] = dual[..] else {
            panic!("{:?}", server.addresses());
        };
        let seen = |target: String| {
            runtime.block_on(async {
                let client: ArithV1Client = connect(&*target).await.expect("it connects");
                client.sub(3, 1).await.expect("it is served");
            });
            let address = told.recv().expect("the handler was called");
            address.expect("it has an address")
        };
        for (transport, port) in [("tcp", tcp.port()), ("udp", udp.port())] {
            // IPv4 through a dual-stack socket is IPv4, not IPv4 inside IPv6.
            let v4 = seen(format!("{transport}://127.0.0.1:{port}"));
            assert_eq!(v4.ip(), Ipv4Addr::LOCALHOST);
            let v6 = seen(format!("{transport}://[::1]:{port}"));
            assert_eq!(v6.ip(), Ipv6Addr::LOCALHOST);
        }
        // A link-local address is nothing without its interface.
        let added = Command::new("ip")
            .args(["-6", "addr", "add", "fe80::77/64", "dev", "other0", "nodad"])
            .status();
        assert!(added.expect("`ip` runs").success());
        let local = link_locals();
        assert!(!local.is_empty(), "no link-local address here");
        for at in local {
            let socket = UdpSocket::bind("[::]:0").expect("a port is free");
            let to = SocketAddrV6::new(*at.ip(), udp.port(), 0, at.scope_id());
            let message = [call(1, ARITH, 1, 1), words(&[3, 1])].concat();
            let limit = Some(Duration::from_millis(200));
            socket.set_read_timeout(limit).expect("a limit is set");
            let mut reply = [0; 100];
            // A new address takes a moment until the system routes to it.
            let answered = (0..50).find_map(|_| {
                socket.send_to(&message, to).expect("it is sent");
                socket.recv_from(&mut reply).ok()
            });
            let (n, from) = answered.expect("it is answered");
            assert_eq!(&reply[..n], &words(&[1, 1, 0, 0, 0, 0, 2]));
            assert_eq!(from, SocketAddr::V6(to));
            let Some(SocketAddr::V6(peer)) = told.recv().expect("it was called") else {
                panic!("no IPv6");
            };
            assert_eq!((peer.ip(), peer.scope_id()), (at.ip(), at.scope_id()));
        }
        runtime.block_on(server.shutdown(Grace::secs(5)));
    });
}
