//! Objects by number, and what it takes to keep links, names and the space used right.

use super::content::Content;
use crate::backend::{Attr, Change, Kind, Name, Result, SetTime, Status, Time};
use std::collections::{BTreeMap, HashMap};

pub(super) const ROOT: u64 = 1;
/// What a file that holds nothing takes.
pub(super) const NODE: u64 = 512;

#[derive(Debug)]
pub(super) struct Tree {
    pub(super) nodes: HashMap<u64, Node>,
    pub(super) next_id: u64,
    pub(super) used: u64,
}

#[derive(Debug)]
pub(super) struct Node {
    pub(super) attr: Attr,
    pub(super) body: Body,
}

#[derive(Debug)]
pub(super) enum Body {
    File(Content),
    Directory(Names),
    Link(Box<[u8]>),
    Special,
}

/// The entries of a directory, by name and by the order in which they were made. The number in that order is the
/// cookie: it is never used again, so a listing goes on where it stopped whatever comes and goes.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) parent: u64,
    next: u64,
    pub(super) by_name: HashMap<Box<[u8]>, u64>,
    pub(super) by_order: BTreeMap<u64, (Box<[u8]>, u64)>,
}

/// The cookies after `.` and `..`.
pub(super) const DOT: u64 = 1;
pub(super) const DOT_DOT: u64 = 2;

impl Names {
    pub(super) fn new(parent: u64) -> Self {
        Self {
            parent,
            next: DOT_DOT + 1,
            by_name: HashMap::new(),
            by_order: BTreeMap::new(),
        }
    }

    pub(super) fn get(&self, name: &[u8]) -> Option<u64> {
        let order = self.by_name.get(name)?;
        self.by_order.get(order).map(|(_, id)| *id)
    }

    pub(super) fn insert(&mut self, name: &[u8], id: u64) {
        self.remove(name);
        self.by_name.insert(name.into(), self.next);
        self.by_order.insert(self.next, (name.into(), id));
        self.next += 1;
    }

    pub(super) fn remove(&mut self, name: &[u8]) {
        if let Some(order) = self.by_name.remove(name) {
            self.by_order.remove(&order);
        }
    }
}

impl Node {
    /// The attributes; sizes are those of the body.
    pub(super) fn attr(&self) -> Attr {
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

    pub(super) fn names(&self) -> Result<&Names> {
        match &self.body {
            Body::Directory(names) => Ok(names),
            _ => Err(Status::Notdir),
        }
    }

    pub(super) fn names_mut(&mut self) -> Result<&mut Names> {
        match &mut self.body {
            Body::Directory(names) => Ok(names),
            _ => Err(Status::Notdir),
        }
    }

    pub(super) fn content(&mut self) -> Result<&mut Content> {
        match &mut self.body {
            Body::File(content) => Ok(content),
            Body::Directory(_) => Err(Status::Isdir),
            _ => Err(Status::Inval),
        }
    }

    /// The content has changed now.
    pub(super) fn modified(&mut self) {
        self.attr.mtime = Time::now();
        self.attr.ctime = self.attr.mtime;
    }
}

impl Tree {
    pub(super) fn node(&self, id: u64) -> Result<&Node> {
        self.nodes.get(&id).ok_or(Status::Stale)
    }

    pub(super) fn node_mut(&mut self, id: u64) -> Result<&mut Node> {
        self.nodes.get_mut(&id).ok_or(Status::Stale)
    }

    pub(super) fn child(&self, dir: u64, name: Name<'_>) -> Result<u64> {
        let names = self.node(dir)?.names()?;
        match name.as_bytes() {
            b"." => Some(dir),
            b".." => Some(names.parent),
            name => names.get(name),
        }
        .ok_or(Status::Noent)
    }

    pub(super) fn add(
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
    pub(super) fn unlink(&mut self, id: u64) {
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
    pub(super) fn set_name(
        &mut self,
        dir: u64,
        name: Name<'_>,
        id: Option<u64>,
        subdirs: i32,
    ) -> Result<()> {
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
    pub(super) fn vacant(&self, dir: u64, name: Name<'_>) -> Result<()> {
        match self.child(dir, name) {
            Err(Status::Noent) if self.node(dir)?.attr.links == 0 => Err(Status::Stale),
            Err(Status::Noent) => Ok(()),
            Err(other) => Err(other),
            Ok(_) => Err(Status::Exist),
        }
    }

    pub(super) fn is_within(&self, mut dir: u64, ancestor: u64) -> Result<bool> {
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
    pub(super) fn edit(
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

pub(super) fn time(set: SetTime, now: Time) -> Time {
    match set {
        SetTime::Keep | SetTime::Now => now,
        SetTime::To(time) => time,
    }
}
