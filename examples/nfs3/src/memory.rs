//! The memory back end: it is gone when the server ends, and so are its handles.
//!
//! One lock for the whole tree. Nobody waits under it: bulk data is shared, not copied (see `content`). Reading does not
//! change the time of the last access.

mod content;
#[cfg(test)]
mod tests;

use crate::backend::{
    Attr, Backend, Change, Kind, Listed, Name, New, Result, SetTime, Stable, Status, Time, Usage,
};
use crate::handle::{Handle, Trail};
use bytes::Bytes;
use content::Content;
use std::collections::{BTreeMap, HashMap};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

const ROOT: u64 = 1;
const MAX_LINKS: u32 = 32_000;
const MAX_FILES: u64 = 1 << 24;
/// What a file that holds nothing takes.
const NODE: u64 = 512;

/// A tree in memory.
#[derive(Debug)]
pub struct Memory {
    export: u64,
    limit: u64,
    tree: RwLock<Tree>,
}

#[derive(Debug)]
struct Tree {
    nodes: HashMap<u64, Node>,
    next_id: u64,
    used: u64,
}

#[derive(Debug)]
struct Node {
    attr: Attr,
    body: Body,
}

#[derive(Debug)]
enum Body {
    File(Content),
    Directory(Names),
    Link(Box<[u8]>),
    Special,
}

/// The entries of a directory, by name and by the order in which they were made. The number in that order is the
/// cookie: it is never used again, so a listing goes on where it stopped whatever comes and goes.
#[derive(Debug)]
struct Names {
    parent: u64,
    next: u64,
    by_name: HashMap<Box<[u8]>, u64>,
    by_order: BTreeMap<u64, (Box<[u8]>, u64)>,
}

/// The cookies after `.` and `..`.
const DOT: u64 = 1;
const DOT_DOT: u64 = 2;

impl Names {
    fn new(parent: u64) -> Self {
        Self {
            parent,
            next: DOT_DOT + 1,
            by_name: HashMap::new(),
            by_order: BTreeMap::new(),
        }
    }

    fn get(&self, name: &[u8]) -> Option<u64> {
        let order = self.by_name.get(name)?;
        self.by_order.get(order).map(|(_, id)| *id)
    }

    fn insert(&mut self, name: &[u8], id: u64) {
        self.remove(name);
        self.by_name.insert(name.into(), self.next);
        self.by_order.insert(self.next, (name.into(), id));
        self.next += 1;
    }

    fn remove(&mut self, name: &[u8]) {
        if let Some(order) = self.by_name.remove(name) {
            self.by_order.remove(&order);
        }
    }
}

impl Memory {
    /// An empty tree that holds at most `limit` bytes.
    #[must_use]
    pub fn new(limit: u64) -> Self {
        // Handles of an earlier process must not mean anything here.
        let now = Time::now();
        let export = u64::from(now.seconds) << 32 | u64::from(now.nanos ^ std::process::id());
        let mut tree = Tree {
            nodes: HashMap::new(),
            next_id: ROOT,
            used: 0,
        };
        let change = Change {
            mode: Some(0o755),
            ..Change::default()
        };
        tree.add(
            ROOT,
            Body::Directory(Names::new(ROOT)),
            Kind::Directory,
            (0, 0),
            &change,
            (0, 0),
        );
        Self {
            export,
            limit,
            tree: RwLock::new(tree),
        }
    }

    fn tree(&self) -> RwLockReadGuard<'_, Tree> {
        self.tree.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn tree_mut(&self) -> RwLockWriteGuard<'_, Tree> {
        self.tree.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn handle(&self, id: u64) -> Handle {
        Handle {
            export: self.export,
            id,
            generation: 0,
            trail: Trail::EMPTY,
        }
    }

    fn found(&self, tree: &Tree, id: u64) -> Result<(Handle, Attr)> {
        Ok((self.handle(id), tree.node(id)?.attr()))
    }
}

impl Node {
    /// The attributes; sizes are those of the body.
    fn attr(&self) -> Attr {
        let (size, used) = match &self.body {
            Body::File(content) => (content.size(), content.used()),
            Body::Directory(names) => (names.by_order.len() as u64 * 32 + 64, 0),
            Body::Link(target) => (target.len() as u64, 0),
            Body::Special => (0, 0),
        };
        Attr {
            size,
            used: used + NODE,
            ..self.attr
        }
    }

