//! The spans that a call opens, as a subscriber sees them.

#![allow(
    clippy::redundant_closure_for_method_calls,
    reason = "the named method is not general enough in its lifetimes"
)]

use rpcgen_runtime::client::Stub;
use rpcgen_runtime::codegen::v1::{BoxFuture, call, results};
use rpcgen_runtime::{
    Body, ClientStub, Context, Dispatch, Fault, Interface, ProcInfo, Server, blocking, connect,
};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

type Fields = BTreeMap<&'static str, String>;

/// Keeps the fields of all spans, and how often each is entered at present.
#[derive(Clone, Debug, Default)]
struct Spans(Arc<Mutex<Vec<(Fields, i32)>>>);

struct Put<'a>(&'a mut Fields);

impl Visit for Put<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

impl Subscriber for Spans {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        !metadata.is_event()
    }
    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut spans = self.0.lock().unwrap();
        let mut fields = Fields::new();
        attributes.record(&mut Put(&mut fields));
        fields.insert("name", attributes.metadata().name().to_owned());
        spans.push((fields, 0));
        Id::from_u64(spans.len() as u64)
    }
    fn record(&self, id: &Id, values: &Record<'_>) {
        let mut spans = self.0.lock().unwrap();
        values.record(&mut Put(&mut spans[id.into_u64() as usize - 1].0));
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {}
    fn enter(&self, id: &Id) {
        self.0.lock().unwrap()[id.into_u64() as usize - 1].1 += 1;
    }
    fn exit(&self, id: &Id) {
        self.0.lock().unwrap()[id.into_u64() as usize - 1].1 -= 1;
    }
}

impl Spans {
    /// The fields of the spans of a call on one end, in the order in which they began.
    fn of(&self, end: &str) -> Vec<Fields> {
        let spans = self.0.lock().unwrap();
        assert!(
            spans.iter().all(|(_, inside)| *inside == 0),
            "still entered"
        );
        let kind = |fields: &Fields| match fields.get("otel.kind") {
            Some(kind) => kind.clone(),
            None => "server".to_owned(),
        };
        let spans = spans.iter().map(|(fields, _)| fields.clone());
        spans.filter(|fields| kind(fields) == end).collect()
    }
}

fn expect(fields: &Fields, wanted: &[(&'static str, &str)]) {
    for (name, value) in wanted {
        assert_eq!(fields.get(name).map(String::as_str), Some(*value), "{name}");
    }
}

#[derive(Clone, Debug)]
struct Client(Stub);

impl ClientStub for Client {
    const INTERFACE: &'static Interface = &INTERFACE;
    fn from_stub(stub: Stub) -> Self {
        Self(stub)
    }
    fn stub(&self) -> &Stub {
        &self.0
    }
}

#[derive(Clone, Debug)]
struct BlockingClient(blocking::Stub);

impl blocking::ClientStub for BlockingClient {
    const INTERFACE: &'static Interface = &INTERFACE;
    fn from_stub(stub: blocking::Stub) -> Self {
        Self(stub)
    }
    fn stub(&self) -> &blocking::Stub {
        &self.0
    }
}

static INTERFACE: Interface = Interface {
    name: "NUMBERS",
    program: 0x2000_0077,
    version: 3,
    procedures: &[ProcInfo::new(0, "NULL"), ProcInfo::new(1, "ONE")],
};

struct Program;

impl Dispatch for Program {
    fn interface(&self) -> &'static Interface {
        &INTERFACE
    }
    fn dispatch(
        self: Arc<Self>,
        cx: Context,
        procedure: u32,
        _: Body,
    ) -> BoxFuture<'static, Result<Body, Fault>> {
        Box::pin(async move {
            match procedure {
                0 => Ok(Body::new()),
                1 => results(&cx, |w| w.u32(1)),
                _ => Err(Fault::ProcUnavail),
            }
        })
    }
}

/// One test, and nothing else in this process: what `tracing` remembers of a place in the code depends on which thread
/// comes by first.
#[test]
fn a_call_is_a_span_on_both_ends_with_the_standard_fields() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let spans = Spans::default();
    let _guard = tracing::subscriber::set_default(spans.clone());
    let server = Server::new()
        .serve(Program)
        .tcp("127.0.0.1:0")
        .udp("127.0.0.1:0");
    let server = runtime.block_on(server.start()).unwrap();
    let at = server.tcp().unwrap();
    runtime.block_on(async {
        let client: Client = connect(at).await.unwrap();
        let stub = ClientStub::stub(&client);
        let one = call(
            stub,
            &INTERFACE,
            &INTERFACE.procedures[1],
            |_| (),
            |r| r.u32(),
        );
        assert_eq!(one.await.unwrap(), 1);
        let unknown = client.channel().call_raw(7, 8, 9, Body::new());
        unknown.await.unwrap_err();
    });
    let seen = spans.of("client");
    assert_eq!(seen.len(), 2);
    let (program, port) = (INTERFACE.program.to_string(), at.port().to_string());
    let known = [
        ("name", "rpc"),
        ("rpc.system", "onc_rpc"),
        ("onc_rpc.program.name", "NUMBERS"),
        ("onc_rpc.program.number", &program),
        ("onc_rpc.version", "3"),
        ("onc_rpc.procedure.name", "ONE"),
        ("onc_rpc.procedure.number", "1"),
        ("otel.status_code", "OK"),
    ];
    expect(&seen[0], &known);
    expect(
        &seen[0],
        &[
            ("network.transport", "tcp"),
            ("server.address", "127.0.0.1"),
            ("server.port", &port),
        ],
    );
    expect(
        &seen[1],
        &[
            ("onc_rpc.program.number", "7"),
            ("onc_rpc.version", "8"),
            ("onc_rpc.procedure.number", "9"),
            ("otel.status_code", "ERROR"),
            ("error.type", "refused"),
        ],
    );
    assert!(!seen[1].contains_key("onc_rpc.program.name"));
    // The server runs the first only, and the same number stands in both.
    let served = spans.of("server");
    assert_eq!(served.len(), 1);
    expect(&served[0], &known);
    assert_eq!(served[0]["xid"], seen[0]["xid"]);

    // The blocking client, over UDP; the server runs meanwhile in another thread.
    let at = format!("udp://{}", server.udp().unwrap());
    let stop = Arc::new(tokio::sync::Notify::new());
    let stopped = Arc::clone(&stop);
    let serving = std::thread::spawn(move || runtime.block_on(stopped.notified()));
    let client: BlockingClient = blocking::connect(at).unwrap();
    blocking::ping(&client).unwrap();
    stop.notify_one();
    serving.join().unwrap();
    let seen = spans.of("client");
    assert_eq!(seen.len(), 3);
    expect(
        &seen[2],
        &[
            ("name", "rpc"),
            ("onc_rpc.program.name", "NUMBERS"),
            ("onc_rpc.procedure.name", "NULL"),
            ("network.transport", "udp"),
            ("otel.status_code", "OK"),
        ],
    );
}
