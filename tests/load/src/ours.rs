//! Our server and our clients: generated stubs over `load.x`.

use crate::measured::{Amount, Calling, end_with_input};
use crate::way::Way;
use bytes::Bytes;
use rpcgen_runtime::server::Running;
use rpcgen_runtime::{Context, Fault, Server, blocking, connect};
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

#[allow(
    unreachable_pub,
    reason = "generated for users, who are not in a program's innermost module"
)]
mod generated {
    rpcgen_runtime::include_x!("load");
}
use generated::load_prog::blocking::LoadV1Client as BlockingClient;
use generated::load_prog::{LoadV1, LoadV1Client, LoadV1Server};

const MEBIBYTE: usize = 1 << 20;

struct Load(Bytes);

impl LoadV1 for Load {
    async fn null(&self, _: &Context) -> Result<(), Fault> {
        Ok(())
    }
    async fn echo(&self, _: &Context, data: Bytes) -> Result<Bytes, Fault> {
        Ok(data)
    }
    async fn read(&self, _: &Context) -> Result<Bytes, Fault> {
        Ok(self.0.clone())
    }
    async fn write(&self, _: &Context, _: Bytes) -> Result<(), Fault> {
        Ok(())
    }
}

fn on_one_thread<T>(work: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().expect("a runtime");
    runtime.block_on(work)
}

/// Serves over TCP and UDP.
pub(crate) fn serve() {
    end_with_input();
    on_one_thread(async {
        let server = Server::new().serve(LoadV1Server(Load(vec![7; MEBIBYTE].into())));
        let server = server.tcp("127.0.0.1:0").udp("127.0.0.1:0");
        let running: Running = server.start().await.expect("it starts");
        println!("{}", running.tcp().expect("TCP").port());
        println!("{}", running.udp().expect("UDP").port());
        std::future::pending::<()>().await;
    });
}

/// Calls by the async client.
pub(crate) fn call(address: SocketAddr, server: u32, way: Way, amount: Amount) -> String {
    on_one_thread(async {
        let client: LoadV1Client = connect(address).await.expect("the server");
        turns(&client, way, Calling::new(server, amount.warm_up())).await;
        turns(&client, way, Calling::new(server, amount)).await
    })
}

async fn turns(client: &LoadV1Client, way: Way, mut calling: Calling) -> String {
    let (small, large) = (Bytes::from(vec![7; 128]), Bytes::from(vec![7; MEBIBYTE]));
    if way == Way::Pipeline {
        // As many callers, each with one call at a time.
        let calling = Arc::new(Mutex::new(calling));
        let caller = |_| {
            let (client, calling) = (client.clone(), Arc::clone(&calling));
            tokio::spawn(async move {
                while calling.lock().expect("no panic").goes_on(1) {
                    client.null().await.expect("an answer");
                }
            })
        };
        let callers: Vec<_> = (0..way.in_flight()).map(caller).collect();
        for caller in callers {
            caller.await.expect("a caller ends");
        }
        let line = calling.lock().expect("no panic").line();
        return line;
    }
    while calling.goes_on(1) {
        match way {
            Way::Null => client.null().await.expect("an answer"),
            Way::Echo => {
                let echo = client.echo(&small).await.expect("an answer");
                assert_eq!(echo.len(), small.len());
            }
            Way::Read => {
                let data = client.read().await.expect("an answer");
                assert_eq!(data.len(), MEBIBYTE);
            }
            Way::Write => client.write(&large).await.expect("an answer"),
            _ => panic!("not for clients: {way:?}"),
        }
    }
    calling.line()
}

/// Calls by the blocking client.
pub(crate) fn call_blocking(address: SocketAddr, server: u32, way: Way, amount: Amount) -> String {
    let client: BlockingClient = blocking::connect(address).expect("the server");
    let turns = |mut calling: Calling| {
        let (small, large) = (Bytes::from(vec![7; 128]), Bytes::from(vec![7; MEBIBYTE]));
        while calling.goes_on(1) {
            match way {
                Way::Null => client.null().expect("an answer"),
                Way::Echo => {
                    let echo = client.echo(&small).expect("an answer");
                    assert_eq!(echo.len(), small.len());
                }
                Way::Read => {
                    let data = client.read().expect("an answer");
                    assert_eq!(data.len(), MEBIBYTE);
                }
                Way::Write => client.write(&large).expect("an answer"),
                _ => panic!("not for a blocking client: {way:?}"),
            }
        }
        calling.line()
    };
    turns(Calling::new(server, amount.warm_up()));
    turns(Calling::new(server, amount))
}
