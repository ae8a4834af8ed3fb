//! A tree of files as the server needs it: the trait that a back end implements, and the values it speaks in.
//!
//! Nothing in here knows the protocol, except that [`Status`] has the numbers of RFC 1813. Who may do what
//! is decided before a back end is asked; names arrive checked (see [`Name`]).

use crate::handle::Handle;
use bytes::Bytes;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Why an operation failed, by its number in RFC 1813.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of RFC 1813, §2.6")]
pub enum Status {
    Perm = 1,
    Noent = 2,
    Io = 5,
    Nxio = 6,
    Acces = 13,
    Exist = 17,
    Xdev = 18,
    Nodev = 19,
    Notdir = 20,
    Isdir = 21,
    Inval = 22,
    Fbig = 27,
    Nospc = 28,
    Rofs = 30,
    Mlink = 31,
    Nametoolong = 63,
    Notempty = 66,
    Dquot = 69,
    Stale = 70,
    Badhandle = 10001,
    NotSync = 10002,
    BadCookie = 10003,
    Notsupp = 10004,
    Toosmall = 10005,
    Serverfault = 10006,
    Badtype = 10007,
    Jukebox = 10008,
}

/// What an operation on a back end returns.
pub type Result<T> = std::result::Result<T, Status>;

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are what they are called")]
pub enum Kind {
    File,
    Directory,
    Block,
    Char,
    Link,
    Socket,
    Fifo,
}

/// A moment: seconds since 1970, and nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time {
    /// Since 1970-01-01 00:00 UTC.
    pub seconds: u32,
    /// Below 10^9.
    pub nanos: u32,
}

impl Time {
    /// This moment.
    #[must_use]
    pub fn now() -> Self {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        Self {
            // The protocol's clock ends in 2106.
            seconds: u32::try_from(now.as_secs()).unwrap_or(u32::MAX),
            nanos: now.subsec_nanos(),
        }
    }
}

/// The attributes of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attr {
    /// What it is.
    pub kind: Kind,
    /// Permission bits, with set-uid, set-gid and sticky.
    pub mode: u32,
    /// Number of names.
    pub links: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Bytes in it.
    pub size: u64,
    /// Bytes it takes on the disk.
    pub used: u64,
    /// Major and minor number of a device.
    pub device: (u32, u32),
    /// Which file system it is on.
    pub fsid: u64,
    /// Which object of that file system it is.
    pub id: u64,
    /// Last read.
    pub atime: Time,
    /// Last change of the content.
    pub mtime: Time,
    /// Last change of the content or of attributes.
    pub ctime: Time,
}

/// What to do with a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SetTime {
    /// Leave it.
    #[default]
    Keep,
    /// Set it to the server's clock.
    Now,
    /// Set it to this.
    To(Time),
}

/// Attributes to set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Permission bits.
    pub mode: Option<u32>,
    /// Owner.
    pub uid: Option<u32>,
    /// Group.
    pub gid: Option<u32>,
    /// Cuts off, or adds zeros.
    pub size: Option<u64>,
    /// Last read.
    pub atime: SetTime,
    /// Last change of the content.
    pub mtime: SetTime,
}

/// What to make.
#[derive(Clone, Copy, Debug)]
pub enum New<'a> {
    /// An empty file.
    File,
    /// An empty directory.
    Directory,
    /// A symbolic link that points there.
    Link(&'a [u8]),
    /// A device, a socket or a pipe; the numbers matter for devices.
    Special(Kind, (u32, u32)),
}

/// A name in a directory: 1 to 255 bytes, none of them `/` or NUL. `.` and `..` are names too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'a>(&'a [u8]);

impl<'a> Name<'a> {
    /// The longest name, in bytes.
    pub const MAX: usize = 255;

