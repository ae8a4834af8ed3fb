//! AUTH_SYS (RFC 5531 appendix A): uid and gids as the client claims them.

use crate::msg::{OpaqueAuth, flavor};
use crate::xdr::{Decode, DecodeError, Encode, Reader, Writer, XdrString, len};
use crate::{DecodeLimits, Mode};
use alloc::vec::Vec;

/// `authsys_parms`: who a client says it is. It proves nothing.
///
/// ```
/// use rpcgen_runtime::auth::AuthSys;
/// let claim = AuthSys {
///     machine: "desk".into(),
///     gids: vec![4, 27],
///     ..AuthSys::new(1000, 100)
/// };
/// # let _ = claim; // goes into `CallOptions::cred`
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct AuthSys {
    /// Arbitrary number of the caller.
    pub stamp: u32,
    /// Name of the caller's machine, at most 255 bytes.
    pub machine: XdrString,
    /// Effective user id.
    pub uid: u32,
    /// Effective group id.
    pub gid: u32,
    /// Further groups, at most 16.
    pub gids: Vec<u32>,
}

impl AuthSys {
    /// Most bytes in a machine name.
    pub const MAX_MACHINE: u32 = 255;
    /// Most further groups.
    pub const MAX_GIDS: u32 = 16;

    /// A claim of this user and group, without machine name and further groups.
    #[must_use]
    pub fn new(uid: u32, gid: u32) -> Self {
        Self {
            uid,
            gid,
            ..Self::default()
        }
    }

    /// The credential that carries the claim. Names and groups beyond the limits are cut off.
    #[must_use]
    pub fn credential(&self) -> OpaqueAuth {
        let mut w = Writer::new();
        let machine = self.machine.as_bytes();
        let machine = machine.get(..Self::MAX_MACHINE as usize).unwrap_or(machine);
        let gids = self
            .gids
            .get(..Self::MAX_GIDS as usize)
            .unwrap_or(&self.gids);
        w.u32(self.stamp);
        w.opaque_vec(machine, Self::MAX_MACHINE, "authsys_parms.machinename");
        w.u32(self.uid);
        w.u32(self.gid);
        w.vec(gids, Self::MAX_GIDS, "authsys_parms.gids");
        let body = w.finish().map(crate::Body::into_bytes).unwrap_or_default();
        OpaqueAuth {
            flavor: flavor::SYS,
            body,
        }
    }

    /// Reads the body of an AUTH_SYS credential; nothing outside the slice is looked at.
    ///
    /// # Errors
    /// It is cut short, or a limit is exceeded; in strict mode also trailing bytes.
    pub fn parse(body: &[u8], mode: Mode) -> Result<Self, DecodeError> {
        let mut r = Reader::from_slice(body, DecodeLimits::default(), mode, 16);
        let parms = Self::decode(&mut r)?;
        r.end()?;
        Ok(parms)
    }
}

impl Encode for AuthSys {
    fn encode(&self, w: &mut Writer) {
        w.u32(self.stamp);
        w.string(
            &self.machine,
            Self::MAX_MACHINE,
            "authsys_parms.machinename",
        );
        w.u32(self.uid);
        w.u32(self.gid);
        w.vec(&self.gids, Self::MAX_GIDS, "authsys_parms.gids");
    }
    fn encoded_len(&self) -> usize {
        let gids = u32::encoded_len_all(&self.gids);
        len::opaque(self.machine.len())
            .saturating_add(gids)
            .saturating_add(16)
    }
}

impl<'a> Decode<'a> for AuthSys {
    const MIN: usize = 20;
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            stamp: r.u32().map_err(|e| e.at("stamp"))?,
            machine: r
                .string(Self::MAX_MACHINE)
                .map_err(|e| e.at("machinename"))?,
            uid: r.u32().map_err(|e| e.at("uid"))?,
            gid: r.u32().map_err(|e| e.at("gid"))?,
            gids: r.vec(Self::MAX_GIDS).map_err(|e| e.at("gids"))?,
        })
    }
}
