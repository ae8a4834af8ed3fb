//! The blocking client against our server and against peers that misbehave.

#![allow(
    clippy::redundant_closure,
    clippy::redundant_closure_for_method_calls,
    reason = "the named method is not general enough in its lifetimes"
)]

use super::line::FRESH;
use super::*;
use crate::Execution;
use crate::client::tests::{ECHO, reply};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

#[derive(Clone, Debug)]
pub(crate) struct Client(Stub);

impl ClientStub for Client {
    const INTERFACE: &'static Interface = &ECHO;
    fn from_stub(stub: Stub) -> Self {
        Self(stub)
    }
    fn stub(&self) -> &Stub {
        &self.0
    }
}

impl Client {
    pub(crate) fn count(&self) -> Result<u32, RpcError> {
        call(&self.0, &ECHO, &ECHO.procedures[3], |_| (), |r| r.u32())
    }
    /// Is never answered.
    fn note(&self, data: &Bytes) -> Result<(), RpcError> {
        let write = |w: &mut Writer| w.opaque(data, u32::MAX, "data");
        call(&self.0, &ECHO, &ECHO.procedures[4], write, |_| Ok(()))
    }
    fn echo(&self, data: &Bytes) -> Result<Bytes, RpcError> {
        let write = |w: &mut Writer| w.opaque(data, u32::MAX, "data");
        call(&self.0, &ECHO, &ECHO.procedures[1], write, |r| {
            r.opaque(u32::MAX)
        })
    }
}

fn options(ms: u64) -> ConnectOptions {
    ConnectOptions::new().calls(CallOptions::new().timeout(Duration::from_millis(ms)))
}

/// Reads a call and returns it with its mark.
fn read_call(peer: &mut TcpStream) -> Vec<u8> {
    let mut call = vec![0; 4];
    peer.read_exact(&mut call).unwrap();
    let len = u32::from_be_bytes(call[..].try_into().unwrap()) & 0x7fff_ffff;
    call.resize(4 + len as usize, 0);
    peer.read_exact(&mut call[4..]).unwrap();
    call
}

fn xid(call: &[u8]) -> u32 {
    u32::from_be_bytes(call[4..8].try_into().unwrap())
}

/// A client and, in a thread, the peer that plays for it.
fn with_peer<T: Send + 'static>(
    options: ConnectOptions,
    play: impl FnOnce(TcpListener) -> T + Send + 'static,
) -> (Client, thread::JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let peer = thread::spawn(move || play(listener));
    (connect_with(at, options).unwrap(), peer)
}

#[test]
fn calls_our_server_over_tcp_udp_and_unix_sockets() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let path = std::env::temp_dir().join(format!("rpcgen-blocking-{}", std::process::id()));
    let server = runtime.block_on(crate::client::tests::start_at(&path));
    for at in server.addresses() {
        let client: Client = connect(at.to_string()).unwrap();
        ping(&client).unwrap();
        for size in [0, 1, 4096, 8000] {
            let data = Bytes::from(vec![3; size]);
            assert_eq!(client.echo(&data).unwrap(), data, "{at}");
        }
        if !at.to_string().starts_with("udp") {
            let data: Bytes = (0..1_000_000).map(|i| i as u8).collect();
            assert_eq!(client.echo(&data).unwrap(), data, "{at}");
        }
    }
}

#[test]
fn a_call_ends_at_its_deadline_and_its_reply_is_nobodys() {
    let (gave_up, late) = mpsc::channel();
    let (client, peer) = with_peer(options(100), move |listener| {
        let mut peer = listener.accept().unwrap().0;
        let first = read_call(&mut peer);
        late.recv().unwrap();
        peer.write_all(&reply(xid(&first), 1)).unwrap();
        let second = read_call(&mut peer);
        peer.write_all(&reply(xid(&second), 2)).unwrap();
    });
    let begun = Instant::now();
    let error = client.count().unwrap_err();
    let took = begun.elapsed();
    assert!(error.is_timeout());
    assert!((100..2000).contains(&took.as_millis()), "{took:?}");
    gave_up.send(()).unwrap();
    let patient = client.with(CallOptions::new().timeout(Duration::from_secs(10)));
    assert_eq!(patient.count().unwrap(), 2);
    peer.join().unwrap();
}

