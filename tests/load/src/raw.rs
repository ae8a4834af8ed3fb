//! Clients that only move the bytes: calls written by hand, replies counted. No numbers, no checks, no deadlines.

use crate::measured::{Amount, Calling};
use crate::way::Way;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Drives a server by standard sockets: calls on all connections, then all their replies, again and again.
pub(crate) fn drive(address: SocketAddr, server: u32, way: Way, amount: Amount) -> String {
    let mut turn = if way == Way::Udp {
        datagrams(address, way)
    } else {
        streams(address, way)
    };
    let calls = (way.connections() * way.in_flight()) as u64;
    let mut turns = |mut calling: Calling| {
        while calling.goes_on(calls) {
            turn();
        }
        calling.line()
    };
    turns(Calling::new(server, amount.warm_up()));
    turns(Calling::new(server, amount))
}

fn streams(address: SocketAddr, way: Way) -> Box<dyn FnMut()> {
    let connect = |_| {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_nodelay(true).expect("an option");
        stream
    };
    let mut streams: Vec<_> = (0..way.connections()).map(connect).collect();
    let calls = way.record().repeat(way.in_flight());
    let mut replies = vec![0; way.reply() * way.in_flight()];
    Box::new(move || {
        for stream in &mut streams {
            stream.write_all(&calls).expect("calls are taken");
        }
        for stream in &mut streams {
            stream.read_exact(&mut replies).expect("replies come");
        }
    })
}

fn datagrams(address: SocketAddr, way: Way) -> Box<dyn FnMut()> {
    let bind = |_| {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        socket.connect(address).expect("an address");
        socket
    };
    let sockets: Vec<_> = (0..way.connections()).map(bind).collect();
    let mut message = way.record()[4..].to_vec();
    let mut xid = 0u32;
    let mut buf = [0; 100];
    Box::new(move || {
        // A new call each time: a repeated one comes from the reply cache.
        xid = xid.wrapping_add(1);
        message[..4].copy_from_slice(&xid.to_be_bytes());
        for socket in &sockets {
            socket.send(&message).expect("calls are taken");
        }
        for socket in &sockets {
            socket.recv(&mut buf).expect("replies come");
        }
    })
}

/// The floor of an async client: the same bytes by a tokio stream.
pub(crate) fn call(address: SocketAddr, server: u32, way: Way, amount: Amount) -> String {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let stream = tokio::net::TcpStream::connect(address).await;
        let mut stream = stream.expect("a connection");
        stream.set_nodelay(true).expect("an option");
        let calls = way.record().repeat(way.in_flight());
        let mut replies = vec![0; way.reply() * way.in_flight()];
        let mut line = String::new();
        for amount in [amount.warm_up(), amount] {
            let mut calling = Calling::new(server, amount);
            while calling.goes_on(way.in_flight() as u64) {
                stream.write_all(&calls).await.expect("calls are taken");
                let read = stream.read_exact(&mut replies).await;
                read.expect("replies come");
            }
            line = calling.line();
        }
        line
    })
}
