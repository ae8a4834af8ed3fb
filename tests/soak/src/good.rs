//! Good clients of all kinds, who check what they get. They too meet faults: calls they lose interest in, handlers that
//! die, connections dropped with calls on their way.

use crate::figures::Figures;
use crate::generated::soak_prog::SoakV1Client;
use crate::generated::soak_prog::blocking::SoakV1Client as BlockingClient;
use crate::orders::{on_one_thread, orders};
use crate::random::Random;
use bytes::Bytes;
use rpcgen_runtime::{Refused, RpcError, blocking, connect};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// What all of them count.
#[derive(Debug, Default)]
struct Counts {
    stop: AtomicBool,
    done: AtomicU64,
    cancelled: AtomicU64,
    refused: AtomicU64,
    lost: AtomicU64,
}

impl Counts {
    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    fn judge(&self, what: &str, good: Result<bool, RpcError>) {
        match good {
            Ok(true) => Self::add(&self.done),
            Ok(false) => {
                eprintln!("{what}: another's answer");
                Self::add(&self.lost);
            }
            Err(error) => {
                eprintln!("{what}: {error}");
                Self::add(&self.lost);
            }
        }
    }
}

/// `go` starts all clients, `pause` ends them all and is answered with figures.
pub(crate) fn work(tcp: &str, udp: &str, path: &str, seed: u64) {
    on_one_thread(async {
        let counts = Arc::new(Counts::default());
        let mut orders = orders();
        let (mut tasks, mut threads) = (Vec::new(), Vec::new());
        let mut random = Random::new(seed);
        while let Some(order) = orders.recv().await {
            if order == "go" {
                counts.stop.store(false, Ordering::Relaxed);
                let targets = [format!("tcp://{tcp}"), format!("unix:{path}")];
                for target in targets {
                    let client: SoakV1Client = connect(target.as_str()).await.expect("the server");
                    for _ in 0..16 {
                        let work = stream(client.clone(), Random::new(random.next()));
                        tasks.push(tokio::spawn(repeat(work, Arc::clone(&counts))));
                    }
                    let come_and_go = churn(target, Random::new(random.next()));
                    tasks.push(tokio::spawn(repeat(come_and_go, Arc::clone(&counts))));
                }
                let client: SoakV1Client = connect(format!("udp://{udp}").as_str())
                    .await
                    .expect("the server");
                for _ in 0..8 {
                    let work = datagrams(client.clone(), Random::new(random.next()));
                    tasks.push(tokio::spawn(repeat(work, Arc::clone(&counts))));
                }
                for target in [format!("tcp://{tcp}"), format!("udp://{udp}")] {
                    let (counts, random) = (Arc::clone(&counts), Random::new(random.next()));
                    let work = move || block(&target, random, &counts);
                    threads.push(std::thread::spawn(work));
                }
                continue;
            }
            counts.stop.store(true, Ordering::Relaxed);
            for task in tasks.drain(..) {
                task.await.expect("a client ends");
            }
            for thread in threads.drain(..) {
                thread.join().expect("a client ends");
            }
            // The tasks of dropped channels end.
            sleep(Duration::from_millis(500)).await;
            let number = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
            let figures = Figures::own()
                .with("done", number(&counts.done))
                .with("cancelled", number(&counts.cancelled))
                .with("refused", number(&counts.refused))
                .with("lost", number(&counts.lost));
            println!("{figures}");
        }
    });
}

/// A kind of client: what it does next, again and again.
trait Kind: Send {
    fn turn(&mut self, counts: &Counts) -> impl Future<Output = ()> + Send;
}

async fn repeat(mut kind: impl Kind, counts: Arc<Counts>) {
    while counts.goes_on() {
        kind.turn(&counts).await;
    }
}

struct Stream(SoakV1Client, Random);
struct Datagrams(SoakV1Client, Random);
struct Churn(String, Random);

fn stream(client: SoakV1Client, random: Random) -> impl Kind {
    Stream(client, random)
}
fn datagrams(client: SoakV1Client, random: Random) -> impl Kind {
    Datagrams(client, random)
}
fn churn(target: String, random: Random) -> impl Kind {
    Churn(target, random)
}

