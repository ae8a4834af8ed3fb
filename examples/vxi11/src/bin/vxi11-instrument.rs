//! `vxi11-instrument [ADDRESS]`: an instrument that VXI-11 controllers find by rpcbind.

use rpcgen_runtime::rpcbind::Rpcbind;
use rpcgen_runtime::{Grace, Server};
use vxi11::instrument::Instrument;
use vxi11::wire::device_async::DeviceAsyncV1Server;
use vxi11::wire::device_core::DeviceCoreV1Server;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:0".into());
    let instrument = Instrument::new();
    // Both channels share a port: the program numbers tell them apart.
    let running = Server::new()
        .serve(DeviceCoreV1Server(instrument.clone()))
        .serve(DeviceAsyncV1Server(instrument.clone()))
        .tcp(&address)
        .rpcbind(Rpcbind::best_effort())
        .start()
        .await?;
    let tcp = running.tcp().ok_or("no TCP address")?;
    instrument.set_abort_port(tcp.port());
    println!("ready on {tcp}; stop with Ctrl-C");
    tokio::signal::ctrl_c().await?;
    running.shutdown(Grace::secs(1)).await;
    Ok(())
}
