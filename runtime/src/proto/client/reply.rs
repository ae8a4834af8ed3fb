//! What a reply means to the call it answers (RFC 5531 §9).

use crate::auth::Credential;
use crate::error::{Refused, RpcError};
use crate::msg::{AcceptStat, ReplyRef, ReplyStat};
use bytes::Bytes;

/// Results shorter than this are copied out of the buffer they were received in: a kept field must not keep alive a
/// read buffer that held many replies.
pub const KEEP_WHOLE: usize = 4096;

/// The results in a reply, or why there are none.
///
/// # Errors
/// The server denied or refused the call, or the verifier is not acceptable for this credential.
pub fn outcome(
    message: &Bytes,
    reply: &ReplyRef<'_>,
    credential: Option<&dyn Credential>,
) -> Result<Bytes, RpcError> {
    let (verifier, stat) = match reply.stat {
        ReplyStat::Denied(why) => return Err(RpcError::Denied(why)),
        ReplyStat::Accepted(verifier, stat) => (verifier, stat),
    };
    let refused = match stat {
        AcceptStat::Success => {
            // AUTH_NONE callers accept any verifier: there is nothing it could prove to them.
            if credential.is_some_and(|c| !c.accepts(verifier)) {
                return Err(RpcError::BadVerifier);
            }
            let results = message.get(reply.results_at..).unwrap_or_default();
            return Ok(if results.len() < KEEP_WHOLE {
                Bytes::copy_from_slice(results)
            } else {
                message.slice_ref(results)
            });
        }
        AcceptStat::ProgUnavail => Refused::ProgUnavail,
        AcceptStat::ProgMismatch { low, high } => Refused::ProgMismatch { low, high },
        AcceptStat::ProcUnavail => Refused::ProcUnavail,
        AcceptStat::GarbageArgs => Refused::GarbageArgs,
        AcceptStat::SystemErr => Refused::SystemErr,
        AcceptStat::Unknown(stat) => Refused::Unknown(stat),
    };
    Err(RpcError::Refused(refused))
}
