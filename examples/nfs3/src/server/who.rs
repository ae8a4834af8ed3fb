//! Who calls, and what that one may do: Unix permission bits, by the AUTH_SYS claim.

use crate::backend::{Attr, Change, Kind, Result, SetTime, Status};
use crate::nfs3::{
    ACCESS3_DELETE, ACCESS3_EXECUTE, ACCESS3_EXTEND, ACCESS3_LOOKUP, ACCESS3_MODIFY, ACCESS3_READ,
};
use rpcgen_runtime::Cred;

/// The user and group of whoever is nobody in particular.
const NOBODY: u32 = 65_534;

/// No user and no group: where an owner is set it means "leave it", so that whatever such a caller made would be the
/// server's own.
pub(crate) const NO_ID: u32 = u32::MAX;

pub(crate) const READ: u32 = 4;
pub(crate) const WRITE: u32 = 2;
pub(crate) const EXECUTE: u32 = 1;

const SET_GID: u32 = 0o2000;
const SET_UID: u32 = 0o4000;
const GROUP_EXECUTE: u32 = 0o010;
const STICKY: u32 = 0o1000;

/// A caller. The claim is believed, as NFS servers do; it proves nothing.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    uid: u32,
    gid: u32,
    gids: Vec<u32>,
}

impl Who {
    /// Reads the credential; `squash` makes root, and root's group, nobody. So is whoever claims [`NO_ID`].
    pub(crate) fn new(cred: &Cred, squash: bool) -> Self {
        let id = |id| match id {
            0 if squash => NOBODY,
            NO_ID => NOBODY,
            other => other,
        };
        match cred {
            Cred::Sys(sys) if id(sys.uid) == sys.uid => Self {
                uid: sys.uid,
                gid: id(sys.gid),
                gids: sys.gids.iter().map(|gid| id(*gid)).collect(),
            },
            _ => Self {
                uid: NOBODY,
                gid: NOBODY,
                gids: Vec::new(),
            },
        }
    }

    fn is_root(&self) -> bool {
        self.uid == 0
    }

    fn owns(&self, attr: &Attr) -> bool {
        self.is_root() || self.uid == attr.uid
    }

    fn is_in(&self, gid: u32) -> bool {
        self.gid == gid || self.gids.contains(&gid)
    }

    fn has(&self, attr: &Attr, wanted: u32) -> bool {
        if self.is_root() {
            // Root reads and writes anything, and executes what somebody may execute.
            return wanted & EXECUTE == 0 || attr.kind == Kind::Directory || attr.mode & 0o111 != 0;
        }
        let shift = if self.uid == attr.uid {
            6
        } else if self.is_in(attr.gid) {
            3
        } else {
            0
        };
        attr.mode >> shift & wanted == wanted
    }

    /// Whether all that is wanted is allowed.
    pub(crate) fn may(&self, attr: &Attr, wanted: u32) -> Result<()> {
        if self.has(attr, wanted) {
            Ok(())
        } else {
            Err(Status::Acces)
        }
    }

    /// Reading: the owner always may, for it has opened the file before its mode changed (RFC 1813, §4.4); and whoever
    /// may execute a file must be able to read it.
    pub(crate) fn may_read(&self, attr: &Attr) -> Result<()> {
        if self.owns(attr) {
            return Ok(());
        }
        self.may(attr, READ).or_else(|_| self.may(attr, EXECUTE))
    }

    /// Writing: the owner always may, as with reading.
    pub(crate) fn may_write(&self, attr: &Attr) -> Result<()> {
        if self.owns(attr) {
            return Ok(());
        }
        self.may(attr, WRITE)
    }

    /// Whether a name may be taken out of a directory: in a sticky one, only by an owner.
    pub(crate) fn may_remove(&self, dir: &Attr, object: &Attr) -> Result<()> {
        self.may(dir, WRITE | EXECUTE)?;
        if dir.mode & STICKY != 0 && !self.owns(dir) && !self.owns(object) {
            return Err(Status::Acces);
        }
        Ok(())
    }

