//! The four loads: which call each of them repeats, on which object.

use nfs3::nfs3::*;
use rpcgen_runtime::Opaque;

/// Bytes of a large read and of a large write.
pub(crate) const BULK: u32 = 1 << 20;
/// Bytes that a listing asks for.
pub(crate) const PAGE: u32 = 64 << 10;

/// A procedure that is called again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Load {
    Getattr,
    Readdirplus,
    Read,
    Write,
}

impl Load {
    pub(crate) const ALL: [Self; 4] = [Self::Getattr, Self::Readdirplus, Self::Read, Self::Write];

    /// As the programs take it on their command line, and as the table has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Getattr => "GETATTR",
            Self::Readdirplus => "READDIRPLUS",
            Self::Read => "READ",
            Self::Write => "WRITE",
        }
    }

    pub(crate) fn named(name: &str) -> Self {
        let found = Self::ALL.into_iter().find(|load| load.name() == name);
        found.unwrap_or_else(|| panic!("no load {name}"))
    }

    /// RFC 1813, §3.
    pub(crate) fn procedure(self) -> u32 {
        match self {
            Self::Getattr => 1,
            Self::Readdirplus => 17,
            Self::Read => 6,
            Self::Write => 7,
        }
    }

    /// Whether the object is a directory.
    pub(crate) fn lists(self) -> bool {
        self == Self::Readdirplus
    }
}

/// The arguments of all of them, on one object.
#[derive(Debug)]
pub(crate) struct Calls {
    pub(crate) getattr: Getattr3Args,
    pub(crate) readdirplus: Readdirplus3Args,
    pub(crate) read: Read3Args,
    pub(crate) write: Write3Args,
}

impl Calls {
    pub(crate) fn on(object: &Opaque) -> Self {
        Self {
            getattr: getattr(object),
            readdirplus: readdirplus(object),
            read: read(object),
            write: write(object),
        }
    }
}

pub(crate) fn getattr(object: &Opaque) -> Getattr3Args {
    Getattr3Args {
        object: handle(object),
    }
}

pub(crate) fn readdirplus(dir: &Opaque) -> Readdirplus3Args {
    Readdirplus3Args {
        dir: handle(dir),
        cookie: 0,
        cookieverf: [0; 8],
        dircount: PAGE,
        maxcount: PAGE,
    }
}

pub(crate) fn read(file: &Opaque) -> Read3Args {
    Read3Args {
        file: handle(file),
        offset: 0,
        count: BULK,
    }
}

pub(crate) fn write(file: &Opaque) -> Write3Args {
    Write3Args {
        file: handle(file),
        offset: 0,
        count: BULK,
        stable: StableHow::Unstable,
        data: vec![7; BULK as usize].into(),
    }
}

fn handle(data: &Opaque) -> NfsFh3 {
    NfsFh3 { data: data.clone() }
}

/// A handle as hexadecimal digits.
pub(crate) fn to_hex(handle: &[u8]) -> String {
    handle.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A handle from hexadecimal digits.
pub(crate) fn from_hex(digits: &str) -> Opaque {
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).expect("digits");
    let bytes: Vec<u8> = (0..digits.len()).step_by(2).map(byte).collect();
    bytes.into()
}
