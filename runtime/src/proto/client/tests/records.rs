//! Replies on a stream around the size from which they are kept and not copied, in whatever pieces they arrive.

use super::*;

/// A core with calls that have been sent.
fn called<const N: usize>(max_reply: usize) -> (ClientCore, [CallId; N]) {
    let config = ClientConfig {
        framing: Framing::Stream,
        max_reply,
        max_datagram: 8800,
        retransmit: Retransmit::default(),
    };
    let mut core = ClientCore::new(config, Random::from_key([3, 1]));
    let now = Instant::now();
    let calls = std::array::from_fn(|_| core.start_call(now, new(1000)).unwrap());
    while core.poll_transmit(now).is_some() {}
    (core, calls)
}

/// Results that differ from byte to byte and from call to call.
fn results(call: CallId, len: usize) -> Vec<u8> {
    let first = call.xid() as usize;
    (first..).take(len).map(|n| (n % 251) as u8).collect()
}

fn reply(call: CallId, results: &[u8]) -> Vec<u8> {
    let header = [call.xid(), 1, 0, 0, 0, 0];
    let header: Vec<u8> = header.iter().flat_map(|w| w.to_be_bytes()).collect();
    [&header[..], results].concat()
}

/// A record in fragments that end there, and where the record does.
fn record(message: &[u8], cuts: &[usize]) -> Vec<u8> {
    let mut record = Vec::new();
    let mut begin = 0;
    for &cut in cuts {
        record.extend_from_slice(&(cut as u32 - begin as u32).to_be_bytes());
        record.extend_from_slice(&message[begin..cut]);
        begin = cut;
    }
    record.extend_from_slice(&((message.len() - begin) as u32 | 1 << 31).to_be_bytes());
    record.extend_from_slice(&message[begin..]);
    record
}

/// Feeds a stream in these pieces.
fn feed<'a>(core: &mut ClientCore, pieces: impl IntoIterator<Item = &'a [u8]>) {
    let mut buf = BytesMut::new();
    for piece in pieces {
        buf.extend_from_slice(piece);
        core.handle_bytes(&mut buf).unwrap();
    }
    assert!(buf.is_empty() && core.missing(&buf) == 0);
}

fn check(core: &mut ClientCore, calls: &[(CallId, usize)], what: &str) {
    for &(call, len) in calls {
        let result = core.finish(call).expect(what).unwrap();
        assert!(result == results(call, len), "{what}: {len} bytes");
    }
    assert_eq!(core.stats().answered, calls.len() as u64, "{what}");
    assert!(core.is_empty());
}

#[test]
#[cfg_attr(miri, ignore = "minutes; the next one does the same in small")]
fn replies_of_any_size_arrive_whole_in_pieces_of_any_size() {
    const SIZES: [usize; 11] = [0, 4, 4068, 4072, 4076, 0, 4092, 4096, 4100, 20_000, 8];
    for piece in [1, 2, 3, 7, 4095, 4096, 4097, 10_000, usize::MAX] {
        for cuts in [&[][..], &[0], &[1], &[4], &[24], &[0, 0, 3, 23, 24]] {
            let (mut core, calls) = called::<{ SIZES.len() }>(1 << 20);
            let sized: Vec<_> = calls.into_iter().zip(SIZES).collect();
            let stream: Vec<u8> = sized
                .iter()
                .flat_map(|(call, len)| record(&reply(*call, &results(*call, *len)), cuts))
                .collect();
            feed(&mut core, stream.chunks(piece));
            check(&mut core, &sized, &format!("{piece} {cuts:?}"));
        }
    }
}

#[test]
fn a_stream_may_be_cut_at_any_byte() {
    // Each core begins the same calls.
    let sizes = [8, KEEP_WHOLE, 0, 4072, 4];
    let calls = called::<5>(1 << 20).1;
    let all: Vec<_> = calls
        .into_iter()
        .zip(sizes)
        .map(|(call, len)| results(call, len))
        .collect();
    let records = calls.into_iter().zip(&all);
    let records = records.map(|(call, results)| record(&reply(call, results), &[]));
    let stream: Vec<u8> = records.flatten().collect();
    for at in (0..stream.len()).step_by(if cfg!(miri) { 501 } else { 1 }) {
        let (mut core, calls) = called::<5>(1 << 20);
        let (begin, end) = stream.split_at(at);
        feed(&mut core, [begin, end]);
        for (call, results) in calls.into_iter().zip(&all) {
            assert!(core.finish(call).unwrap().unwrap() == *results, "{at}");
        }
    }
}

#[test]
fn small_results_do_not_keep_the_buffer_they_came_in() {
    for cuts in [&[][..], &[9]] {
        for len in [4, 4068, 4072, 4076, KEEP_WHOLE - 4] {
            let (mut core, [call, next]) = called::<2>(1 << 20);
            let mut buf = BytesMut::with_capacity(1 << 16);
            buf.extend_from_slice(&record(&reply(call, &results(call, len)), cuts));
            // The buffer lives on, and has others in it.
            buf.extend_from_slice(&record(&reply(next, &[]), &[])[..20]);
            core.handle_bytes(&mut buf).unwrap();
            let result = core.finish(call).unwrap().unwrap();
            assert!(result == results(call, len) && result.is_unique(), "{len}");
        }
    }
    // A large one is not copied.
    let (mut core, [call]) = called::<1>(1 << 20);
    let mut buf = BytesMut::new();
    buf.extend_from_slice(&record(&reply(call, &results(call, KEEP_WHOLE)), &[]));
    let there = buf.as_ptr_range();
    core.handle_bytes(&mut buf).unwrap();
    let result = core.finish(call).unwrap().unwrap();
    assert!(there.contains(&result.as_ptr()), "copied");
}

#[test]
fn a_small_reply_beyond_the_limit_ends_its_call_and_not_those_before_it() {
    for extra in [0, 1, 4] {
        let (mut core, [small, large]) = called::<2>(100);
        let mut buf = BytesMut::new();
        buf.extend_from_slice(&record(&reply(small, &[]), &[]));
        buf.extend_from_slice(&record(&reply(large, &results(large, 76 + extra)), &[]));
        let taken = core.handle_bytes(&mut buf);
        assert!(core.finish(small).unwrap().unwrap().is_empty());
        let result = core.finish(large).unwrap();
        match extra {
            0 => assert!(taken.is_ok() && result.unwrap() == results(large, 76)),
            _ => {
                let told = RpcError::ReplyTooLarge {
                    size: 100 + extra as u64,
                    limit: 100,
                };
                assert_eq!(result.unwrap_err().to_string(), told.to_string());
                assert!(matches!(taken, Err(StreamError::Record(_))), "{taken:?}");
            }
        }
    }
}

#[test]
fn what_is_no_reply_ends_the_stream_and_not_the_calls_answered_before_it() {
    // A message cut off in its header, of a type that does not exist, and no record at all.
    let [word, one] = [7u32, 1].map(u32::to_be_bytes);
    let junk = [
        record(&[word, one].concat(), &[]),
        record(&[word, [0, 0, 0, 2]].concat(), &[]),
        record(&[], &[]),
    ];
    for junk in junk {
        let (mut core, [call]) = called::<1>(1 << 20);
        let mut buf = BytesMut::new();
        buf.extend_from_slice(&record(&reply(call, &[1, 2, 3, 4]), &[]));
        buf.extend_from_slice(&junk);
        core.handle_bytes(&mut buf).unwrap_err();
        assert_eq!(*core.finish(call).unwrap().unwrap(), [1, 2, 3, 4]);
    }
}
