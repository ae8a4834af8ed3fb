//! Stream connections: records, xids, and every way to end.

use crate::support::*;
use rpcgen_runtime::server::Rate;
use rpcgen_runtime::{Limits, Server};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

#[tokio::test]
async fn h013_trailing_bytes_that_are_no_word_are_ignored() {
    let running = start(Server::new().serve(numbers())).await;
    let mut stream = connect(&running).await;
    for extra in 1..4 {
        let message = [call(extra, 1), vec![7; extra as usize]].concat();
        expect(&mut stream, &message, &answer(extra, 1)).await;
    }
}

#[tokio::test]
async fn h017_an_end_inside_a_record_is_counted_and_not_answered() {
    let running = start(Server::new().serve(numbers())).await;
    for cut in [1, 4, 5, 30] {
        let mut stream = connect(&running).await;
        stream.write_all(&record(&call(1, 1))[..cut]).await.unwrap();
        stream.shutdown().await.unwrap();
        assert_eq!(reply(&mut stream).await, None, "{cut}");
    }
    eventually("four truncated", || running.stats().truncated == 4).await;
    good(&running).await;
}

#[tokio::test]
async fn h019_a_reset_while_a_reply_is_written_ends_the_connection_only() {
    let program = Program(&INTERFACE, |cx, procedure, _| async move {
        match procedure {
            2 => Ok(vec![7; 8 << 20].into()),
            _ => number(&cx, procedure),
        }
    });
    let running = start(Server::new().serve(program)).await;
    for _ in 0..5 {
        let mut stream = connect(&running).await;
        send(&mut stream, &call(1, 2)).await;
        eventually("the reply is stuck", || running.stats().held > 1 << 20).await;
        reset(stream);
        eventually("it is gone", || running.stats().held == 0).await;
    }
    good(&running).await;
}

#[tokio::test]
async fn h028_h029_equal_xids_are_calls_of_their_own() {
    let count = Arc::new(AtomicU32::new(0));
    let program = Program(&INTERFACE, move |cx, _, _| {
        let count = Arc::clone(&count);
        async move {
            let nth = count.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(30)).await;
            number(&cx, nth)
        }
    });
    let running = start(Server::new().serve(program)).await;
    let (mut one, mut two) = (connect(&running).await, connect(&running).await);
    for stream in [&mut one, &mut two] {
        send(stream, &call(7, 1)).await;
        send(stream, &call(7, 1)).await;
    }
    let mut answers = Vec::new();
    for stream in [&mut one, &mut two] {
        for _ in 0..2 {
            answers.push(reply(stream).await.unwrap());
        }
    }
    answers.sort();
    let expected: Vec<_> = (0..4).map(|n| answer(7, n)).collect();
    assert_eq!(answers, expected);
}

#[tokio::test]
async fn h029_with_a_reply_cache_for_tcp_a_repeated_call_runs_once() {
    let limits = Limits::default().reply_cache_for_tcp(true);
    let running = start(Server::new().serve(numbers()).limits(limits)).await;
    let mut stream = connect(&running).await;
    send(&mut stream, &call(7, 3)).await;
    send(&mut stream, &call(7, 3)).await;
    expect(&mut stream, &call(8, 1), &answer(8, 1)).await;
    assert_eq!(reply(&mut stream).await, Some(answer(7, 3)));
    expect(&mut stream, &call(7, 3), &answer(7, 3)).await;
    assert_eq!(running.stats().duplicates, 2);
}

#[tokio::test]
async fn h030_every_xid_is_valid() {
    let running = start(Server::new().serve(numbers())).await;
    let mut stream = connect(&running).await;
    for xid in [0, 1, 0x7fff_ffff, 0x8000_0000, u32::MAX - 1, u32::MAX, 0, 1] {
        expect(&mut stream, &call(xid, 2), &answer(xid, 2)).await;
    }
}

#[tokio::test]
async fn h034_arguments_of_null_are_ignored() {
    let running = start(Server::new().serve(numbers())).await;
    let mut stream = connect(&running).await;
    let message = call_to(PROGRAM, 5, 0, &[1; 100]);
    expect(&mut stream, &message, &bytes(&[5, 1, 0, 0, 0, 0])).await;
}

