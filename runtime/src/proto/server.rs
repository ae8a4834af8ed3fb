//! What a server does with a message, in the order of RFC 5531: header, authentication, program, version, procedure.

use crate::auth::AuthSys;
use crate::msg::{
    AcceptStat, AuthRef, AuthStat, CallError, CallRef, Denied, OpaqueAuth, ReplyHeader, flavor,
};
use crate::{Interface, Mode, ProcInfo};
use alloc::boxed::Box;
#[cfg(feature = "net")]
use alloc::vec::Vec;

/// What the server serves: looked at for each call.
pub trait Programs {
    /// Whoever answers for a program's version.
    type Target;

    /// The versions of a program, in ascending order; empty when it is not served.
    fn versions(&self, program: u32) -> impl Iterator<Item = u32>;

    /// Who answers for this version.
    fn target(&self, program: u32, version: u32) -> Option<(&Self::Target, &'static Interface)>;

    /// Who answers for every program that is not served, if anybody does.
    fn fallback(&self) -> Option<(&Self::Target, &'static Interface)> {
        None
    }

    /// Judges a credential of a flavor that is not built in; `None` when nobody knows the flavor.
    fn authenticate(&self, call: &CallRef<'_>) -> Option<Result<Authenticated, AuthStat>> {
        let _ = call;
        None
    }

    /// Whether a credential of this flavor is enough for a procedure other than 0.
    fn suffices(&self, flavor: u32, program: u32, procedure: u32) -> bool {
        let _ = (flavor, program, procedure);
        true
    }
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cred {
    /// AUTH_NONE: nobody in particular.
    None,
    /// AUTH_SYS: a claim, not a proof.
    Sys(Box<AuthSys>),
    /// A flavor that an authenticator has accepted.
    Other(Box<OpaqueAuth>),
}

/// A credential that has been accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authenticated {
    pub(crate) cred: Cred,
    /// `None` for AUTH_NONE with an empty body.
    pub(crate) verf: Verifier,
}

/// The verifier of a reply: small, for it is nearly always absent.
pub(crate) type Verifier = Option<Box<OpaqueAuth>>;

impl Authenticated {
    /// Accepted as this caller; the reply has an empty AUTH_NONE verifier.
    #[must_use]
    pub fn new(cred: Cred) -> Self {
        Self { cred, verf: None }
    }

    /// The same, and the reply has this verifier.
    #[must_use]
    pub fn verifier(mut self, verf: OpaqueAuth) -> Self {
        self.verf = Some(Box::new(verf));
        self
    }
}

/// What to do with a message.
#[derive(Debug)]
pub enum Verdict<'a, T> {
    /// Run a procedure.
    Run(Accepted<'a, T>),
    /// Answer with this header alone.
    Reply(ReplyHeader),
    /// Nothing that can be answered: drop a datagram, close a stream.
    Ignore(CallError),
}

/// A call that may run.
#[derive(Debug)]
pub struct Accepted<'a, T> {
    /// Transaction id.
    pub xid: u32,
    /// Who answers.
    pub target: &'a T,
    /// What it serves; without procedures where it answers for all programs.
    pub interface: &'static Interface,
    /// The procedure, where the interface has it.
    pub info: Option<&'static ProcInfo>,
    /// Program number.
    pub program: u32,
    /// Version of the program.
    pub version: u32,
    /// Procedure number.
    pub procedure: u32,
    /// Who calls, and the verifier of the reply.
    pub auth: Authenticated,
    /// Where the encoded arguments begin in the message.
    pub args_at: usize,
}

