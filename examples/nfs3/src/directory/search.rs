//! Finding an object that is not where it was last seen, or that this server has not seen since it started.
//!
//! First its handle's trail leads the way: at each step only directories whose number fits it are entered. If that does
//! not lead to it, somebody has moved or removed it, or it never was: the whole tree is walked through by a thread of
//! its own, for all that is wanted at once. Nobody waits for it long: whoever has waited for a
//! second is told to come again (NFS3ERR_JUKEBOX). What a whole walk has not met is told to be stale, and that is doubted again after a
//! while, for it may have been moved around the walk, or may come back from elsewhere.

#[cfg(test)]
mod tests;

use super::places::{Places, open_below};
use super::stat::stat;
use crate::backend::{Attr, Result, Status};
use crate::handle::{Handle, Trail};
use rustix::fd::OwnedFd;
use rustix::fs::{FileType, Mode, OFlags, RawDir};
use std::collections::{HashMap, HashSet};
use std::mem::MaybeUninit;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long an object that was not found is told to be stale without a search.
const ABSENT_FOR: Duration = Duration::from_secs(10);
/// A walk is followed by a rest as long as itself, or this.
const MAX_REST: Duration = Duration::from_secs(2);
/// Objects that one walk looks for.
const MAX_WANTED: usize = 1 << 10;
/// Callers that wait for a walk, and for that or their turn to follow a trail. More are told to come again at once:
/// there are threads for 512 calls.
const MAX_WALK_WAITING: usize = 64;
const MAX_WAITING: usize = 192;
/// Objects remembered to be nowhere.
const MAX_ABSENT: usize = 1 << 16;
/// Entries looked at below a trail that is full, before that is left to a walk.
const MAX_BELOW: usize = 1 << 14;
/// Walks that must miss an object that has been here.
const MISSES: u8 = 2;
/// Walks in a row that don't count because directories moved meanwhile.
const MAX_DISTURBED: u8 = 3;

/// Which object: its number and generation.
type Identity = (u64, u64);

fn identity(node: &Handle) -> Identity {
    (node.id, node.generation)
}

#[derive(Debug)]
struct Wanted {
    /// Walks that have to miss it yet.
    misses: u8,
    /// It was wanted before the walk began.
    from_start: bool,
}

#[derive(Debug, Default)]
struct State {
    wanted: HashMap<Identity, Wanted>,
    /// Since when.
    absent: HashMap<Identity, Instant>,
    waiting: usize,
    /// Somebody follows a trail.
    guiding: bool,
    /// A thread walks, or rests between two walks.
    walking: bool,
}

impl State {
    fn gone(&mut self, object: Identity) {
        if self.absent.len() >= MAX_ABSENT {
            self.absent.retain(|_, at| at.elapsed() < ABSENT_FOR);
            if self.absent.len() >= MAX_ABSENT {
                self.absent.clear();
            }
        }
        self.absent.insert(object, Instant::now());
    }

    fn is_absent(&self, object: Identity) -> bool {
        let since = self.absent.get(&object);
        since.is_some_and(|at| at.elapsed() < ABSENT_FOR)
    }
}

/// What is searched for.
#[derive(Debug, Default)]
pub(super) struct Search {
    state: Mutex<State>,
    changed: Condvar,
}

impl Search {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers that an object is nowhere.
    pub(super) fn gone(&self, node: &Handle) {
        self.state().gone(identity(node));
    }

    /// Lets time pass.
    #[cfg(test)]
    pub(super) fn age(&self, by: Duration) {
        for since in self.state().absent.values_mut() {
            *since = since.checked_sub(by).unwrap();
        }
    }

    /// Waits while something is so, but not beyond `end` and not with `most` others.
    fn wait<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        end: Instant,
        most: usize,
        is_so: impl Fn(&State) -> bool,
    ) -> Result<MutexGuard<'a, State>> {
        if !is_so(&state) {
            return Ok(state);
        }
        if state.waiting >= most {
            return Err(Status::Jukebox);
        }
        state.waiting += 1;
        let left = end.saturating_duration_since(Instant::now());
        let waited = self.changed.wait_timeout_while(state, left, |s| is_so(s));
        let (mut state, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        if timeout.timed_out() {
            return Err(Status::Jukebox);
        }
        Ok(state)
    }
}

