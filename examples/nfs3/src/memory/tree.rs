//! Objects by number, and what it takes to keep links, names and the space used right.

use super::content::Content;
use crate::backend::{Attr, Change, Kind, Name, Result, SetTime, Status, Time};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

pub(super) const ROOT: u64 = 1;
/// What a file that holds nothing takes.
const NODE: u64 = 512;
/// What a name takes besides its bytes.
const NAME_COST: u64 = 128;

#[derive(Debug)]
pub(super) struct Tree {
    pub(super) nodes: HashMap<u64, Node>,
    pub(super) next_id: u64,
    /// The most that it may take, in bytes.
    pub(super) limit: u64,
    /// What it takes: objects with what they hold, and names.
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
    pub(super) by_name: HashMap<Arc<[u8]>, u64>,
    pub(super) by_order: BTreeMap<u64, (Arc<[u8]>, u64)>,
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
        let name: Arc<[u8]> = name.into();
        self.by_name.insert(Arc::clone(&name), self.next);
        self.by_order.insert(self.next, (name, id));
        self.next += 1;
    }

    pub(super) fn remove(&mut self, name: &[u8]) {
        if let Some(order) = self.by_name.remove(name) {
            self.by_order.remove(&order);
        }
        // A directory that was large once gives its table back.
        if self.by_name.capacity() > 4 * self.by_name.len() + 64 {
            self.by_name.shrink_to(2 * self.by_name.len());
        }
    }
}

impl Body {
    /// What an object takes, without its names.
    pub(super) fn cost(&self) -> u64 {
        NODE + match self {
            Self::File(content) => content.held(),
            Self::Link(target) => target.len() as u64,
            Self::Directory(_) | Self::Special => 0,
        }
    }
}

/// What a name takes.
pub(super) fn name_cost(name: Name<'_>) -> u64 {
    NAME_COST + name.as_bytes().len() as u64
}

impl Node {
    /// The attributes; sizes are those of the body.
    pub(super) fn attr(&self) -> Attr {
        let size = match &self.body {
            Body::File(content) => content.size(),
            Body::Directory(names) => names.by_order.len() as u64 * 32 + 64,
            Body::Link(target) => target.len() as u64,
            Body::Special => 0,
        };
        Attr {
            size,
            used: self.body.cost(),
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

    /// Whether there is room for so many bytes more.
    pub(super) fn room(&self, bytes: u64) -> Result<()> {
        if bytes > 0 && self.used.saturating_add(bytes) > self.limit {
            return Err(Status::Nospc);
        }
        Ok(())
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
        self.used += body.cost();
        self.nodes.insert(id, Node { attr, body });
        self.next_id = self.next_id.max(id) + 1;
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
            let freed = node.body.cost();
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
        let names = node.names_mut()?;
        let was_there = names.by_name.contains_key(name.as_bytes());
        match id {
            Some(id) => names.insert(name.as_bytes(), id),
            None => names.remove(name.as_bytes()),
        }
        node.attr.links = node.attr.links.saturating_add_signed(subdirs);
        node.modified();
        match (was_there, id.is_some()) {
            (false, true) => self.used += name_cost(name),
            (true, false) => self.used -= name_cost(name),
            _ => {}
        }
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

    /// Changes a file's content, if there is room for as much as `growth` says.
    pub(super) fn edit(
        &mut self,
        id: u64,
        growth: impl FnOnce(&Content) -> u64,
        edit: impl FnOnce(&mut Content),
    ) -> Result<()> {
        let wanted = growth(self.node_mut(id)?.content()?);
        self.room(wanted)?;
        let node = self.node_mut(id)?;
        let content = node.content()?;
        let before = content.held();
        edit(content);
        let after = content.held();
        node.modified();
        self.used = self.used - before + after;
        Ok(())
    }
}

pub(super) fn time(set: SetTime, now: Time) -> Time {
    match set {
        SetTime::Keep | SetTime::Now => now,
        SetTime::To(time) => time,
    }
}
