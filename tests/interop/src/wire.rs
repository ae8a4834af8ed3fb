//! Messages by hand, word by word, for what no client of ours would send.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Big-endian words.
#[must_use]
pub fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|w| w.to_be_bytes()).collect()
}

/// A call without credentials (RFC 5531 §9), arguments to follow.
#[must_use]
pub fn call(xid: u32, program: u32, version: u32, procedure: u32) -> Vec<u8> {
    words(&[xid, 0, 2, program, version, procedure, 0, 0, 0, 0])
}

/// One record of one fragment (RFC 5531 §11).
#[must_use]
pub fn record(message: &[u8]) -> Vec<u8> {
    let mark = 0x8000_0000 | message.len() as u32;
    [&mark.to_be_bytes(), message].concat()
}

/// What a server did with some bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It answered with this message.
    Reply(Vec<u8>),
    /// It closed the connection.
    Closed,
    /// It did neither for two seconds.
    Silence,
}

/// A TCP connection to a server.
#[derive(Debug)]
pub struct Wire(TcpStream);

impl Wire {
    /// Connects.
    ///
    /// # Panics
    ///
    /// When the server does not accept.
    #[must_use]
    pub fn connect(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).expect("the server accepts");
        stream
            .set_read_timeout(Some(Duration::from_secs(2)))
            .expect("a time limit is set");
        stream.set_nodelay(true).expect("an option is set");
        Self(stream)
    }

    /// Sends bytes. A server that has closed meanwhile is no failure here: [`outcome`](Self::outcome) tells.
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = self.0.write_all(bytes);
    }

    /// Sends no more.
    pub fn finish(&mut self) {
        let _ = self.0.shutdown(std::net::Shutdown::Write);
    }

    /// What the server does next.
    pub fn outcome(&mut self) -> Outcome {
        match self.read_record() {
            Ok(message) => Outcome::Reply(message),
            Err(e)
                if matches!(
                    e.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                ) =>
            {
                Outcome::Silence
            }
            Err(_) => Outcome::Closed,
        }
    }

    fn read_record(&mut self) -> io::Result<Vec<u8>> {
        let mut message = Vec::new();
        loop {
            let mut mark = [0; 4];
            self.0.read_exact(&mut mark)?;
            let mark = u32::from_be_bytes(mark);
            let start = message.len();
            message.resize(start + (mark & 0x7fff_ffff) as usize, 0);
            self.0.read_exact(&mut message[start..])?;
            if mark >> 31 == 1 {
                return Ok(message);
            }
        }
    }
}
