//! The directory back end: a directory of this machine and what is below it, on the same file system.
//!
//! Handles survive a restart (see `places`), and no path leaves the export: every object is opened by the kernel below
//! the export's top, symbolic links are never followed here. Everything but an unstable write is on the disk when it
//! is answered, unless `sync` is off. Linux only (`openat2`, `statx` and `/proc`), on file systems that keep owners and
//! modes: where an owner can't be set, a server that is root makes nothing.

mod make;
mod places;
mod search;
mod stat;
#[cfg(test)]
mod tests;

use crate::backend::{
    Attr, Backend, Change, Kind, Listed, Name, New, Result, SetTime, Stable, Status, Time, Usage,
};
use crate::handle::{Handle, Trail};
use bytes::Bytes;
use places::{Places, open_below};
use rustix::fd::{AsFd, AsRawFd, OwnedFd};
use rustix::fs::{
    self, AtFlags, CWD, Gid, Mode, OFlags, RawDir, SeekFrom, Timespec, Timestamps, UTIME_NOW,
    UTIME_OMIT, Uid,
};
use stat::stat;
use std::ffi::OsStr;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

/// A directory of this machine.
#[derive(Debug)]
pub struct Directory {
    places: Arc<Places>,
    sync: bool,
}

impl Directory {
    /// Exports a directory. Without `sync`, new names are on the disk when the system likes.
    ///
    /// # Errors
    /// It can't be opened, or it is not a directory.
    pub fn open(path: &Path, sync: bool) -> std::io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let top = fs::open(path, flags, Mode::empty())?;
        let (attr, generation) = stat(&top)
            .map_err(|status| std::io::Error::other(format!("no attributes: {status:?}")))?;
        let root = Handle {
            // The same after a restart, another for another directory.
            export: attr.id.rotate_left(32) ^ generation,
            id: attr.id,
            generation,
            trail: Trail::EMPTY,
        };
        Ok(Self {
            places: Arc::new(Places::new(top, root)),
            sync,
        })
    }

    /// Opens a directory to change it.
    fn dir(&self, dir: &Handle) -> Result<OwnedFd> {
        self.places.open(dir, OFlags::RDONLY | OFlags::DIRECTORY)
    }

    /// A directory has changed: puts that on the disk.
    fn settle(&self, dir: impl AsFd) -> Result<()> {
        if self.sync {
            fs::fsync(dir)?;
        }
        Ok(())
    }

    /// Opens a file for its data.
    fn file(&self, file: &Handle, flags: OFlags) -> Result<OwnedFd> {
        // First without touching it: opening a device or a pipe may do something.
        let attr = self.places.open_with_attr(file, OFlags::PATH)?.1;
        match attr.kind {
            Kind::File => self.places.open(file, flags),
            Kind::Directory => Err(Status::Isdir),
            _ => Err(Status::Inval),
        }
    }

    /// The object of a name, and whether that is its last one: it is gone once the name is.
    fn named(&self, dir: &OwnedFd, name: Name<'_>) -> Option<(Handle, bool)> {
        let fd = open_below(dir, name.as_bytes(), OFlags::PATH, Mode::empty()).ok()?;
        let (attr, generation) = stat(fd).ok()?;
        let node = Handle {
            id: attr.id,
            generation,
            ..self.root()
        };
        Some((node, attr.kind == Kind::Directory || attr.links <= 1))
    }

    /// Removes a name.
    fn unlink(&self, dir: &Handle, name: Name<'_>, flags: AtFlags) -> Result<()> {
        let fd = self.dir(dir)?;
        let object = self.named(&fd, name);
        fs::unlinkat(&fd, os(name), flags)?;
        if let Some((object, last)) = object {
            self.places.removed(dir, name.as_bytes(), &object, last);
        }
        self.settle(&fd)
    }

    fn apply(&self, fd: &OwnedFd, kind: Kind, change: &Change) -> Result<()> {
        if change.uid.is_some() || change.gid.is_some() {
            let (uid, gid) = (change.uid.map(Uid::from_raw), change.gid.map(Gid::from_raw));
            fs::chownat(fd, c"", uid, gid, AtFlags::EMPTY_PATH)?;
        }
        // After the owner: changing that takes set-uid away. A link has no mode of its own.
        if let Some(mode) = change.mode
            && kind != Kind::Link
        {
            fs::chmodat(
                CWD,
                of(fd),
                Mode::from_raw_mode(mode & 0o7777),
                AtFlags::empty(),
            )?;
        }
        if change.atime != SetTime::Keep || change.mtime != SetTime::Keep {
            let times = Timestamps {
                last_access: timespec(change.atime),
                last_modification: timespec(change.mtime),
            };
            fs::utimensat(fd, c"", &times, AtFlags::EMPTY_PATH)?;
        }
        Ok(())
    }
}

