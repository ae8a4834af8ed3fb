//! A good client at an even pace, and how long its calls take.

use crate::figures::Figures;
use crate::generated::soak_prog::SoakV1Client;
use crate::orders::{on_one_thread, orders};
use bytes::Bytes;
use rpcgen_runtime::connect;
use std::time::{Duration, Instant};

/// Callers, each with one call at a time.
const CALLERS: usize = 8;
/// Pause of each after a call.
const PAUSE: Duration = Duration::from_millis(1);

/// Each order is a number of milliseconds to call for; the answer says how long calls took, and how many were lost.
pub(crate) fn work(tcp: &str) {
    on_one_thread(async {
        let client: SoakV1Client = connect(tcp).await.expect("the server");
        let mut orders = orders();
        while let Some(order) = orders.recv().await {
            let time = Duration::from_millis(order.parse().expect("milliseconds"));
            let end = Instant::now() + time;
            let caller = |_| tokio::spawn(call(client.clone(), end));
            let callers: Vec<_> = (0..CALLERS).map(caller).collect();
            let (mut times, mut lost) = (Vec::new(), 0);
            for caller in callers {
                let (some, bad) = caller.await.expect("a caller ends");
                times.extend(some);
                lost += bad;
            }
            times.sort_unstable();
            let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)];
            let figures = Figures::default()
                .with("calls", times.len() as u64)
                .with("lost", lost)
                .with("ns50", at(50))
                .with("ns99", at(99))
                .with("ns100", at(100));
            println!("{figures}");
        }
    });
}

async fn call(client: SoakV1Client, end: Instant) -> (Vec<u64>, u64) {
    let data = Bytes::from(vec![7; 128]);
    let (mut times, mut lost) = (Vec::new(), 0);
    while Instant::now() < end {
        let begun = Instant::now();
        match client.echo(&data).await {
            Ok(echo) if echo == data => times.push(begun.elapsed().as_nanos() as u64),
            Ok(_) => lost += 1,
            Err(error) => {
                eprintln!("a good client's call: {error}");
                lost += 1;
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
    (times, lost)
}