    /// Checks a name.
    ///
    /// # Errors
    /// [`Status::Acces`] for what can't be a name, as RFC 1813 §3.2 has it, [`Status::Nametoolong`].
    pub fn new(name: &'a [u8]) -> Result<Self> {
        if name.is_empty() || name.contains(&b'/') || name.contains(&0) {
            return Err(Status::Acces);
        }
        if name.len() > Self::MAX {
            return Err(Status::Nametoolong);
        }
        Ok(Self(name))
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// Whether it is `.` or `..`: names that nobody makes or removes.
    #[must_use]
    pub fn is_dots(self) -> bool {
        matches!(self.0, b"." | b"..")
    }
}

/// How far written data must have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stable {
    /// Anywhere.
    No,
    /// The data can be read back after a crash.
    Data,
    /// The data and all attributes.
    File,
}

/// An entry of a directory.
#[derive(Clone, Copy, Debug)]
pub struct Listed<'a> {
    /// Which object it names.
    pub id: u64,
    /// Its name.
    pub name: &'a [u8],
    /// Stands for the place after this entry, for as long as the directory exists.
    pub cookie: u64,
    /// The object, when it was asked for and is still there.
    pub object: Option<(Handle, Attr)>,
}

/// How full a file system is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "total, free, and free for ordinary users")]
pub struct Usage {
    pub bytes: u64,
    pub bytes_free: u64,
    pub bytes_available: u64,
    pub files: u64,
    pub files_free: u64,
    pub files_available: u64,
}

/// A tree of files.
///
/// Each operation is one step: it has happened, or it has not. Handles stay valid until their object is gone.
pub trait Backend: Send + Sync + Sized + 'static {
    /// Whether operations may wait for a disk: then they run on threads of their own.
    const WAITS: bool;
    /// The largest file.
    const MAX_FILE: u64;

    /// The top.
    fn root(&self) -> Handle;

    /// Whether a handle of this export is one that can have been made here: else [`Status::Badhandle`] or
    /// [`Status::Stale`]. Asked first and without a lock, so that an object that must be searched for is searched for
    /// here ([`Status::Jukebox`]: that takes longer).
    fn check(&self, _: &Handle) -> Result<()> {
        Ok(())
    }

    /// An object's attributes.
    fn attr(&self, node: &Handle) -> Result<Attr>;

    /// Changes attributes.
    fn change(&self, node: &Handle, change: &Change) -> Result<()>;

    /// The object of a name; `.` is the directory itself, `..` its parent and at the top the top.
    fn lookup(&self, dir: &Handle, name: Name<'_>) -> Result<(Handle, Attr)>;

    /// Where a symbolic link points.
    fn target(&self, link: &Handle) -> Result<Vec<u8>>;

    /// At most `count` bytes of a file, and whether it ends there.
    fn read(&self, file: &Handle, offset: u64, count: u32) -> Result<(Bytes, bool)>;

    /// Puts all of the data into a file.
    fn write(&self, file: &Handle, offset: u64, data: Bytes, stable: Stable) -> Result<()>;

    /// What was written survives a crash from now on.
    fn commit(&self, file: &Handle) -> Result<()>;

    /// Makes an object that belongs to `owner`, a user and a group. The name must be new.
    fn create(
        &self,
        dir: &Handle,
        name: Name<'_>,
        new: New<'_>,
        change: &Change,
        owner: (u32, u32),
    ) -> Result<(Handle, Attr)>;

    /// Removes a name that is not a directory's.
    fn remove(&self, dir: &Handle, name: Name<'_>) -> Result<()>;

    /// Removes an empty directory.
    fn remove_dir(&self, dir: &Handle, name: Name<'_>) -> Result<()>;

    /// Moves an object, over another one if need be.
    fn rename(&self, from: (&Handle, Name<'_>), to: (&Handle, Name<'_>)) -> Result<()>;

    /// Gives a file one more name.
    fn link(&self, file: &Handle, dir: &Handle, name: Name<'_>) -> Result<()>;

    /// Hands out the entries after a cookie (0: all) until `entry` answers false, which means that it did not take this
    /// one; with their objects when `objects` says so. Answers whether none is left.
    fn list(
        &self,
        dir: &Handle,
        after: u64,
        objects: bool,
        entry: &mut dyn FnMut(Listed<'_>) -> bool,
    ) -> Result<bool>;

    /// How full it is.
    fn usage(&self) -> Result<Usage>;
}
