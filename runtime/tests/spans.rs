//! The spans that calls are on the server, as a subscriber sees them. Alone in its process: what somebody else's test
//! does not listen to would not be there.

#[path = "server/support.rs"]
#[allow(dead_code, reason = "shared with the other tests of the server")]
mod support;

use rpcgen_runtime::msg::AuthStat;
use rpcgen_runtime::server::{BlockingPool, Peer};
use rpcgen_runtime::{Body, Context, Fault, Server};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex};
use support::*;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use tracing_core::span::Current;

type Fields = BTreeMap<&'static str, String>;

/// Keeps the fields of all spans, and which of them each event of the handlers was inside of.
#[derive(Clone, Debug, Default)]
struct Spans(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    spans: Vec<(&'static Metadata<'static>, Fields)>,
    inside: HashMap<std::thread::ThreadId, Vec<u64>>,
    events: Vec<Option<u64>>,
}

struct Put<'a>(&'a mut Fields);

impl Visit for Put<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

impl State {
    fn here(&mut self) -> &mut Vec<u64> {
        self.inside.entry(std::thread::current().id()).or_default()
    }
}

impl Subscriber for Spans {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        !metadata.is_event() || metadata.target() == "handler"
    }
    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut state = self.0.lock().unwrap();
        let mut fields = Fields::new();
        attributes.record(&mut Put(&mut fields));
        fields.insert("name", attributes.metadata().name().to_owned());
        fields.insert("level", attributes.metadata().level().to_string());
        fields.insert("target", attributes.metadata().target().to_owned());
        state.spans.push((attributes.metadata(), fields));
        Id::from_u64(state.spans.len() as u64)
    }
    fn record(&self, id: &Id, values: &Record<'_>) {
        let mut state = self.0.lock().unwrap();
        values.record(&mut Put(&mut state.spans[id.into_u64() as usize - 1].1));
    }
    fn current_span(&self) -> Current {
        let mut state = self.0.lock().unwrap();
        let Some(id) = state.here().last().copied() else {
            return Current::none();
        };
        Current::new(Id::from_u64(id), state.spans[id as usize - 1].0)
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {
        let mut state = self.0.lock().unwrap();
        let inside = state.here().last().copied();
        state.events.push(inside);
    }
    fn enter(&self, id: &Id) {
        self.0.lock().unwrap().here().push(id.into_u64());
    }
    fn exit(&self, id: &Id) {
        let left = self.0.lock().unwrap().here().pop();
        assert_eq!(left, Some(id.into_u64()));
    }
}

