//! From a handle to an open file: where each object that a client knows was last seen, and how to find it again.
//!
//! The kernel opens the path relative to the export's top and refuses to leave it (`openat2`: no `..` beyond the top,
//! no symbolic links, no other file system). What was opened is compared with the handle; if it is something else, or
//! the server has just started and knows nothing, the object is searched for (see `search`).

use super::search::Search;
use super::stat::stat;
use crate::backend::{Attr, Kind, Result, Status};
use crate::handle::Handle;
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
use rustix::io::Errno;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Objects remembered; more make it forget all, which costs a walk along the trail for each that is used again.
const MAX_PLACES: usize = 1 << 18;
/// How long a caller waits for an object to be found. A test is no judge of speed.
const PATIENCE: Duration = Duration::from_secs(if cfg!(test) { 600 } else { 1 });
/// Bytes of a path opened in one step; the kernel takes 4 095.
const MAX_PATH: usize = 2048;

/// Where an object is.
#[derive(Clone, Debug)]
struct Place {
    parent: u64,
    name: Box<[u8]>,
    /// The handle under which it is known, so that it stays the same when the object moves.
    handle: Handle,
}

#[derive(Debug)]
pub(super) struct Places {
    top: OwnedFd,
    root: Handle,
    known: Mutex<HashMap<u64, Place>>,
    pub(super) search: Search,
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
            search: Search::default(),
        }
    }

    pub(super) fn root(&self) -> Handle {
        self.root
    }

    fn known(&self) -> MutexGuard<'_, HashMap<u64, Place>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it has been seen somewhere, and has not been found to be gone since.
    pub(super) fn knows(&self, node: &Handle) -> bool {
        let is_root = *node == self.root;
        is_root
            || self
                .known()
                .get(&node.id)
                .is_some_and(|p| p.handle == *node)
    }

    /// Opens the object of a handle.
    pub(super) fn open(self: &Arc<Self>, node: &Handle, flags: OFlags) -> Result<OwnedFd> {
        Ok(self.open_with_attr(node, flags)?.0)
    }

    /// Opens the object of a handle, with its attributes at that moment.
    pub(super) fn open_with_attr(
        self: &Arc<Self>,
        node: &Handle,
        flags: OFlags,
    ) -> Result<(OwnedFd, Attr)> {
        if let Some(found) = self.open_known(node, flags) {
            return found;
        }
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            self.seek(node, end)?;
            // It may have moved again.
            if let Some(found) = self.open_known(node, flags) {
                return found;
            }
        }
        Err(Status::Jukebox)
    }

    /// Opens an object where it was last seen; `None` when it must be searched for.
    fn open_known(&self, node: &Handle, flags: OFlags) -> Option<Result<(OwnedFd, Attr)>> {
        match self.open_path(&self.path(node)?, node, flags) {
            Err(Status::Stale) => None,
            other => Some(other),
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
    pub(super) fn open_top(&self, mut path: &[u8], flags: OFlags) -> Result<OwnedFd> {
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

    /// The path of an object, from the top, as far as it is known.
    fn path(&self, node: &Handle) -> Option<Vec<u8>> {
        let known = self.known();
        let mut names = Vec::new();
        let mut at = node.id;
        while at != self.root.id {
            let place = known.get(&at)?;
            names.push(&*place.name);
            at = place.parent;
            // Directories that have moved meanwhile may seem to be in each other.
            if names.len() > known.len() {
                return None;
            }
        }
        names.reverse();
        Some(names.join(&b'/'))
    }

    /// A name is no longer this object's, and that may have been its last one.
    pub(super) fn removed(&self, dir: &Handle, name: &[u8], node: &Handle, last: bool) {
        let mut known = self.known();
        let there = known.get(&node.id);
        if there.is_some_and(|p| last || (p.parent, &*p.name) == (dir.id, name)) {
            known.remove(&node.id);
        }
        drop(known);
        if last {
            self.search.gone(node);
        }
    }

    /// Forgets where an object was.
    pub(super) fn forget(&self, (id, generation): (u64, u64)) {
        let mut known = self.known();
        let there = known.get(&id).map(|place| place.handle.generation);
        if there == Some(generation) {
            known.remove(&id);
        }
    }

    /// Remembers that an object was seen under this name, and answers its handle.
    pub(super) fn seen(&self, dir: &Handle, name: &[u8], found: &(Attr, u64)) -> Handle {
        self.note(dir, name, (found.0.id, found.1))
    }

    /// The same, of its number and generation.
    pub(super) fn note(&self, dir: &Handle, name: &[u8], (id, generation): (u64, u64)) -> Handle {
        if id == self.root.id {
            return self.root;
        }
        let mut handle = Handle {
            export: self.root.export,
            id,
            generation,
            trail: dir.trail.then(id),
        };
        let mut known = self.known();
        match known.get(&id) {
            // It stays the same when its object moves.
            Some(before) if before.handle == handle => handle = before.handle,
            Some(_) => {}
            None if known.len() >= MAX_PLACES => {
                // Directories stay: the others' paths lead through them.
                let parents: HashSet<u64> = known.values().map(|p| p.parent).collect();
                known.retain(|id, _| parents.contains(id));
                if known.len() >= MAX_PLACES / 2 {
                    known.clear();
                }
            }
            None => {}
        }
        let place = Place {
            parent: dir.id,
            name: name.into(),
            handle,
        };
        known.insert(id, place);
        handle
    }

    /// The parent of a directory, as far as it is known.
    pub(super) fn parent(self: &Arc<Self>, dir: &Handle) -> Result<Handle> {
        if dir.id == self.root.id {
            return Ok(self.root);
        }
        // Finds it if need be.
        drop(self.open(dir, OFlags::PATH)?);
        let known = self.known();
        let parent = known.get(&dir.id).ok_or(Status::Stale)?.parent;
        if parent == self.root.id {
            return Ok(self.root);
        }
        known.get(&parent).map(|p| p.handle).ok_or(Status::Stale)
    }
}

fn is(node: &Handle, found: &(Attr, u64)) -> bool {
    (node.id, node.generation) == (found.0.id, found.1)
}