/// A directory that a search is in, or in something below.
struct Dir {
    name: Box<[u8]>,
    object: Identity,
}

/// A directory that a search has still to enter.
struct Pending {
    /// Steps from the top.
    depth: usize,
    name: Box<[u8]>,
    id: u64,
}

/// What is in a directory.
struct Entry<'a> {
    /// The directories from the top to this one, which is open.
    way: &'a [Dir],
    dir: &'a OwnedFd,
    name: &'a [u8],
    id: u64,
}

impl Entry<'_> {
    fn stat(&self) -> Result<(Attr, u64)> {
        stat(open_below(
            self.dir,
            self.name,
            OFlags::PATH,
            Mode::empty(),
        )?)
    }
}

/// What to do after an entry.
enum Then {
    Enter,
    Skip,
    Stop,
}

impl Places {
    /// Sees to it that the place of an object is known, if it has one.
    pub(super) fn seek(self: &Arc<Self>, node: &Handle, end: Instant) -> Result<()> {
        let (search, object) = (&self.search, identity(node));
        let mut state = search.wait(search.state(), end, MAX_WAITING, |s| s.guiding)?;
        if state.is_absent(object) && !self.knows(node) {
            return Err(Status::Stale);
        }
        state.guiding = true;
        drop(state);
        let found = self.follow(node);
        let mut state = search.state();
        state.guiding = false;
        search.changed.notify_all();
        if found {
            return Ok(());
        }
        if !state.wanted.contains_key(&object) {
            if state.wanted.len() >= MAX_WANTED {
                return Err(Status::Jukebox);
            }
            let wanted = Wanted {
                misses: if self.knows(node) { MISSES } else { 1 },
                from_start: false,
            };
            state.wanted.insert(object, wanted);
        }
        if !state.walking {
            let places = Arc::clone(self);
            let thread = thread::Builder::new().name("nfs3-search".into());
            let walk = thread.spawn(move || places.walk_while_wanted());
            walk.map_err(|_| Status::Jukebox)?;
            state.walking = true;
        }
        let is_wanted = |s: &State| s.wanted.contains_key(&object);
        let state = search.wait(state, end, MAX_WALK_WAITING, is_wanted)?;
        // It may have been absent before, and be known again.
        if state.is_absent(object) && !self.knows(node) {
            Err(Status::Stale)
        } else {
            Ok(())
        }
    }

    /// Follows the trail of a handle, and answers whether its object is there.
    fn follow(&self, node: &Handle) -> bool {
        let steps = node.trail.as_slice();
        // A trail that is full may end above its object; any other ends with it.
        let (full, mut left) = (steps.len() == Trail::MAX, MAX_BELOW);
        let mut found = false;
        self.walk(&mut |entry| {
            let depth = entry.way.len();
            let step = steps.get(depth - 1);
            if step.is_none() {
                left -= 1;
                if left == 0 || !full {
                    return Then::Stop;
                }
            }
            if entry.id == node.id && self.meet(entry, |object| object == identity(node)) {
                found = true;
                return Then::Stop;
            }
            let last = !full && depth >= steps.len();
            match step {
                Some(step) if last || *step != Trail::step(entry.id) => Then::Skip,
                _ => Then::Enter,
            }
        });
        found
    }

