//! The spans that a call opens, as a subscriber sees them.

use super::*;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
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
    /// The fields of the client's spans, in the order in which they began.
    fn of_client(&self) -> Vec<Fields> {
        let spans = self.0.lock().unwrap();
        assert!(
            spans.iter().all(|(_, inside)| *inside == 0),
            "still entered"
        );
        let spans = spans.iter().map(|(fields, _)| fields.clone());
        spans
            .filter(|f| f.get("otel.kind").is_some_and(|kind| kind == "client"))
            .collect()
    }
}

fn expect(fields: &Fields, wanted: &[(&'static str, &str)]) {
    for (name, value) in wanted {
        assert_eq!(fields.get(name).map(String::as_str), Some(*value), "{name}");
    }
}

#[tokio::test]
async fn a_call_is_a_span_with_the_standard_fields() {
    let (client, mut peer, _listener) = with_peer(options(3000)).await;
    let port = peer.local_addr().unwrap().port().to_string();
    let spans = Spans::default();
    let guard = tracing::subscriber::set_default(spans.clone());
    let answer = async {
        let (first, _) = next_call(&mut peer).await;
        peer.write_all(&reply(first, 1)).await.unwrap();
        let (second, _) = next_call(&mut peer).await;
        let refused = record(&[second, 1, 0, 0, 0, 3]);
        peer.write_all(&refused).await.unwrap();
        [first, second]
    };
    let calls = async {
        client.count().await.unwrap();
        let unknown = client.channel().call_raw(7, 8, 9, Body::new());
        unknown.await.unwrap_err();
    };
    let ((), xids) = tokio::join!(calls, answer);
    drop(guard);
    let seen = spans.of_client();
    assert_eq!(seen.len(), 2);
    let program = PROGRAM.to_string();
    let xids = xids.map(|xid| xid.to_string());
    expect(
        &seen[0],
        &[
            ("name", "rpc"),
            ("rpc.system", "onc_rpc"),
            ("onc_rpc.program.name", "ECHO"),
            ("onc_rpc.program.number", &program),
            ("onc_rpc.version", "1"),
            ("onc_rpc.procedure.name", "COUNT"),
            ("onc_rpc.procedure.number", "3"),
            ("network.transport", "tcp"),
            ("server.address", "127.0.0.1"),
            ("server.port", &port),
            ("xid", &xids[0]),
            ("otel.status_code", "OK"),
        ],
    );
    expect(
        &seen[1],
        &[
            ("onc_rpc.program.number", "7"),
            ("onc_rpc.procedure.number", "9"),
            ("xid", &xids[1]),
            ("otel.status_code", "ERROR"),
            ("error.type", "refused"),
        ],
    );
    assert!(!seen[1].contains_key("onc_rpc.program.name"));
}

#[test]
fn the_blocking_client_opens_the_same_span() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let (server, _) = runtime.block_on(start());
    let client: blocking::tests::Client = blocking::connect(target(&server, true)).unwrap();
    let spans = Spans::default();
    tracing::subscriber::with_default(spans.clone(), || blocking::ping(&client)).unwrap();
    let seen = spans.of_client();
    assert_eq!(seen.len(), 1);
    expect(
        &seen[0],
        &[
            ("name", "rpc"),
            ("onc_rpc.program.name", "ECHO"),
            ("onc_rpc.procedure.name", "NULL"),
            ("network.transport", "udp"),
            ("otel.status_code", "OK"),
        ],
    );
}
