//! From a handle to an open file: where each object that a client knows was last seen, and how to find it again.
//!
//! The kernel opens the path relative to the export's top and refuses to leave it (`openat2`: no `..` beyond the top,
//! no symbolic links, no other file system). What was opened is compared with the handle; if it is something else, or
//! the server has just started and knows nothing, the handle's trail leads the way: at each step only directories
//! whose number fits it are entered. Only an object that has moved meanwhile takes a search of the tree, and that ends
//! after a fixed number of entries.

use super::stat::stat;
use crate::backend::{Attr, Kind, Result, Status};
use crate::handle::{Handle, Trail};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{Mode, OFlags, RawDir, ResolveFlags, openat2};
use rustix::io::Errno;
use std::collections::{HashMap, HashSet};
use std::mem::MaybeUninit;
use std::sync::{Mutex, PoisonError};

/// Objects remembered; more make it forget all, which costs a walk along the trail for each that is used again.
const MAX_PLACES: usize = 1 << 18;
/// Entries looked at in search of one object.
const MAX_SEARCH: usize = 1 << 17;
/// Directories within directories.
const MAX_DEPTH: usize = 256;
/// Bytes of a path opened in one step; the kernel takes 4 095.
const MAX_PATH: usize = 2048;

/// Where an object is.
#[derive(Clone, Debug)]
struct Place {
    parent: u64,
    /// Empty: it was nowhere, don't search again.
    name: Box<[u8]>,
    /// The handle under which it is known, so that it stays the same when the object moves.
    handle: Handle,
}

/// What is known of where an object is.
enum Known {
    Path(Vec<u8>),
    Gone,
    Nothing,
}

#[derive(Debug)]
pub(super) struct Places {
    top: OwnedFd,
    root: Handle,
    known: Mutex<HashMap<u64, Place>>,
    /// One search at a time.
    search: Mutex<()>,
}

/// Opens a path below a directory and nowhere else.
pub(super) fn open_below(
    dir: impl AsFd,
    path: &[u8],
    flags: OFlags,
    mode: Mode,
) -> Result<OwnedFd> {
    let path = if path.is_empty() { b"." } else { path };
    let within = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_XDEV;
    // Never a terminal, and never waiting for a pipe's other end.
    let flags = flags | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NOCTTY | OFlags::NONBLOCK;
    // O_PATH takes no other flags.
    let flags = if flags.contains(OFlags::PATH) {
        flags & (OFlags::PATH | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::DIRECTORY)
    } else {
        flags
    };
    for _ in 0..3 {
        match openat2(&dir, path, flags, mode, within) {
            // Something was renamed meanwhile: once more.
            Err(Errno::AGAIN | Errno::INTR) => {}
            // Another file system is mounted there: not exported.
            Err(Errno::XDEV) => return Err(Status::Acces),
            other => return Ok(other?),
        }
    }
    Err(Status::Jukebox)
}

impl Places {
    pub(super) fn new(top: OwnedFd, root: Handle) -> Self {
        Self {
            top,
            root,
            known: Mutex::default(),
            search: Mutex::default(),
        }
    }

    pub(super) fn root(&self) -> Handle {
        self.root
    }

    /// Opens the object of a handle.
    pub(super) fn open(&self, node: &Handle, flags: OFlags) -> Result<OwnedFd> {
        Ok(self.open_with_attr(node, flags)?.0)
    }

    /// Opens the object of a handle, with its attributes at that moment.
    pub(super) fn open_with_attr(&self, node: &Handle, flags: OFlags) -> Result<(OwnedFd, Attr)> {
        if let Some(found) = self.open_known(node, flags) {
            return found;
        }
        let _one = self.search.lock().unwrap_or_else(PoisonError::into_inner);
        // Somebody may have found it while we waited.
        if let Some(found) = self.open_known(node, flags) {
            return found;
        }
        for guided in [true, false] {
            let mut left = MAX_SEARCH;
            let top = open_below(
                &self.top,
                b".",
                OFlags::RDONLY | OFlags::DIRECTORY,
                Mode::empty(),
            )?;
            if self.find(&top, self.root, 0, node, guided, &mut left)?
                && let Some(found) = self.open_known(node, flags)
            {
                return found;
            }
        }
        self.gone(node);
        Err(Status::Stale)
    }

    /// Opens an object where it was last seen; `None` when it must be searched for.
    fn open_known(&self, node: &Handle, flags: OFlags) -> Option<Result<(OwnedFd, Attr)>> {
        match self.path(node) {
            Known::Path(path) => match self.open_path(&path, node, flags) {
                Err(Status::Stale) => None,
                other => Some(other),
            },
            Known::Gone => Some(Err(Status::Stale)),
            Known::Nothing => None,
        }
    }

    fn open_path(&self, path: &[u8], node: &Handle, flags: OFlags) -> Result<(OwnedFd, Attr)> {
        let fd = match self.open_top(path, flags) {
            // No longer there, or there and not to be opened like this? Its identity tells.
            Err(error @ (Status::Noent | Status::Notdir | Status::Acces)) => {
                let probe = self.open_top(path, OFlags::PATH).and_then(stat);
                let wants_dir = flags.contains(OFlags::DIRECTORY);
                return Err(match probe {
                    Ok(found) if !is(node, &found) => Status::Stale,
                    Ok(found) if wants_dir && found.0.kind != Kind::Directory => Status::Notdir,
                    Ok(_) => error,
                    Err(_) => Status::Stale,
                });
            }
            other => other?,
        };
        let found = stat(&fd)?;
        if !is(node, &found) {
            return Err(Status::Stale);
        }
        Ok((fd, found.0))
    }

