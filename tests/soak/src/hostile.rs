//! Hostile clients: the catalogue and noise, thrown at random, several at once.

use crate::figures::Figures;
use crate::orders::{on_one_thread, orders};
use crate::random::Random;
use crate::throws::{CATALOGUE, Manner, Throw, noise};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::task::{JoinSet, LocalSet, spawn_local};
use tokio::time::{sleep, timeout};

/// At once; those that hold a connection are beyond them.
const ATTACKERS: usize = 8;
/// Without a byte from the server for so long, there will be none.
const SILENCE: Duration = Duration::from_millis(100);

struct State {
    random: Random,
    running: bool,
    /// How often each of the catalogue was thrown, and noise last.
    thrown: [u64; CATALOGUE.len() + 1],
}

/// `go` starts the throwing; `pause` ends it, and is answered by what was thrown, as `say` is.
pub(crate) fn work(tcp: &str, udp: &str, seed: u64) {
    let local = LocalSet::new();
    let state = Rc::new(RefCell::new(State {
        random: Random::new(seed),
        running: false,
        thrown: [0; CATALOGUE.len() + 1],
    }));
    let work = async {
        let mut attackers = JoinSet::new();
        let mut orders = orders();
        while let Some(order) = orders.recv().await {
            if order == "go" {
                state.borrow_mut().running = true;
                for _ in 0..ATTACKERS {
                    let (tcp, udp) = (tcp.to_owned(), udp.to_owned());
                    attackers.spawn_local(attack(tcp, udp, Rc::clone(&state)));
                }
                continue;
            }
            state.borrow_mut().running = false;
            while attackers.join_next().await.is_some() {}
            let thrown = state.borrow().thrown;
            let least = thrown.iter().min().copied().unwrap_or(0);
            let figures = Figures::default()
                .with("thrown", thrown.iter().sum())
                .with("kinds", thrown.len() as u64)
                .with("least_of_a_kind", least);
            println!("{figures}");
        }
    };
    on_one_thread(local.run_until(work));
}

async fn attack(tcp: String, udp: String, state: Rc<RefCell<State>>) {
    loop {
        let throw = {
            let state = &mut *state.borrow_mut();
            if !state.running {
                return;
            }
            let kind = state.random.below(state.thrown.len() as u64) as usize;
            state.thrown[kind] += 1;
            match CATALOGUE.get(kind) {
                Some((_, make)) => make(&mut state.random),
                None => noise(&mut state.random),
            }
        };
        // Whatever the server does to us, resets included, is its right.
        match throw {
            // What only waits does not keep the others from throwing.
            Throw::Stream(bytes, manner @ (Manner::Hold(_) | Manner::Trickle(_))) => {
                let tcp = tcp.clone();
                spawn_local(async move { stream(&tcp, &bytes, manner).await });
                sleep(Duration::from_millis(20)).await;
            }
            Throw::Stream(bytes, manner) => drop(stream(&tcp, &bytes, manner).await),
            Throw::Datagrams(datagrams) => drop(send(&udp, &datagrams).await),
            Throw::Storm(connections) => {
                for _ in 0..connections {
                    drop(TcpStream::connect(&tcp).await);
                }
            }
            Throw::Crowd(connections, time) => {
                let tcp = tcp.clone();
                spawn_local(async move {
                    let mut crowd = Vec::new();
                    for _ in 0..connections {
                        crowd.push(TcpStream::connect(&tcp).await);
                    }
                    sleep(time).await;
                });
                sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

async fn stream(tcp: &str, bytes: &[u8], manner: Manner) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(tcp).await?;
    stream.set_nodelay(true)?;
    match manner {
        Manner::Trickle(piece) => {
            for piece in bytes.chunks(piece).take(2_000) {
                stream.write_all(piece).await?;
                sleep(Duration::from_millis(1)).await;
            }
        }
        // A server that does not read is not waited for.
        _ => drop(timeout(SILENCE, stream.write_all(bytes)).await),
    }
    match manner {
        Manner::Hold(millis) => sleep(Duration::from_millis(millis)).await,
        Manner::Reset => socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO))?,
        Manner::Finish => {
            stream.shutdown().await?;
            listen(&mut stream).await;
        }
        Manner::Listen | Manner::Trickle(_) => listen(&mut stream).await,
    }
    Ok(())
}

async fn listen(stream: &mut TcpStream) {
    let mut buf = vec![0; 64 << 10];
    while let Ok(Ok(n)) = timeout(SILENCE, stream.read(&mut buf)).await {
        if n == 0 {
            return;
        }
    }
}

async fn send(udp: &str, datagrams: &[Vec<u8>]) -> std::io::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    socket.connect(udp).await?;
    for datagram in datagrams {
        socket.send(datagram).await?;
    }
    let mut buf = vec![0; 1 << 10];
    while timeout(Duration::from_millis(10), socket.recv(&mut buf))
        .await
        .is_ok()
    {}
    Ok(())
}
