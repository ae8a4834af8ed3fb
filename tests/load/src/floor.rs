//! The floor: what a server that only moves the same bytes would reach. No limits, no deadlines, no checks.

use crate::measured::end_with_input;
use crate::way;
use bytes::{Buf, BytesMut};
use std::io::IoSlice;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

pub(crate) fn serve() {
    end_with_input();
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("TCP");
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("UDP");
        println!("{}", listener.local_addr().expect("TCP").port());
        println!("{}", socket.local_addr().expect("UDP").port());
        tokio::spawn(datagrams(socket));
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(connection(stream));
        }
    });
}

async fn datagrams(socket: UdpSocket) {
    let mut buf = [0; 65_535];
    while let Ok((_, from)) = socket.recv_from(&mut buf).await {
        let reply = header(&buf);
        let _ = socket.send_to(&reply, from).await;
    }
}

/// The header of a successful reply to this message.
fn header(message: &[u8]) -> [u8; 24] {
    let mut reply = [0; 24];
    reply[..4].copy_from_slice(&message[..4]);
    reply[7] = 1;
    reply
}

async fn connection(mut stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let mebibyte = vec![7; 1 << 20];
    let mut input = BytesMut::with_capacity(64 << 10);
    let mut output = Vec::new();
    loop {
        while let Some(mark) = input.first_chunk() {
            let len = (u32::from_be_bytes(*mark) & 0x7fff_ffff) as usize;
            if input.len() < 4 + len {
                input.reserve(4 + len - input.len());
                break;
            }
            let message = &input[4..4 + len];
            let procedure = message[23];
            let result: &[u8] = match procedure {
                1 => &message[40..],
                _ => &[],
            };
            let bulk = way::reads(procedure);
            let size = 24 + result.len() + if bulk { 4 + mebibyte.len() } else { 0 };
            output.extend_from_slice(&(size as u32 | 1 << 31).to_be_bytes());
            output.extend_from_slice(&header(message));
            output.extend_from_slice(result);
            input.advance(4 + len);
            if bulk {
                output.extend_from_slice(&(mebibyte.len() as u32).to_be_bytes());
                let mut slices = [IoSlice::new(&output), IoSlice::new(&mebibyte)];
                let mut slices = &mut slices[..];
                while !slices.is_empty() {
                    match stream.write_vectored(slices).await {
                        Ok(n) if n > 0 => IoSlice::advance_slices(&mut slices, n),
                        _ => return,
                    }
                }
                output.clear();
            }
        }
        if !output.is_empty() {
            if stream.write_all(&output).await.is_err() {
                return;
            }
            output.clear();
        }
        input.reserve(4 << 10);
        if !matches!(stream.read_buf(&mut input).await, Ok(n) if n > 0) {
            return;
        }
    }
}