    /// Opens a path from the top; a long one in several steps.
    fn open_top(&self, mut path: &[u8], flags: OFlags) -> Result<OwnedFd> {
        let mut step: Option<OwnedFd> = None;
        while path.len() > MAX_PATH {
            let Some(end) = path[..MAX_PATH].iter().rposition(|b| *b == b'/') else {
                return Err(Status::Nametoolong);
            };
            let dir = step.as_ref().unwrap_or(&self.top);
            let through = OFlags::PATH | OFlags::DIRECTORY;
            step = Some(open_below(dir, &path[..end], through, Mode::empty())?);
            path = &path[end + 1..];
        }
        open_below(
            step.as_ref().unwrap_or(&self.top),
            path,
            flags,
            Mode::empty(),
        )
    }

    /// The path of an object, from the top.
    fn path(&self, node: &Handle) -> Known {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut names = Vec::new();
        let mut at = node.id;
        while at != self.root.id {
            let Some(place) = known.get(&at) else {
                return Known::Nothing;
            };
            if place.name.is_empty() {
                let same = at == node.id && place.handle == *node;
                return if same { Known::Gone } else { Known::Nothing };
            }
            names.push(&place.name);
            at = place.parent;
            if names.len() > MAX_DEPTH {
                return Known::Nothing;
            }
        }
        let mut path = Vec::new();
        for name in names.iter().rev() {
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(name);
        }
        Known::Path(path)
    }

    /// Remembers that an object is nowhere.
    pub(super) fn gone(&self, node: &Handle) {
        self.insert(Place {
            parent: self.root.id,
            name: Box::default(),
            handle: *node,
        });
    }

    fn insert(&self, place: Place) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_PLACES {
            // Directories stay: the others' paths lead through them.
            let parents: HashSet<u64> = known.values().map(|p| p.parent).collect();
            known.retain(|id, _| parents.contains(id));
            if known.len() >= MAX_PLACES / 2 {
                known.clear();
            }
        }
        known.insert(place.handle.id, place);
    }

    /// Remembers that an object was seen under this name, and answers its handle.
    pub(super) fn seen(&self, dir: &Handle, name: &[u8], found: &(Attr, u64)) -> Handle {
        let (id, generation) = (found.0.id, found.1);
        if id == self.root.id {
            return self.root;
        }
        let handle = Handle {
            export: self.root.export,
            id,
            generation,
            trail: dir.trail.then(id),
        };
        let before = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.get(&id).map(|place| place.handle)
        };
        let handle = before.filter(|before| *before == handle).unwrap_or(handle);
        self.insert(Place {
            parent: dir.id,
            name: name.into(),
            handle,
        });
        handle
    }

    /// The parent of a directory, as far as it is known.
    pub(super) fn parent(&self, dir: &Handle) -> Result<Handle> {
        if dir.id == self.root.id {
            return Ok(self.root);
        }
        // Finds it if need be.
        drop(self.open(dir, OFlags::PATH)?);
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let parent = known.get(&dir.id).ok_or(Status::Stale)?.parent;
        if parent == self.root.id {
            return Ok(self.root);
        }
        known.get(&parent).map(|p| p.handle).ok_or(Status::Stale)
    }

    /// Looks for an object below `dir`, which is `depth` steps below the top; remembers the way when it is there.
    fn find(
        &self,
        dir: &OwnedFd,
        at: Handle,
        depth: usize,
        wanted: &Handle,
        guided: bool,
        left: &mut usize,
    ) -> Result<bool> {
        let steps = wanted.trail.as_slice();
        // A trail that is full may end above its object.
        let step = steps.get(depth).copied().filter(|_| guided);
        let end = guided && depth >= steps.len() && steps.len() < Trail::MAX;
        if end || depth >= MAX_DEPTH {
            return Ok(false);
        }
        // Not on the stack: this function calls itself.
        let mut buffer = vec![MaybeUninit::<u8>::uninit(); 8192];
        let mut entries = RawDir::new(dir, &mut buffer);
        let mut below = Vec::new();
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if matches!(name, b"." | b"..") {
                continue;
            }
            let Some(fewer) = left.checked_sub(1) else {
                return Ok(false);
            };
            *left = fewer;
            if entry.ino() == wanted.id {
                let fd = open_below(dir, name, OFlags::PATH, Mode::empty());
                if let Ok(found) = fd.and_then(stat)
                    && is(wanted, &found)
                {
                    let handle = self.seen(&at, name, &found);
                    debug_assert_eq!(handle, *wanted);
                    return Ok(true);
                }
            }
            if step.is_none_or(|step| step == Trail::step(entry.ino())) {
                below.push(name.to_vec());
            }
        }
        drop(buffer);
        for name in below {
            let Ok(fd) = open_below(
                dir,
                &name,
                OFlags::RDONLY | OFlags::DIRECTORY,
                Mode::empty(),
            ) else {
                continue;
            };
            let found = stat(&fd)?;
            debug_assert_eq!(found.0.kind, Kind::Directory);
            let next = self.seen(&at, &name, &found);
            if self.find(&fd, next, depth + 1, wanted, guided, left)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn is(node: &Handle, found: &(Attr, u64)) -> bool {
    (node.id, node.generation) == (found.0.id, found.1)
}
