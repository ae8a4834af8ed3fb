//! Servers: further authentication flavors (RFC 5531 §8).

use crate::msg::{AuthStat, CallRef};
use crate::proto::server::Authenticated;

/// Judges the credentials of one flavor, on the server's side.
///
/// AUTH_NONE and AUTH_SYS are built in. It is called for each call, before the program is looked up, in the task that
/// reads from the network: it must not block.
pub trait Authenticator: Send + Sync + 'static {
    /// Accepts the credential and verifier of a call, and says which verifier the reply gets.
    ///
    /// # Errors
    /// The status that the caller is denied with: [`AuthStat::BADCRED`] for a credential that does not parse,
    /// [`AuthStat::REJECTEDCRED`] for one that is not valid (any more).
    fn authenticate(&self, call: &CallRef<'_>) -> Result<Authenticated, AuthStat>;
}
