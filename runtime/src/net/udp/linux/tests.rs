use super::*;
use bytes::Bytes;
use std::future::poll_fn;
use std::time::Duration;

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap()
}

/// Sends `n` datagrams to each of these addresses at the socket's port and echoes them all; the sources that the client saw.
async fn echoed(bind: &str, ask: &[&str], n: usize) -> Vec<SocketAddr> {
    let socket = super::super::bind(bind.parse().unwrap(), false).unwrap();
    let port = socket.local_addr().unwrap().port();
    let mut server = Datagrams::new(socket).unwrap();
    let mut seen = Vec::new();
    for ip in ask {
        let asked = SocketAddr::new(ip.parse().unwrap(), port);
        // A second loopback address as the source, so that the route alone would choose another one.
        let own = if asked.is_ipv4() {
            "127.0.0.1:0"
        } else {
            "[::1]:0"
        };
        let client = std::net::UdpSocket::bind(own).unwrap();
        client
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        for i in 0..n {
            client.send_to(&[i as u8; 40], asked).unwrap();
        }
        let mut queue = VecDeque::new();
        let mut got = Vec::new();
        while queue.len() < n {
            poll_fn(|cx| server.poll_receive(cx, &mut got))
                .await
                .unwrap();
            for received in got.drain(..) {
                let data = Bytes::copy_from_slice(server.message(&received));
                let route = received.route;
                queue.push_back(Datagram { route, data });
            }
        }
        poll_fn(|cx| server.poll_send(cx, &mut queue)).await;
        for i in 0..n {
            let mut buf = [0; 100];
            let (len, from) = client.recv_from(&mut buf).unwrap();
            assert_eq!(buf[..len], [i as u8; 40]);
            seen.push(from);
        }
        assert_eq!(seen.last(), Some(&asked));
    }
    seen
}

#[test]
fn h094_replies_come_from_the_address_that_was_asked() {
    runtime().block_on(async {
        let addresses = ["127.0.0.1", "127.0.0.2", "127.1.2.3"];
        assert_eq!(echoed("0.0.0.0:0", &addresses, 1).await.len(), 3);
        assert_eq!(echoed("0.0.0.0:0", &addresses, 50).await.len(), 150);
        assert_eq!(echoed("127.0.0.2:0", &["127.0.0.2"], 50).await.len(), 50);
        if std::net::UdpSocket::bind("[::1]:0").is_ok() {
            let addresses = ["127.0.0.2", "::1", "127.0.0.1"];
            assert_eq!(echoed("[::]:0", &addresses, 20).await.len(), 60);
        }
    });
}

#[test]
fn batches_grow_with_the_load_and_shrink_again() {
    runtime().block_on(async {
        let socket = super::super::bind("127.0.0.1:0".parse().unwrap(), false).unwrap();
        let address = socket.local_addr().unwrap();
        let mut server = Datagrams::new(socket).unwrap();
        let client = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        for _ in 0..100 {
            client.send_to(&[1; 40], address).unwrap();
        }
        let mut got = Vec::new();
        let mut calls = 0;
        while got.len() < 100 {
            poll_fn(|cx| server.poll_receive(cx, &mut got))
                .await
                .unwrap();
            calls += 1;
        }
        // 2, 8, then 32 at a time.
        assert!(calls <= 6, "{calls} calls");
        client.send_to(&[1; 40], address).unwrap();
        poll_fn(|cx| server.poll_receive(cx, &mut got))
            .await
            .unwrap();
        assert_eq!((got.len(), server.batch), (101, 2));
    });
}
