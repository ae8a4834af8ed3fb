//! Credentials that a server rejects, and how they are refreshed.

use super::*;
use crate::auth::{AuthSys, Authenticated, Authenticator, Cred};
use crate::msg::{AuthRef, AuthStat, CallRef, Denied, OpaqueAuth, flavor};
use std::pin::Pin;

const TICKET: u32 = 99;

/// Lets in whoever has the current ticket.
struct Gate {
    current: Arc<AtomicU32>,
    why: AuthStat,
}

impl Authenticator for Gate {
    fn authenticate(&self, call: &CallRef<'_>) -> Result<Authenticated, AuthStat> {
        let current = self.current.load(Ordering::Relaxed).to_be_bytes();
        let cred = OpaqueAuth {
            flavor: TICKET,
            body: Bytes::copy_from_slice(call.cred.body),
        };
        match call.cred.body == current {
            true => Ok(Authenticated::new(Cred::Other(Box::new(cred)))),
            false => Err(self.why),
        }
    }
}

/// A ticket, which can be had anew: the next number.
#[derive(Debug, Default)]
struct Ticket {
    number: AtomicU32,
    refreshed: AtomicU32,
    /// A refresh never comes to an end.
    stuck: bool,
}

impl Credential for Ticket {
    fn credential(&self) -> OpaqueAuth {
        let number = self.number.load(Ordering::Relaxed);
        OpaqueAuth {
            flavor: TICKET,
            body: Bytes::from(number.to_be_bytes().to_vec()),
        }
    }
    fn accepts(&self, _: AuthRef<'_>) -> bool {
        true
    }
    fn can_refresh(&self) -> bool {
        true
    }
    fn refresh(&self, _: AuthStat) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        Box::pin(async {
            if self.stuck {
                std::future::pending::<()>().await;
            }
            self.refreshed.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            self.number.fetch_add(1, Ordering::Relaxed);
            true
        })
    }
}

/// A server that wants ticket 1, and what it has run.
async fn gated(why: AuthStat) -> (Running, Arc<Echo>, Arc<AtomicU32>) {
    let echo = Arc::new(Echo::default());
    let current = Arc::new(AtomicU32::new(1));
    let gate = Gate {
        current: Arc::clone(&current),
        why,
    };
    let server = Server::new()
        .serve(EchoServer(Arc::clone(&echo)))
        .authenticator(TICKET, gate)
        .tcp("127.0.0.1:0")
        .udp("127.0.0.1:0");
    (server.start().await.unwrap(), echo, current)
}

fn holding(ticket: &Arc<Ticket>, ms: u64) -> ConnectOptions {
    let calls = CallOptions::new().timeout(Duration::from_millis(ms));
    ConnectOptions::new().calls(calls.cred(Arc::clone(ticket)))
}

#[tokio::test]
async fn h079_a_rejected_credential_is_refreshed_and_the_call_made_once_more() {
    for why in [2, 4, 9, 13, 14].map(AuthStat) {
        let (server, echo, current) = gated(why).await;
        for udp in [false, true] {
            let ticket = Arc::new(Ticket::default());
            current.store(1, Ordering::Relaxed);
            let at = target(&server, udp);
            let client: EchoClient = connect_with(at, holding(&ticket, 5000)).await.unwrap();
            let data = Bytes::from(vec![3; 5000]);
            assert_eq!(client.echo(&data).await.unwrap(), data, "{why}");
            assert_eq!(ticket.refreshed.load(Ordering::Relaxed), 1);
            // Again, later, by a call of its own and through middleware.
            current.store(2, Ordering::Relaxed);
            let layered = EchoClient::from_channel(client.channel().intercept(|_| Ok(())));
            layered.count().await.unwrap();
            client.count().await.unwrap();
            assert_eq!(ticket.refreshed.load(Ordering::Relaxed), 2);
        }
        assert_eq!(echo.ran.load(Ordering::Relaxed), 4);
    }
}

