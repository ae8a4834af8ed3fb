//! Every pairing of Rust and C on ports known beforehand, without rpcbind.

use interop::checks::{asynchronous, blocking, refused};
use interop::every::every_prog::EveryV1Client;
use interop::peers::{CServer, run_c_client};
use interop::server::server;
use interop::wide::Wide;
use interop::wide::wide_prog::WideV1Client;
use rpcgen_runtime::{ConnectOptions, Grace, Quadruple, Refused, connect};

/// As many as `c/client.c` makes, more or less: a run that checks little must not pass.
const MANY: u32 = 1500;

#[tokio::test]
async fn rust_client_agrees_with_c_server() {
    let server = CServer::start(false);
    for target in [
        format!("tcp://127.0.0.1:{}", server.tcp),
        format!("udp://127.0.0.1:{}", server.udp),
    ] {
        let report = asynchronous::run(&target, ConnectOptions::new)
            .await
            .expect("the C server is there");
        assert!(report.all_equal() > MANY, "{target}");
    }
    server.stop();
}

#[test]
fn blocking_rust_client_agrees_with_c_server() {
    let server = CServer::start(false);
    for target in [
        format!("tcp://127.0.0.1:{}", server.tcp),
        format!("udp://127.0.0.1:{}", server.udp),
    ] {
        let report = blocking::run(&target, ConnectOptions::new).expect("the C server is there");
        assert!(report.all_equal() > MANY, "{target}");
    }
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn c_client_agrees_with_rust_server() {
    let server = server().start().await.expect("the server starts");
    let ports = [server.tcp(), server.udp()].map(|a| a.expect("the server listens").port());
    let c = tokio::task::spawn_blocking(move || {
        run_c_client("tcp", "127.0.0.1", ports[0]);
        run_c_client("udp", "127.0.0.1", ports[1]);
    });
    c.await.expect("the C client sees no difference");
    server.shutdown(Grace::secs(5)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rust_client_agrees_with_rust_server() {
    let server = server().start().await.expect("the server starts");
    for address in server.addresses() {
        let target = address.to_string();
        let report = asynchronous::run(&target, ConnectOptions::new)
            .await
            .expect("the server is there");
        assert!(report.all_equal() > MANY, "{target}");
        let report =
            tokio::task::spawn_blocking(move || blocking::run(&target, ConnectOptions::new));
        assert!(
            report
                .await
                .expect("no panic")
                .expect("the server is there")
                .all_equal()
                > MANY
        );
    }
    server.shutdown(Grace::secs(5)).await;
}

/// C has no routine for `quadruple`.
#[tokio::test(flavor = "multi_thread")]
async fn quadruple_crosses_between_our_own_ends() {
    let server = server().start().await.expect("the server starts");
    // 1.0, -0.0, the largest number, infinity, a NaN with a payload, the smallest denormal, in IEEE 754 binary128.
    let numbers = [
        0x3fff << 112,
        1 << 127,
        0x7ffe_ffff_ffff_ffff_ffff_ffff_ffff_ffff,
        0x7fff << 112,
        0xffff_8000_0000_0000_0000_0000_0000_1234,
        1,
    ];
    let numbers = numbers.map(|bits: u128| Quadruple(bits.to_be_bytes()));
    for address in server.addresses() {
        let client: WideV1Client = connect(address.to_string().as_str())
            .await
            .expect("the server is there");
        for number in numbers {
            assert_eq!(client.number(number).await.expect("an answer"), number);
        }
        for (some, maybe) in [(vec![], None), (numbers[..3].to_vec(), Some(numbers[4]))] {
            let wide = Wide {
                one: numbers[0],
                two: [numbers[1], numbers[2]],
                some,
                maybe,
            };
            assert_eq!(client.all(&wide).await.expect("an answer"), wide);
        }
    }
    server.shutdown(Grace::secs(5)).await;
}

/// Two versions with a gap: the client learns the range, from C and from us.
#[tokio::test(flavor = "multi_thread")]
async fn a_version_in_the_gap_is_refused_with_the_range() {
    use interop::arith::arith_prog::ArithV1Client;
    use rpcgen_runtime::ping;
    let theirs = CServer::start(false);
    let ours = server().start().await.expect("the server starts");
    let c = [
        format!("tcp://127.0.0.1:{}", theirs.tcp),
        format!("udp://127.0.0.1:{}", theirs.udp),
    ];
    for target in c
        .into_iter()
        .chain(ours.addresses().iter().map(ToString::to_string))
    {
        let client: ArithV1Client = connect(target.as_str()).await.expect("the server is there");
        ping(&client).await.expect("version 1 is served");
        let outcome = interop::checks::ping_version(&client, 2).await;
        assert!(
            refused(outcome, Refused::ProgMismatch { low: 1, high: 4 }),
            "{target}"
        );
        let unknown: EveryV1Client = connect(target.as_str()).await.expect("the server is there");
        ping(&unknown)
            .await
            .expect("the other program is served on the same port");
    }
}

/// Many calls in flight on one connection, their handlers at work at the same time, over each transport.
#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_slow_calls_take_as_long_as_one() {
    use interop::arith::arith_prog::ArithV1Client;
    use std::time::{Duration, Instant};
    let server = server().start().await.expect("the server starts");
    for address in server.addresses() {
        let target = address.to_string();
        let client: ArithV1Client = connect(target.as_str()).await.expect("the server is there");
        let start = Instant::now();
        let calls: Vec<_> = (0..64)
            .map(|n| {
                let client = client.clone();
                // The first takes longest: replies overtake each other.
                tokio::spawn(async move { client.sleep_ms(500 - n).await })
            })
            .collect();
        for (n, call) in (0..).zip(calls) {
            assert_eq!(call.await.expect("no panic").expect("an answer"), 500 - n);
        }
        let took = start.elapsed();
        assert!(
            took < Duration::from_millis(2000),
            "{target}: one by one they take 30 s: {took:?}"
        );
    }
    server.shutdown(Grace::secs(5)).await;
}