/// A path that leads to an open object, whatever its name is now.
fn of(fd: &OwnedFd) -> String {
    format!("/proc/self/fd/{}", fd.as_raw_fd())
}

fn timespec(set: SetTime) -> Timespec {
    let special = |tv_nsec| Timespec { tv_sec: 0, tv_nsec };
    match set {
        SetTime::Keep => special(UTIME_OMIT),
        SetTime::Now => special(UTIME_NOW),
        SetTime::To(Time { seconds, nanos }) => Timespec {
            tv_sec: i64::from(seconds),
            tv_nsec: i64::from(nanos),
        },
    }
}

fn os(name: Name<'_>) -> &OsStr {
    OsStr::from_bytes(name.as_bytes())
}

impl Backend for Directory {
    const WAITS: bool = true;
    const MAX_FILE: u64 = i64::MAX as u64;

    fn root(&self) -> Handle {
        self.places.root()
    }

    fn check(&self, node: &Handle) -> Result<()> {
        if !self.places.knows(node) {
            // Found here, so that nobody searches with a lock that others need.
            self.places.open(node, OFlags::PATH)?;
        }
        Ok(())
    }

    fn attr(&self, node: &Handle) -> Result<Attr> {
        Ok(self.places.open_with_attr(node, OFlags::PATH)?.1)
    }

    fn change(&self, node: &Handle, change: &Change) -> Result<()> {
        if let Some(size) = change.size {
            let file = self.file(node, OFlags::WRONLY)?;
            fs::ftruncate(&file, size)?;
            if self.sync {
                fs::fsync(&file)?;
            }
        }
        let (fd, attr) = self.places.open_with_attr(node, OFlags::PATH)?;
        self.apply(&fd, attr.kind, change)
    }

    fn lookup(&self, dir: &Handle, name: Name<'_>) -> Result<(Handle, Attr)> {
        let (fd, attr) = self
            .places
            .open_with_attr(dir, OFlags::PATH | OFlags::DIRECTORY)?;
        match name.as_bytes() {
            b"." => Ok((*dir, attr)),
            b".." => {
                let parent = self.places.parent(dir)?;
                Ok((parent, self.attr(&parent)?))
            }
            name => {
                let found = stat(open_below(&fd, name, OFlags::PATH, Mode::empty())?)?;
                Ok((self.places.seen(dir, name, &found), found.0))
            }
        }
    }

    fn target(&self, link: &Handle) -> Result<Vec<u8>> {
        let (fd, attr) = self.places.open_with_attr(link, OFlags::PATH)?;
        if attr.kind != Kind::Link {
            return Err(Status::Inval);
        }
        Ok(fs::readlinkat(&fd, c"", Vec::new())?.into_bytes())
    }