#[test]
fn a_connection_closed_while_idle_is_made_again() {
    let (client, peer) = with_peer(options(2000), |listener| {
        for _ in 0..2 {
            let mut peer = listener.accept().unwrap().0;
            let call = read_call(&mut peer);
            peer.write_all(&reply(xid(&call), 1)).unwrap();
        }
    });
    assert_eq!(client.count().unwrap(), 1);
    thread::sleep(FRESH + Duration::from_millis(50));
    assert_eq!(client.count().unwrap(), 1);
    peer.join().unwrap();
}

#[test]
fn a_lost_connection_is_told_and_a_replayed_call_is_the_same() {
    let replayed = CallOptions::new().replay(super::super::Replay::Always);
    let always = ConnectOptions::new().calls(replayed);
    let (client, peer) = with_peer(always, |listener| {
        read_call(&mut listener.accept().unwrap().0);
        let (mut peer, from) = listener.accept().unwrap();
        let first = read_call(&mut peer);
        drop(peer);
        let (mut peer, again) = listener.accept().unwrap();
        let second = read_call(&mut peer);
        assert_eq!(first, second);
        assert_eq!(again, from, "address and port");
        peer.write_all(&reply(xid(&second), 3)).unwrap();
    });
    let once = client.with(CallOptions::new().replay(super::super::Replay::Never));
    let error = once.count().unwrap_err();
    assert!(matches!(error, RpcError::ConnectionLost { .. }), "{error}");
    assert_eq!(error.execution(), Execution::Maybe);
    assert_eq!(client.count().unwrap(), 3);
    peer.join().unwrap();
}

#[test]
fn datagrams_are_sent_again_and_strangers_ignored() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let at = format!("udp://{}", socket.local_addr().unwrap());
    let peer = thread::spawn(move || {
        let mut buf = [0; 1000];
        socket.recv_from(&mut buf).unwrap();
        let (_, from) = socket.recv_from(&mut buf).unwrap();
        let answer = |result: u32| [&buf[..4], &reply(0, result)[8..]].concat();
        let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
        stranger.send_to(&answer(666), from).unwrap();
        socket.send_to(&answer(4), from).unwrap();
    });
    let client: Client = connect_with(at, options(3000)).unwrap();
    assert_eq!(client.count().unwrap(), 4);
    peer.join().unwrap();
}

#[test]
fn a_refused_connection_is_a_typed_error() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    drop(listener);
    let error = connect::<Client>(at).unwrap_err();
    assert!(matches!(error, RpcError::Connect(_)), "{error}");
    assert_eq!(error.execution(), Execution::No);
}

#[test]
fn clones_take_turns() {
    let (client, peer) = with_peer(options(2000), |listener| {
        let mut peer = listener.accept().unwrap().0;
        for _ in 0..40 {
            let call = read_call(&mut peer);
            peer.write_all(&reply(xid(&call), 9)).unwrap();
        }
    });
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10 {
                    assert_eq!(client.clone().count().unwrap(), 9);
                }
            });
        }
    });
    peer.join().unwrap();
}

#[test]
fn batched_calls_go_out_in_one_piece_and_their_loss_is_told() {
    let (client, peer) = with_peer(options(3000), |listener| {
        let (mut peer, _) = listener.accept().unwrap();
        // Whatever is there at once after a pause was written at once.
        let mut all = vec![0; 1 << 20];
        let n = peer.read(&mut all).unwrap();
        all.truncate(n);
        let last = all.len() - 44;
        peer.write_all(&reply(xid(&all[last..]), 8)).unwrap();
        let first_of_next = read_call(&mut peer);
        (all.len(), first_of_next.len(), peer)
    });
    let quiet = client.with(CallOptions::new().batch(true));
    for _ in 0..100 {
        quiet.note(&Bytes::new()).unwrap();
    }
    assert!(matches!(quiet.count(), Err(RpcError::NoResult)));
    assert_eq!(client.count().unwrap(), 8);
    quiet.note(&Bytes::from_static(b"more")).unwrap();
    client.flush().unwrap();
    client.flush().unwrap();
    let (all, next, peer) = peer.join().unwrap();
    assert_eq!((all, next), (100 * 48 + 44, 52));
    // Nobody listens any more: the next calls find no connection.
    drop(peer);
    thread::sleep(FRESH);
    quiet.note(&Bytes::new()).unwrap();
    let error = client.flush().unwrap_err();
    assert!(matches!(error, RpcError::Connect(_)), "{error}");
    assert_eq!(error.execution(), Execution::No);
}

