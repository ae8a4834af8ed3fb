//! Procedures that change something: each answers the attributes of what it changed from before and after, with
//! nothing in between but its own change.

use super::convert::{after, change, made, number, wcc};
use super::who::{EXECUTE, WRITE, Who};
use super::{Caller, Files};
use crate::backend::{
    Attr, Backend, Change, Kind, Name, New, Result, SetTime, Stable, Status, Time,
};
use crate::handle::Handle;
use crate::nfs3::*;

/// The longest target of a symbolic link.
const MAX_TARGET: usize = 4095;

/// A new object, or why there is none.
type Made = Result<(Handle, Attr)>;

/// What an exclusive create leaves in a new file, so that its repetition is recognised (RFC 1813, §3.3.8): the verifier,
/// as the times of the last access and change. Some file systems end in 2038: the highest bit of each word is half a
/// second. (One that keeps whole seconds loses it, and then the repetition is told that the file exists.)
fn exclusive_mark(verifier: [u8; 8]) -> (Time, Time) {
    let [a, b, c, d, e, f, g, h] = verifier;
    let time = |word: [u8; 4]| {
        let word = u32::from_be_bytes(word);
        Time {
            seconds: word & 0x7fff_ffff,
            nanos: (word >> 31) * 500_000_000,
        }
    };
    (time([a, b, c, d]), time([e, f, g, h]))
}

/// A name that is made or removed; `.` and `..` are there for good.
fn own_name(name: &[u8], dots: Status) -> Result<Name<'_>> {
    let name = Name::new(name)?;
    if name.is_dots() { Err(dots) } else { Ok(name) }
}

impl<B: Backend> Files<B> {
    /// Changes one object: it is locked, and looked at before and after.
    fn modify<T>(
        &self,
        object: &NfsFh3,
        change: impl FnOnce(&B, &Handle, &Attr) -> Result<T>,
    ) -> (Result<T>, WccData) {
        let (backend, node) = match self.find(object) {
            Ok(found) => found,
            Err(status) => return (Err(status), wcc(None, None)),
        };
        let _lock = self.locks.one(node.id);
        let before = match backend.attr(&node) {
            Ok(attr) => attr,
            Err(status) => return (Err(status), wcc(None, None)),
        };
        let result = if self.options.read_only {
            Err(Status::Rofs)
        } else {
            change(backend, &node, &before)
        };
        let then = backend.attr(&node).ok();
        (result, wcc(Some(before), then))
    }

    /// Changes a directory.
    fn modify_dir<T>(
        &self,
        dir: &NfsFh3,
        change: impl FnOnce(&B, &Handle, &Attr) -> Result<T>,
    ) -> (Result<T>, WccData) {
        self.modify(dir, |backend, node, attr| {
            if attr.kind != Kind::Directory {
                return Err(Status::Notdir);
            }
            change(backend, node, attr)
        })
    }

    pub(super) fn setattr(&self, Caller { who, .. }: &Caller, args: Setattr3Args) -> Setattr3Res {
        let (result, obj_wcc) = self.modify(&args.object, |backend, node, attr| {
            if let Sattrguard3::True(ctime) = &args.guard
                && Time::from(ctime.clone()) != attr.ctime
            {
                return Err(Status::NotSync);
            }
            let change = who.may_change(attr, change(&args.new_attributes)?)?;
            match change.size {
                Some(_) if attr.kind == Kind::Directory => return Err(Status::Isdir),
                Some(_) if attr.kind != Kind::File => return Err(Status::Inval),
                Some(size) if size > B::MAX_FILE => return Err(Status::Fbig),
                _ => {}
            }
            backend.change(node, &change)
        });
        match result {
            Ok(()) => Setattr3Res::Ok(Setattr3Resok { obj_wcc }),
            Err(status) => Setattr3Res::Other(number(status), Setattr3Resfail { obj_wcc }),
        }
    }

