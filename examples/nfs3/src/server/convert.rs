//! Between the generated types and the back ends' values.

use super::who::NO_ID;
use crate::backend::{Attr, Change, Kind, SetTime, Status, Time};
use crate::handle::Handle;
use crate::nfs3::{
    Fattr3, Ftype3, NfsFh3, Nfstime3, PostOpAttr, PostOpFh3, PreOpAttr, Sattr3, SetAtime, SetGid3,
    SetMode3, SetMtime, SetSize3, SetUid3, Specdata3, TimeHow, WccAttr, WccData,
};

/// The number of a status, as the unions of the results have it.
pub(super) fn number(status: Status) -> i32 {
    status as i32
}

impl From<Kind> for Ftype3 {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::File => Self::Nf3reg,
            Kind::Directory => Self::Nf3dir,
            Kind::Block => Self::Nf3blk,
            Kind::Char => Self::Nf3chr,
            Kind::Link => Self::Nf3lnk,
            Kind::Socket => Self::Nf3sock,
            Kind::Fifo => Self::Nf3fifo,
        }
    }
}

impl From<Attr> for Fattr3 {
    fn from(a: Attr) -> Self {
        Self {
            r#type: a.kind.into(),
            mode: a.mode,
            nlink: a.links,
            uid: a.uid,
            gid: a.gid,
            size: a.size,
            used: a.used,
            rdev: Specdata3 {
                specdata1: a.device.0,
                specdata2: a.device.1,
            },
            fsid: a.fsid,
            fileid: a.id,
            atime: a.atime.into(),
            mtime: a.mtime.into(),
            ctime: a.ctime.into(),
        }
    }
}

impl From<Time> for Nfstime3 {
    fn from(t: Time) -> Self {
        Self {
            seconds: t.seconds,
            nseconds: t.nanos,
        }
    }
}

impl From<Nfstime3> for Time {
    fn from(t: Nfstime3) -> Self {
        Self {
            seconds: t.seconds,
            nanos: t.nseconds,
        }
    }
}

impl From<Handle> for NfsFh3 {
    fn from(handle: Handle) -> Self {
        Self {
            data: handle.to_opaque(),
        }
    }
}

/// Attributes after an operation, where there are any.
pub(super) fn after(attr: Option<Attr>) -> PostOpAttr {
    attr.map_or(PostOpAttr::False, |attr| PostOpAttr::True(attr.into()))
}

/// A handle after an operation.
pub(super) fn made(handle: Handle) -> PostOpFh3 {
    PostOpFh3::True(handle.into())
}

/// An object before and after an operation.
pub(super) fn wcc(before: Option<Attr>, then: Option<Attr>) -> WccData {
    let before = before.map_or(PreOpAttr::False, |attr| {
        PreOpAttr::True(WccAttr {
            size: attr.size,
            mtime: attr.mtime.into(),
            ctime: attr.ctime.into(),
        })
    });
    WccData {
        before,
        after: after(then),
    }
}

/// What a client wants to set.
///
/// # Errors
/// [`Status::Inval`] for a time that is none, and for [`NO_ID`] as an owner.
pub(super) fn change(attributes: &Sattr3) -> Result<Change, Status> {
    let time = |time: Nfstime3| match time.nseconds {
        0..1_000_000_000 => Ok(SetTime::To(time.into())),
        _ => Err(Status::Inval),
    };
    let how = |number| match number {
        n if n == TimeHow::SetToServerTime.as_i32() => SetTime::Now,
        _ => SetTime::Keep,
    };
    let id = |id| {
        if id == NO_ID {
            Err(Status::Inval)
        } else {
            Ok(id)
        }
    };
    Ok(Change {
        mode: match attributes.mode {
            SetMode3::True(mode) => Some(mode & 0o7777),
            SetMode3::False => None,
        },
        uid: match attributes.uid {
            SetUid3::True(uid) => Some(id(uid)?),
            SetUid3::False => None,
        },
        gid: match attributes.gid {
            SetGid3::True(gid) => Some(id(gid)?),
            SetGid3::False => None,
        },
        size: match attributes.size {
            SetSize3::True(size) => Some(size),
            SetSize3::False => None,
        },
        atime: match attributes.atime.clone() {
            SetAtime::SetToClientTime(to) => time(to)?,
            SetAtime::Other(number) => how(number),
        },
        mtime: match attributes.mtime.clone() {
            SetMtime::SetToClientTime(to) => time(to)?,
            SetMtime::Other(number) => how(number),
        },
    })
}
