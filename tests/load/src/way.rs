//! The ways to call, and the bytes of a call.

/// What is called, and how many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Null,
    Echo,
    /// 64 null calls in flight on one connection.
    Pipeline,
    /// One null call on each of 64 connections.
    Connections,
    Read,
    Write,
    /// One null call from each of 64 UDP sockets.
    Udp,
}

/// Program number in `load.x`.
const PROGRAM: u32 = 0x2000_0099;
const READ: u32 = 2;
const WRITE: u32 = 3;
const MEBIBYTE: usize = 1 << 20;

impl Way {
    pub(crate) const ALL: [Self; 7] = [
        Self::Null,
        Self::Echo,
        Self::Pipeline,
        Self::Connections,
        Self::Read,
        Self::Write,
        Self::Udp,
    ];

    /// On the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Echo => "echo128",
            Self::Pipeline => "pipeline64",
            Self::Connections => "connections64",
            Self::Read => "read1m",
            Self::Write => "write1m",
            Self::Udp => "udp64",
        }
    }

    /// In a table.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Null => "null, one at a time",
            Self::Echo => "128-byte echo, one at a time",
            Self::Pipeline => "null, 64 in flight on one connection",
            Self::Connections => "null, 64 connections",
            Self::Read => "1 MiB read",
            Self::Write => "1 MiB write",
            Self::Udp => "null, UDP, 64 clients",
        }
    }

    pub(crate) fn named(name: &str) -> Self {
        let found = Self::ALL.into_iter().find(|way| way.name() == name);
        found.unwrap_or_else(|| panic!("no way {name}"))
    }

    /// Calls at once on each connection.
    pub(crate) fn in_flight(self) -> usize {
        if self == Self::Pipeline { 64 } else { 1 }
    }

    pub(crate) fn connections(self) -> usize {
        match self {
            Self::Connections | Self::Udp => 64,
            _ => 1,
        }
    }

    /// A call as a record, from its mark on.
    pub(crate) fn record(self) -> Vec<u8> {
        let (procedure, data) = match self {
            Self::Echo => (1, Some(128)),
            Self::Read => (READ, None),
            Self::Write => (WRITE, Some(MEBIBYTE)),
            _ => (0, None),
        };
        let args = data.map_or(0, |len| 4 + len);
        let mark = (40 + args) as u32 | 1 << 31;
        let words = [mark, 1, 0, 2, PROGRAM, 1, procedure, 0, 0, 0, 0];
        let mut record: Vec<u8> = words.iter().flat_map(|w: &u32| w.to_be_bytes()).collect();
        if let Some(len) = data {
            record.extend((len as u32).to_be_bytes());
            record.resize(44 + args, 7);
        }
        record
    }

    /// Bytes of the reply's record, its mark included.
    pub(crate) fn reply(self) -> usize {
        28 + match self {
            Self::Echo => 132,
            Self::Read => 4 + MEBIBYTE,
            _ => 0,
        }
    }
}

/// Whether a server is to answer a mebibyte.
pub(crate) fn reads(procedure: u8) -> bool {
    u32::from(procedure) == READ
}