    fn names(&self) -> Result<&Names> {
        match &self.body {
            Body::Directory(names) => Ok(names),
            _ => Err(Status::Notdir),
        }
    }

    fn names_mut(&mut self) -> Result<&mut Names> {
        match &mut self.body {
            Body::Directory(names) => Ok(names),
            _ => Err(Status::Notdir),
        }
    }

    fn content(&mut self) -> Result<&mut Content> {
        match &mut self.body {
            Body::File(content) => Ok(content),
            Body::Directory(_) => Err(Status::Isdir),
            _ => Err(Status::Inval),
        }
    }

    /// The content has changed now.
    fn modified(&mut self) {
        self.attr.mtime = Time::now();
        self.attr.ctime = self.attr.mtime;
    }
}

impl Tree {
    fn node(&self, id: u64) -> Result<&Node> {
        self.nodes.get(&id).ok_or(Status::Stale)
    }

    fn node_mut(&mut self, id: u64) -> Result<&mut Node> {
        self.nodes.get_mut(&id).ok_or(Status::Stale)
    }

    fn child(&self, dir: u64, name: Name<'_>) -> Result<u64> {
        let names = self.node(dir)?.names()?;
        match name.as_bytes() {
            b"." => Some(dir),
            b".." => Some(names.parent),
            name => names.get(name),
        }
        .ok_or(Status::Noent)
    }

    fn add(
        &mut self,
        id: u64,
        body: Body,
        kind: Kind,
        device: (u32, u32),
        change: &Change,
        owner: (u32, u32),
    ) {
        let now = Time::now();
        let usual = if kind == Kind::Directory {
            0o755
        } else {
            0o644
        };
        let attr = Attr {
            kind,
            mode: change.mode.unwrap_or(usual) & 0o7777,
            links: if kind == Kind::Directory { 2 } else { 1 },
            uid: change.uid.unwrap_or(owner.0),
            gid: change.gid.unwrap_or(owner.1),
            size: 0,
            used: 0,
            device,
            fsid: 1,
            id,
            atime: time(change.atime, now),
            mtime: time(change.mtime, now),
            ctime: now,
        };
        self.nodes.insert(id, Node { attr, body });
        self.next_id = self.next_id.max(id) + 1;
        self.used += NODE;
    }

    /// Takes a name away from an object, and the object away with its last name.
    fn unlink(&mut self, id: u64) {
        let Some(node) = self.nodes.get_mut(&id) else {
            return;
        };
        node.attr.ctime = Time::now();
        node.attr.links = node.attr.links.saturating_sub(1);
        let directory = node.attr.kind == Kind::Directory;
        if node.attr.links == 0 || directory {
            let freed = node.attr().used;
            self.nodes.remove(&id);
            self.used = self.used.saturating_sub(freed);
        }
    }

    /// Puts a name into a directory or takes it out, with what that changes about the directory.
    fn set_name(&mut self, dir: u64, name: Name<'_>, id: Option<u64>, subdirs: i32) -> Result<()> {
        let node = self.node_mut(dir)?;
        match id {
            Some(id) => node.names_mut()?.insert(name.as_bytes(), id),
            None => node.names_mut()?.remove(name.as_bytes()),
        }
        node.attr.links = node.attr.links.saturating_add_signed(subdirs);
        node.modified();
        Ok(())
    }

    /// The place where a new name may be put.
    fn vacant(&self, dir: u64, name: Name<'_>) -> Result<()> {
        match self.child(dir, name) {
            Err(Status::Noent) if self.node(dir)?.attr.links == 0 => Err(Status::Stale),
            Err(Status::Noent) => Ok(()),
            Err(other) => Err(other),
            Ok(_) => Err(Status::Exist),
        }
    }

    fn is_within(&self, mut dir: u64, ancestor: u64) -> Result<bool> {
        loop {
            if dir == ancestor {
                return Ok(true);
            }
            if dir == ROOT {
                return Ok(false);
            }
            dir = self.node(dir)?.names()?.parent;
        }
    }