    /// Walks through all of the tree again and again, while anything is wanted. Answers how often.
    fn walk_while_wanted(&self) -> usize {
        let mut disturbed = 0;
        for walks in 1.. {
            let began = Instant::now();
            let mut ids = HashSet::new();
            for (object, wanted) in &mut self.search.state().wanted {
                wanted.from_start = true;
                ids.insert(object.0);
            }
            let complete = self.walk(&mut |entry| {
                if ids.contains(&entry.id) {
                    self.meet(entry, |object| {
                        let found = self.search.state().wanted.remove(&object).is_some();
                        if found {
                            self.search.changed.notify_all();
                        }
                        found
                    });
                }
                Then::Enter
            });
            disturbed = if complete { 0 } else { disturbed + 1 };
            if disturbed == 0 || disturbed > MAX_DISTURBED {
                self.missed();
            }
            let mut state = self.search.state();
            self.search.changed.notify_all();
            if state.wanted.is_empty() {
                state.walking = false;
                return walks;
            }
            drop(state);
            thread::sleep(began.elapsed().min(MAX_REST));
        }
        usize::MAX
    }

    /// A walk has ended: what it was to find and has not met may be nowhere.
    fn missed(&self) {
        let mut state = self.search.state();
        let mut gone = Vec::new();
        state.wanted.retain(|object, wanted| {
            if wanted.from_start {
                wanted.misses = wanted.misses.saturating_sub(1);
            }
            if wanted.misses == 0 {
                gone.push(*object);
            }
            wanted.misses > 0
        });
        for object in gone {
            self.forget(object);
            state.gone(object);
        }
    }

    /// Remembers the way to an entry if it is what is looked for.
    fn meet(&self, entry: &Entry<'_>, is_wanted: impl FnOnce(Identity) -> bool) -> bool {
        let Ok((attr, generation)) = entry.stat() else {
            return false;
        };
        let object = (attr.id, generation);
        // Known before anybody who waits for it is woken.
        let mut above = self.root();
        for dir in entry.way.iter().skip(1) {
            above = self.note(&above, &dir.name, dir.object);
        }
        self.note(&above, entry.name, object);
        is_wanted(object)
    }

    /// Goes through the directories from the top, and answers whether it has seen all that it was to enter: nobody has
    /// moved directories meanwhile.
    fn walk(&self, each: &mut dyn FnMut(&Entry<'_>) -> Then) -> bool {
        let mut complete = true;
        let mut buffer = vec![MaybeUninit::<u8>::uninit(); 32 << 10];
        let mut way: Vec<Dir> = Vec::new();
        let mut pending = vec![Pending {
            depth: 0,
            name: Box::default(),
            id: self.root().id,
        }];
        while let Some(Pending { depth, name, id }) = pending.pop() {
            way.truncate(depth);
            // The top's own name is empty, and no part of the path.
            let above = way.iter().skip(1).map(|dir| &*dir.name);
            let path = above.chain([&*name]).collect::<Vec<_>>().join(&b'/');
            let opened = self.open_top(&path, OFlags::RDONLY | OFlags::DIRECTORY);
            let (fd, generation) = match opened.and_then(|fd| Ok((stat(&fd)?, fd))) {
                Ok(((attr, generation), fd)) if attr.id == id => (fd, generation),
                // Not a directory, not to be read, or another file system.
                Err(Status::Notdir | Status::Acces) => continue,
                _ => {
                    complete = false;
                    continue;
                }
            };
            let object = (id, generation);
            way.push(Dir { name, object });
            let mut entries = RawDir::new(&fd, &mut buffer);
            while let Some(entry) = entries.next() {
                let Ok(entry) = entry else {
                    complete = false;
                    break;
                };
                let name = entry.file_name().to_bytes();
                if matches!(name, b"." | b"..") {
                    continue;
                }
                let (id, kind) = (entry.ino(), entry.file_type());
                let then = each(&Entry {
                    way: &way,
                    dir: &fd,
                    name,
                    id,
                });
                match then {
                    Then::Enter if matches!(kind, FileType::Directory | FileType::Unknown) => {
                        pending.push(Pending {
                            depth: depth + 1,
                            name: name.into(),
                            id,
                        });
                    }
                    Then::Enter | Then::Skip => {}
                    Then::Stop => return complete,
                }
            }
        }
        complete
    }
}
