//! Procedures that change nothing.

use super::convert::{after, number};
use super::who::{EXECUTE, READ, Who};
use super::{Caller, Files};
use crate::backend::{Attr, Backend, Kind, Listed, Name, Result, Status};
use crate::nfs3::*;
use rpcgen_runtime::List;

/// Bytes of attributes with the flag before them.
const ATTRIBUTES: usize = 4 + 84;

/// Bytes of opaque data or a string.
fn opaque(length: usize) -> usize {
    4 + length.next_multiple_of(4)
}

/// Ties the cookies of a listing to its directory.
fn cookie_verifier(id: u64, generation: u64) -> [u8; 8] {
    (id ^ generation.rotate_left(32)).to_be_bytes()
}

impl<B: Backend> Files<B> {
    pub(super) fn getattr(&self, _: &Caller, args: Getattr3Args) -> Getattr3Res {
        let found = self.find(&args.object).and_then(|(b, node)| b.attr(&node));
        match found {
            Ok(attr) => Getattr3Res::Ok(Getattr3Resok {
                obj_attributes: attr.into(),
            }),
            Err(status) => Getattr3Res::Other(number(status)),
        }
    }

    pub(super) fn lookup(&self, Caller { who, .. }: &Caller, args: Lookup3Args) -> Lookup3Res {
        let mut dir = None;
        let found = self.find(&args.what.dir).and_then(|(b, node)| {
            let attr = *dir.insert(b.attr(&node)?);
            if attr.kind != Kind::Directory {
                return Err(Status::Notdir);
            }
            who.may(&attr, EXECUTE)?;
            b.lookup(&node, Name::new(args.what.name.as_bytes())?)
        });
        let dir_attributes = after(dir);
        match found {
            Ok((object, attr)) => Lookup3Res::Ok(Lookup3Resok {
                object: object.into(),
                obj_attributes: after(Some(attr)),
                dir_attributes,
            }),
            Err(status) => Lookup3Res::Other(number(status), Lookup3Resfail { dir_attributes }),
        }
    }

    pub(super) fn access(&self, Caller { who, .. }: &Caller, args: Access3Args) -> Access3Res {
        match self.find(&args.object).and_then(|(b, node)| b.attr(&node)) {
            Ok(attr) => Access3Res::Ok(Access3Resok {
                obj_attributes: after(Some(attr)),
                access: args.access & who.access(&attr, self.options.read_only),
            }),
            Err(status) => Access3Res::Other(
                number(status),
                Access3Resfail {
                    obj_attributes: after(None),
                },
            ),
        }
    }

    pub(super) fn readlink(&self, _: &Caller, args: Readlink3Args) -> Readlink3Res {
        let mut link = None;
        let target = self.find(&args.symlink).and_then(|(b, node)| {
            link = Some(b.attr(&node)?);
            b.target(&node)
        });
        let symlink_attributes = after(link);
        match target {
            Ok(target) => Readlink3Res::Ok(Readlink3Resok {
                symlink_attributes,
                data: target.into(),
            }),
            Err(status) => {
                Readlink3Res::Other(number(status), Readlink3Resfail { symlink_attributes })
            }
        }
    }

    pub(super) fn read(&self, Caller { who, way }: &Caller, args: Read3Args) -> Read3Res {
        let mut file = None;
        let data = self.find(&args.file).and_then(|(b, node)| {
            let attr = *file.insert(b.attr(&node)?);
            who.may_read(&attr)?;
            b.read(&node, args.offset, args.count.min(way.transfer()))
        });
        let file_attributes = after(file);
        match data {
            Ok((data, eof)) => Read3Res::Ok(Read3Resok {
                file_attributes,
                count: data.len() as u32,
                eof,
                data,
            }),
            Err(status) => Read3Res::Other(number(status), Read3Resfail { file_attributes }),
        }
    }