    /// Changes a file's content within the limit.
    fn edit(
        &mut self,
        id: u64,
        limit: u64,
        grow: u64,
        edit: impl FnOnce(&mut Content),
    ) -> Result<()> {
        let used = self.used;
        let node = self.node_mut(id)?;
        let content = node.content()?;
        if grow > 0 && used.saturating_add(grow) > limit {
            return Err(Status::Nospc);
        }
        let before = content.used();
        edit(content);
        let after = content.used();
        node.modified();
        self.used = used.saturating_sub(before).saturating_add(after);
        Ok(())
    }
}

fn time(set: SetTime, now: Time) -> Time {
    match set {
        SetTime::Keep | SetTime::Now => now,
        SetTime::To(time) => time,
    }
}

impl Backend for Memory {
    const WAITS: bool = false;
    const MAX_FILE: u64 = i64::MAX as u64;

    fn root(&self) -> Handle {
        self.handle(ROOT)
    }

    fn attr(&self, node: &Handle) -> Result<Attr> {
        Ok(self.tree().node(node.id)?.attr())
    }

    fn change(&self, node: &Handle, change: &Change) -> Result<()> {
        let mut tree = self.tree_mut();
        if let Some(size) = change.size {
            tree.edit(node.id, self.limit, 0, |content| {
                content.resize(size);
            })?;
        }
        let attr = &mut tree.node_mut(node.id)?.attr;
        let now = Time::now();
        attr.mode = change.mode.map_or(attr.mode, |mode| mode & 0o7777);
        attr.uid = change.uid.unwrap_or(attr.uid);
        attr.gid = change.gid.unwrap_or(attr.gid);
        if change.atime != SetTime::Keep {
            attr.atime = time(change.atime, now);
        }
        if change.mtime != SetTime::Keep {
            attr.mtime = time(change.mtime, now);
        }
        attr.ctime = now;
        Ok(())
    }

    fn lookup(&self, dir: &Handle, name: Name<'_>) -> Result<(Handle, Attr)> {
        let tree = self.tree();
        self.found(&tree, tree.child(dir.id, name)?)
    }

    fn target(&self, link: &Handle) -> Result<Vec<u8>> {
        match &self.tree().node(link.id)?.body {
            Body::Link(target) => Ok(target.to_vec()),
            _ => Err(Status::Inval),
        }
    }

    fn read(&self, file: &Handle, offset: u64, count: u32) -> Result<(Bytes, bool)> {
        let tree = self.tree();
        let content = match &tree.node(file.id)?.body {
            Body::File(content) => content,
            Body::Directory(_) => return Err(Status::Isdir),
            _ => return Err(Status::Inval),
        };
        let data = content.read(offset, usize::try_from(count).unwrap_or(usize::MAX));
        let end = offset.saturating_add(data.len() as u64) >= content.size();
        Ok((data, end))
    }

    fn write(&self, file: &Handle, offset: u64, data: Bytes, _: Stable) -> Result<()> {
        let grow = data.len() as u64;
        self.tree_mut().edit(file.id, self.limit, grow, |content| {
            content.write(offset, data);
        })
    }

    fn commit(&self, file: &Handle) -> Result<()> {
        self.tree_mut().node_mut(file.id)?.content().map(|_| ())
    }

    fn create(
        &self,
        dir: &Handle,
        name: Name<'_>,
        new: New<'_>,
        change: &Change,
        owner: (u32, u32),
    ) -> Result<(Handle, Attr)> {
        let mut tree = self.tree_mut();
        tree.vacant(dir.id, name)?;
        let full = tree.used.saturating_add(NODE) > self.limit;
        if full || tree.nodes.len() as u64 >= MAX_FILES {
            return Err(Status::Nospc);
        }
        let id = tree.next_id;
        let (body, kind, device) = match new {
            New::File => {
                let mut content = Content::default();
                content.resize(change.size.unwrap_or(0));
                (Body::File(content), Kind::File, (0, 0))
            }
            New::Directory => (Body::Directory(Names::new(dir.id)), Kind::Directory, (0, 0)),
            New::Link(target) => (Body::Link(target.into()), Kind::Link, (0, 0)),
            New::Special(kind, device) => (Body::Special, kind, device),
        };
        tree.add(id, body, kind, device, change, owner);
        tree.set_name(dir.id, name, Some(id), i32::from(kind == Kind::Directory))?;
        self.found(&tree, id)
    }

