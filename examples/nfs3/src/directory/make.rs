//! Making an object: it is the server's own and private until its owner and mode are set, and gone again when
//! something of that fails.
//!
//! Another process may put something else under the name meanwhile, and that must not be given away. A file is reached
//! by the descriptor that made it. The other kinds can't be: they are opened by their name, and taken for what was made
//! only if nothing speaks against it ([`is_fresh`]). What is still possible: whoever may rename in the directory puts
//! there another object of the same kind that this server's user has made seconds ago, empty, private and with no other
//! name. Then that one gets the owner, and the one made here stays where it was moved to, as the server's user's own.

use super::places::open_below;
use super::stat::stat;
use super::{Directory, os};
use crate::backend::{Attr, Change, Kind, Name, New, Result, Status, Time};
use crate::handle::Handle;
use rustix::fd::OwnedFd;
use rustix::fs::{self, AtFlags, FileType, Mode, OFlags};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

const NANOS: u64 = 1_000_000_000;
/// How long before the last change of its directory a new object may have been made: others change it, too.
const FRESH: u64 = 10 * NANOS;
/// The most that Linux's device numbers hold.
const MAX_MAJOR: u32 = (1 << 12) - 1;
const MAX_MINOR: u32 = (1 << 20) - 1;
const SET_IDS: u32 = 0o6000;

impl Directory {
    pub(super) fn make(
        &self,
        dir: &Handle,
        name: Name<'_>,
        new: New<'_>,
        change: &Change,
        owner: (u32, u32),
    ) -> Result<(Handle, Attr)> {
        let fd = self.dir(dir)?;
        let (made, kind) = place(&fd, name, new)?;
        match self.finish(&fd, &made, kind, change, owner) {
            Ok(found) => Ok((self.places.seen(dir, name.as_bytes(), &found), found.0)),
            Err(status) => {
                undo(&fd, name, &made, kind);
                Err(status)
            }
        }
    }

    /// Gives a new object its owner and attributes.
    fn finish(
        &self,
        dir: &OwnedFd,
        made: &OwnedFd,
        kind: Kind,
        change: &Change,
        owner: (u32, u32),
    ) -> Result<(Attr, u64)> {
        if let Some(size) = change.size
            && kind == Kind::File
        {
            fs::ftruncate(made, size)?;
        }
        let usual = if kind == Kind::Directory {
            0o755
        } else {
            0o644
        };
        let mut mode = change.mode.unwrap_or(usual);
        let owned = Change {
            uid: Some(change.uid.unwrap_or(owner.0)),
            gid: Some(change.gid.unwrap_or(owner.1)),
            ..Change::default()
        };
        match self.apply(made, kind, &owned) {
            Ok(()) => {}
            // Only root gives files away: without, all files belong to the server's user, whose rights they don't lend.
            Err(Status::Perm) if !rustix::process::geteuid().is_root() => {
                if kind != Kind::Directory {
                    mode &= !SET_IDS;
                }
            }
            Err(other) => return Err(other),
        }
        let rest = Change {
            mode: Some(mode),
            uid: None,
            gid: None,
            ..*change
        };
        self.apply(made, kind, &rest)?;
        self.settle(dir)?;
        stat(made)
    }
}

/// Makes an object of the server's own, and opens it.
fn place(dir: &OwnedFd, name: Name<'_>, new: New<'_>) -> Result<(OwnedFd, Kind)> {
    let private = Mode::from_raw_mode(0o600);
    let kind = match new {
        New::File => {
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
            let file = open_below(dir, name.as_bytes(), flags, private)?;
            return Ok((file, Kind::File));
        }
        New::Directory => {
            fs::mkdirat(dir, os(name), Mode::from_raw_mode(0o700))?;
            Kind::Directory
        }
        New::Link(target) => {
            fs::symlinkat(OsStr::from_bytes(target), dir, os(name))?;
            Kind::Link
        }
        New::Special(kind, (major, minor)) => {
            let file_type = match kind {
                Kind::Block => FileType::BlockDevice,
                Kind::Char => FileType::CharacterDevice,
                Kind::Socket => FileType::Socket,
                Kind::Fifo => FileType::Fifo,
                _ => return Err(Status::Badtype),
            };
            if major > MAX_MAJOR || minor > MAX_MINOR {
                return Err(Status::Inval);
            }
            let device = fs::makedev(major, minor);
            fs::mknodat(dir, os(name), file_type, private, device)?;
            kind
        }
    };
    let made = open_below(dir, name.as_bytes(), OFlags::PATH, Mode::empty())?;
    let changed = stat(dir)?.0.ctime;
    if is_fresh(&stat(&made)?, kind, changed) {
        Ok((made, kind))
    } else {
        // Somebody else's has the name now.
        Err(Status::Exist)
    }
}

/// Whether an object can be the one that was just made in a directory, which has changed then. Both moments are of the
/// file system's own clock, and nobody sets them.
fn is_fresh(found: &(Attr, u64), kind: Kind, changed: Time) -> bool {
    let (attr, born) = found;
    let ours = attr.kind == kind && attr.uid == rustix::process::geteuid().as_raw();
    let most = if kind == Kind::Directory { 2 } else { 1 };
    // A link's mode says nothing.
    let private = kind == Kind::Link || attr.mode & 0o077 == 0;
    let changed = u64::from(changed.seconds) * NANOS + u64::from(changed.nanos);
    // Some file systems keep no time of birth.
    let young = *born == 0 || born.saturating_add(FRESH) >= changed;
    ours && attr.links <= most && private && young
}

/// Takes the name of a new object away, if it is still that one's.
fn undo(dir: &OwnedFd, name: Name<'_>, made: &OwnedFd, kind: Kind) {
    let there = open_below(dir, name.as_bytes(), OFlags::PATH, Mode::empty()).and_then(stat);
    let (Ok(there), Ok(made)) = (there, stat(made)) else {
        return;
    };
    if (there.0.id, there.1) == (made.0.id, made.1) {
        let flags = if kind == Kind::Directory {
            AtFlags::REMOVEDIR
        } else {
            AtFlags::empty()
        };
        // What can't be removed stays; the error that led here is the one to tell.
        let _ = fs::unlinkat(dir, os(name), flags);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_just_made_is_fresh() {
        let path = std::env::temp_dir().join(format!("nfs3-fresh-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        let dir = fs::open(&path, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap();
        let name = Name::new(b"p").unwrap();
        let fifo = New::Special(Kind::Fifo, (0, 0));
        let (made, kind) = place(&dir, name, fifo).unwrap();
        let (changed, (attr, born)) = (stat(&dir).unwrap().0.ctime, stat(&made).unwrap());
        assert!(is_fresh(&(attr, born), kind, changed));
        let others = [
            Attr { links: 2, ..attr },
            Attr {
                uid: attr.uid + 1,
                ..attr
            },
            Attr {
                mode: 0o644,
                ..attr
            },
            Attr {
                kind: Kind::Socket,
                ..attr
            },
        ];
        for other in others {
            assert!(!is_fresh(&(other, born), kind, changed), "{other:?}");
        }
        if born > 0 {
            assert!(!is_fresh(&(attr, born - 2 * FRESH), kind, changed));
        }
        std::fs::remove_dir_all(path).unwrap();
    }
}
