//! Linux: recvmmsg, sendmmsg, IP_PKTINFO.

use super::{Asked, Datagram, LARGEST, Received, Route};
use nix::cmsg_space;
use nix::errno::Errno;
use nix::libc::{in_addr, in_pktinfo, in6_addr, in6_pktinfo};
use nix::sys::socket::sockopt::{Ipv4PacketInfo, Ipv6RecvPacketInfo};
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, MultiHeaders, RecvMsg, SockaddrStorage,
    recvmmsg, sendmmsg, sendmsg, setsockopt,
};
use std::collections::VecDeque;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::AsRawFd;
use std::task::{Context, Poll, ready};
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// Datagrams of one system call.
const BATCH: usize = 32;

/// A socket that receives and sends datagrams in batches.
#[derive(Debug)]
pub(crate) struct Datagrams {
    socket: UdpSocket,
    /// Room for a batch; a page is touched only when a datagram comes to lie in it.
    room: Vec<u8>,
    /// Datagrams that the next call asks for: few while they come one by one.
    batch: usize,
}

impl Datagrams {
    /// Takes a socket into the current runtime.
    pub(crate) fn new(socket: std::net::UdpSocket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        if address.ip().is_unspecified() {
            match address {
                SocketAddr::V4(_) => setsockopt(&socket, Ipv4PacketInfo, &true)?,
                // IPv4 datagrams come with it too, their address mapped into IPv6.
                SocketAddr::V6(_) => setsockopt(&socket, Ipv6RecvPacketInfo, &true)?,
            }
        }
        Ok(Self {
            socket: UdpSocket::from_std(socket)?,
            room: vec![0; BATCH * LARGEST],
            batch: 2,
        })
    }

    /// Receives the datagrams that wait, up to a batch.
    pub(crate) fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut Vec<Received>,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.socket.poll_recv_ready(cx))?;
            let before = into.len();
            let (fd, room, batch) = (self.socket.as_raw_fd(), &mut self.room, self.batch);
            let received = self.socket.try_io(Interest::READABLE, || {
                let n = receive(fd, room, batch, into)?;
                // Fewer than there was room for: no more wait, and saying so saves the call that would find out.
                if n < batch {
                    Err(io::ErrorKind::WouldBlock.into())
                } else {
                    Ok(())
                }
            });
            let n = into.len() - before;
            self.batch = if n == batch { batch * 4 } else { n + 1 }.clamp(2, BATCH);
            match received {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock && n == 0 => {}
                Err(e) if e.kind() != io::ErrorKind::WouldBlock => return Poll::Ready(Err(e)),
                _ => return Poll::Ready(Ok(())),
            }
        }
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
        while !queue.is_empty() {
            if ready!(self.socket.poll_send_ready(cx)).is_err() {
                queue.clear();
                break;
            }
            let fd = self.socket.as_raw_fd();
            match self
                .socket
                .try_io(Interest::WRITABLE, || send(fd, queue.make_contiguous()))
            {
                Ok(n) => drop(queue.drain(..n)),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => {
                    if let Some(lost) = queue.pop_front() {
                        tracing::debug!(peer = %lost.route.peer, %error, "reply not sent");
                    }
                }
            }
        }
        Poll::Ready(())
    }
}