    pub(super) fn write(&self, Caller { who, .. }: &Caller, args: Write3Args) -> Write3Res {
        let Write3Args {
            file,
            offset,
            count,
            stable: how,
            data,
        } = args;
        let stable = match how {
            StableHow::Unstable => Stable::No,
            StableHow::DataSync => Stable::Data,
            StableHow::FileSync => Stable::File,
        };
        let (result, file_wcc) = self.modify(&file, |backend, node, attr| {
            who.may_write(attr)?;
            match attr.kind {
                Kind::File => {}
                Kind::Directory => return Err(Status::Isdir),
                _ => return Err(Status::Inval),
            }
            if data.len() != count as usize {
                return Err(Status::Inval);
            }
            let end = offset.checked_add(u64::from(count));
            if end.is_none_or(|end| end > B::MAX_FILE) {
                return Err(Status::Fbig);
            }
            if !data.is_empty()
                && let Some(mode) = who.mode_after_write(attr)
            {
                let change = Change {
                    mode: Some(mode),
                    ..Change::default()
                };
                backend.change(node, &change)?;
            }
            backend.write(node, offset, data, stable)
        });
        match result {
            Ok(()) => Write3Res::Ok(Write3Resok {
                file_wcc,
                count,
                committed: how,
                verf: self.verifier,
            }),
            Err(status) => Write3Res::Other(number(status), Write3Resfail { file_wcc }),
        }
    }

    pub(super) fn commit(&self, Caller { who, .. }: &Caller, args: Commit3Args) -> Commit3Res {
        let (result, file_wcc) = self.modify(&args.file, |backend, node, attr| {
            who.may_write(attr)?;
            backend.commit(node)
        });
        match result {
            Ok(()) => Commit3Res::Ok(Commit3Resok {
                file_wcc,
                verf: self.verifier,
            }),
            Err(status) => Commit3Res::Other(number(status), Commit3Resfail { file_wcc }),
        }
    }

    /// Makes an object in a directory.
    fn make(
        &self,
        who: &Who,
        place: &Diropargs3,
        new: Result<New<'_>>,
        attributes: Result<Change>,
    ) -> (Made, WccData) {
        self.modify_dir(&place.dir, |backend, dir, attr| {
            let name = own_name(place.name.as_bytes(), Status::Exist)?;
            let (new, attributes) = (new?, attributes?);
            let directory = matches!(new, New::Directory);
            let (change, owner) = who.may_make(attr, directory, attributes)?;
            backend.create(dir, name, new, &change, owner)
        })
    }

    pub(super) fn create(&self, Caller { who, .. }: &Caller, args: Create3Args) -> Create3Res {
        let (result, dir_wcc) = self.modify_dir(&args.r#where.dir, |backend, dir, attr| {
            let name = own_name(args.r#where.name.as_bytes(), Status::Exist)?;
            let (wanted, mark) = match &args.how {
                Createhow3::Unchecked(attributes) | Createhow3::Guarded(attributes) => {
                    (change(attributes)?, None)
                }
                Createhow3::Exclusive(verifier) => {
                    let mark = exclusive_mark(*verifier);
                    let change = Change {
                        // The client sets all attributes later.
                        mode: Some(0o600),
                        atime: SetTime::To(mark.0),
                        mtime: SetTime::To(mark.1),
                        ..Change::default()
                    };
                    (change, Some(mark))
                }
            };
            if wanted.size.is_some_and(|size| size > B::MAX_FILE) {
                return Err(Status::Fbig);
            }
            who.may(attr, EXECUTE)?;
            let (node, found) = match backend.lookup(dir, name) {
                Ok(found) => found,
                Err(Status::Noent) => {
                    let (change, owner) = who.may_make(attr, false, wanted)?;
                    return backend.create(dir, name, New::File, &change, owner);
                }
                Err(other) => return Err(other),
            };
            match (&args.how, mark) {
                (Createhow3::Unchecked(_), _) if found.kind == Kind::File => {
                    // Of the attributes, an existing file gets its size only.
                    if wanted.size.is_some() {
                        let change = Change {
                            size: wanted.size,
                            ..Change::default()
                        };
                        backend.change(&node, &who.may_change(&found, change)?)?;
                    }
                    Ok((node, backend.attr(&node)?))
                }
                (_, Some(mark))
                    if found.kind == Kind::File && (found.atime, found.mtime) == mark =>
                {
                    Ok((node, found))
                }
                _ => Err(Status::Exist),
            }
        });
        match result {
            Ok((node, attr)) => Create3Res::Ok(Create3Resok {
                obj: made(node),
                obj_attributes: after(Some(attr)),
                dir_wcc,
            }),
            Err(status) => Create3Res::Other(number(status), Create3Resfail { dir_wcc }),
        }
    }