#[tokio::test]
async fn h079_a_second_rejection_is_the_result() {
    let (server, echo, current) = gated(AuthStat::REJECTEDCRED).await;
    current.store(1000, Ordering::Relaxed);
    let ticket = Arc::new(Ticket::default());
    let at = target(&server, false);
    let client: EchoClient = connect_with(at, holding(&ticket, 5000)).await.unwrap();
    let error = client.count().await.unwrap_err();
    let rejected = RpcError::from(Denied::Auth(AuthStat::REJECTEDCRED));
    assert_eq!(error.to_string(), rejected.to_string());
    assert_eq!(error.execution(), Execution::No);
    assert_eq!(ticket.refreshed.load(Ordering::Relaxed), 1);
    assert_eq!(echo.ran.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_credential_that_is_wrong_or_too_weak_is_not_refreshed() {
    for why in [AuthStat::BADCRED, AuthStat::BADVERF, AuthStat::TOOWEAK] {
        let (server, ..) = gated(why).await;
        let ticket = Arc::new(Ticket::default());
        let at = target(&server, false);
        let client: EchoClient = connect_with(at, holding(&ticket, 5000)).await.unwrap();
        let error = client.count().await.unwrap_err();
        assert!(matches!(error, RpcError::Denied(Denied::Auth(w)) if w == why));
        assert_eq!(ticket.refreshed.load(Ordering::Relaxed), 0);
    }
}

#[tokio::test]
async fn many_rejected_calls_have_it_refreshed_once() {
    let (server, ..) = gated(AuthStat::REJECTEDCRED).await;
    let ticket = Arc::new(Ticket::default());
    let at = target(&server, false);
    let client: EchoClient = connect_with(at, holding(&ticket, 5000)).await.unwrap();
    let calls: Vec<_> = (0..64)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.count().await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(ticket.refreshed.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_refresh_that_never_ends_costs_the_call_its_deadline_and_no_more() {
    let (server, ..) = gated(AuthStat::REJECTEDCRED).await;
    let ticket = Arc::new(Ticket {
        stuck: true,
        ..Ticket::default()
    });
    let at = target(&server, false);
    let client: EchoClient = connect_with(at, holding(&ticket, 300)).await.unwrap();
    let begun = Instant::now();
    let error = client.count().await.unwrap_err();
    assert!(matches!(error, RpcError::Denied(_)), "{error}");
    assert!((300..2000).contains(&begun.elapsed().as_millis()));
    assert_eq!(client.channel().pending(), 0);
}

/// An AUTH_SHORT that the server has forgotten, and the full claim behind it (RFC 5531 appendix A).
#[derive(Debug)]
struct Shorthand(AtomicU32);

impl Credential for Shorthand {
    fn credential(&self) -> OpaqueAuth {
        match self.0.load(Ordering::Relaxed) {
            0 => OpaqueAuth {
                flavor: flavor::SHORT,
                body: Bytes::from_static(b"abcd"),
            },
            _ => AuthSys::new(12, 34).credential(),
        }
    }
    fn accepts(&self, verifier: AuthRef<'_>) -> bool {
        Credential::accepts(&AuthSys::new(12, 34), verifier)
    }
    fn can_refresh(&self) -> bool {
        true
    }
    fn refresh(&self, _: AuthStat) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        let first = self.0.fetch_add(1, Ordering::Relaxed) == 0;
        Box::pin(std::future::ready(first))
    }
}

#[tokio::test]
async fn h065_a_forgotten_shorthand_gives_way_to_the_full_claim() {
    let (server, _) = start().await;
    let at = target(&server, false);
    let calls = CallOptions::new().cred(Shorthand(AtomicU32::new(0)));
    let client: EchoClient = connect_with(at, ConnectOptions::new().calls(calls))
        .await
        .unwrap();
    client.count().await.unwrap();
}

/// A credential that cannot cope with a verifier.
#[derive(Debug)]
struct Startled;

impl Credential for Startled {
    fn credential(&self) -> OpaqueAuth {
        OpaqueAuth::NONE
    }
    fn accepts(&self, verifier: AuthRef<'_>) -> bool {
        panic!("what is {}?", verifier.flavor)
    }
}

#[tokio::test]
async fn h102_a_credential_that_panics_at_a_verifier_fails_its_call_alone() {
    let (client, mut peer, _listener) = with_peer(options(5000)).await;
    let startled = client.with(CallOptions::new().cred(Startled));
    // With others, whose driver is not the one that made it, and alone.
    for others in [true, false] {
        let answers = async {
            let xid = next_call(&mut peer).await.0;
            if others {
                let other = next_call(&mut peer).await.0;
                let both = [reply(xid, 1), reply(other, 2)].concat();
                peer.write_all(&both).await.unwrap();
            } else {
                peer.write_all(&reply(xid, 1)).await.unwrap();
            }
        };
        let other = async {
            if others {
                assert_eq!(client.count().await.unwrap(), 2);
            }
        };
        let (failed, (), ()) = tokio::join!(startled.count(), other, answers);
        assert!(matches!(failed, Err(RpcError::BadVerifier)), "{failed:?}");
    }
    assert_eq!(client.channel().stats().answered, 3);
}

#[test]
fn the_blocking_client_refreshes_too_and_keeps_its_deadline() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let (server, echo, _) = runtime.block_on(gated(AuthStat::REJECTEDCRED));
    let at = target(&server, false);
    let ticket = Arc::new(Ticket::default());
    let client: blocking::tests::Client =
        blocking::connect_with(&at, holding(&ticket, 5000)).unwrap();
    assert_eq!(client.count().unwrap(), 0);
    assert_eq!(ticket.refreshed.load(Ordering::Relaxed), 1);
    assert_eq!(echo.ran.load(Ordering::Relaxed), 1);

    let stuck = Arc::new(Ticket {
        stuck: true,
        ..Ticket::default()
    });
    let client: blocking::tests::Client =
        blocking::connect_with(&at, holding(&stuck, 300)).unwrap();
    let begun = Instant::now();
    assert!(matches!(client.count(), Err(RpcError::Denied(_))));
    assert!((300..2000).contains(&begun.elapsed().as_millis()));
}
