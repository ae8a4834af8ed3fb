//! The types and procedures of program 100000 (RFC 1833 §2.1, §3.1).

use crate::interface::{Interface, ProcInfo};
use crate::xdr::{Decode, DecodeError, Encode, Reader, Writer, XdrString, len};

/// Longest string accepted: a unix socket's path with a netid or an owner fits many times over.
pub(crate) const MAX_STRING: u32 = 1024;

/// Program number.
pub(crate) const PROGRAM: u32 = 100_000;

/// Procedure numbers, the same in all versions as far as they have them.
pub(crate) mod number {
    pub(crate) const SET: u32 = 1;
    pub(crate) const UNSET: u32 = 2;
    /// GETPORT in version 2.
    pub(crate) const GETADDR: u32 = 3;
    pub(crate) const DUMP: u32 = 4;
    pub(crate) const GETTIME: u32 = 6;
    pub(crate) const GETVERSADDR: u32 = 9;
    pub(crate) const GETADDRLIST: u32 = 11;
}

const fn procedure(number: u32, name: &'static str, idempotent: bool) -> ProcInfo {
    ProcInfo {
        number,
        name,
        oneway: false,
        idempotent,
        args_ratio: 16,
        result_ratio: 16,
    }
}

pub(crate) static SET: ProcInfo = procedure(number::SET, "SET", true);
pub(crate) static UNSET: ProcInfo = procedure(number::UNSET, "UNSET", true);
pub(crate) static GETADDR: ProcInfo = procedure(number::GETADDR, "GETADDR", true);
pub(crate) static DUMP: ProcInfo = procedure(number::DUMP, "DUMP", true);

/// The portmapper.
pub(crate) static V2: Interface = Interface {
    name: "PMAP_PROG",
    program: PROGRAM,
    version: 2,
    procedures: &[
        procedure(0, "NULL", true),
        procedure(number::SET, "SET", true),
        procedure(number::UNSET, "UNSET", true),
        procedure(number::GETADDR, "GETPORT", true),
        procedure(number::DUMP, "DUMP", true),
    ],
};

/// rpcbind version 3.
pub(crate) static V3: Interface = Interface {
    name: "RPCBPROG",
    program: PROGRAM,
    version: 3,
    procedures: &[
        procedure(0, "NULL", true),
        procedure(number::SET, "SET", true),
        procedure(number::UNSET, "UNSET", true),
        procedure(number::GETADDR, "GETADDR", true),
        procedure(number::DUMP, "DUMP", true),
        procedure(number::GETTIME, "GETTIME", true),
    ],
};

/// rpcbind version 4.
pub(crate) static V4: Interface = Interface {
    name: "RPCBPROG",
    program: PROGRAM,
    version: 4,
    procedures: &[
        procedure(0, "NULL", true),
        procedure(number::SET, "SET", true),
        procedure(number::UNSET, "UNSET", true),
        procedure(number::GETADDR, "GETADDR", true),
        procedure(number::DUMP, "DUMP", true),
        procedure(number::GETTIME, "GETTIME", true),
        procedure(number::GETVERSADDR, "GETVERSADDR", true),
        procedure(number::GETADDRLIST, "GETADDRLIST", true),
    ],
};

/// `struct mapping` of version 2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mapping {
    pub(crate) program: u32,
    pub(crate) version: u32,
    /// 6 is TCP, 17 is UDP.
    pub(crate) protocol: u32,
    /// Any 32 bits: rpcbind checks nothing.
    pub(crate) port: u32,
}

impl Encode for Mapping {
    fn encode(&self, w: &mut Writer) {
        for word in [self.program, self.version, self.protocol, self.port] {
            w.u32(word);
        }
    }
    fn encoded_len(&self) -> usize {
        16
    }
}

impl<'a> Decode<'a> for Mapping {
    const MIN: usize = 16;
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            program: r.u32()?,
            version: r.u32()?,
            protocol: r.u32()?,
            port: r.u32()?,
        })
    }
}

/// `struct rpcb` of versions 3 and 4.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rpcb {
    pub(crate) program: u32,
    pub(crate) version: u32,
    pub(crate) netid: XdrString,
    pub(crate) address: XdrString,
    pub(crate) owner: XdrString,
}

impl Encode for Rpcb {
    fn encode(&self, w: &mut Writer) {
        w.u32(self.program);
        w.u32(self.version);
        w.string(&self.netid, MAX_STRING, "rpcb.r_netid");
        w.string(&self.address, MAX_STRING, "rpcb.r_addr");
        w.string(&self.owner, MAX_STRING, "rpcb.r_owner");
    }
    fn encoded_len(&self) -> usize {
        [&self.netid, &self.address, &self.owner]
            .iter()
            .fold(8, |sum, s| sum + len::opaque(s.len()))
    }
}

impl<'a> Decode<'a> for Rpcb {
    const MIN: usize = 20;
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            program: r.u32()?,
            version: r.u32()?,
            netid: r.string(MAX_STRING).map_err(|e| e.at("r_netid"))?,
            address: r.string(MAX_STRING).map_err(|e| e.at("r_addr"))?,
            owner: r.string(MAX_STRING).map_err(|e| e.at("r_owner"))?,
        })
    }
}

/// `struct rpcb_entry` of version 4.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) address: XdrString,
    pub(crate) netid: XdrString,
    /// 1 is connectionless, 2 connection-oriented, 3 the same with orderly release.
    pub(crate) semantics: u32,
    pub(crate) family: XdrString,
    pub(crate) protocol: XdrString,
}

impl Encode for Entry {
    fn encode(&self, w: &mut Writer) {
        w.string(&self.address, MAX_STRING, "rpcb_entry.r_maddr");
        w.string(&self.netid, MAX_STRING, "rpcb_entry.r_nc_netid");
        w.u32(self.semantics);
        w.string(&self.family, MAX_STRING, "rpcb_entry.r_nc_protofmly");
        w.string(&self.protocol, MAX_STRING, "rpcb_entry.r_nc_proto");
    }
    fn encoded_len(&self) -> usize {
        [&self.address, &self.netid, &self.family, &self.protocol]
            .iter()
            .fold(4, |sum, s| sum + len::opaque(s.len()))
    }
}

/// Reads a list: `{ bool more; item }*` (RFC 1833 §2.1), with a limit on its length that the peer cannot raise.
pub(crate) fn list<T>(
    r: &mut Reader<'_>,
    most: usize,
    mut item: impl FnMut(&mut Reader<'_>) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    let mut items = Vec::new();
    while r.present()? {
        if items.len() == most {
            let at = r.offset();
            return Err(DecodeError::new(crate::xdr::DecodeErrorKind::Memory, at));
        }
        let index = items.len();
        items.push(item(r).map_err(|e| e.index(index))?);
    }
    Ok(items)
}

/// Writes such a list.
pub(crate) fn put_list<T: Encode>(w: &mut Writer, items: impl IntoIterator<Item = T>) {
    for item in items {
        w.u32(1);
        item.encode(w);
    }
    w.u32(0);
}
