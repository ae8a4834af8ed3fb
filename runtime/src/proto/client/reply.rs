//! What a reply means to the call it answers (RFC 5531 §9).

use crate::auth::Credential;
use crate::error::{Refused, RpcError};
use crate::msg::{AcceptStat, AuthRef, ReplyRef, ReplyStat};
use bytes::Bytes;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Results shorter than this are copied out of the buffer they were received in: a kept field must not keep alive a
/// read buffer that held many replies.
pub const KEEP_WHOLE: usize = 4096;

/// How a call ended. The error is boxed: on its way to the caller a result is moved often, and costs by its size.
pub type Outcome = Result<Bytes, Box<RpcError>>;

/// Whether a reply says that the procedure was run, so that results follow.
///
/// # Errors
/// The server denied or refused the call, or the verifier is not acceptable for this credential.
pub fn verdict(
    reply: &ReplyRef<'_>,
    credential: Option<&dyn Credential>,
) -> Result<(), Box<RpcError>> {
    let (verifier, stat) = match reply.stat {
        ReplyStat::Denied(why) => return Err(RpcError::Denied(why).into()),
        ReplyStat::Accepted(verifier, stat) => (verifier, stat),
    };
    let refused = match stat {
        // AUTH_NONE callers accept any verifier: there is nothing it could prove to them.
        AcceptStat::Success => match credential {
            Some(credential) if !accepts(credential, verifier) => {
                return Err(RpcError::BadVerifier.into());
            }
            _ => return Ok(()),
        },
        AcceptStat::ProgUnavail => Refused::ProgUnavail,
        AcceptStat::ProgMismatch { low, high } => Refused::ProgMismatch { low, high },
        AcceptStat::ProcUnavail => Refused::ProcUnavail,
        AcceptStat::GarbageArgs => Refused::GarbageArgs,
        AcceptStat::SystemErr => Refused::SystemErr,
        AcceptStat::Unknown(stat) => Refused::Unknown(stat),
    };
    Err(RpcError::Refused(refused).into())
}

/// A credential that panics accepts nothing: replies are read for all calls of a connection, and the others go on.
fn accepts(credential: &dyn Credential, verifier: AuthRef<'_>) -> bool {
    catch_unwind(AssertUnwindSafe(|| credential.accepts(verifier))).unwrap_or(false)
}

/// A reply as it was received.
#[derive(Clone, Copy, Debug)]
pub enum Received<'a> {
    /// In a buffer with others.
    Beside(&'a [u8]),
    /// In a buffer that may be kept.
    Apart(&'a Bytes),
}

impl Received<'_> {
    /// The whole message.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        match self {
            Self::Beside(message) => message,
            Self::Apart(message) => message,
        }
    }

    /// What follows the header, which ends there.
    #[must_use]
    pub fn results(&self, at: usize) -> Bytes {
        let results = self.message().get(at..).unwrap_or_default();
        match self {
            _ if results.is_empty() => Bytes::new(),
            Self::Apart(message) if results.len() >= KEEP_WHOLE => message.slice_ref(results),
            _ => Bytes::copy_from_slice(results),
        }
    }
}
