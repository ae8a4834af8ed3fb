//! Datagrams one by one.

use super::{Datagram, LARGEST, Received, Route};
use std::collections::VecDeque;
use std::io;
use std::task::{Context, Poll, ready};
use tokio::io::ReadBuf;
use tokio::net::UdpSocket;

/// A socket that receives and sends datagrams.
#[derive(Debug)]
pub(crate) struct Datagrams {
    socket: UdpSocket,
    room: Vec<u8>,
}

impl Datagrams {
    /// Takes a socket into the current runtime.
    pub(crate) fn new(socket: std::net::UdpSocket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket: UdpSocket::from_std(socket)?,
            room: vec![0; LARGEST],
        })
    }

    /// Receives a datagram.
    pub(crate) fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut Vec<Received>,
    ) -> Poll<io::Result<()>> {
        let mut buf = ReadBuf::new(&mut self.room);
        let peer = ready!(self.socket.poll_recv_from(cx, &mut buf))?;
        let len = buf.filled().len();
        let route = Route { peer, asked: None };
        into.push(Received { route, at: 0, len });
        Poll::Ready(Ok(()))
    }

    /// What a datagram says that was among the last received.
    pub(crate) fn message(&self, received: &Received) -> &[u8] {
        let from = self.room.get(received.at..).unwrap_or_default();
        from.get(..received.len).unwrap_or_default()
    }

    /// Sends all of these, as far as the socket takes them; ready when the queue is empty. What cannot be sent at all is
    /// dropped: a lost reply is what the client's retransmission is for.
    pub(crate) fn poll_send(
        &self,
        cx: &mut Context<'_>,
        queue: &mut VecDeque<Datagram>,
    ) -> Poll<()> {
        while let Some(next) = queue.front() {
            let peer = next.route.peer;
            if let Err(error) = ready!(self.socket.poll_send_to(cx, &next.data, peer)) {
                tracing::debug!(%peer, %error, "reply not sent");
            }
            queue.pop_front();
        }
        Poll::Ready(())
    }
}
