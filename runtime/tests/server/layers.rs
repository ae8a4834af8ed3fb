//! Middleware.

use crate::support::*;
use rpcgen_runtime::server::layers::{CallLog, Concurrency, Metrics, Shed};
use rpcgen_runtime::server::{BoxFuture, Request};
use rpcgen_runtime::{Body, Fault, Limits, Server};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use tokio::sync::Semaphore;

/// A program that counts how many of its calls run at once, and whose calls end when they may.
fn busy() -> (
    impl rpcgen_runtime::Dispatch,
    Arc<AtomicUsize>,
    Arc<Semaphore>,
) {
    let most = Arc::new(AtomicUsize::new(0));
    let running = Arc::new(AtomicUsize::new(0));
    let ends = Arc::new(Semaphore::new(0));
    let (seen, may_end) = (Arc::clone(&most), Arc::clone(&ends));
    let program = Program(&INTERFACE, move |cx, procedure, _| {
        let (running, most) = (Arc::clone(&running), Arc::clone(&most));
        let ends = Arc::clone(&ends);
        async move {
            let now = running.fetch_add(1, Ordering::SeqCst) + 1;
            most.fetch_max(now, Ordering::SeqCst);
            ends.acquire().await.unwrap().forget();
            running.fetch_sub(1, Ordering::SeqCst);
            number(&cx, procedure)
        }
    });
    (program, seen, may_end)
}

#[tokio::test]
async fn calls_above_a_concurrency_limit_wait_for_their_turn() {
    for (layer, expected) in [(Concurrency::in_total(3), 3), (Concurrency::per_peer(2), 4)] {
        let (program, most, ends) = busy();
        let running = start(Server::new().serve(program).layer(layer)).await;
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.8:0".parse().unwrap()).unwrap();
        let mut other = socket.connect(running.tcp().unwrap()).await.unwrap();
        let mut own = connect(&running).await;
        for xid in 0..10 {
            send(&mut own, &call(xid, 1)).await;
            send(&mut other, &call(xid, 1)).await;
        }
        eventually("they run", || most.load(Ordering::SeqCst) >= expected).await;
        ends.add_permits(20);
        for _ in 0..10 {
            assert!(reply(&mut own).await.is_some());
            assert!(reply(&mut other).await.is_some());
        }
        assert_eq!(most.load(Ordering::SeqCst), expected);
    }
}

#[tokio::test]
async fn calls_above_the_shedding_limit_are_refused_at_once() {
    let (program, _, ends) = busy();
    let running = start(Server::new().serve(program).layer(Shed::above(2))).await;
    let mut stream = connect(&running).await;
    let socket = udp(&running).await;
    for xid in 0..3 {
        send(&mut stream, &call(xid, 1)).await;
    }
    assert_eq!(reply(&mut stream).await, Some(refusal(2, 5)));
    // Over UDP silence: the client asks again.
    socket.send(&call(9, 1)).await.unwrap();
    assert_eq!(received(&socket, SHORT).await, None);
    ends.add_permits(3);
    for _ in 0..2 {
        assert_eq!(reply(&mut stream).await.unwrap().len(), 28);
    }
    socket.send(&call(10, 1)).await.unwrap();
    assert_eq!(received(&socket, LONG).await, Some(answer(10, 1)));
}

#[tokio::test]
async fn metrics_count_calls_by_what_became_of_them() {
    let metrics = Metrics::default();
    let program = Program(&INTERFACE, |cx, procedure, args: Body| async move {
        match (procedure, args.len()) {
            (1, _) => number(&cx, 1),
            (2, 4) => Err(Fault::GarbageArgs),
            (2, 8) => Err(Fault::SystemErr),
            (2, _) => panic!("a handler that panics"),
            _ => std::future::pending().await,
        }
    });
    let server = Server::new().serve(program).layer(metrics.clone());
    let running = start(server.layer(CallLog)).await;
    let mut stream = connect(&running).await;
    for (xid, procedure, args) in [(1, 1, 0), (2, 2, 4), (3, 2, 8), (4, 2, 12)] {
        send(
            &mut stream,
            &call_to(PROGRAM, xid, procedure, &vec![0; args]),
        )
        .await;
        assert!(reply(&mut stream).await.is_some());
    }
    send(&mut stream, &call(5, 3)).await;
    eventually("one runs", || metrics.snapshot().in_flight == 1).await;
    reset(stream);
    eventually("it is dropped", || metrics.snapshot().dropped == 2).await;
    let counts = metrics.snapshot();
    assert_eq!((counts.calls, counts.in_flight), (5, 0));
    assert_eq!((counts.succeeded, counts.garbage, counts.system), (1, 1, 1));
}

