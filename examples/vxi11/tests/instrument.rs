//! Our controller and our instrument: locks, time limits, aborts, service requests, bad input.

use rpcgen_runtime::server::Running;
use rpcgen_runtime::{Context, Fault, Opaque, Server, connect};
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use vxi11::device::Device;
use vxi11::error::{Code, Error};
use vxi11::instrument::Instrument;
use vxi11::wire::device_core::DeviceCoreV1Client;
use vxi11::wire::device_intr::{self, DeviceIntrV1, DeviceIntrV1Server};
use vxi11::wire::*;

const LONG: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(50);

async fn instrument() -> (Running, String) {
    let instrument = Instrument::new();
    let running = instrument
        .server()
        .tcp("127.0.0.1:0")
        .start()
        .await
        .unwrap();
    let tcp = running.tcp().unwrap();
    instrument.set_abort_port(tcp.port());
    (running, tcp.to_string())
}

async fn open(host: &str, limit: Duration) -> Device {
    Device::open(host, "inst0", limit).await.unwrap()
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> Code {
    match result {
        Err(Error::Device(code)) => code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_query_has_its_answer() {
    let (_running, host) = instrument().await;
    let device = open(&host, LONG).await;
    assert_eq!(device.status().await.unwrap(), 0);
    device.write(b"*IDN?").await.unwrap();
    assert_eq!(
        device.status().await.unwrap(),
        0x10,
        "a message is available"
    );
    assert_eq!(
        device.read().await.unwrap(),
        b"rpcgen-rs,VXI-11 example,0,1.0\n"
    );
    // Several pieces both ways.
    let long: String = "0123456789".repeat(30_000);
    assert_eq!(device.ask(&long).await.unwrap(), long.as_bytes());
    device.trigger().await.unwrap();
    device.write(b"left over").await.unwrap();
    device.clear().await.unwrap();
    assert_eq!(device.status().await.unwrap(), 0);
    device.close().await.unwrap();
    let nobody = Device::open(&host, "inst7", LONG).await;
    assert_eq!(code(nobody), Code::NotAccessible);
}

#[tokio::test]
async fn one_link_keeps_the_others_away() {
    let (_running, host) = instrument().await;
    let (one, two) = (open(&host, LONG).await, open(&host, SHORT).await);
    one.lock().await.unwrap();
    one.lock().await.unwrap();
    let start = Instant::now();
    assert_eq!(code(two.write(b"x").await), Code::Locked);
    assert!(start.elapsed() >= SHORT, "it waits for its limit");
    assert_eq!(code(two.unlock().await), Code::NotLocked);
    // Whoever waits gets in when the lock goes.
    let patient = open(&host, LONG).await;
    let waiting = tokio::spawn(async move { patient.lock().await.map(|()| patient) });
    tokio::time::sleep(SHORT).await;
    assert!(!waiting.is_finished());
    one.unlock().await.unwrap();
    let patient = waiting.await.unwrap().unwrap();
    assert_eq!(code(one.unlock().await), Code::NotLocked);
    // A link takes its lock along.
    patient.close().await.unwrap();
    two.write(b"x").await.unwrap();
}

#[tokio::test]
async fn a_read_ends_at_its_limit_or_by_an_abort() {
    let (_running, host) = instrument().await;
    let device = open(&host, SHORT).await;
    let start = Instant::now();
    assert_eq!(code(device.read().await), Code::TimedOut);
    assert!(start.elapsed() >= SHORT);

    let device = open(&host, LONG).await;
    let reader = device.clone();
    let reading = tokio::spawn(async move { reader.read().await });
    tokio::time::sleep(SHORT).await;
    device.abort().await.unwrap();
    assert_eq!(code(reading.await.unwrap()), Code::Aborted);
    assert_eq!(
        device.ask("*OPC?").await.unwrap(),
        b"1\n",
        "the link goes on"
    );
}

/// A controller's interrupt channel.
struct Controller(mpsc::UnboundedSender<Vec<u8>>);

impl DeviceIntrV1 for Controller {
    async fn srq(&self, _: &Context, p: DeviceSrqParms) -> Result<(), Fault> {
        self.0.send(p.handle.to_vec()).map_err(|_| Fault::SystemErr)
    }
}

#[tokio::test]
async fn a_service_request_reaches_the_controller() {
    let (_running, host) = instrument().await;
    let (told, mut requests) = mpsc::unbounded_channel();
    let controller = Server::new()
        .serve(DeviceIntrV1Server(Controller(told)))
        .tcp("127.0.0.1:0")
        .start()
        .await
        .unwrap();
    let core: DeviceCoreV1Client = connect(format!("tcp://{host}").as_str()).await.unwrap();
    let parms = CreateLinkParms {
        device: "inst0".into(),
        ..CreateLinkParms::default()
    };
    let link = core.create_link(&parms).await.unwrap().lid;
    let channel = DeviceRemoteFunc {
        host_addr: Ipv4Addr::LOCALHOST.into(),
        host_port: controller.tcp().unwrap().port(),
        prog_num: device_intr::PROGRAM,
        prog_vers: 1,
        prog_family: DeviceAddrFamily::Tcp,
    };
    let elsewhere = DeviceRemoteFunc {
        host_addr: Ipv4Addr::new(198, 51, 100, 7).into(),
        ..channel.clone()
    };
    let refused = core.create_intr_chan(&elsewhere).await.unwrap();
    assert_eq!(refused.error, Code::InvalidAddress as i32);
    assert_eq!(core.create_intr_chan(&channel).await.unwrap().error, 0);
    let again = core.create_intr_chan(&channel).await.unwrap();
    assert_eq!(again.error, Code::ChannelThere as i32);
    let enable = DeviceEnableSrqParms {
        lid: link,
        enable: true,
        handle: Opaque::from(b"which link"),
    };
    assert_eq!(core.device_enable_srq(&enable).await.unwrap().error, 0);
    let command = DeviceWriteParms {
        lid: link,
        flags: vxi11::flags::END,
        data: "SRQ".into(),
        ..DeviceWriteParms::default()
    };
    assert_eq!(core.device_write(&command).await.unwrap().error, 0);
    let handle = tokio::time::timeout(LONG, requests.recv())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(handle, b"which link");
    let status = DeviceGenericParms {
        lid: link,
        ..DeviceGenericParms::default()
    };
    assert_eq!(core.device_readstb(&status).await.unwrap().stb, 0x40);
    assert_eq!(core.device_readstb(&status).await.unwrap().stb, 0, "once");
    assert_eq!(core.destroy_intr_chan().await.unwrap().error, 0);
    let none = core.destroy_intr_chan().await.unwrap();
    assert_eq!(none.error, Code::NoChannel as i32);
}

#[tokio::test]
async fn a_lost_connection_takes_its_links_and_locks_along() {
    let (_running, host) = instrument().await;
    // More controllers than there is room for at once, each of which ends without a word.
    for _ in 0..100 {
        let device = open(&host, LONG).await;
        device.lock().await.unwrap();
    }
    // One that goes while it waits for output, and one that goes while it waits for a lock.
    let reader = open(&host, LONG).await;
    reader.lock().await.unwrap();
    let waiter = open(&host, LONG).await;
    let reading = tokio::spawn(async move { reader.read().await });
    let waiting = tokio::spawn(async move { waiter.lock().await });
    tokio::time::sleep(SHORT).await;
    assert!(!reading.is_finished() && !waiting.is_finished());
    waiting.abort();
    reading.abort();
    let device = open(&host, LONG).await;
    device.lock().await.unwrap();
    assert_eq!(device.ask("*OPC?").await.unwrap(), b"1\n");
}

#[tokio::test]
async fn a_lost_connection_takes_its_interrupt_channel_along() {
    let (_running, host) = instrument().await;
    let (told, _requests) = mpsc::unbounded_channel();
    let controller = Server::new()
        .serve(DeviceIntrV1Server(Controller(told)))
        .tcp("127.0.0.1:0")
        .start()
        .await
        .unwrap();
    let channel = DeviceRemoteFunc {
        host_addr: Ipv4Addr::LOCALHOST.into(),
        host_port: controller.tcp().unwrap().port(),
        prog_num: device_intr::PROGRAM,
        prog_vers: 1,
        prog_family: DeviceAddrFamily::Tcp,
    };
    let target = format!("tcp://{host}");
    let core: DeviceCoreV1Client = connect(target.as_str()).await.unwrap();
    assert_eq!(core.create_intr_chan(&channel).await.unwrap().error, 0);
    drop(core);
    let end = Instant::now() + LONG;
    let core: DeviceCoreV1Client = connect(target.as_str()).await.unwrap();
    // The connection's end is noticed a little later.
    while core.create_intr_chan(&channel).await.unwrap().error != 0 {
        assert!(Instant::now() < end, "the channel stays");
        tokio::time::sleep(SHORT / 10).await;
    }
}

#[tokio::test]
async fn bad_input_is_refused_and_the_instrument_goes_on() {
    let (_running, host) = instrument().await;
    let core: DeviceCoreV1Client = connect(format!("tcp://{host}").as_str()).await.unwrap();
    for link in [0, -1, i32::MIN, 77] {
        let write = DeviceWriteParms {
            lid: link,
            data: "x".into(),
            ..DeviceWriteParms::default()
        };
        assert_eq!(core.device_write(&write).await.unwrap().error, 4);
        assert_eq!(core.destroy_link(link).await.unwrap().error, 4);
        let read = DeviceReadParms {
            lid: link,
            request_size: u32::MAX,
            ..DeviceReadParms::default()
        };
        assert_eq!(core.device_read(&read).await.unwrap().error, 4);
    }
    let mut links = Vec::new();
    let parms = CreateLinkParms {
        device: "inst0".into(),
        ..CreateLinkParms::default()
    };
    let full = loop {
        let made = core.create_link(&parms).await.unwrap();
        if made.error != 0 {
            break made;
        }
        links.push(made.lid);
        assert!(links.len() < 1000, "there is a limit");
    };
    assert_eq!(full.error, Code::OutOfResources as i32);
    let huge = DeviceWriteParms {
        lid: links[0],
        data: vec![b'x'; (64 << 10) + 1].into(),
        ..DeviceWriteParms::default()
    };
    assert_eq!(
        core.device_write(&huge).await.unwrap().error,
        Code::Parameter as i32
    );
    // A command that never ends.
    let part = DeviceWriteParms {
        lid: links[0],
        data: vec![b'x'; 64 << 10].into(),
        ..DeviceWriteParms::default()
    };
    let mut error = 0;
    for _ in 0..20 {
        error = core.device_write(&part).await.unwrap().error;
        if error != 0 {
            break;
        }
    }
    assert_eq!(error, Code::OutOfResources as i32);
    assert_eq!(core.destroy_link(links[0]).await.unwrap().error, 0);
    assert_eq!(open(&host, LONG).await.ask("*OPC?").await.unwrap(), b"1\n");
}
