//! What a server does with a message, in the order of RFC 5531: header, authentication, program, version, procedure.

use crate::auth::AuthSys;
use crate::msg::{
    AcceptStat, AuthRef, AuthStat, CallError, CallRef, Denied, OpaqueAuth, ReplyHeader, flavor,
};
use crate::{Interface, Mode};
use alloc::vec::Vec;
use bytes::Bytes;

/// What the server serves: looked at for each call.
pub trait Programs {
    /// Whoever answers for a program's version.
    type Target;

    /// The versions of a program, in ascending order; empty when it is not served.
    fn versions(&self, program: u32) -> impl Iterator<Item = u32>;

    /// Who answers for this version.
    fn target(&self, program: u32, version: u32) -> Option<(&Self::Target, &'static Interface)>;
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cred {
    /// AUTH_NONE: nobody in particular.
    None,
    /// AUTH_SYS: a claim, not a proof.
    Sys(AuthSys),
    /// A flavor that an authenticator has accepted.
    Other(OpaqueAuth),
}

/// What to do with a message.
#[derive(Debug)]
pub enum Verdict<T> {
    /// Run a procedure.
    Run(Accepted<T>),
    /// Answer with this header alone.
    Reply(ReplyHeader),
    /// Nothing that can be answered: drop a datagram, close a stream.
    Ignore(CallError),
}

/// A call that may run.
#[derive(Debug)]
pub struct Accepted<T> {
    /// Transaction id.
    pub xid: u32,
    /// Who answers.
    pub target: T,
    /// What it serves.
    pub interface: &'static Interface,
    /// Procedure number.
    pub procedure: u32,
    /// Who calls.
    pub cred: Cred,
    /// The encoded arguments, a slice of the message.
    pub args: Bytes,
}

/// Judges a message.
pub fn judge<P: Programs>(message: &Bytes, programs: &P, mode: Mode) -> Verdict<P::Target>
where
    P::Target: Clone,
{
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
    let cred = match authenticate(&call, mode) {
        Ok(cred) => cred,
        Err(stat) => return denied(xid, stat),
    };
    let Some((target, interface)) = programs.target(call.program, call.version) else {
        let mut versions = programs.versions(call.program);
        let stat = match versions.next() {
            None => AcceptStat::ProgUnavail,
            Some(low) => AcceptStat::ProgMismatch {
                low,
                high: versions.last().unwrap_or(low),
            },
        };
        return Verdict::Reply(ReplyHeader::accepted(xid, stat));
    };
    if interface.procedure(call.procedure).is_none() {
        // Every version has procedure 0, whether its interface says so or not.
        let stat = if call.procedure == 0 {
            AcceptStat::Success
        } else {
            AcceptStat::ProcUnavail
        };
        return Verdict::Reply(ReplyHeader::accepted(xid, stat));
    }
    Verdict::Run(Accepted {
        xid,
        target: target.clone(),
        interface,
        procedure: call.procedure,
        cred,
        args: message.slice(call.args_at.min(message.len())..),
    })
}

fn denied<T>(xid: u32, stat: AuthStat) -> Verdict<T> {
    Verdict::Reply(ReplyHeader::denied(xid, Denied::Auth(stat)))
}

/// Accepts AUTH_NONE, AUTH_SYS and, for procedure 0, the probe of RPC-with-TLS (answered without its token).
fn authenticate(call: &CallRef<'_>, mode: Mode) -> Result<Cred, AuthStat> {
    match call.cred.flavor {
        flavor::NONE => Ok(Cred::None),
        flavor::SYS => {
            let parms = AuthSys::parse(call.cred.body, mode).map_err(|_| AuthStat::BADCRED)?;
            match call.verf {
                AuthRef {
                    flavor: flavor::NONE,
                    ..
                } => Ok(Cred::Sys(parms)),
                _ => Err(AuthStat::BADVERF),
            }
        }
        flavor::TLS if call.procedure == 0 && call.cred.body.is_empty() => Ok(Cred::None),
        flavor::TLS => Err(AuthStat::BADCRED),
        _ => Err(AuthStat::REJECTEDCRED),
    }
}

/// Bytes that a reply's mark and header need in front of the results.
pub(crate) const REPLY_ROOM: usize = ReplyHeader::SUCCESS_LEN + 4;

/// A header as bytes.
pub(crate) fn header_bytes(header: &ReplyHeader) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(REPLY_ROOM);
    header.put(&mut bytes);
    bytes
}