#[tokio::test]
async fn replies_of_one_connection_come_out_of_order_or_in_order_as_wished() {
    for in_order in [false, true] {
        let limits = Limits::default().in_order(in_order);
        let running = start(Server::new().serve(numbers()).limits(limits)).await;
        let mut stream = connect(&running).await;
        let both = [record(&call(1, 3)), record(&call(2, 1))].concat();
        stream.write_all(&both).await.unwrap();
        let (slow, quick) = (answer(1, 3), answer(2, 1));
        let expected = if in_order {
            [slow, quick]
        } else {
            [quick, slow]
        };
        for expected in expected {
            assert_eq!(reply(&mut stream).await, Some(expected), "{in_order}");
        }
    }
}

#[tokio::test]
async fn a_oneway_procedure_and_a_handler_that_wishes_it_are_not_answered() {
    let program = Program(&INTERFACE, |cx, procedure, _| async move {
        match procedure {
            2 => Err(rpcgen_runtime::Fault::NoReply),
            _ => number(&cx, procedure),
        }
    });
    let running = start(Server::new().serve(program)).await;
    let mut stream = connect(&running).await;
    send(&mut stream, &call(1, 4)).await;
    send(&mut stream, &call(2, 2)).await;
    expect(&mut stream, &call(3, 1), &answer(3, 1)).await;
}

#[tokio::test]
async fn h108_a_storm_of_connections_leaves_nothing_behind() {
    let running = start(Server::new().serve(numbers())).await;
    for round in 0..20 {
        let mut streams = Vec::new();
        for _ in 0..100 {
            streams.push(connect(&running).await);
        }
        expect(&mut streams[50], &call(round, 1), &answer(round, 1)).await;
    }
    eventually("all are gone", || running.stats().connections == 0).await;
    let stats = running.stats();
    assert_eq!((stats.accepted, stats.held), (2_000, 0));
}

#[tokio::test]
async fn connections_of_one_source_are_limited() {
    let limits = Limits::default().max_connections_per_source(Some(2));
    let running = start(Server::new().serve(numbers()).limits(limits)).await;
    let (mut one, _two) = (connect(&running).await, connect(&running).await);
    expect(&mut one, &call(1, 1), &answer(1, 1)).await;
    assert_eq!(reply(&mut connect(&running).await).await, None);
    // Another source is not concerned.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.9:0".parse().unwrap()).unwrap();
    let mut other = socket.connect(running.tcp().unwrap()).await.unwrap();
    expect(&mut other, &call(1, 1), &answer(1, 1)).await;
    drop(one);
    eventually("there is room", || running.stats().connections == 2).await;
    good(&running).await;
    assert_eq!(running.stats().refused, 1);
}

#[tokio::test]
async fn when_too_many_bytes_are_held_the_oldest_partial_record_goes_and_the_others_live() {
    let limits = Limits::default().max_held(1 << 20);
    let running = start(Server::new().serve(numbers()).limits(limits)).await;
    // Each sends 400 kB of a record of 1 MB, and then waits.
    let mut partial = Vec::new();
    for _ in 0..4 {
        let mut stream = connect(&running).await;
        let mut part = (1_000_000u32 | 1 << 31).to_be_bytes().to_vec();
        part.resize(400_000, 0);
        let _ = tokio::time::timeout(SHORT, stream.write_all(&part)).await;
        partial.push(stream);
    }
    // A good client with small calls does not notice; the oldest has to go.
    assert!(running.stats().held > 1 << 20);
    good(&running).await;
    assert_eq!(running.stats().accepted, 5);
    assert!(running.stats().connections >= 4, "none has gone for it");
    assert_eq!(reply(&mut partial.remove(0)).await, None);
    assert!(running.stats().connections >= 2, "the younger ones live");
}

#[tokio::test]
async fn h107_idle_connections_hold_no_buffers() {
    let running = start(Server::new().serve(numbers())).await;
    let mut idle = Vec::new();
    for xid in 0..400 {
        let mut stream = connect(&running).await;
        expect(&mut stream, &call(xid, 1), &answer(xid, 1)).await;
        idle.push(stream);
    }
    assert_eq!(running.stats().connections, 400);
    eventually("no buffers", || running.stats().held == 0).await;
    good(&running).await;
}

/// A stream that counts the calls that would be system calls.
struct Counting {
    stream: tokio::io::DuplexStream,
    reads: Arc<AtomicU32>,
    writes: Arc<AtomicU32>,
}

