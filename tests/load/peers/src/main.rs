//! tarpc and tonic under the same calls as ours: a null procedure, an echo, a megabyte out, a megabyte in.
//!
//! ```text
//! peers serve tarpc|tonic                          serves, prints its port, ends with its input
//! peers call tarpc|tonic PORT PID WAY AMOUNT       calls it, prints what that took
//! ```

mod by_tarpc;
mod by_tonic;
#[path = "../../src/measured.rs"]
#[allow(dead_code)]
mod measured;

use bytes::Bytes;
use measured::{Amount, Calling};
use std::future::Future;

/// A client of either.
pub(crate) trait Load: Clone + Send + 'static {
    fn null(&self) -> impl Future<Output = ()> + Send;
    fn echo(&self, data: Bytes) -> impl Future<Output = Bytes>;
    fn read(&self) -> impl Future<Output = Bytes>;
    fn write(&self, data: Bytes) -> impl Future<Output = ()>;
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().expect("a runtime");
    let work = async {
        match words.as_slice() {
            ["serve", which] => {
                measured::end_with_input();
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
                let listener = listener.expect("TCP");
                println!("{}", listener.local_addr().expect("TCP").port());
                match *which {
                    "tarpc" => by_tarpc::serve(listener).await,
                    _ => by_tonic::serve(listener).await,
                }
            }
            ["call", which, port, pid, way, amount] => {
                let port = port.parse().expect("a port");
                let (server, amount) = (pid.parse().expect("a pid"), Amount::parse(amount));
                let measured = match *which {
                    "tarpc" => call(by_tarpc::connect(port).await, server, way, amount).await,
                    _ => call(by_tonic::connect(port).await, server, way, amount).await,
                };
                println!("{measured}");
            }
            _ => eprintln!("peers serve WHICH | call WHICH PORT PID WAY AMOUNT"),
        }
    };
    runtime.block_on(work);
}

async fn call(client: impl Load, server: u32, way: &str, amount: Amount) -> String {
    turns(&client, way, Calling::new(server, amount.warm_up())).await;
    turns(&client, way, Calling::new(server, amount)).await
}

async fn turns(client: &impl Load, way: &str, mut calling: Calling) -> String {
    let window = if way == "pipeline64" { 64 } else { 1 };
    let (small, large) = (Bytes::from(vec![7; 128]), Bytes::from(vec![7; 1 << 20]));
    if window > 1 {
        // As many callers, each with one call at a time.
        let calling = std::sync::Arc::new(std::sync::Mutex::new(calling));
        let callers: Vec<_> = (0..window)
            .map(|_| {
                let (client, calling) = (client.clone(), calling.clone());
                tokio::spawn(async move {
                    while calling.lock().expect("no panic").goes_on(1) {
                        client.null().await;
                    }
                })
            })
            .collect();
        for caller in callers {
            caller.await.expect("a caller ends");
        }
        let line = calling.lock().expect("no panic").line();
        return line;
    }
    while calling.goes_on(1) {
        match way {
            "null" => client.null().await,
            "echo128" => assert_eq!(client.echo(small.clone()).await.len(), 128),
            "read1m" => assert_eq!(client.read().await.len(), 1 << 20),
            "write1m" => client.write(large.clone()).await,
            _ => panic!("no way {way}"),
        }
    }
    calling.line()
}
