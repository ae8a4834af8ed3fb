//! The server. Deadlines are short, so that a run meets all of them; everything else is as it comes.

use crate::figures::Figures;
use crate::generated::soak_prog::{SoakV1, SoakV1Server};
use crate::orders::{on_one_thread, orders};
use bytes::Bytes;
use rpcgen_runtime::server::Running;
use rpcgen_runtime::{Context, Fault, Limits, Server};
use std::time::Duration;

struct Soaked;

impl SoakV1 for Soaked {
    async fn null(&self, _: &Context) -> Result<(), Fault> {
        Ok(())
    }
    async fn echo(&self, _: &Context, data: Bytes) -> Result<Bytes, Fault> {
        Ok(data)
    }
    async fn read(&self, _: &Context, len: u32) -> Result<Bytes, Fault> {
        Ok(vec![7; len as usize].into())
    }
    async fn write(&self, _: &Context, data: Bytes) -> Result<u32, Fault> {
        Ok(data.len() as u32)
    }
    async fn wait(&self, _: &Context, millis: u32) -> Result<u32, Fault> {
        tokio::time::sleep(Duration::from_millis(millis.into())).await;
        Ok(millis)
    }
    async fn panic(&self, _: &Context) -> Result<(), Fault> {
        panic!("as asked");
    }
}

/// Serves until its input ends; `say` is answered with figures.
pub(crate) fn serve(path: &str) {
    std::panic::set_hook(Box::new(|_| ()));
    on_one_thread(async {
        let limits = Limits::default()
            .max_connections(20_000)
            // Else a caller could have four gibibytes made.
            .max_reply(2 << 20)
            .record_deadline(Duration::from_secs(2))
            .write_deadline(Duration::from_secs(2));
        let server = Server::new().serve(SoakV1Server(Soaked)).limits(limits);
        let server = server.tcp("127.0.0.1:0").udp("127.0.0.1:0").unix(path);
        let running: Running = server.start().await.expect("it starts");
        println!("{}", running.tcp().expect("TCP"));
        println!("{}", running.udp().expect("UDP"));
        let mut orders = orders();
        while orders.recv().await.is_some() {
            let stats = running.stats();
            let figures = Figures::own()
                .with("connections", stats.connections as u64)
                .with("in_flight", stats.in_flight as u64)
                .with("held", stats.held as u64)
                .with("calls", stats.calls)
                .with("accepted", stats.accepted)
                .with("duplicates", stats.duplicates)
                .with("dropped", stats.dropped)
                .with("truncated", stats.truncated)
                .with("garbage", stats.garbage)
                .with("deadlines", stats.deadlines);
            println!("{figures}");
        }
    });
}
