//! `opaque_auth` and `auth_stat` (RFC 5531 §8.2, §9).

use crate::xdr::part;
use alloc::vec::Vec;
use bytes::Bytes;
use core::fmt;

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
        out.extend_from_slice(&super::block::<2, 8>(self.words()));
        self.put_body(out);
    }

    /// Flavor and length: what stands in front of the body.
    #[inline]
    pub(super) fn words(&self) -> [u32; 2] {
        let len = u32::try_from(self.body.len()).unwrap_or(u32::MAX);
        [self.flavor, len]
    }

    /// Appends the body with its padding.
    #[inline]
    pub(super) fn put_body(&self, out: &mut Vec<u8>) {
        if self.body.is_empty() {
            return;
        }
        out.extend_from_slice(self.body);
        // A whole word of zeros, then less of it: no call for a few bytes.
        let end = out.len().wrapping_add(crate::xdr::padding(self.body.len()));
        out.extend_from_slice(&[0; 4]);
        out.truncate(end);
    }

    /// What stands at the front of `bytes`, and what follows it; `None` where it is cut short or longer than `limit`.
    #[inline]
    pub(super) fn split_off(bytes: &'a [u8], limit: usize) -> Option<(Self, &'a [u8])> {
        let (block, rest) = bytes.split_first_chunk()?;
        // Nearly every verifier.
        if block == &[0; 8] {
            return Some((Self::NONE, rest));
        }
        Self::behind(block, rest, limit)
    }

    /// What has its flavor and length in `block` and its body in `rest`, and what follows it.
    #[inline]
    pub(super) fn behind(
        block: &[u8; 8],
        rest: &'a [u8],
        limit: usize,
    ) -> Option<(Self, &'a [u8])> {
        let flavor = u32::from_be_bytes(*part::<0, 4, 8>(block));
        let len = u32::from_be_bytes(*part::<4, 4, 8>(block)) as usize;
        if len > limit {
            return None;
        }
        let padded = len.saturating_add(3) & !3;
        let (body, rest) = (rest.get(..len)?, rest.get(padded..)?);
        Some((Self { flavor, body }, rest))
    }

    /// Whether its body is as short as the protocol wants it.
    #[inline]
    pub(super) fn is_legal(&self) -> bool {
        self.body.len() <= MAX_AUTH_BYTES
    }
}

/// Why authentication failed (RFC 5531 §9 `auth_stat`). Numbers that are not listed are kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AuthStat(pub u32);

/// As [`Display`](fmt::Display): a `main` that returns an error shows it in this way.
impl fmt::Debug for AuthStat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

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

impl fmt::Display for AuthStat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "auth_stat {}", self.0),
        }
    }
}
