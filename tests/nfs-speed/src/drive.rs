//! The load on a server: calls encoded beforehand, sockets, one thread; of the replies only the heads are looked at.
//!
//! As many calls as the window allows are out on each connection, all the time.

use crate::load::{self, Load};
use crate::measured::{Measured, processor_time};
use bytes::{Buf, Bytes};
use rpcgen_runtime::{Opaque, to_bytes};
use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

/// Bytes read at once.
const CHUNK: usize = 256 << 10;

/// Drives a server for a while.
pub(crate) fn drive(
    address: SocketAddr,
    load: Load,
    handle: &Opaque,
    connections: usize,
    window: usize,
    time: Duration,
) -> Measured {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_io().build().expect("a runtime");
    let record = record(load, handle);
    let local = LocalSet::new();
    let calls = Rc::new(Cell::new(0));
    let start = Instant::now();
    for _ in 0..connections {
        let (record, calls) = (record.clone(), Rc::clone(&calls));
        local.spawn_local(async move {
            let stream = TcpStream::connect(address).await.expect("the server");
            stream.set_nodelay(true).expect("TCP");
            connection(stream, &record, window, start + time, &calls).await;
        });
    }
    runtime.block_on(local);
    Measured {
        calls: calls.get(),
        wall: start.elapsed(),
        cpu: processor_time(std::process::id()),
    }
}

/// A call as a record, from its mark to its last byte, by root. The transaction's number has to be filled in.
fn record(load: Load, handle: &Opaque) -> Bytes {
    let args = match load {
        Load::Getattr => to_bytes(&load::getattr(handle)),
        Load::Readdirplus => to_bytes(&load::readdirplus(handle)),
        Load::Read => to_bytes(&load::read(handle)),
        Load::Write => to_bytes(&load::write(handle)),
    };
    let args = args.expect("arguments within their bounds");
    // AUTH_SYS: a moment, no machine's name, user and group 0, no other groups; no verifier.
    let auth = [1, 20, 0, 0, 0, 0, 0, 0, 0];
    let head = [0, 0, 0, 2, 100_003, 3, load.procedure()];
    let mut words: Vec<u32> = head.into_iter().chain(auth).collect();
    words[0] = (words.len() * 4 - 4 + args.len()) as u32 | 1 << 31;
    let mut record: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    record.extend_from_slice(&args);
    record.into()
}

async fn connection(
    mut stream: TcpStream,
    record: &Bytes,
    window: usize,
    end: Instant,
    calls: &Cell<u64>,
) {
    let mut buf = vec![0; CHUNK];
    let (mut out, mut replies) = (Vec::new(), Replies::default());
    let (mut sent, mut answered) = (0u64, 0);
    let mut wanted = window;
    loop {
        send(&mut stream, record, wanted, &mut sent, &mut out).await;
        let read = stream.read(&mut buf).await.expect("replies come");
        assert!(read > 0, "the server has closed the connection");
        let done = replies.feed(&buf[..read]);
        answered += done as u64;
        calls.set(calls.get() + done as u64);
        wanted = if Instant::now() < end { done } else { 0 };
        if wanted == 0 && answered == sent {
            return;
        }
    }
}

/// Sends a call several times, each with a number of its own.
async fn send(
    stream: &mut TcpStream,
    record: &Bytes,
    times: usize,
    sent: &mut u64,
    out: &mut Vec<u8>,
) {
    // Bulk data is sent from where it is.
    let (head, bulk) = record.split_at(record.len().min(4 << 10));
    for _ in 0..times {
        let at = out.len();
        out.extend_from_slice(head);
        out[at + 4..at + 8].copy_from_slice(&(*sent as u32).to_be_bytes());
        *sent += 1;
        if !bulk.is_empty() {
            let mut both = Buf::chain(out.as_slice(), bulk);
            let written = stream.write_all_buf(&mut both).await;
            written.expect("calls are taken");
            out.clear();
        }
    }
    if !out.is_empty() {
        stream.write_all(out).await.expect("calls are taken");
        out.clear();
    }
}

/// Replies as they arrive.
#[derive(Debug, Default)]
struct Replies {
    mark: Vec<u8>,
    /// Bytes that the fragment still has.
    left: usize,
    last: bool,
    /// The beginning of the record, up to NFS's status.
    head: Vec<u8>,
}

/// Number, kind and status of the reply, verifier, status of the call, status of NFS.
const HEAD: usize = 28;

impl Replies {
    /// Counts the replies that end in this data. All must be good.
    fn feed(&mut self, mut data: &[u8]) -> usize {
        let mut whole = 0;
        while !data.is_empty() {
            if self.left == 0 {
                let take = (4 - self.mark.len()).min(data.len());
                self.mark.extend_from_slice(&data[..take]);
                data = &data[take..];
                if self.mark.len() < 4 {
                    break;
                }
                let mark = self.mark.as_slice().get_u32();
                self.mark.clear();
                self.last = mark >> 31 == 1;
                self.left = (mark & 0x7fff_ffff) as usize;
            }
            let fragment = &data[..self.left.min(data.len())];
            let head = fragment.len().min(HEAD - self.head.len());
            self.head.extend_from_slice(&fragment[..head]);
            self.left -= fragment.len();
            data = &data[fragment.len()..];
            if self.left == 0 && self.last {
                let head = self.head.as_slice();
                assert!(
                    head.len() == HEAD && head[8..].iter().all(|byte| *byte == 0),
                    "a call failed: {head:?}"
                );
                self.head.clear();
                whole += 1;
            }
        }
        whole
    }
}
