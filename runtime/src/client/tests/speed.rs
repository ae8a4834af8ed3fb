//! Figures, taken by hand: a server in one process (`speed::serve`), a client in another with `RPCGEN_AT` naming it.
//!
//! `strace -c -f` on the client counts its system calls.

use super::*;

fn at() -> String {
    std::env::var("RPCGEN_AT").expect("RPCGEN_AT=tcp://127.0.0.1:port")
}

fn rounds() -> u32 {
    let rounds = std::env::var("RPCGEN_ROUNDS").ok();
    rounds.and_then(|r| r.parse().ok()).unwrap_or(100_000)
}

fn report(name: &str, calls: u32, begun: Instant) {
    let each = begun.elapsed().as_nanos() as f64 / f64::from(calls) / 1000.0;
    println!("{name}: {calls} calls, {each:.2} us each");
}

#[tokio::test]
#[ignore = "takes figures"]
async fn serve() {
    let at = std::env::var("RPCGEN_PORT").unwrap_or("0".into());
    let server = Server::new()
        .serve(EchoServer(Arc::default()))
        .tcp(format!("127.0.0.1:{at}"));
    let server = server.start().await.unwrap();
    println!("RPCGEN_AT=tcp://{}", server.tcp().unwrap());
    std::future::pending::<()>().await;
}

#[tokio::test]
#[ignore = "takes figures"]
async fn lone() {
    let client: EchoClient = connect(at()).await.unwrap();
    ping(&client).await.unwrap();
    let begun = Instant::now();
    for _ in 0..rounds() {
        ping(&client).await.unwrap();
    }
    report("async, one at a time", rounds(), begun);
}

#[test]
#[ignore = "takes figures"]
fn lone_blocking() {
    let client: blocking::tests::Client = blocking::connect(at()).unwrap();
    blocking::ping(&client).unwrap();
    let begun = Instant::now();
    for _ in 0..rounds() {
        blocking::ping(&client).unwrap();
    }
    report("blocking, one at a time", rounds(), begun);
}

#[tokio::test]
#[ignore = "takes figures"]
async fn sixty_four() {
    let client: EchoClient = connect(at()).await.unwrap();
    let begun = Instant::now();
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                for _ in 0..rounds() / 64 {
                    ping(&client).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    report("async, 64 in flight", rounds() / 64 * 64, begun);
}
