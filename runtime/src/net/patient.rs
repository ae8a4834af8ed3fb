//! TCP sockets that wait for a good part of a large record, not for its next segment.
//!
//! A megabyte arrives in twenty pieces. To be woken for each of them costs as much as to copy them all, and the kernel
//! can be told how much is worth it (SO_RCVLOWAT, socket(7)). The end of the stream, errors and a full buffer it reports
//! all the same. Nothing is waited for that has no room in the buffer that is read into: that grows with what has
//! arrived.
//!
//! A peer with little room to send in waits for the kernel's acknowledgement, which comes late while nobody reads: whoever
//! waits in vain for a [`while`](WHILE) takes what there is, and is not patient with that peer for the next reads.
//!
//! How much that is depends on what comes behind the record. Where nothing does, the peer waits for us as soon as it has
//! sent the last part: of what is missing one half is copied while the other arrives. Where more does, the peer goes on
//! while we copy, and the fewer waits the better.

use super::incoming::MOST;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

/// Tells a TCP socket how many bytes to wait for; 1 is what it does by itself.
///
/// # Errors
/// The system can't do that, or not reliably.
pub(crate) use self::option::wait_for;

/// The most that is waited for at once: while one part is copied the next one arrives. More than one segment as loopback
/// and the offloading of network cards deliver them, 64 KiB; whoever waits for four is late, and what he reads is cold.
pub(crate) const PART: usize = 96 << 10;
/// The most that is waited for at once where more records are expected behind this one: half of a mebibyte.
pub(crate) const AMPLE: usize = 512 << 10;
/// The longest wait for a part. In that time a network brings it whole that is fast enough to make patience worth while.
pub(crate) const WHILE: Duration = Duration::from_millis(1);
/// Large reads without patience after a wait in vain.
pub(crate) const HASTY: u32 = 1024;

/// What is expected behind the record that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behind {
    /// Nobody knows: a server, whose clients may wait for their replies.
    Unknown,
    /// Nothing: a client's only call that waits.
    Nothing,
    /// More: a client with other calls that wait.
    More,
}

/// A TCP socket whose reads with room for more than [`MOST`] bytes are patient: whoever reads so much must know that it
/// will come.
#[derive(Debug)]
pub(crate) struct Patient {
    stream: TcpStream,
    /// How many bytes the socket has been told to wait for; 1 is what it does by itself.
    least: usize,
    pub(crate) behind: Behind,
    /// The end of patience, and whether anything is waited for.
    expiry: Option<Pin<Box<Sleep>>>,
    waits: bool,
    /// Large reads to come without patience.
    hasty: u32,
}

impl Patient {
    /// Of a socket of which nobody knows what to expect.
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            least: 1,
            behind: Behind::Unknown,
            expiry: None,
            waits: false,
            hasty: 0,
        }
    }

    /// The socket; what is read from it past this type may be waited for too long.
    pub(crate) fn get_ref(&self) -> &TcpStream {
        &self.stream
    }

    fn wait_for(&mut self, least: usize) {
        // Where that can't be had, the socket stays as it is.
        if self.least != least && wait_for(&self.stream, least).is_ok() {
            self.least = least;
        }
    }

    /// Whether what is waited for has not come for too long.
    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        if !self.waits {
            self.waits = true;
            let end = Instant::now() + WHILE;
            match &mut self.expiry {
                Some(expiry) => expiry.as_mut().reset(end),
                None => self.expiry = Some(Box::pin(sleep_until(end))),
            }
        }
        let expiry = self.expiry.as_mut();
        expiry.is_some_and(|expiry| expiry.as_mut().poll(cx).is_ready())
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let room = buf.remaining();
        let least = match room {
            ..=MOST => 1,
            _ if self.hasty > 0 => 1,
            _ => match self.behind {
                Behind::Unknown => PART.min(room),
                Behind::Nothing => PART.min(room / 2),
                Behind::More => AMPLE.min(room),
            },
        };
        // First of all: what is waited for below must be able to come.
        if least < self.least {
            self.wait_for(least);
        }
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        if polled.is_ready() {
            self.waits = false;
            self.hasty = self.hasty.saturating_sub(u32::from(room > MOST));
        } else {
            self.wait_for(least);
            if self.least > 1 && self.is_over(cx) {
                // The kernel tells of what has come as soon as it is enough.
                self.waits = false;
                self.hasty = HASTY;
                self.wait_for(1);
            }
        }
        polled
    }
}

impl AsyncWrite for Patient {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(target_os = "linux")]
mod option {
    use nix::libc;
    use nix::sys::socket::{setsockopt, sockopt::SetUsize};
    use nix::sys::utsname::uname;
    use std::io;
    use std::os::fd::AsFd;
    use std::sync::OnceLock;

    #[derive(Clone, Copy, Debug)]
    struct Least;

    nix::setsockopt_impl!(Least, libc::SOL_SOCKET, libc::SO_RCVLOWAT, usize, SetUsize);