    /// Whether attributes may be changed so, and what that changes besides.
    pub(crate) fn may_change(&self, attr: &Attr, mut change: Change) -> Result<Change> {
        let owner = self.owns(attr);
        let same = |new: Option<u32>, old| new.is_none_or(|new| new == old);
        if !self.is_root() && !same(change.uid, attr.uid) {
            return Err(Status::Perm);
        }
        let gives = !same(change.gid, attr.gid);
        if gives && !(self.is_root() || owner && change.gid.is_some_and(|gid| self.is_in(gid))) {
            return Err(Status::Perm);
        }
        if change.mode.is_some() && !owner {
            return Err(Status::Perm);
        }
        let exact = |time| matches!(time, SetTime::To(_));
        if (exact(change.atime) || exact(change.mtime)) && !owner {
            return Err(Status::Perm);
        }
        if change.atime == SetTime::Now || change.mtime == SetTime::Now {
            self.may_write(attr)?;
        }
        if change.size.is_some() {
            self.may_write(attr)?;
        }
        if change.mode.is_none() && (gives || change.size.is_some()) {
            change.mode = self.mode_after_write(attr);
        }
        if let Some(mode) = change.mode
            && !self.is_root()
            && !self.is_in(change.gid.unwrap_or(attr.gid))
        {
            change.mode = Some(mode & !SET_GID);
        }
        Ok(change)
    }

    /// The mode that a file gets by being written to, if that is another: whoever is not root takes the bits away that
    /// lend somebody's rights. Set-gid of what the group may not execute lends nothing, and members leave it.
    pub(crate) fn mode_after_write(&self, attr: &Attr) -> Option<u32> {
        let lends_group = attr.mode & GROUP_EXECUTE != 0 || !self.is_in(attr.gid);
        let taken = SET_UID | if lends_group { SET_GID } else { 0 };
        let loses = attr.kind == Kind::File && attr.mode & taken != 0 && !self.is_root();
        loses.then_some(attr.mode & !taken)
    }

    /// Whether an object may be made here: whose it will be, and its attributes.
    pub(crate) fn may_make(
        &self,
        dir: &Attr,
        directory: bool,
        mut change: Change,
    ) -> Result<(Change, (u32, u32))> {
        self.may(dir, WRITE | EXECUTE)?;
        let inherits = dir.mode & SET_GID != 0;
        let gid = if inherits { dir.gid } else { self.gid };
        if !self.is_root() {
            let uid = change.uid.is_none_or(|uid| uid == self.uid);
            let gid = change.gid.is_none_or(|g| g == gid || self.is_in(g));
            if !uid || !gid {
                return Err(Status::Perm);
            }
        }
        if inherits && directory {
            change.mode = Some(change.mode.unwrap_or(0o755) | SET_GID);
        } else if !self.is_root() && !self.is_in(change.gid.unwrap_or(gid)) {
            change.mode = change.mode.map(|mode| mode & !SET_GID);
        }
        Ok((change, (self.uid, gid)))
    }

    /// The bits of ACCESS that are granted.
    pub(crate) fn access(&self, attr: &Attr, read_only: bool) -> u32 {
        let directory = attr.kind == Kind::Directory;
        let mut granted = 0;
        if self.has(attr, READ) {
            granted |= ACCESS3_READ;
        }
        if self.has(attr, EXECUTE) {
            granted |= if directory {
                ACCESS3_LOOKUP
            } else {
                ACCESS3_EXECUTE
            };
        }
        // Names are changed by whoever may also search the directory.
        let wanted = if directory { WRITE | EXECUTE } else { WRITE };
        if self.has(attr, wanted) && !read_only {
            granted |= ACCESS3_MODIFY | ACCESS3_EXTEND;
            if directory {
                granted |= ACCESS3_DELETE;
            }
        }
        granted
    }

    /// Devices are made by root only.
    pub(crate) fn may_make_device(&self) -> Result<()> {
        if self.is_root() {
            Ok(())
        } else {
            Err(Status::Perm)
        }
    }
}
