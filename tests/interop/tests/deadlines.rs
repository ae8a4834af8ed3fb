//! A call never hangs beyond its deadline, whatever the other end does, and its error says whether the server may have
//! executed it.

use interop::arith::arith_prog::{self, ArithV1Client};
use interop::namespace;
use interop::wire::{record, words};
use rpcgen_runtime::{CallOptions, ConnectOptions, Execution, RpcError};
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_millis(400);
/// What a loaded machine may add.
const SLACK: Duration = Duration::from_millis(1500);

/// A TCP server that treats each connection in its own way.
fn tcp_server(treat: impl Fn(TcpStream) + Send + Clone + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it has an address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let treat = treat.clone();
            thread::spawn(move || treat(stream));
        }
    });
    format!("tcp://{address}")
}

/// The call as it arrived: without its mark.
fn read_call(stream: &mut TcpStream) -> Vec<u8> {
    let mut mark = [0; 4];
    stream.read_exact(&mut mark).expect("a call comes");
    let mut call = vec![0; (u32::from_be_bytes(mark) & 0x7fff_ffff) as usize];
    stream.read_exact(&mut call).expect("a call comes");
    call
}

fn xid(call: &[u8]) -> u32 {
    u32::from_be_bytes(call[..4].try_into().expect("four bytes"))
}

/// Both clients make the call; each keeps its deadline and reports the same.
fn both(target: &str, timeout: Option<Duration>, judge: impl Fn(&str, &RpcError) + Sync) {
    let options = || {
        let calls = timeout.map_or(CallOptions::new(), |t| CallOptions::new().timeout(t));
        let connect = ConnectOptions::new().calls(calls);
        match timeout {
            Some(limit) => connect.connect_timeout(limit),
            None => connect,
        }
    };
    let limit = timeout.unwrap_or(CallOptions::DEFAULT_TIMEOUT);
    let judge = |who: &str, start: Instant, outcome: Result<i32, RpcError>| {
        let took = start.elapsed();
        let error = outcome.expect_err("this call cannot succeed");
        println!(
            "{who} to {target}: {error} after {took:?}, executed: {:?}",
            error.execution()
        );
        assert!(
            took < limit + SLACK,
            "{who}: {took:?} for a limit of {limit:?}"
        );
        judge(who, &error);
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let start = Instant::now();
                let connected =
                    rpcgen_runtime::connect_with::<ArithV1Client>(target, options()).await;
                let outcome = match connected {
                    Ok(client) => client.sub(1, 2).await,
                    Err(error) => Err(error),
                };
                judge("async", start, outcome);
            });
        });
        scope.spawn(|| {
            let start = Instant::now();
            let connected = rpcgen_runtime::blocking::connect_with::<
                arith_prog::blocking::ArithV1Client,
            >(target, options());
            let outcome = connected.and_then(|client| client.sub(1, 2));
            judge("blocking", start, outcome);
        });
    });
}

fn timed_out_maybe(who: &str, error: &RpcError) {
    assert!(error.is_timeout(), "{who}: {error:?}");
    assert_eq!(error.execution(), Execution::Maybe, "{who}: {error:?}");
}

#[test]
fn a_server_that_never_answers() {
    let target = tcp_server(|mut stream| {
        let _ = stream.read_to_end(&mut Vec::new());
    });
    both(&target, Some(DEADLINE), timed_out_maybe);
}

#[test]
fn a_server_that_never_reads() {
    let target = tcp_server(|stream| {
        thread::sleep(Duration::from_secs(5));
        drop(stream);
    });
    both(&target, Some(DEADLINE), timed_out_maybe);
}

#[test]
fn a_server_that_answers_byte_by_byte_without_end() {
    let target = tcp_server(|mut stream| {
        let call = read_call(&mut stream);
        let _ = stream.write_all(&words(&[0x8000_1000, xid(&call), 1, 0, 0, 0, 0]));
        while stream.write_all(&[0]).is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
    });
    both(&target, Some(DEADLINE), timed_out_maybe);
}

#[test]
fn a_server_that_answers_other_calls_only() {
    let target = tcp_server(|mut stream| {
        let call = read_call(&mut stream);
        let other = record(&words(&[!xid(&call), 1, 0, 0, 0, 0, 5]));
        while stream.write_all(&other).is_ok() {
            thread::sleep(Duration::from_millis(5));
        }
    });
    both(&target, Some(DEADLINE), timed_out_maybe);
}

#[test]
fn a_server_that_closes_instead_of_answering() {
    let target = tcp_server(|mut stream| drop(read_call(&mut stream)));
    both(&target, Some(DEADLINE), |who, error| {
        assert!(
            matches!(error, RpcError::ConnectionLost { .. }),
            "{who}: {error:?}"
        );
        assert_eq!(error.execution(), Execution::Maybe, "{who}");
    });
}

#[test]
fn a_server_that_answers_nonsense() {
    let target = tcp_server(|mut stream| {
        let call = read_call(&mut stream);
        // SUCCESS, and then half an integer.
        let _ = stream.write_all(&record(
            &[words(&[xid(&call), 1, 0, 0, 0, 0]), vec![0, 0]].concat(),
        ));
        let _ = stream.read_to_end(&mut Vec::new());
    });
    both(&target, Some(DEADLINE), |who, error| {
        assert!(matches!(error, RpcError::Decode(_)), "{who}: {error:?}");
        assert_eq!(
            error.execution(),
            Execution::Yes,
            "{who}: it ran, its result was lost"
        );
    });
}

#[test]
fn nobody_listens() {
    let address: SocketAddr = TcpListener::bind("127.0.0.1:0")
        .and_then(|l| l.local_addr())
        .expect("a port");
    both(&format!("tcp://{address}"), Some(DEADLINE), |who, error| {
        assert_eq!(error.execution(), Execution::No, "{who}: {error:?}");
    });
}

#[test]
fn datagrams_into_the_void() {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
    let target = format!("udp://{}", socket.local_addr().expect("it has an address"));
    both(&target, Some(DEADLINE), timed_out_maybe);
}

/// 25 seconds, what C stubs use, in real time.
#[test]
fn the_default_deadline_is_kept() {
    assert_eq!(CallOptions::DEFAULT_TIMEOUT, Duration::from_secs(25));
    let target = tcp_server(|mut stream| {
        let _ = stream.read_to_end(&mut Vec::new());
    });
    both(&target, None, timed_out_maybe);
}

/// `getaddrinfo` would wait for tens of seconds here: the name server does not answer, and nothing says that it is not
/// there.
#[test]
fn a_name_server_that_never_answers() {
    namespace::inside("a_name_server_that_never_answers", || {
        let nobody = UdpSocket::bind("127.0.0.53:53").expect("port 53 is free in here");
        for (file, text) in [
            ("/etc/resolv.conf", "nameserver 127.0.0.53\n"),
            ("/etc/nsswitch.conf", "hosts: dns\n"),
        ] {
            let own = format!("/run/{}", file.replace('/', "-"));
            fs::write(&own, text).expect("/run is ours");
            let mount = Command::new("mount").args(["--bind", &own, file]).status();
            assert!(mount.is_ok_and(|m| m.success()), "{file} is not replaced");
        }
        let target = "tcp://server.example:2049";
        both(target, Some(DEADLINE), |who, error| {
            assert!(error.is_timeout(), "{who}: {error:?}");
            assert_eq!(error.execution(), Execution::No, "{who}: {error:?}");
        });
        let asked = nobody.recv(&mut [0; 512]).expect("a question came");
        assert!(asked > 12, "the name was looked up");
    });
}
