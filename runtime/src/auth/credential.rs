//! Credentials: who a call claims to come from (RFC 5531 §8), and which verifier a reply may carry.

use crate::auth::AuthSys;
use crate::msg::{AuthRef, AuthStat, OpaqueAuth, flavor};
use std::fmt;
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;

/// Gives calls their credential and judges the verifier of their replies.
///
/// Implemented by [`AuthSys`]; other flavors plug in here. Without one, calls are made with AUTH_NONE.
pub trait Credential: fmt::Debug + Send + Sync + 'static {
    /// The credential of the next call.
    fn credential(&self) -> OpaqueAuth;

    /// The verifier of a call whose header, from the xid to the end of the credential, is given.
    fn verifier(&self, header: &[u8]) -> OpaqueAuth {
        let _ = header;
        OpaqueAuth::NONE
    }

    /// Whether a reply may carry this verifier. If not, or if this panics, its result is not delivered (AUTH_INVALIDRESP).
    fn accepts(&self, verifier: AuthRef<'_>) -> bool;

    /// Whether [`refresh`](Self::refresh) can do anything (default: no). If so, the arguments of calls are kept until
    /// their reply is there.
    fn can_refresh(&self) -> bool {
        false
    }

    /// The server rejected the credential as out of date or forgotten (AUTH_REJECTEDCRED, AUTH_REJECTEDVERF,
    /// AUTH_TIMEEXPIRE, RPCSEC_GSS_CREDPROBLEM, RPCSEC_GSS_CTXPROBLEM): gets another one, from a ticket server or by
    /// going back to the full form of a shorthand, and says whether there is one. Then the call is made once more,
    /// within its time limit; a second rejection is its result.
    ///
    /// One call does this for all that were rejected meanwhile. The blocking client waits for the future without a
    /// runtime.
    fn refresh(&self, why: AuthStat) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        let _ = why;
        Box::pin(ready(false))
    }
}

impl<C: Credential> Credential for Arc<C> {
    fn credential(&self) -> OpaqueAuth {
        (**self).credential()
    }

    fn verifier(&self, header: &[u8]) -> OpaqueAuth {
        (**self).verifier(header)
    }

    fn accepts(&self, verifier: AuthRef<'_>) -> bool {
        (**self).accepts(verifier)
    }

    fn can_refresh(&self) -> bool {
        (**self).can_refresh()
    }

    fn refresh(&self, why: AuthStat) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        (**self).refresh(why)
    }
}

impl Credential for AuthSys {
    fn credential(&self) -> OpaqueAuth {
        Self::credential(self)
    }

    /// AUTH_NONE or AUTH_SHORT (RFC 5531 appendix A).
    fn accepts(&self, verifier: AuthRef<'_>) -> bool {
        matches!(verifier.flavor, flavor::NONE | flavor::SHORT)
    }
}

impl Credential for OpaqueAuth {
    /// A credential made elsewhere, sent as it is.
    fn credential(&self) -> OpaqueAuth {
        self.clone()
    }

    fn accepts(&self, _: AuthRef<'_>) -> bool {
        true
    }
}

impl AuthSys {
    /// The claim of this process: its effective user and group, its further groups (the first 16) and the name of
    /// the machine. Read from `/proc`; elsewhere, or where that fails, nobody (65534).
    #[must_use]
    pub fn current() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        Self::from_status(&status, machine.trim_end())
    }

    fn from_status(status: &str, machine: &str) -> Self {
        const NOBODY: u32 = 65534;
        // `Uid:	real	effective	saved	filesystem`
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name));
        let effective =
            |name| field(name).and_then(|ids| ids.split_whitespace().nth(1)?.parse().ok());
        let gids = field("Groups:").unwrap_or_default().split_whitespace();
        Self {
            stamp: std::process::id(),
            machine: machine.into(),
            uid: effective("Uid:").unwrap_or(NOBODY),
            gid: effective("Gid:").unwrap_or(NOBODY),
            gids: gids
                .map_while(|id| id.parse().ok())
                .take(Self::MAX_GIDS as usize)
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_effective_ids_are_claimed() {
        let status = "Name:\tx\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\t10 11 12 \n";
        let claim = AuthSys::from_status(status, "host");
        assert_eq!((claim.uid, claim.gid), (2, 6));
        assert_eq!(claim.gids, [10, 11, 12]);
        assert_eq!(claim.machine, "host");
    }

    #[test]
    fn seventeen_groups_are_cut_to_sixteen() {
        let groups: String = (0..17).map(|g| format!("{g} ")).collect();
        let claim = AuthSys::from_status(&format!("Groups:\t{groups}\n"), "");
        assert_eq!(claim.gids.len(), 16);
        assert_eq!(claim.uid, 65534);
    }

    #[test]
    fn auth_sys_callers_accept_none_and_short_only() {
        let verifier = |flavor| AuthRef { flavor, body: &[] };
        let claim = AuthSys::new(0, 0);
        for (flavor, accepted) in [(0, true), (1, false), (2, true), (6, false), (99, false)] {
            assert_eq!(claim.accepts(verifier(flavor)), accepted, "{flavor}");
        }
    }
}