#[tokio::test]
async fn an_interceptor_hands_values_to_the_handler_and_the_first_one_is_outermost() {
    #[derive(Debug, PartialEq)]
    struct Tenant(u32);
    let program = Program(&INTERFACE, |cx: rpcgen_runtime::Context, _, _| async move {
        let tenant = cx.extensions().get::<Tenant>().map_or(0, |t| t.0);
        number(&cx, tenant)
    });
    let server = Server::new()
        .serve(program)
        .intercept(|request| {
            request.cx.extensions_mut().insert(Tenant(40));
            Ok(())
        })
        .intercept(|request| {
            let tenant = request.cx.extensions().get::<Tenant>().map_or(0, |t| t.0);
            request.cx.extensions_mut().insert(Tenant(tenant + 2));
            Ok(())
        });
    let running = start(server).await;
    expect(&mut connect(&running).await, &call(1, 1), &answer(1, 42)).await;
}

#[tokio::test]
async fn who_was_put_off_over_udp_is_handled_when_it_asks_again() {
    let (program, _, ends) = busy();
    let running = start(Server::new().serve(program).layer(Shed::above(1))).await;
    let (one, two) = (udp(&running).await, udp(&running).await);
    one.send(&call(1, 1)).await.unwrap();
    eventually("it runs", || running.stats().in_flight == 1).await;
    two.send(&call(2, 1)).await.unwrap();
    assert_eq!(received(&two, SHORT).await, None);
    ends.add_permits(2);
    assert_eq!(received(&one, LONG).await, Some(answer(1, 1)));
    // The same datagram: not a duplicate of a call that has been handled.
    two.send(&call(2, 1)).await.unwrap();
    assert_eq!(received(&two, LONG).await, Some(answer(2, 1)));
    two.send(&call(2, 1)).await.unwrap();
    assert_eq!(received(&two, LONG).await, Some(answer(2, 1)));
    assert_eq!(running.stats().duplicates, 1, "now it is one");
}

/// Waits for the inner service, but not for ever; or refuses before it asks.
#[derive(Clone)]
struct Impatient<S>(Option<S>);

impl<S> tower_service::Service<Request> for Impatient<S>
where
    S: tower_service::Service<Request, Response = Body, Error = Fault>,
    S::Future: Send + 'static,
{
    type Response = Body;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = BoxFuture<'static, Result<Body, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let Some(inner) = self.0.as_mut().filter(|_| request.procedure == 3) else {
            return Box::pin(async { Err("no room".into()) });
        };
        let answer = inner.call(request);
        Box::pin(async move { Ok(tokio::time::timeout(SHORT, answer).await??) })
    }
}

struct Patience;

impl<S> tower_layer::Layer<S> for Patience {
    type Service = Impatient<S>;

    fn layer(&self, inner: S) -> Impatient<S> {
        Impatient(Some(inner))
    }
}

#[tokio::test]
async fn a_call_that_was_too_slow_does_not_run_again_over_udp() {
    let runs = Arc::new(AtomicUsize::new(0));
    let server = || {
        let count = Arc::clone(&runs);
        Server::new().serve(Program(&INTERFACE, move |_, _, _| {
            count.fetch_add(1, Ordering::SeqCst);
            std::future::pending()
        }))
    };
    let deadline = Limits::default().request_deadline(Some(SHORT));
    for (n, server) in [server().limits(deadline), server().layer(Patience)]
        .into_iter()
        .enumerate()
    {
        let running = start(server).await;
        let socket = udp(&running).await;
        for _ in 0..2 {
            socket.send(&call(1, 3)).await.unwrap();
            assert_eq!(received(&socket, LONG).await, Some(refusal(1, 5)));
        }
        assert_eq!(runs.load(Ordering::SeqCst), n + 1, "once each");
    }
    // What the layer has not passed on did not run: silence, and not remembered.
    let running = start(server().layer(Patience)).await;
    let socket = udp(&running).await;
    for _ in 0..2 {
        socket.send(&call(1, 1)).await.unwrap();
        assert_eq!(received(&socket, SHORT).await, None);
    }
    assert_eq!(running.stats().duplicates, 0);
    assert_eq!(runs.load(Ordering::SeqCst), 2);
}