/// One system call; the number of datagrams.
fn receive(fd: i32, room: &mut [u8], batch: usize, into: &mut Vec<Received>) -> io::Result<usize> {
    // Made for each call: they hold pointers, and the kernel leaves its own lengths in them.
    let control = cmsg_space!(in6_pktinfo);
    let mut headers = MultiHeaders::<SockaddrStorage>::preallocate(batch, Some(control));
    let mut slices: Vec<[IoSliceMut<'_>; 1]> = room
        .chunks_exact_mut(LARGEST)
        .take(batch)
        .map(|chunk| [IoSliceMut::new(chunk)])
        .collect();
    let messages = recvmmsg(
        fd,
        &mut headers,
        slices.iter_mut(),
        MsgFlags::MSG_DONTWAIT,
        None,
    )?;
    let mut n = 0;
    for message in messages {
        let at = n * LARGEST;
        n += 1;
        let Some(peer) = message.address.as_ref().and_then(address) else {
            continue;
        };
        let asked = asked(&message);
        let len = message.bytes;
        let route = Route { peer, asked };
        into.push(Received { route, at, len });
    }
    Ok(n)
}

fn address(storage: &SockaddrStorage) -> Option<SocketAddr> {
    if let Some(v4) = storage.as_sockaddr_in() {
        return Some(SocketAddr::V4(SocketAddrV4::from(*v4)));
    }
    let v6 = storage.as_sockaddr_in6()?;
    Some(SocketAddr::V6(SocketAddrV6::from(*v6)))
}

fn asked<S>(message: &RecvMsg<'_, '_, S>) -> Option<Asked> {
    let asked = message.cmsgs().ok()?.find_map(|control| match control {
        ControlMessageOwned::Ipv4PacketInfo(info) => Some(Asked {
            ip: Ipv4Addr::from(info.ipi_spec_dst.s_addr.to_ne_bytes()).into(),
            interface: info.ipi_ifindex.unsigned_abs(),
        }),
        ControlMessageOwned::Ipv6PacketInfo(info) => Some(Asked {
            ip: Ipv6Addr::from(info.ipi6_addr.s6_addr).into(),
            interface: info.ipi6_ifindex,
        }),
        _ => None,
    })?;
    // A multicast group cannot answer: the route decides.
    (!asked.ip.is_multicast()).then_some(asked)
}

/// One system call for all datagrams at the front that leave from the same address; their number.
fn send(fd: i32, queue: &[Datagram]) -> io::Result<usize> {
    let Some(first) = queue.first() else {
        return Ok(0);
    };
    let from = first.route.asked;
    let same = queue.iter().take_while(|d| d.route.asked == from);
    let run = &queue[..same.take(BATCH).count()];
    let (v4, v6);
    let control = match from {
        None => None,
        Some(Asked {
            ip: IpAddr::V4(ip), ..
        }) => {
            v4 = in_pktinfo {
                // The route decides on the interface, as for any datagram.
                ipi_ifindex: 0,
                ipi_spec_dst: in_addr {
                    s_addr: u32::from_ne_bytes(ip.octets()),
                },
                ipi_addr: in_addr { s_addr: 0 },
            };
            Some(ControlMessage::Ipv4PacketInfo(&v4))
        }
        Some(Asked {
            ip: IpAddr::V6(ip),
            interface,
        }) => {
            v6 = in6_pktinfo {
                ipi6_addr: in6_addr {
                    s6_addr: ip.octets(),
                },
                // A link-local address means something on its link only.
                ipi6_ifindex: if ip.is_unicast_link_local() {
                    interface
                } else {
                    0
                },
            };
            Some(ControlMessage::Ipv6PacketInfo(&v6))
        }
    };
    let control = control.as_slice();
    if let [one] = run {
        let to = SockaddrStorage::from(one.route.peer);
        let data = [IoSlice::new(&one.data)];
        sendmsg(fd, &data, control, MsgFlags::MSG_DONTWAIT, Some(&to))?;
        return Ok(1);
    }
    send_many(fd, run, control).map_err(io::Error::from)
}

fn send_many(fd: i32, run: &[Datagram], control: &[ControlMessage<'_>]) -> Result<usize, Errno> {
    let to: Vec<_> = run
        .iter()
        .map(|d| Some(SockaddrStorage::from(d.route.peer)))
        .collect();
    let data: Vec<_> = run.iter().map(|d| [IoSlice::new(&d.data)]).collect();
    let space = match control {
        [ControlMessage::Ipv4PacketInfo(_)] => Some(cmsg_space!(in_pktinfo)),
        [_] => Some(cmsg_space!(in6_pktinfo)),
        _ => None,
    };
    let mut headers = MultiHeaders::preallocate(run.len(), space);
    let sent = sendmmsg(
        fd,
        &mut headers,
        &data,
        &to,
        control,
        MsgFlags::MSG_DONTWAIT,
    )?;
    Ok(sent.count())
}

#[cfg(test)]
mod tests;