#[test]
fn h097_a_unix_socket_that_accepts_nobody_is_a_typed_error_in_time() {
    let path = std::env::temp_dir().join(format!("rpcgen-full-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let unix = socket2::Domain::UNIX;
    let listener = socket2::Socket::new(unix, socket2::Type::STREAM, None).unwrap();
    let address = socket2::SockAddr::unix(&path).unwrap();
    listener.bind(&address).unwrap();
    listener.listen(0).unwrap();
    // One waits to be accepted, and no more may.
    let first = std::os::unix::net::UnixStream::connect(&path).unwrap();
    let options = || ConnectOptions::new().connect_timeout(Duration::from_millis(300));
    let target = format!("unix:{}", path.display());
    let timed_out = |error: RpcError, begun: Instant| {
        assert!(error.is_timeout(), "{error}");
        assert_eq!(error.execution(), Execution::No);
        assert!((300..3000).contains(&begun.elapsed().as_millis()));
    };
    let begun = Instant::now();
    timed_out(
        connect_with::<Client>(&target, options()).unwrap_err(),
        begun,
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let begun = Instant::now();
    let channel = crate::client::Channel::lazy(&target, options()).unwrap();
    timed_out(runtime.block_on(channel.ready()).unwrap_err(), begun);
    drop((first, listener));
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn a_serial_client_lets_go_of_a_connection_with_an_unanswered_call() {
    let (client, peer) = with_peer(options(200).serial(true), |listener| {
        let (mut peer, _) = listener.accept().unwrap();
        read_call(&mut peer);
        let mut peer = listener.accept().unwrap().0;
        let call = read_call(&mut peer);
        peer.write_all(&reply(xid(&call), 3)).unwrap();
    });
    assert!(client.count().unwrap_err().is_timeout());
    assert_eq!(client.count().unwrap(), 3);
    peer.join().unwrap();
}

#[test]
fn who_waits_for_his_turn_keeps_his_deadline_and_all_of_his_time() {
    let (client, peer) = with_peer(options(5000), |listener| {
        let mut peer = listener.accept().unwrap().0;
        for pause in [600, 0] {
            let call = read_call(&mut peer);
            thread::sleep(Duration::from_millis(pause));
            peer.write_all(&reply(xid(&call), 9)).unwrap();
        }
    });
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(client.count().unwrap(), 9));
        thread::sleep(Duration::from_millis(100));
        let patient = client.with(CallOptions::new().timeout(Duration::from_millis(900)));
        scope.spawn(move || assert_eq!(patient.count().unwrap(), 9));
        let quick = client.with(CallOptions::new().timeout(Duration::from_millis(100)));
        let begun = Instant::now();
        let error = quick.count().unwrap_err();
        assert!(error.is_timeout(), "{error}");
        assert_eq!(error.execution(), Execution::No);
        assert!(begun.elapsed() < Duration::from_millis(450));
    });
    peer.join().unwrap();
}

/// What a connection that ended has left half received is none of the next one's business.
#[test]
fn half_a_reply_does_not_outlive_its_connection() {
    let (client, peer) = with_peer(options(300), |listener| {
        let mut peer = listener.accept().unwrap().0;
        let call = read_call(&mut peer);
        // A whole fragment, and none that is the last.
        peer.write_all(&[&[0, 0, 0, 8], &call[4..8], &[0, 0, 0, 1]].concat())
            .unwrap();
        thread::sleep(Duration::from_millis(400));
        drop(peer);
        let mut peer = listener.accept().unwrap().0;
        let call = read_call(&mut peer);
        peer.write_all(&reply(xid(&call), 3)).unwrap();
    });
    assert!(client.count().unwrap_err().is_timeout());
    thread::sleep(FRESH + Duration::from_millis(200));
    assert_eq!(client.count().unwrap(), 3);
    peer.join().unwrap();
}

#[test]
fn a_call_that_cannot_be_written_ends_at_its_deadline() {
    let (client, peer) = with_peer(options(300), |listener| {
        let peer = listener.accept().unwrap().0;
        thread::sleep(Duration::from_millis(600));
        drop(peer);
    });
    let begun = Instant::now();
    let error = client.echo(&Bytes::from(vec![0; 16 << 20])).unwrap_err();
    let took = begun.elapsed().as_millis();
    assert!((300..590).contains(&took), "{took} ms");
    assert!(error.is_timeout(), "{error}");
    assert_eq!(error.execution(), Execution::Maybe);
    peer.join().unwrap();
}

#[test]
fn a_server_that_hangs_up_on_every_replay_is_not_called_without_pause() {
    let calls = CallOptions::new()
        .replay(super::super::Replay::Always)
        .timeout(Duration::from_secs(1));
    let policy = super::super::Reconnect::constant(Duration::from_millis(100));
    let options = ConnectOptions::new().calls(calls).reconnect(policy);
    let (client, peer) = with_peer(options, |listener| {
        listener.set_nonblocking(true).unwrap();
        let (begun, mut accepted) = (Instant::now(), 0);
        while begun.elapsed() < Duration::from_millis(1200) {
            match listener.accept() {
                Ok((mut peer, _)) => {
                    peer.set_nonblocking(false).unwrap();
                    if accepted > 0 {
                        read_call(&mut peer);
                    }
                    accepted += 1;
                }
                Err(_) => thread::sleep(Duration::from_millis(1)),
            }
        }
        accepted
    });
    let error = client.count().unwrap_err();
    assert!(error.is_timeout(), "{error}");
    let accepted = peer.join().unwrap();
    assert!((5..=13).contains(&accepted), "{accepted} connections");
}

#[test]
fn calls_that_are_shorter_than_the_wait_get_through_in_the_end() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    drop(listener);
    let policy = super::super::Reconnect::constant(Duration::from_millis(100));
    let options = options(20).reconnect(policy);
    let client = Client::from_stub(Stub::lazy(at.into(), options));
    let error = client.count().unwrap_err();
    assert!(matches!(error, RpcError::Connect(_)), "{error}");
    let listener = TcpListener::bind(at).unwrap();
    let peer = thread::spawn(move || drop(listener.accept().unwrap()));
    let tries = (0..1000).find(|_| {
        client.count().unwrap_err();
        peer.is_finished()
    });
    assert!(tries.is_some(), "no call has ever connected");
    peer.join().unwrap();
}

