//! The memory back end: it is gone when the server ends, and so are its handles.
//!
//! One lock for the whole tree. Nobody waits under it: bulk data is shared, not copied (see `content`). Reading does not
//! change the time of the last access.

mod content;
#[cfg(test)]
mod tests;
mod tree;

use crate::backend::{
    Attr, Backend, Change, Kind, Listed, Name, New, Result, SetTime, Stable, Status, Time, Usage,
};
use crate::handle::{Handle, Trail};
use bytes::Bytes;
use content::Content;
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tree::{Body, DOT, DOT_DOT, Names, ROOT, Tree, name_cost, time};

const MAX_LINKS: u32 = 32_000;
const MAX_FILES: u64 = 1 << 24;

/// A tree in memory.
#[derive(Debug)]
pub struct Memory {
    export: u64,
    tree: RwLock<Tree>,
}

impl Memory {
    /// An empty tree that takes at most `limit` bytes: files with what is allocated for them, links, names, and what it
    /// costs to keep them.
    #[must_use]
    pub fn new(limit: u64) -> Self {
        // Handles of an earlier process must not mean anything here.
        let now = Time::now();
        let export = u64::from(now.seconds) << 32 | u64::from(now.nanos ^ std::process::id());
        let mut tree = Tree {
            nodes: HashMap::new(),
            next_id: ROOT,
            limit,
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

impl Backend for Memory {
    const WAITS: bool = false;
    const MAX_FILE: u64 = i64::MAX as u64;

    fn root(&self) -> Handle {
        self.handle(ROOT)
    }

    fn check(&self, node: &Handle) -> Result<()> {
        // Nothing has to be searched for here, and no number is used again.
        match (node.trail.as_slice(), node.generation) {
            ([], 0) => Ok(()),
            ([], _) => Err(Status::Stale),
            _ => Err(Status::Badhandle),
        }
    }

    fn attr(&self, node: &Handle) -> Result<Attr> {
        Ok(self.tree().node(node.id)?.attr())
    }

    fn change(&self, node: &Handle, change: &Change) -> Result<()> {
        let mut tree = self.tree_mut();
        if let Some(size) = change.size {
            tree.edit(node.id, |_| 0, |content| content.resize(size))?;
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
        let count = data.len();
        self.tree_mut().edit(
            file.id,
            |content| content.growth(offset, count),
            |content| content.write(offset, data),
        )
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
        if tree.nodes.len() as u64 >= MAX_FILES {
            return Err(Status::Nospc);
        }
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
        tree.room(body.cost() + name_cost(name))?;
        let id = tree.next_id;
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
        if target.is_none() {
            tree.room(name_cost(to.1).saturating_sub(name_cost(from.1)))?;
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
        tree.room(name_cost(name))?;
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
        let free = tree.limit.saturating_sub(tree.used);
        let files = MAX_FILES - tree.nodes.len() as u64;
        Ok(Usage {
            bytes: tree.limit,
            bytes_free: free,
            bytes_available: free,
            files: MAX_FILES,
            files_free: files,
            files_available: files,
        })
    }
}
