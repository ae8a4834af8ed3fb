//! `opaque_auth` and `auth_stat` (RFC 5531 §8.2, §9).

use super::Words;
use alloc::vec::Vec;
use bytes::Bytes;

/// Largest body of a credential or verifier in bytes (RFC 5531 §8.2).
pub const MAX_AUTH_BYTES: usize = 400;

/// Authentication flavors by number.
pub mod flavor {
    /// `AUTH_NONE`: nothing is claimed.
    pub const NONE: u32 = 0;
    /// `AUTH_SYS`: uid and gids, a claim without proof.
    pub const SYS: u32 = 1;
    /// `AUTH_SHORT`: a server's shorthand for an earlier credential.
    pub const SHORT: u32 = 2;
    /// `RPCSEC_GSS`: Kerberos and kin (RFC 2203).
    pub const GSS: u32 = 6;
    /// `AUTH_TLS`: the probe of RPC-with-TLS (RFC 9289).
    pub const TLS: u32 = 7;
}

/// A credential or verifier to send.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct OpaqueAuth {
    /// Its flavor, see [`flavor`].
    pub flavor: u32,
    /// Its body, at most [`MAX_AUTH_BYTES`].
    pub body: Bytes,
}

impl OpaqueAuth {
    /// `AUTH_NONE` with an empty body.
    pub const NONE: Self = Self {
        flavor: flavor::NONE,
        body: Bytes::new(),
    };

    /// A view of it.
    #[must_use]
    pub fn as_ref(&self) -> AuthRef<'_> {
        AuthRef {
            flavor: self.flavor,
            body: &self.body,
        }
    }
}

/// A credential or verifier as it stands in a received header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuthRef<'a> {
    /// Its flavor.
    pub flavor: u32,
    /// Its body.
    pub body: &'a [u8],
}

impl<'a> AuthRef<'a> {
    /// `AUTH_NONE` with an empty body.
    pub const NONE: Self = Self {
        flavor: flavor::NONE,
        body: &[],
    };

    /// Encoded length in bytes.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        crate::xdr::len::opaque(self.body.len()).saturating_add(4)
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        let len = u32::try_from(self.body.len()).unwrap_or(u32::MAX);
        out.extend_from_slice(&super::block::<2, 8>([self.flavor, len]));
        out.extend_from_slice(self.body);
        let padding = crate::xdr::padding(self.body.len());
        out.extend_from_slice([0; 3].get(..padding).unwrap_or_default());
    }

    #[inline]
    pub(super) fn parse(words: &mut Words<'a>) -> Result<Self, AuthProblem> {
        let flavor = words.word().ok_or(AuthProblem::Short)?;
        let len = words.word().ok_or(AuthProblem::Short)? as usize;
        let body = words.opaque(len).ok_or(AuthProblem::Short)?;
        if len > MAX_AUTH_BYTES {
            return Err(AuthProblem::TooLong);
        }
        Ok(Self { flavor, body })
    }
}

/// Why an `opaque_auth` does not parse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AuthProblem {
    /// The message ends inside it.
    Short,
    /// It is whole, but longer than the protocol allows.
    TooLong,
}

/// Why authentication failed (RFC 5531 §9 `auth_stat`). Numbers that are not listed are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AuthStat(pub u32);

impl AuthStat {
    /// Success.
    pub const OK: Self = Self(0);
    /// Bad credential: malformed, or its seal is broken.
    pub const BADCRED: Self = Self(1);
    /// The client must begin a new session; also: the flavor is not known.
    pub const REJECTEDCRED: Self = Self(2);
    /// Bad verifier.
    pub const BADVERF: Self = Self(3);
    /// The verifier has expired or was replayed.
    pub const REJECTEDVERF: Self = Self(4);
    /// Rejected for security reasons: a stronger flavor is wanted.
    pub const TOOWEAK: Self = Self(5);
    /// The reply's verifier is bogus (found by the client).
    pub const INVALIDRESP: Self = Self(6);
    /// Some unknown reason.
    pub const FAILED: Self = Self(7);
    /// RPCSEC_GSS: no such context, or a bad integrity check of the header.
    pub const GSS_CREDPROBLEM: Self = Self(13);
    /// RPCSEC_GSS: the context has a problem.
    pub const GSS_CTXPROBLEM: Self = Self(14);

    /// Its name in the RFC, where it has one.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => "AUTH_OK",
            1 => "AUTH_BADCRED",
            2 => "AUTH_REJECTEDCRED",
            3 => "AUTH_BADVERF",
            4 => "AUTH_REJECTEDVERF",
            5 => "AUTH_TOOWEAK",
            6 => "AUTH_INVALIDRESP",
            7 => "AUTH_FAILED",
            8 => "AUTH_KERB_GENERIC",
            9 => "AUTH_TIMEEXPIRE",
            10 => "AUTH_TKT_FILE",
            11 => "AUTH_DECODE",
            12 => "AUTH_NET_ADDR",
            13 => "RPCSEC_GSS_CREDPROBLEM",
            14 => "RPCSEC_GSS_CTXPROBLEM",
            _ => return None,
        })
    }
}

impl core::fmt::Display for AuthStat {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "auth_stat {}", self.0),
        }
    }
}