    pub(super) fn mkdir(&self, Caller { who, .. }: &Caller, args: Mkdir3Args) -> Mkdir3Res {
        let attributes = change(&args.attributes);
        let (result, dir_wcc) = self.make(who, &args.r#where, Ok(New::Directory), attributes);
        match result {
            Ok((node, attr)) => Mkdir3Res::Ok(Mkdir3Resok {
                obj: made(node),
                obj_attributes: after(Some(attr)),
                dir_wcc,
            }),
            Err(status) => Mkdir3Res::Other(number(status), Mkdir3Resfail { dir_wcc }),
        }
    }

    pub(super) fn symlink(&self, Caller { who, .. }: &Caller, args: Symlink3Args) -> Symlink3Res {
        let target = args.symlink.symlink_data.as_bytes();
        let new = match target.len() {
            0 => Err(Status::Inval),
            1..=MAX_TARGET if target.contains(&0) => Err(Status::Inval),
            1..=MAX_TARGET => Ok(New::Link(target)),
            _ => Err(Status::Nametoolong),
        };
        let attributes = change(&args.symlink.symlink_attributes);
        let (result, dir_wcc) = self.make(who, &args.r#where, new, attributes);
        match result {
            Ok((node, attr)) => Symlink3Res::Ok(Symlink3Resok {
                obj: made(node),
                obj_attributes: after(Some(attr)),
                dir_wcc,
            }),
            Err(status) => Symlink3Res::Other(number(status), Symlink3Resfail { dir_wcc }),
        }
    }

    pub(super) fn mknod(&self, Caller { who, .. }: &Caller, args: Mknod3Args) -> Mknod3Res {
        let special = |kind, device: Option<&Devicedata3>| {
            let numbers = device.map_or((0, 0), |d| (d.spec.specdata1, d.spec.specdata2));
            New::Special(kind, numbers)
        };
        let (new, attributes) = match &args.what {
            Mknoddata3::Nf3chr(d) => (
                who.may_make_device().map(|()| special(Kind::Char, Some(d))),
                change(&d.dev_attributes),
            ),
            Mknoddata3::Nf3blk(d) => (
                who.may_make_device()
                    .map(|()| special(Kind::Block, Some(d))),
                change(&d.dev_attributes),
            ),
            Mknoddata3::Nf3sock(a) => (Ok(special(Kind::Socket, None)), change(a)),
            Mknoddata3::Nf3fifo(a) => (Ok(special(Kind::Fifo, None)), change(a)),
            Mknoddata3::Other(_) => (Err(Status::Badtype), Ok(Change::default())),
        };
        let (result, dir_wcc) = self.make(who, &args.r#where, new, attributes);
        match result {
            Ok((node, attr)) => Mknod3Res::Ok(Mknod3Resok {
                obj: made(node),
                obj_attributes: after(Some(attr)),
                dir_wcc,
            }),
            Err(status) => Mknod3Res::Other(number(status), Mknod3Resfail { dir_wcc }),
        }
    }

    pub(super) fn remove(&self, Caller { who, .. }: &Caller, args: Remove3Args) -> Remove3Res {
        let (result, dir_wcc) = self.modify_dir(&args.object.dir, |backend, dir, attr| {
            let name = own_name(args.object.name.as_bytes(), Status::Isdir)?;
            who.may(attr, EXECUTE)?;
            who.may_remove(attr, &backend.lookup(dir, name)?.1)?;
            backend.remove(dir, name)
        });
        match result {
            Ok(()) => Remove3Res::Ok(Remove3Resok { dir_wcc }),
            Err(status) => Remove3Res::Other(number(status), Remove3Resfail { dir_wcc }),
        }
    }

    pub(super) fn rmdir(&self, Caller { who, .. }: &Caller, args: Rmdir3Args) -> Rmdir3Res {
        let (result, dir_wcc) = self.modify_dir(&args.object.dir, |backend, dir, attr| {
            let raw = args.object.name.as_bytes();
            // RFC 1813, §3.3.13: each of the two has its own error.
            let dots = if raw == b"." {
                Status::Inval
            } else {
                Status::Exist
            };
            let name = own_name(raw, dots)?;
            who.may(attr, EXECUTE)?;
            who.may_remove(attr, &backend.lookup(dir, name)?.1)?;
            backend.remove_dir(dir, name)
        });
        match result {
            Ok(()) => Rmdir3Res::Ok(Rmdir3Resok { dir_wcc }),
            Err(status) => Rmdir3Res::Other(number(status), Rmdir3Resfail { dir_wcc }),
        }
    }

    pub(super) fn rename(&self, Caller { who, .. }: &Caller, args: Rename3Args) -> Rename3Res {
        let (result, fromdir_wcc, todir_wcc) = self.rename_dirs(who, &args);
        match result {
            Ok(()) => Rename3Res::Ok(Rename3Resok {
                fromdir_wcc,
                todir_wcc,
            }),
            Err(status) => Rename3Res::Other(
                number(status),
                Rename3Resfail {
                    fromdir_wcc,
                    todir_wcc,
                },
            ),
        }
    }

    fn rename_dirs(&self, who: &Who, args: &Rename3Args) -> (Result<()>, WccData, WccData) {
        let nothing = |status| (Err(status), wcc(None, None), wcc(None, None));
        let (from, to) = match (self.find(&args.from.dir), self.find(&args.to.dir)) {
            (Ok(from), Ok(to)) => (from, to),
            (Err(status), _) | (_, Err(status)) => return nothing(status),
        };
        let _locks = self.locks.two(from.1.id, to.1.id);
        let before = (from.0.attr(&from.1), to.0.attr(&to.1));
        let result = (|| {
            let (old, new) = (before.0?, before.1?);
            if old.kind != Kind::Directory || new.kind != Kind::Directory {
                return Err(Status::Notdir);
            }
            if self.options.read_only {
                return Err(Status::Rofs);
            }
            let from_name = own_name(args.from.name.as_bytes(), Status::Inval)?;
            let to_name = own_name(args.to.name.as_bytes(), Status::Inval)?;
            if from.1.export != to.1.export {
                return Err(Status::Xdev);
            }
            who.may(&old, EXECUTE)?;
            who.may_remove(&old, &from.0.lookup(&from.1, from_name)?.1)?;
            who.may(&new, WRITE | EXECUTE)?;
            if let Ok((_, replaced)) = to.0.lookup(&to.1, to_name) {
                who.may_remove(&new, &replaced)?;
            }
            from.0.rename((&from.1, from_name), (&to.1, to_name))
        })();
        let then = (from.0.attr(&from.1).ok(), to.0.attr(&to.1).ok());
        (
            result,
            wcc(before.0.ok(), then.0),
            wcc(before.1.ok(), then.1),
        )
    }

    pub(super) fn link(&self, Caller { who, .. }: &Caller, args: Link3Args) -> Link3Res {
        let file = self.find(&args.file);
        let (result, linkdir_wcc) = self.modify_dir(&args.link.dir, |backend, dir, attr| {
            let (_, file) = file?;
            let name = own_name(args.link.name.as_bytes(), Status::Exist)?;
            if file.export != dir.export {
                return Err(Status::Xdev);
            }
            who.may(attr, WRITE | EXECUTE)?;
            backend.link(&file, dir, name)
        });
        let file_attributes = after(file.and_then(|(b, node)| b.attr(&node)).ok());
        match result {
            Ok(()) => Link3Res::Ok(Link3Resok {
                file_attributes,
                linkdir_wcc,
            }),
            Err(status) => Link3Res::Other(
                number(status),
                Link3Resfail {
                    file_attributes,
                    linkdir_wcc,
                },
            ),
        }
    }
}