#[test]
fn a_mock_answers_in_the_place_of_a_server() {
    let mock = Client::from_stub(Stub::from_fn(|call| match call.procedure {
        1 => Ok(call.args),
        3 => Ok(Body::from(vec![0, 0, 0, 5])),
        _ => Err(RpcError::Overloaded),
    }));
    assert_eq!(mock.count().unwrap(), 5);
    let data = Bytes::from_static(b"there and back");
    assert_eq!(mock.echo(&data).unwrap(), data);
    assert!(matches!(ping(&mock), Err(RpcError::Overloaded)));
    let quiet = mock.with(CallOptions::new().batch(true));
    assert!(matches!(quiet.count(), Err(RpcError::NoResult)));
    assert!(matches!(
        quiet.note(&Bytes::new()),
        Err(RpcError::Overloaded)
    ));
    quiet.flush().unwrap();
}

#[test]
fn large_replies_come_in_any_fragments_and_their_memory_is_used_again() {
    const LEN: usize = 300_000;
    // Lengths of the fragments in front of the last one.
    let cuts: [&[usize]; 6] = [
        &[],
        &[],
        &[],
        &[150_000],
        &[10, 100_000],
        &[200_000, 70_000],
    ];
    let (client, peer) = with_peer(options(20_000), move |listener| {
        let mut peer = listener.accept().unwrap().0;
        for (number, cuts) in cuts.into_iter().enumerate() {
            let words = [xid(&read_call(&mut peer)), 1, 0, 0, 0, 0, LEN as u32];
            let mut reply: Vec<u8> = words.iter().flat_map(|w| w.to_be_bytes()).collect();
            reply.resize(28 + LEN, number as u8);
            let mut rest = &reply[..];
            for cut in cuts {
                let (fragment, after) = rest.split_at(*cut);
                peer.write_all(&(*cut as u32).to_be_bytes()).unwrap();
                peer.write_all(fragment).unwrap();
                rest = after;
            }
            let mark = rest.len() as u32 | 1 << 31;
            peer.write_all(&mark.to_be_bytes()).unwrap();
            peer.write_all(rest).unwrap();
        }
    });
    let data = Bytes::from(vec![0; 4]);
    let echo = |number: u8| {
        let echo = client.echo(&data).unwrap();
        assert!(echo.len() == LEN && echo.iter().all(|byte| *byte == number));
        echo
    };
    let (first, second) = (echo(0), echo(1));
    let place = second.as_ptr();
    assert!(first.iter().all(|byte| *byte == 0), "two are held");
    drop((first, second));
    assert_eq!(echo(2).as_ptr(), place);
    for number in 3..6 {
        echo(number);
    }
    peer.join().unwrap();
}