async fn echo(client: &SoakV1Client, random: &mut Random, most: u64) -> Result<bool, RpcError> {
    let len = random.below(most) as usize;
    let data = Bytes::from(random.bytes(len));
    Ok(client.echo(&data).await? == data)
}

async fn wait(client: &SoakV1Client, random: &mut Random) -> Result<bool, RpcError> {
    let millis = random.below(20) as u32;
    Ok(client.wait(millis).await? == millis)
}

impl Kind for Stream {
    async fn turn(&mut self, counts: &Counts) {
        let Self(client, random) = self;
        match random.below(100) {
            0..40 => counts.judge("null", client.null().await.map(|()| true)),
            40..70 => counts.judge("echo", echo(client, random, 4 << 10).await),
            70..76 => counts.judge("large echo", echo(client, random, 1 << 20).await),
            76..78 => {
                let len = random.below(1 << 20) as u32;
                let read = client.read(len).await;
                counts.judge("read", read.map(|data| data.len() == len as usize));
            }
            78..80 => {
                let data = Bytes::from(vec![7; random.below(1 << 20) as usize]);
                let wrote = client.write(&data).await;
                counts.judge("write", wrote.map(|n| n as usize == data.len()));
            }
            80..88 => counts.judge("wait", wait(client, random).await),
            88..94 => {
                // Interest is lost somewhere on the way.
                let patience = Duration::from_micros(random.below(3_000));
                match timeout(patience, wait(client, random)).await {
                    Ok(good) => counts.judge("wait, in time", good),
                    Err(_) => Counts::add(&counts.cancelled),
                }
            }
            94..96 => match client.panic().await {
                Err(RpcError::Refused(Refused::SystemErr)) => Counts::add(&counts.refused),
                other => counts.judge("panic", other.map(|()| false)),
            },
            96..97 => match client.read(3 << 20).await {
                Err(RpcError::Refused(Refused::SystemErr)) => Counts::add(&counts.refused),
                other => counts.judge("a result over the limit", other.map(|_| false)),
            },
            _ => sleep(Duration::from_millis(random.below(10))).await,
        }
    }
}

impl Kind for Datagrams {
    async fn turn(&mut self, counts: &Counts) {
        let Self(client, random) = self;
        match random.below(10) {
            0..4 => counts.judge("null over UDP", client.null().await.map(|()| true)),
            4..7 => counts.judge("echo over UDP", echo(client, random, 1 << 10).await),
            7 => counts.judge("wait over UDP", wait(client, random).await),
            _ => sleep(Duration::from_millis(random.below(10))).await,
        }
    }
}

impl Kind for Churn {
    /// A connection of its own for a few calls; it is dropped with one on its way.
    async fn turn(&mut self, counts: &Counts) {
        let Self(target, random) = self;
        let client: SoakV1Client = match connect(target.as_str()).await {
            Ok(client) => client,
            Err(error) => return counts.judge("connect", Err(error)),
        };
        for _ in 0..random.below(10) {
            counts.judge("a new connection's echo", echo(&client, random, 300).await);
        }
        let _ = timeout(Duration::from_millis(1), client.wait(50)).await;
        Counts::add(&counts.cancelled);
        sleep(Duration::from_millis(random.below(5))).await;
    }
}

/// The blocking client, connected anew now and then.
fn block(target: &str, mut random: Random, counts: &Counts) {
    while counts.goes_on() {
        let client: BlockingClient = match blocking::connect(target) {
            Ok(client) => client,
            Err(error) => return counts.judge("blocking connect", Err(error)),
        };
        for _ in 0..random.below(200) {
            let len = random.below(1 << 10) as usize;
            let data = Bytes::from(random.bytes(len));
            let echo = client.echo(&data).map(|echo| echo == data);
            counts.judge("blocking echo", echo);
            std::thread::sleep(Duration::from_micros(random.below(2_000)));
        }
    }
}