    pub(crate) fn wait_for(socket: &impl AsFd, least: usize) -> io::Result<()> {
        static SOUND: OnceLock<bool> = OnceLock::new();
        let release = || uname().is_ok_and(|name| is_sound(&name.release().to_string_lossy()));
        if !*SOUND.get_or_init(release) {
            return Err(io::ErrorKind::Unsupported.into());
        }
        Ok(setsockopt(socket, Least, &least)?)
    }

    /// Whether such a kernel wakes who waits for more than the buffer takes of small segments, or under memory
    /// pressure: since 5.12.
    pub(super) fn is_sound(release: &str) -> bool {
        let mut numbers = release.split(['.', '-']).map(str::parse::<u32>);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= (5, 12),
            _ => false,
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod option {
    use std::io;

    pub(crate) fn wait_for<S>(_: &S, _: usize) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::time::timeout;

    async fn pair() -> (Patient, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (ours, theirs) = tokio::join!(TcpStream::connect(address), listener.accept());
        (Patient::new(ours.unwrap()), theirs.unwrap().0)
    }

    /// Reads so much, with a buffer that is missing exactly that.
    async fn whole(patient: &mut Patient, len: usize) -> io::Result<Vec<u8>> {
        let mut data = vec![0; len];
        let read = timeout(Duration::from_secs(20), patient.read_exact(&mut data));
        read.await.expect("nothing is waited for in vain")?;
        Ok(data)
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn old_kernels_are_not_trusted() {
        for release in ["5.12.0", "5.15.0-91-generic", "6.1.0-28-amd64", "10.0"] {
            assert!(option::is_sound(release), "{release}");
        }
        for release in ["5.11.22", "4.18.0-553.el8", "3.10", "5", "five.twelve", ""] {
            assert!(!option::is_sound(release), "{release}");
        }
    }

    #[tokio::test]
    async fn whatever_is_missing_comes_however_it_is_sent() {
        let (mut patient, mut peer) = pair().await;
        let sizes = [
            3 << 20,
            4,
            MOST,
            MOST + 1,
            PART,
            PART + MOST,
            PART + MOST + 1,
            1 << 20,
            1,
        ];
        let behind = [Behind::Unknown, Behind::Nothing, Behind::More];
        let cases = behind.into_iter().flat_map(|b| sizes.map(|len| (b, len)));
        for piece in [1000, 30_000, 200_000, 4 << 20] {
            for (behind, len) in cases.clone() {
                patient.behind = behind;
                let data: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
                let send = async {
                    for piece in data.chunks(piece) {
                        peer.write_all(piece).await.unwrap();
                        tokio::task::yield_now().await;
                    }
                };
                let (read, ()) = tokio::join!(whole(&mut patient, len), send);
                assert!(read.unwrap() == data, "{len} bytes by {piece}, {behind:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_peer_that_sends_no_more_until_it_is_read_is_not_waited_for() {
        let (mut patient, mut peer) = pair().await;
        let mut data = vec![0; 1 << 20];
        for round in 1..=3 {
            let send = async {
                tokio::task::yield_now().await;
                peer.write_all(&[round; 10_000]).await.unwrap();
            };
            let read = timeout(Duration::from_secs(20), patient.read(&mut data));
            let (read, ()) = tokio::join!(read, send);
            assert_eq!(read.expect("it is read").unwrap(), 10_000);
            assert_eq!(data[9_999], round);
        }
    }

    #[tokio::test]
    async fn a_peer_that_goes_in_the_middle_is_noticed_at_once() {
        let (mut patient, mut peer) = pair().await;
        let send = async {
            peer.write_all(&[7; 5000]).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
            drop(peer);
        };
        let (read, ()) = tokio::join!(whole(&mut patient, 1 << 20), send);
        let error = read.expect_err("there is no more");
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn the_socket_is_patient_for_large_reads_alone() {
        let (mut patient, mut peer) = pair().await;
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let mut least = |patient: &mut Patient, room: usize| {
            let mut data = vec![0; room];
            let mut buf = ReadBuf::new(&mut data);
            assert!(
                Pin::new(&mut *patient)
                    .poll_read(&mut cx, &mut buf)
                    .is_pending()
            );
            patient.least
        };
        let expected = |least| {
            if option::is_sound(&release()) {
                least
            } else {
                1
            }
        };
        assert_eq!(least(&mut patient, 1 << 20), expected(PART));
        assert_eq!(least(&mut patient, MOST + 1), expected(MOST + 1));
        assert_eq!(least(&mut patient, MOST), 1);
        patient.behind = Behind::Nothing;
        assert_eq!(least(&mut patient, 1 << 20), expected(PART));
        assert_eq!(least(&mut patient, PART), expected(PART / 2));
        assert_eq!(least(&mut patient, MOST), 1);
        patient.behind = Behind::More;
        assert_eq!(least(&mut patient, 1 << 20), expected(AMPLE));
        assert_eq!(least(&mut patient, MOST + 1), expected(MOST + 1));
        assert_eq!(least(&mut patient, MOST), 1);
        peer.write_all(b"few").await.unwrap();
        assert_eq!(whole(&mut patient, 3).await.unwrap(), b"few");
    }

    #[cfg(target_os = "linux")]
    fn release() -> String {
        let name = nix::sys::utsname::uname().unwrap();
        name.release().to_string_lossy().into_owned()
    }
}