    fn remove(&self, dir: &Handle, name: Name<'_>) -> Result<()> {
        let mut tree = self.tree_mut();
        let id = tree.child(dir.id, name)?;
        if tree.node(id)?.attr.kind == Kind::Directory {
            return Err(Status::Isdir);
        }
        tree.set_name(dir.id, name, None, 0)?;
        tree.unlink(id);
        Ok(())
    }

    fn remove_dir(&self, dir: &Handle, name: Name<'_>) -> Result<()> {
        let mut tree = self.tree_mut();
        let id = tree.child(dir.id, name)?;
        if !tree.node(id)?.names()?.by_name.is_empty() {
            return Err(Status::Notempty);
        }
        tree.set_name(dir.id, name, None, -1)?;
        tree.unlink(id);
        Ok(())
    }

    fn rename(&self, from: (&Handle, Name<'_>), to: (&Handle, Name<'_>)) -> Result<()> {
        let mut tree = self.tree_mut();
        let id = tree.child(from.0.id, from.1)?;
        let directory = tree.node(id)?.attr.kind == Kind::Directory;
        let target = match tree.child(to.0.id, to.1) {
            Ok(target) if target == id => return Ok(()),
            Ok(target) => Some(target),
            Err(Status::Noent) => None,
            Err(other) => return Err(other),
        };
        if directory && tree.is_within(to.0.id, id)? {
            return Err(Status::Inval);
        }
        if let Some(target) = target {
            match (&tree.node(target)?.body, directory) {
                (Body::Directory(names), true) if names.by_name.is_empty() => {}
                (Body::Directory(_), true) => return Err(Status::Notempty),
                (Body::Directory(_), false) => return Err(Status::Isdir),
                (_, true) => return Err(Status::Notdir),
                (_, false) => {}
            }
        }
        let moved = i32::from(directory);
        let replaced = if target.is_some() { moved } else { 0 };
        tree.set_name(from.0.id, from.1, None, -moved)?;
        tree.set_name(to.0.id, to.1, Some(id), moved - replaced)?;
        if let Some(target) = target {
            tree.unlink(target);
        }
        let node = tree.node_mut(id)?;
        node.attr.ctime = Time::now();
        if let Body::Directory(names) = &mut node.body {
            names.parent = to.0.id;
        }
        Ok(())
    }

    fn link(&self, file: &Handle, dir: &Handle, name: Name<'_>) -> Result<()> {
        let mut tree = self.tree_mut();
        let node = tree.node(file.id)?;
        if node.attr.kind == Kind::Directory {
            return Err(Status::Inval);
        }
        if node.attr.links >= MAX_LINKS {
            return Err(Status::Mlink);
        }
        tree.vacant(dir.id, name)?;
        tree.set_name(dir.id, name, Some(file.id), 0)?;
        let attr = &mut tree.node_mut(file.id)?.attr;
        attr.links += 1;
        attr.ctime = Time::now();
        Ok(())
    }

    fn list(
        &self,
        dir: &Handle,
        after: u64,
        objects: bool,
        entry: &mut dyn FnMut(Listed<'_>) -> bool,
    ) -> Result<bool> {
        let tree = self.tree();
        let names = tree.node(dir.id)?.names()?;
        let dots = [(DOT, &b"."[..], dir.id), (DOT_DOT, b"..", names.parent)];
        let named = names
            .by_order
            .range(after.saturating_add(1)..)
            .map(|(cookie, (name, id))| (*cookie, &**name, *id));
        for (cookie, name, id) in dots.into_iter().filter(|d| d.0 > after).chain(named) {
            let object = if objects {
                self.found(&tree, id).ok()
            } else {
                None
            };
            if !entry(Listed {
                id,
                name,
                cookie,
                object,
            }) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn usage(&self) -> Result<Usage> {
        let tree = self.tree();
        let free = self.limit.saturating_sub(tree.used);
        let files = MAX_FILES - tree.nodes.len() as u64;
        Ok(Usage {
            bytes: self.limit,
            bytes_free: free,
            bytes_available: free,
            files: MAX_FILES,
            files_free: files,
            files_available: files,
        })
    }
}
