//! What the system says of an object → attributes and identity.

use crate::backend::{Attr, Kind, Result, Status, Time};
use rustix::fd::AsFd;
use rustix::fs::{AtFlags, Statx, StatxFlags, StatxTimestamp, statx};
use rustix::io::Errno;

/// The number of a file system, from a device's major and minor number.
pub(super) fn device(major: u32, minor: u32) -> u64 {
    u64::from(major) << 32 | u64::from(minor)
}

/// Attributes and generation of an open object.
pub(super) fn stat(fd: impl AsFd) -> Result<(Attr, u64)> {
    let wanted = StatxFlags::BASIC_STATS | StatxFlags::BTIME;
    let s = statx(fd, c"", AtFlags::EMPTY_PATH, wanted)?;
    Ok((attr(&s), generation(&s)))
}

fn attr(s: &Statx) -> Attr {
    Attr {
        kind: kind(u32::from(s.stx_mode)),
        mode: u32::from(s.stx_mode) & 0o7777,
        links: s.stx_nlink,
        uid: s.stx_uid,
        gid: s.stx_gid,
        size: s.stx_size,
        used: s.stx_blocks.saturating_mul(512),
        device: (s.stx_rdev_major, s.stx_rdev_minor),
        fsid: device(s.stx_dev_major, s.stx_dev_minor),
        id: s.stx_ino,
        atime: time(s.stx_atime),
        mtime: time(s.stx_mtime),
        ctime: time(s.stx_ctime),
    }
}

/// Inode numbers are used again; the time of birth tells the objects apart that have had one.
fn generation(s: &Statx) -> u64 {
    if s.stx_mask & StatxFlags::BTIME.bits() == 0 {
        return 0;
    }
    let nanos = u64::from(s.stx_btime.tv_nsec);
    s.stx_btime
        .tv_sec
        .cast_unsigned()
        .wrapping_mul(1_000_000_000)
        .wrapping_add(nanos)
}

fn kind(mode: u32) -> Kind {
    match mode & 0o170_000 {
        0o040_000 => Kind::Directory,
        0o060_000 => Kind::Block,
        0o020_000 => Kind::Char,
        0o120_000 => Kind::Link,
        0o140_000 => Kind::Socket,
        0o010_000 => Kind::Fifo,
        _ => Kind::File,
    }
}

/// The protocol's clock runs from 1970 to 2106.
fn time(t: StatxTimestamp) -> Time {
    match u32::try_from(t.tv_sec) {
        Ok(seconds) => Time {
            seconds,
            nanos: t.tv_nsec,
        },
        Err(_) if t.tv_sec < 0 => Time::default(),
        Err(_) => Time {
            seconds: u32::MAX,
            nanos: 0,
        },
    }
}

impl From<Errno> for Status {
    fn from(error: Errno) -> Self {
        match error {
            Errno::PERM => Self::Perm,
            Errno::NOENT => Self::Noent,
            Errno::NXIO => Self::Nxio,
            // ELOOP: a symbolic link where a path of ours had a directory, so somebody has changed the tree.
            Errno::ACCESS | Errno::LOOP => Self::Acces,
            Errno::EXIST => Self::Exist,
            Errno::XDEV => Self::Xdev,
            Errno::NODEV => Self::Nodev,
            Errno::NOTDIR => Self::Notdir,
            Errno::ISDIR => Self::Isdir,
            Errno::INVAL => Self::Inval,
            Errno::FBIG | Errno::OVERFLOW => Self::Fbig,
            Errno::NOSPC => Self::Nospc,
            Errno::ROFS => Self::Rofs,
            Errno::MLINK => Self::Mlink,
            Errno::NAMETOOLONG => Self::Nametoolong,
            Errno::NOTEMPTY => Self::Notempty,
            Errno::DQUOT => Self::Dquot,
            Errno::STALE => Self::Stale,
            Errno::OPNOTSUPP => Self::Notsupp,
            // The server's own shortage: the client may come again.
            Errno::MFILE | Errno::NFILE | Errno::NOMEM => Self::Jukebox,
            _ => Self::Io,
        }
    }
}