/// A reply to ECHO with so much data.
fn large_reply(call: &[u8], len: usize) -> Vec<u8> {
    let mark = (28 + len) as u32 | 1 << 31;
    let words = [mark, xid(call), 1, 0, 0, 0, 0, len as u32];
    let mut reply: Vec<u8> = words.iter().flat_map(|w| w.to_be_bytes()).collect();
    reply.extend((0..len).map(|i| (i % 251) as u8));
    reply
}

#[test]
fn large_replies_come_however_they_are_sent() {
    const LENS: [usize; 4] = [100_000, 600_000, 1 << 20, 3 << 20];
    const PIECES: [usize; 4] = [1000, 30_000, 200_000, 4 << 20];
    let (client, peer) = with_peer(options(20_000), |listener| {
        let mut peer = listener.accept().unwrap().0;
        for (len, piece) in LENS
            .into_iter()
            .flat_map(|len| PIECES.map(|piece| (len, piece)))
        {
            let reply = large_reply(&read_call(&mut peer), len);
            for piece in reply.chunks(piece) {
                peer.write_all(piece).unwrap();
                thread::yield_now();
            }
        }
    });
    let data = Bytes::from(vec![0; 4]);
    for len in LENS {
        for piece in PIECES {
            let echo = client.echo(&data).unwrap();
            let right = echo.iter().enumerate().all(|(i, b)| *b == (i % 251) as u8);
            assert!(echo.len() == len && right, "{len} bytes by {piece}");
        }
    }
    peer.join().unwrap();
}

#[test]
fn a_server_may_stop_or_close_in_the_middle_of_a_large_reply() {
    for (sent, closes) in [
        (5000, true),
        (700_000, true),
        (5000, false),
        (700_000, false),
    ] {
        let (client, peer) = with_peer(options(300), move |listener| {
            let mut peer = listener.accept().unwrap().0;
            let reply = large_reply(&read_call(&mut peer), 1 << 20);
            peer.write_all(&reply[..sent]).unwrap();
            (!closes).then_some(peer)
        });
        let error = client.echo(&Bytes::from(vec![0; 4])).unwrap_err();
        let right = match closes {
            true => matches!(error, RpcError::ConnectionLost { .. }),
            false => matches!(error, RpcError::TimedOut { .. }),
        };
        assert!(right, "{sent} bytes, closed: {closes}: {error}");
        drop(peer.join().unwrap());
    }
}

#[test]
fn a_small_reply_behind_a_large_one_is_not_waited_for_in_vain() {
    let (client, peer) = with_peer(options(20_000), |listener| {
        let mut peer = listener.accept().unwrap().0;
        let call = read_call(&mut peer);
        peer.write_all(&large_reply(&call, 1 << 20)).unwrap();
        let call = read_call(&mut peer);
        peer.write_all(&reply(xid(&call), 5)).unwrap();
    });
    assert_eq!(
        client.echo(&Bytes::from(vec![0; 4])).unwrap().len(),
        1 << 20
    );
    assert_eq!(client.count().unwrap(), 5);
    peer.join().unwrap();
}

#[test]
fn a_server_may_close_at_any_byte_of_its_reply() {
    let whole = reply(0, 5).len();
    for cut in 0..=whole {
        let (client, peer) = with_peer(options(10_000), move |listener| {
            let mut peer = listener.accept().unwrap().0;
            let call = read_call(&mut peer);
            peer.write_all(&reply(xid(&call), 5)[..cut]).unwrap();
        });
        match client.count() {
            Ok(value) => assert_eq!((cut, value), (whole, 5)),
            Err(error) => {
                assert!(cut < whole, "{error}");
                assert!(matches!(error, RpcError::ConnectionLost { .. }), "{error}");
                assert_eq!(error.execution(), Execution::Maybe);
            }
        }
        peer.join().unwrap();
    }
}