/// Judges a message.
#[inline]
pub fn judge<'a, P: Programs>(
    message: &[u8],
    programs: &'a P,
    mode: Mode,
) -> Verdict<'a, P::Target> {
    let call = match CallRef::parse(message) {
        Ok(call) => call,
        Err(CallError::RpcVersion { xid, .. }) => {
            let why = Denied::RpcMismatch { low: 2, high: 2 };
            return Verdict::Reply(ReplyHeader::denied(xid, why));
        }
        Err(CallError::Cred { xid }) => return denied(xid, AuthStat::BADCRED),
        Err(CallError::Verf { xid }) => return denied(xid, AuthStat::BADVERF),
        Err(error) => return Verdict::Ignore(error),
    };
    let xid = call.xid;
    // Authentication comes before the program is looked up, as with the other servers of the field.
    let auth = match authenticate(message, &call, programs, mode) {
        Ok(auth) => auth,
        Err(stat) => return denied(xid, stat),
    };
    let (target, interface, info) = match programs.target(call.program, call.version) {
        Some((target, interface)) => match interface.procedure(call.procedure) {
            Some(info) => (target, interface, Some(info)),
            // Every version has procedure 0, whether its interface says so or not.
            None => {
                let stat = match call.procedure {
                    0 => AcceptStat::Success,
                    _ => AcceptStat::ProcUnavail,
                };
                return unaccepted(xid, auth, stat);
            }
        },
        None => {
            let mut versions = programs.versions(call.program);
            match (versions.next(), programs.fallback()) {
                (Some(low), _) => {
                    let high = versions.last().unwrap_or(low);
                    return unaccepted(xid, auth, AcceptStat::ProgMismatch { low, high });
                }
                (None, Some((target, interface))) => (target, interface, None),
                (None, None) => return unaccepted(xid, auth, AcceptStat::ProgUnavail),
            }
        }
    };
    // RFC 5531 §8: procedure 0 never requires authentication.
    if call.procedure != 0 && !programs.suffices(call.cred.flavor, call.program, call.procedure) {
        return denied(xid, AuthStat::TOOWEAK);
    }
    Verdict::Run(Accepted {
        xid,
        target,
        interface,
        info,
        program: call.program,
        version: call.version,
        procedure: call.procedure,
        auth,
        args_at: call.args_at.min(message.len()),
    })
}

/// An answer without a call, to whom is authenticated.
#[cold]
fn unaccepted<'a, T>(xid: u32, auth: Authenticated, stat: AcceptStat) -> Verdict<'a, T> {
    let verf = auth.verf.map_or(OpaqueAuth::NONE, |verf| *verf);
    Verdict::Reply(ReplyHeader::accepted_with(xid, verf, stat))
}

#[cold]
fn denied<'a, T>(xid: u32, stat: AuthStat) -> Verdict<'a, T> {
    Verdict::Reply(ReplyHeader::denied(xid, Denied::Auth(stat)))
}

/// Accepts AUTH_NONE, AUTH_SYS and, for procedure 0, the probe of RPC-with-TLS (answered without its token); asks about
/// other flavors.
#[inline]
fn authenticate<P: Programs>(
    message: &[u8],
    call: &CallRef<'_>,
    programs: &P,
    mode: Mode,
) -> Result<Authenticated, AuthStat> {
    if mode == Mode::Strict {
        pads_are_zero(message, call)?;
    }
    match call.cred.flavor {
        flavor::NONE => Ok(Authenticated::new(Cred::None)),
        flavor::SYS => {
            let parms = AuthSys::parse(call.cred.body, mode).map_err(|_| AuthStat::BADCRED)?;
            match call.verf {
                AuthRef {
                    flavor: flavor::NONE,
                    ..
                } => Ok(Authenticated::new(Cred::Sys(Box::new(parms)))),
                _ => Err(AuthStat::BADVERF),
            }
        }
        flavor::TLS if call.procedure == 0 && call.cred.body.is_empty() => {
            // RFC 9289 §4.1: the probe's verifier is an empty AUTH_NONE.
            if call.verf.flavor == flavor::NONE && call.verf.body.is_empty() {
                Ok(Authenticated::new(Cred::None))
            } else {
                Err(AuthStat::BADVERF)
            }
        }
        flavor::TLS => Err(AuthStat::BADCRED),
        _ => programs
            .authenticate(call)
            .unwrap_or(Err(AuthStat::REJECTEDCRED)),
    }
}

/// Strict mode: the pad bytes behind credential and verifier are zero.
fn pads_are_zero(message: &[u8], call: &CallRef<'_>) -> Result<(), AuthStat> {
    let is_zero = |end: usize, body: &[u8]| {
        let pad = end.checked_sub(crate::xdr::padding(body.len()));
        let pad = pad.and_then(|start| message.get(start..end));
        pad.is_some_and(|pad| pad.iter().all(|byte| *byte == 0))
    };
    let cred_end = call.args_at.saturating_sub(call.verf.encoded_len());
    if !is_zero(cred_end, call.cred.body) {
        return Err(AuthStat::BADCRED);
    }
    if !is_zero(call.args_at, call.verf.body) {
        return Err(AuthStat::BADVERF);
    }
    Ok(())
}

/// Bytes that a reply's mark and header need in front of the results.
#[cfg(feature = "net")]
pub(crate) const REPLY_ROOM: usize = ReplyHeader::SUCCESS_LEN + 4;

/// A header as bytes.
#[cfg(feature = "net")]
pub(crate) fn header_bytes(header: &ReplyHeader) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(REPLY_ROOM);
    header.put(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests;