impl AsyncRead for Counting {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        if polled.is_ready() {
            self.reads.fetch_add(1, Ordering::SeqCst);
        }
        polled
    }
}

impl AsyncWrite for Counting {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.writes.fetch_add(1, Ordering::SeqCst);
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.writes.fetch_add(1, Ordering::SeqCst);
        // A pipe in memory takes slices one by one; a socket takes them all.
        let whole: Vec<u8> = slices.iter().flat_map(|s| s.iter().copied()).collect();
        Pin::new(&mut self.stream).poll_write(cx, &whole)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_batch_of_pipelined_calls_takes_one_read_and_one_write() {
    // Bulk data goes into the same vectored write: up to 64 pieces of it, and 256 KiB, which end a turn.
    for (procedure, results, calls) in [(1u32, 4usize, 60), (2, 64 << 10, 4), (3, 8000, 30)] {
        let program = Program(&INTERFACE, move |_, _, _| async move {
            Ok(vec![7; results].into())
        });
        let running = Server::new().serve(program).start().await.unwrap();
        let (mut ours, theirs) = tokio::io::duplex(8 << 20);
        let (reads, writes) = (Arc::default(), Arc::default());
        running.serve_stream(Counting {
            stream: theirs,
            reads: Arc::clone(&reads),
            writes: Arc::clone(&writes),
        });
        let batch = record(&call(1, procedure)).repeat(calls);
        ours.write_all(&batch).await.unwrap();
        for _ in 0..calls {
            assert_eq!(reply(&mut ours).await.unwrap().len(), 24 + results);
        }
        let counts = (reads.load(Ordering::SeqCst), writes.load(Ordering::SeqCst));
        assert_eq!(counts, (1, 1), "procedure {procedure}");
    }
}

#[tokio::test]
async fn h092_calls_that_come_too_fast_wait_and_new_connections_do_not_help() {
    let rate = Rate::per_second(20).burst(5);
    let limits = Limits::default()
        .calls_per_source(Some(rate))
        // Who waits for its turn is neither idle nor slow.
        .idle_deadline(Duration::from_millis(200))
        .record_deadline(Duration::from_millis(200));
    let running = start(Server::new().serve(numbers()).limits(limits)).await;
    let start = Instant::now();
    let mut stream = connect(&running).await;
    for xid in 0..15 {
        send(&mut stream, &call(xid, 1)).await;
    }
    stream.shutdown().await.unwrap();
    let mut others = Vec::new();
    for xid in 0..10 {
        let mut other = connect(&running).await;
        send(&mut other, &call(xid, 2)).await;
        others.push(other);
    }
    eventually("they wait", || running.stats().throttled >= 11).await;
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.19:0".parse().unwrap()).unwrap();
    let mut good = socket.connect(running.tcp().unwrap()).await.unwrap();
    expect(&mut good, &call(7, 1), &answer(7, 1)).await;
    for xid in 0..15 {
        assert_eq!(reply(&mut stream).await, Some(answer(xid, 1)));
    }
    assert_eq!(reply(&mut stream).await, None);
    for (xid, other) in (0..).zip(&mut others) {
        assert_eq!(reply(other).await, Some(answer(xid, 2)));
    }
    // 25 calls, 5 of them at once and a twentieth of a second for each of the others.
    let took = start.elapsed();
    assert!(took >= Duration::from_secs(1), "{took:?}");
}

/// Each in its own turn: what is refused, what comes in pieces, what is no call.
#[tokio::test]
async fn calls_that_waited_are_judged_as_any_other() {
    for rate in [None, Some(Rate::per_second(20).burst(1))] {
        let limits = Limits::default()
            .calls_per_source(rate)
            .record_deadline(Duration::from_millis(600));
        let running = start(Server::new().serve(numbers()).limits(limits)).await;
        let mut stream = connect(&running).await;
        let stranger = call_to(PROGRAM + 1, 2, 1, &[]);
        let version_3 = bytes(&[3, 0, 3, PROGRAM, 1, 1, 0, 0, 0, 0]);
        let half = record(&call(4, 2));
        let (begin, end) = half.split_at(17);
        let burst = [
            record(&call(1, 1)),
            record(&stranger),
            record(&version_3),
            begin.into(),
        ]
        .concat();
        stream.write_all(&burst).await.unwrap();
        assert_eq!(reply(&mut stream).await, Some(answer(1, 1)));
        assert_eq!(reply(&mut stream).await, Some(refusal(2, 1)));
        assert_eq!(reply(&mut stream).await, Some(bytes(&[3, 1, 1, 0, 2, 2])));
        stream.write_all(end).await.unwrap();
        assert_eq!(reply(&mut stream).await, Some(answer(4, 2)));
        // The time of a record begins with its first byte, and ends with its last.
        let [begin, end] = [&record(&call(5, 1))[..9], &record(&call(5, 1))[9..]];
        for _ in 0..3 {
            stream.write_all(begin).await.unwrap();
            tokio::time::sleep(Duration::from_millis(250)).await;
            stream.write_all(end).await.unwrap();
            assert_eq!(reply(&mut stream).await, Some(answer(5, 1)));
        }
        // A reply as a call: nothing is said to it, nor to what follows; a call before it has its answer.
        let junk = [call(8, 1), answer(6, 6), call(7, 2)].map(|m| record(&m));
        stream.write_all(&junk.concat()).await.unwrap();
        assert_eq!(reply(&mut stream).await, Some(answer(8, 1)));
        assert_eq!(reply(&mut stream).await, None);
        eventually("it is counted", || running.stats().garbage == 1).await;
        assert_eq!(running.stats().calls, 8, "it was no call");
        let mut stream = connect(&running).await;
        stream.write_all(begin).await.unwrap();
        assert_eq!(reply(&mut stream).await, None);
        assert_eq!(running.stats().deadlines, 1);
        assert_eq!(running.stats().throttled > 0, rate.is_some());
    }
}

#[tokio::test]
async fn h105_results_that_find_no_memory_fail_and_what_was_held_comes_back() {
    const SIZE: usize = 1 << 20;
    let program = Program(&INTERFACE, |_, _, _| async move {
        // All end together, when their connection has no room for any.
        tokio::time::sleep(Duration::from_millis(100)).await;
        Ok(vec![7; SIZE].into())
    });
    let limits = Limits::default().max_held(SIZE);
    let running = start(Server::new().serve(program).limits(limits)).await;
    let mut stream = connect(&running).await;
    let calls: Vec<u8> = (0..100).flat_map(|xid| record(&call(xid, 1))).collect();
    stream.write_all(&calls).await.unwrap();
    let (mut whole, mut failed) = (0, 0);
    for _ in 0..100 {
        match reply(&mut stream).await.unwrap() {
            reply if reply.len() == 24 + SIZE => whole += 1,
            reply if reply[4..] == refusal(0, 5)[4..] => failed += 1,
            reply => panic!("{} bytes", reply.len()),
        }
    }
    // One mebibyte may be held, and four beyond it, half of them for large results.
    assert!(whole >= 3 && failed >= 80, "{whole} whole, {failed} failed");
    eventually("nothing is held", || running.stats().held == 0).await;
    expect(&mut stream, &call(1, 0), &bytes(&[1, 1, 0, 0, 0, 0])).await;
}

#[tokio::test]
async fn h105_who_takes_no_replies_has_no_further_calls_run() {
    let runs = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&runs);
    // A thousand bytes with mark and header.
    let program = Program(&INTERFACE, move |_, _, _| {
        count.fetch_add(1, Ordering::SeqCst);
        async { Ok(vec![7; 972].into()) }
    });
    let limits = Limits::default().max_queued(10_000);
    let server = Server::new().serve(program).limits(limits);
    let running = server.start().await.unwrap();
    // A pipe that takes one of them.
    let (ours, theirs) = tokio::io::duplex(1_000);
    running.serve_stream(theirs);
    let (mut replies, mut calls) = tokio::io::split(ours);
    let calling =
        tokio::spawn(async move { calls.write_all(&record(&call(1, 1)).repeat(500)).await });
    eventually("the queue is full", || runs.load(Ordering::SeqCst) >= 11).await;
    tokio::time::sleep(SHORT).await;
    assert_eq!(
        runs.load(Ordering::SeqCst),
        11,
        "ten wait, and one is in the pipe"
    );
    assert!(!calling.is_finished(), "the rest is not read");
    for _ in 0..500 {
        assert_eq!(reply(&mut replies).await.unwrap().len(), 996);
    }
    calling.await.unwrap().unwrap();
    assert_eq!(runs.load(Ordering::SeqCst), 500);
}