    fn read(&self, file: &Handle, offset: u64, count: u32) -> Result<(Bytes, bool)> {
        let fd = self.file(file, OFlags::RDONLY)?;
        let size = fs::fstat(&fd)?.st_size.cast_unsigned();
        let left = size.saturating_sub(offset);
        let count = usize::try_from(left.min(u64::from(count))).unwrap_or(usize::MAX);
        // From the page cache straight into the buffer that goes to the socket.
        let mut data = Vec::with_capacity(count);
        while data.len() < count {
            let at = offset.saturating_add(data.len() as u64);
            match rustix::io::pread(&fd, rustix::buffer::spare_capacity(&mut data), at) {
                Ok(0) => break,
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        data.truncate(count);
        let end = offset.saturating_add(data.len() as u64) >= size || data.len() < count;
        Ok((data.into(), end))
    }

    fn write(&self, file: &Handle, offset: u64, data: Bytes, stable: Stable) -> Result<()> {
        let fd = self.file(file, OFlags::WRONLY)?;
        let mut rest = &data[..];
        let mut at = offset;
        while !rest.is_empty() {
            match rustix::io::pwrite(&fd, rest, at) {
                Ok(0) => return Err(Status::Io),
                Ok(n) => {
                    rest = &rest[n.min(rest.len())..];
                    at = at.saturating_add(n as u64);
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        match stable {
            Stable::No => {}
            Stable::Data => fs::fdatasync(&fd)?,
            Stable::File => fs::fsync(&fd)?,
        }
        Ok(())
    }

    fn commit(&self, file: &Handle) -> Result<()> {
        Ok(fs::fsync(self.file(file, OFlags::RDONLY)?)?)
    }

    fn create(
        &self,
        dir: &Handle,
        name: Name<'_>,
        new: New<'_>,
        change: &Change,
        owner: (u32, u32),
    ) -> Result<(Handle, Attr)> {
        self.make(dir, name, new, change, owner)
    }

    fn remove(&self, dir: &Handle, name: Name<'_>) -> Result<()> {
        self.unlink(dir, name, AtFlags::empty())
    }

    fn remove_dir(&self, dir: &Handle, name: Name<'_>) -> Result<()> {
        self.unlink(dir, name, AtFlags::REMOVEDIR)
    }

    fn rename(&self, from: (&Handle, Name<'_>), to: (&Handle, Name<'_>)) -> Result<()> {
        let (old, new) = (self.dir(from.0)?, self.dir(to.0)?);
        let replaced = self.named(&new, to.1);
        fs::renameat(&old, os(from.1), &new, os(to.1))?;
        let moved = open_below(&new, to.1.as_bytes(), OFlags::PATH, Mode::empty()).and_then(stat);
        if let Ok(found) = &moved {
            self.places.seen(to.0, to.1.as_bytes(), found);
        }
        if let Some((object, last)) = replaced
            // Renamed to its own name, it is still there.
            && !moved.is_ok_and(|found| (found.0.id, found.1) == (object.id, object.generation))
        {
            self.places.removed(to.0, to.1.as_bytes(), &object, last);
        }
        self.settle(&old)?;
        self.settle(&new)
    }

    fn link(&self, file: &Handle, dir: &Handle, name: Name<'_>) -> Result<()> {
        let (fd, attr) = self.places.open_with_attr(file, OFlags::PATH)?;
        if attr.kind == Kind::Directory {
            return Err(Status::Inval);
        }
        let dir = self.dir(dir)?;
        fs::linkat(CWD, of(&fd), &dir, os(name), AtFlags::SYMLINK_FOLLOW)?;
        self.settle(&dir)
    }

    fn list(
        &self,
        dir: &Handle,
        after: u64,
        objects: bool,
        entry: &mut dyn FnMut(Listed<'_>) -> bool,
    ) -> Result<bool> {
        let fd = self.dir(dir)?;
        if after > 0 {
            // The cookie is the file system's own position, which outlives changes of the directory.
            fs::seek(&fd, SeekFrom::Start(after)).map_err(|_| Status::BadCookie)?;
        }
        let mut buffer = [MaybeUninit::<u8>::uninit(); 32 << 10];
        let mut entries = RawDir::new(&fd, &mut buffer);
        while let Some(next) = entries.next() {
            let next = next?;
            let name = next.file_name().to_bytes();
            let mut listed = Listed {
                id: next.ino(),
                name,
                cookie: next.next_entry_cookie(),
                object: None,
            };
            if name == b".." && dir.id == self.root().id {
                // What is above the top is nobody's business.
                listed.id = dir.id;
            }
            if objects && let Ok(name) = Name::new(name) {
                listed.object = self.lookup(dir, name).ok();
            }
            if !entry(listed) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn usage(&self) -> Result<Usage> {
        let s = fs::fstatvfs(self.dir(&self.root())?)?;
        Ok(Usage {
            bytes: s.f_blocks.saturating_mul(s.f_frsize),
            bytes_free: s.f_bfree.saturating_mul(s.f_frsize),
            bytes_available: s.f_bavail.saturating_mul(s.f_frsize),
            files: s.f_files,
            files_free: s.f_ffree,
            files_available: s.f_favail,
        })
    }
}