/// These fields, with these values, and no others.
fn expect_all(fields: &Fields, wanted: &[(&'static str, &str)]) {
    let common = [
        ("name", "rpc"),
        ("level", "DEBUG"),
        ("target", "rpcgen_runtime::server::span"),
        ("otel.kind", "server"),
        ("rpc.system", "onc_rpc"),
    ];
    let wanted = common.iter().chain(wanted);
    let wanted: Fields = wanted.map(|(n, v)| (*n, (*v).to_owned())).collect();
    assert_eq!(*fields, wanted);
}

/// 1 answers, in a thread of the pool; 2 is denied; 3 panics after a while; 4 is not answered.
async fn handler(cx: Context, procedure: u32, _: Body) -> Result<Body, Fault> {
    tracing::info!(target: "handler", "inside");
    match procedure {
        1 => {
            let work = move || {
                tracing::info!(target: "handler", "inside, in another thread");
                number(&cx, 1)
            };
            BlockingPool::new(1).run(work).await
        }
        2 => Err(Fault::Denied(AuthStat::TOOWEAK)),
        3 => {
            tokio::task::yield_now().await;
            tracing::info!(target: "handler", "still inside");
            panic!("a handler that panics")
        }
        _ => Ok(Body::new()),
    }
}

#[test]
fn a_call_is_a_span_with_the_standard_fields() {
    let spans = Spans::default();
    tracing::subscriber::set_global_default(spans.clone()).unwrap();
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().unwrap();
    runtime.block_on(all(spans));
}

async fn all(spans: Spans) {
    let program = Program(&INTERFACE, handler);
    let server = Server::new()
        .serve(program)
        .fallback(|_| async { Err(Fault::ProgUnavail) });
    let running = start(server).await;

    let mut stream = connect(&running).await;
    let port = stream.local_addr().unwrap().port().to_string();
    expect(&mut stream, &call(1, 1), &answer(1, 1)).await;
    expect(&mut stream, &call(2, 2), &denied(2, 5)).await;
    expect(&mut stream, &call(3, 3), &refusal(3, 5)).await;
    expect(&mut stream, &call_to(9, 4, 5, &[]), &refusal(4, 1)).await;
    // No handler is reached by these: procedure 0 that nobody declared, a version that is not served.
    expect(&mut stream, &call(5, 0), &bytes(&[5, 1, 0, 0, 0, 0])).await;
    let socket = udp(&running).await;
    let udp_port = socket.local_addr().unwrap().port().to_string();
    socket.send(&call(6, 2)).await.unwrap();
    assert_eq!(received(&socket, LONG).await, Some(denied(6, 5)));
    let (mut ours, theirs) = tokio::io::duplex(1 << 10);
    let user = Peer::Unix {
        uid: 7,
        gid: 8,
        pid: None,
    };
    running.serve_stream_of(theirs, user);
    send(&mut ours, &call(7, 4)).await;
    expect(&mut ours, &call(8, 2), &denied(8, 5)).await;

    let program = PROGRAM.to_string();
    let served = [
        ("onc_rpc.program.name", "TEST"),
        ("onc_rpc.program.number", &*program),
        ("onc_rpc.version", "1"),
    ];
    let tcp = [
        ("network.transport", "tcp"),
        ("client.address", "127.0.0.1"),
        ("client.port", &port),
    ];
    let udp = [
        ("network.transport", "udp"),
        ("client.address", "127.0.0.1"),
        ("client.port", &udp_port),
    ];
    let unix = [("network.transport", "unix"), ("enduser.id", "7")];
    let error = |name, message| {
        [
            ("otel.status_code", "ERROR"),
            ("error.type", name),
            ("error.message", message),
        ]
    };
    let named = |name, number, xid| {
        [
            ("onc_rpc.procedure.name", name),
            ("onc_rpc.procedure.number", number),
            ("xid", xid),
        ]
    };
    let too_weak = error("denied", "denied: AUTH_TOOWEAK");
    let state = spans.0.lock().unwrap();
    let spans: Vec<_> = state.spans.iter().map(|(_, fields)| fields).collect();
    let [one, two, three, raw, over_udp, untold, last] = spans[..] else {
        panic!("{spans:?}");
    };
    let ok = [("otel.status_code", "OK")];
    expect_all(
        one,
        &[&served[..], &tcp, &named("ONE", "1", "1"), &ok].concat(),
    );
    expect_all(
        two,
        &[&served[..], &tcp, &named("TWO", "2", "2"), &too_weak].concat(),
    );
    let panicked = error("system_err", "system error");
    expect_all(
        three,
        &[&served[..], &tcp, &named("THREE", "3", "3"), &panicked].concat(),
    );
    let unknown = [
        ("onc_rpc.program.number", "9"),
        ("onc_rpc.version", "1"),
        ("onc_rpc.procedure.number", "5"),
        ("xid", "4"),
    ];
    let absent = error("prog_unavail", "no such program");
    expect_all(raw, &[&unknown[..], &tcp, &absent].concat());
    expect_all(
        over_udp,
        &[&served[..], &udp, &named("TWO", "2", "6"), &too_weak].concat(),
    );
    expect_all(
        untold,
        &[&served[..], &unix, &named("TELL", "4", "7")].concat(),
    );
    expect_all(
        last,
        &[&served[..], &unix, &named("TWO", "2", "8"), &too_weak].concat(),
    );
    // Each event of a handler is inside of its call's span, wherever it runs; the fallback has none.
    let events = [1, 1, 2, 3, 3, 5, 6, 7].map(Some);
    assert_eq!(state.events, events);
    assert!(state.inside.values().all(Vec::is_empty), "still entered");
}