    /// Lists a directory: `fits` takes an entry or says that the answer is full.
    fn list(
        &self,
        who: &Who,
        dir: &NfsFh3,
        (cookie, verifier): (u64, [u8; 8]),
        objects: bool,
        fits: &mut dyn FnMut(&Listed<'_>) -> bool,
    ) -> (Option<Attr>, Result<([u8; 8], bool)>) {
        let mut attr = None;
        let listed = self.find(dir).and_then(|(b, node)| {
            let dir = *attr.insert(b.attr(&node)?);
            if dir.kind != Kind::Directory {
                return Err(Status::Notdir);
            }
            who.may(&dir, READ)?;
            let ours = cookie_verifier(node.id, node.generation);
            if cookie != 0 && verifier != ours {
                return Err(Status::BadCookie);
            }
            // Whoever may not search the directory learns names only.
            let objects = objects && who.may(&dir, EXECUTE).is_ok();
            let mut any = false;
            let end = b.list(&node, cookie, objects, &mut |entry| {
                let taken = fits(&entry);
                any |= taken;
                taken
            })?;
            if !end && !any {
                return Err(Status::Toosmall);
            }
            Ok((ours, end))
        });
        (attr, listed)
    }

    pub(super) fn readdir(&self, Caller { who, way }: &Caller, args: Readdir3Args) -> Readdir3Res {
        let room = args.count.min(way.transfer()) as usize;
        // Status, attributes, verifier, end of the list, end of the directory.
        let mut used = 4 + ATTRIBUTES + 8 + 4 + 4;
        let mut entries = List::new();
        let from = (args.cookie, args.cookieverf);
        let (attr, listed) = self.list(who, &args.dir, from, false, &mut |entry| {
            used += 4 + 8 + opaque(entry.name.len()) + 8;
            if used <= room {
                entries.push(Entry3 {
                    fileid: entry.id,
                    name: entry.name.into(),
                    cookie: entry.cookie,
                });
            }
            used <= room
        });
        let dir_attributes = after(attr);
        match listed {
            Ok((cookieverf, eof)) => Readdir3Res::Ok(Readdir3Resok {
                dir_attributes,
                cookieverf,
                reply: Dirlist3 { entries, eof },
            }),
            Err(status) => Readdir3Res::Other(number(status), Readdir3Resfail { dir_attributes }),
        }
    }

    pub(super) fn readdirplus(
        &self,
        Caller { who, way }: &Caller,
        args: Readdirplus3Args,
    ) -> Readdirplus3Res {
        let room = args.maxcount.min(way.transfer()) as usize;
        let name_room = args.dircount as usize;
        let mut used = 4 + ATTRIBUTES + 8 + 4 + 4;
        let mut names = 0;
        let mut entries = List::new();
        let from = (args.cookie, args.cookieverf);
        let (attr, listed) = self.list(who, &args.dir, from, true, &mut |entry| {
            let name = 8 + opaque(entry.name.len()) + 8;
            let object = entry
                .object
                .map(|(handle, attr)| (handle.to_opaque(), attr));
            names += name;
            used += 4 + name + ATTRIBUTES + 4;
            used += object.as_ref().map_or(0, |(data, _)| opaque(data.len()));
            // At least one, however little room there is for names.
            let fits = used <= room && (names <= name_room || entries.is_empty());
            if fits {
                entries.push(Entryplus3 {
                    fileid: entry.id,
                    name: entry.name.into(),
                    cookie: entry.cookie,
                    name_attributes: after(object.as_ref().map(|(_, attr)| *attr)),
                    name_handle: object.map_or(PostOpFh3::False, |(data, _)| {
                        PostOpFh3::True(NfsFh3 { data })
                    }),
                });
            }
            fits
        });
        let dir_attributes = after(attr);
        match listed {
            Ok((cookieverf, eof)) => Readdirplus3Res::Ok(Readdirplus3Resok {
                dir_attributes,
                cookieverf,
                reply: Dirlistplus3 { entries, eof },
            }),
            Err(status) => {
                Readdirplus3Res::Other(number(status), Readdirplus3Resfail { dir_attributes })
            }
        }
    }

    pub(super) fn fsstat(&self, _: &Caller, args: Fsstat3Args) -> Fsstat3Res {
        let found = self
            .find(&args.fsroot)
            .and_then(|(b, node)| Ok((b.attr(&node)?, b.usage()?)));
        match found {
            Ok((attr, usage)) => Fsstat3Res::Ok(Fsstat3Resok {
                obj_attributes: after(Some(attr)),
                tbytes: usage.bytes,
                fbytes: usage.bytes_free,
                abytes: usage.bytes_available,
                tfiles: usage.files,
                ffiles: usage.files_free,
                afiles: usage.files_available,
                invarsec: 0,
            }),
            Err(status) => Fsstat3Res::Other(
                number(status),
                Fsstat3Resfail {
                    obj_attributes: after(None),
                },
            ),
        }
    }

    pub(super) fn fsinfo(&self, Caller { way, .. }: &Caller, args: Fsinfo3Args) -> Fsinfo3Res {
        let transfer = way.transfer();
        match self.find(&args.fsroot).and_then(|(b, node)| b.attr(&node)) {
            Ok(attr) => Fsinfo3Res::Ok(Fsinfo3Resok {
                obj_attributes: after(Some(attr)),
                rtmax: transfer,
                rtpref: transfer,
                rtmult: 4096,
                wtmax: transfer,
                wtpref: transfer,
                wtmult: 4096,
                dtpref: transfer.min(64 << 10),
                maxfilesize: B::MAX_FILE,
                time_delta: Nfstime3 {
                    seconds: 0,
                    nseconds: 1,
                },
                properties: FSF3_LINK | FSF3_SYMLINK | FSF3_HOMOGENEOUS | FSF3_CANSETTIME,
            }),
            Err(status) => Fsinfo3Res::Other(
                number(status),
                Fsinfo3Resfail {
                    obj_attributes: after(None),
                },
            ),
        }
    }

    pub(super) fn pathconf(&self, _: &Caller, args: Pathconf3Args) -> Pathconf3Res {
        match self.find(&args.object).and_then(|(b, node)| b.attr(&node)) {
            Ok(attr) => Pathconf3Res::Ok(Pathconf3Resok {
                obj_attributes: after(Some(attr)),
                linkmax: 32_000,
                name_max: Name::MAX as u32,
                no_trunc: true,
                chown_restricted: true,
                case_insensitive: false,
                case_preserving: true,
            }),
            Err(status) => Pathconf3Res::Other(
                number(status),
                Pathconf3Resfail {
                    obj_attributes: after(None),
                },
            ),
        }
    }
}
