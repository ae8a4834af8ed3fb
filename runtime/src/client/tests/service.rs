//! Middleware, mocks, servers of the same process, negotiation.

use super::*;
use crate::client::service::{Call, Calls};
use std::sync::Mutex;
use std::task::{Context as TaskContext, Poll};
use tower_layer::Layer;
use tower_service::Service;

#[tokio::test]
async fn a_program_of_the_same_process_is_called_without_sockets() {
    let echo = Arc::new(Echo::default());
    let client = EchoClient::from_channel(Channel::local(EchoServer(Arc::clone(&echo))));
    ping(&client).await.unwrap();
    let data: Bytes = (0..1_000_000).map(|i| i as u8).collect();
    assert_eq!(client.echo(&data).await.unwrap(), data);
    let (a, b) = tokio::join!(client.wait(20), client.wait(10));
    assert_eq!((a.unwrap(), b.unwrap()), (20, 10));
    assert_eq!(echo.ran.load(Ordering::Relaxed), 2);
    let unknown = client.channel().call_raw(7, 1, 0, Body::new()).await;
    assert!(matches!(
        unknown,
        Err(RpcError::Refused(Refused::ProgUnavail))
    ));
}

#[tokio::test]
async fn a_mock_takes_three_lines() {
    let client = EchoClient::from_channel(Channel::from_fn(|call| async move {
        assert_eq!((call.program, call.info.name), (PROGRAM, "COUNT"));
        Ok(Body::from(words(&[77])))
    }));
    assert_eq!(client.count().await.unwrap(), 77);
}

/// A layer that notes the name of each call.
#[derive(Clone)]
struct Noted<S> {
    inner: S,
    names: Arc<Mutex<Vec<&'static str>>>,
}

impl<S: Service<Call>> Service<Call> for Noted<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;
    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }
    fn call(&mut self, call: Call) -> S::Future {
        self.names.lock().unwrap().push(call.info.name);
        self.inner.call(call)
    }
}

struct Note(Arc<Mutex<Vec<&'static str>>>);

impl Layer<Calls> for Note {
    type Service = Noted<Calls>;
    fn layer(&self, inner: Calls) -> Noted<Calls> {
        Noted {
            inner,
            names: Arc::clone(&self.0),
        }
    }
}

#[tokio::test]
async fn layers_and_interceptors_see_every_call() {
    let names = Arc::new(Mutex::new(Vec::new()));
    let channel = Channel::local(EchoServer(Arc::default()))
        .intercept(|call| match call.procedure {
            2 => Err(RpcError::Overloaded),
            _ => Ok(()),
        })
        .layer(Note(Arc::clone(&names)));
    let client = EchoClient::from_channel(channel);
    assert_eq!(client.count().await.unwrap(), 0);
    assert!(matches!(client.wait(1).await, Err(RpcError::Overloaded)));
    assert_eq!(*names.lock().unwrap(), ["COUNT", "WAIT"]);
}

#[tokio::test]
async fn the_highest_common_version_is_chosen() {
    let channel = Channel::local(EchoServer(Arc::default()));
    assert_eq!(channel.negotiate(PROGRAM, &[3, 2, 1]).await.unwrap(), 1);
    let none = channel.negotiate(PROGRAM, &[2, 3]).await;
    assert!(matches!(
        none,
        Err(RpcError::Refused(Refused::ProgMismatch { low: 1, high: 1 }))
    ));
}

#[tokio::test]
async fn h039_negotiation_ends_whatever_the_server_says() {
    let asked = Arc::new(AtomicU32::new(0));
    for (low, high) in [(0, u32::MAX), (9, 1)] {
        let count = Arc::clone(&asked);
        let channel = Channel::from_fn(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
            async move { Err(Refused::ProgMismatch { low, high }.into()) }
        });
        let versions: Vec<u32> = (1..100).collect();
        channel.negotiate(PROGRAM, &versions).await.unwrap_err();
    }
    assert_eq!(asked.load(Ordering::Relaxed), 3 + 1);
}

/// Notes what it is told.
#[derive(Clone, Debug, Default)]
struct Diary(Arc<Mutex<Vec<String>>>);

impl Diary {
    fn note(&self, text: String) {
        self.0.lock().unwrap().push(text);
    }
}

impl Observer for Diary {
    fn started(&self, call: CallInfo) {
        self.note(format!("started {}", call.procedure));
    }
    fn ended(&self, call: CallInfo, _: Duration, error: Option<&RpcError>) {
        self.note(format!("ended {} {}", call.procedure, error.is_none()));
    }
    fn sent_again(&self, _: u32, attempt: u32) {
        self.note(format!("attempt {attempt}"));
    }
    fn connected(&self, local: Option<std::net::SocketAddr>) {
        self.note(format!("connected {}", local.is_some()));
    }
    fn disconnected(&self, _: Option<&std::io::Error>) {
        self.note("disconnected".into());
    }
}

#[tokio::test]
async fn an_observer_is_told_of_calls_repetitions_and_connections() {
    let diary = Diary::default();
    let calls = CallOptions::new().replay(Replay::Always);
    let options = ConnectOptions::new().calls(calls).observer(diary.clone());
    let (client, mut peer, listener) = with_peer(options).await;
    let restart = async {
        next_call(&mut peer).await;
        drop(peer);
        let (mut peer, _) = listener.accept().await.unwrap();
        let (xid, _) = next_call(&mut peer).await;
        peer.write_all(&reply(xid, 9)).await.unwrap();
        peer
    };
    let (result, _peer) = tokio::join!(client.count(), restart);
    result.unwrap();
    let told = diary.0.lock().unwrap().join(", ");
    assert_eq!(
        told,
        "connected true, started 3, disconnected, connected true, attempt 2, ended 3 true"
    );
}
