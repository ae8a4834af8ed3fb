//! MOUNT version 3: from an exported path to its handle (RFC 1813, appendix I).

use super::who::{EXECUTE, Who};
use super::{Export, Nfs};
use crate::backend::{Backend, Kind, Name, Result, Status};
use crate::handle::Handle;
use crate::mount3::mount_program::MountV3;
use crate::mount3::{Exportnode, Mountbody, Mountres3, Mountres3Ok};
use rpcgen_runtime::{Context, Fault, List, XdrString};
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// Mounts remembered for DUMP.
const MAX_MOUNTS: usize = 1024;
const AUTH_NONE: i32 = 0;
const AUTH_SYS: i32 = 1;

/// The MOUNT program beside a file server.
#[derive(Debug)]
pub struct Mounts<B> {
    nfs: Nfs<B>,
    /// Host and path of whoever has mounted something: a hint, as the RFC says.
    list: Mutex<BTreeSet<(String, Vec<u8>)>>,
}

impl<B: Backend> Mounts<B> {
    /// Leads into what `nfs` serves.
    #[must_use]
    pub fn new(nfs: &Nfs<B>) -> Self {
        Self {
            nfs: nfs.clone(),
            list: Mutex::default(),
        }
    }

    fn list<T>(&self, f: impl FnOnce(&mut BTreeSet<(String, Vec<u8>)>) -> T) -> T {
        f(&mut self.list.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What `path` has below `export`; `None` when it is elsewhere.
fn below<'a>(path: &'a [u8], export: &str) -> Option<&'a [u8]> {
    let rest = path.strip_prefix(export.trim_end_matches('/').as_bytes())?;
    matches!(rest, [] | [b'/', ..]).then_some(rest)
}

/// The directory of a path, below an export as LOOKUP would lead there.
fn walk<B: Backend>(exports: &[Export<B>], who: &Who, path: &[u8]) -> Result<Handle> {
    let (backend, rest) = exports
        .iter()
        .filter_map(|export| Some((&export.backend, below(path, &export.path)?)))
        // Of exports within exports, the innermost.
        .min_by_key(|(_, rest)| rest.len())
        .ok_or(Status::Noent)?;
    let mut at = backend.root();
    let mut attr = backend.attr(&at)?;
    for step in rest.split(|b| *b == b'/').filter(|step| !step.is_empty()) {
        if attr.kind != Kind::Directory {
            return Err(Status::Notdir);
        }
        who.may(&attr, EXECUTE)?;
        (at, attr) = backend.lookup(&at, Name::new(step)?)?;
    }
    if attr.kind == Kind::Directory {
        Ok(at)
    } else {
        Err(Status::Notdir)
    }
}

fn host(cx: &Context) -> String {
    match cx.peer().address() {
        Some(address) => address.ip().to_canonical().to_string(),
        None => "localhost".into(),
    }
}

impl<B: Backend> MountV3 for Mounts<B> {
    async fn null(&self, _: &Context) -> std::result::Result<(), Fault> {
        Ok(())
    }

    async fn mnt(&self, cx: &Context, path: XdrString) -> std::result::Result<Mountres3, Fault> {
        let wanted = path.clone();
        let found = self
            .nfs
            .run(cx, wanted, |files, caller, path| {
                walk(&files.exports, &caller.who, path.as_bytes())
            })
            .await?;
        Ok(match found {
            Ok(node) => {
                self.list(|list| {
                    if list.len() < MAX_MOUNTS {
                        list.insert((host(cx), path.as_bytes().to_vec()));
                    }
                });
                Mountres3::Ok(Mountres3Ok {
                    fhandle: node.to_opaque(),
                    auth_flavors: vec![AUTH_SYS, AUTH_NONE],
                })
            }
            // MOUNT knows some of the statuses only, by the same numbers.
            Err(
                status @ (Status::Perm
                | Status::Noent
                | Status::Io
                | Status::Acces
                | Status::Notdir
                | Status::Nametoolong),
            ) => Mountres3::Other(status as i32),
            Err(_) => Mountres3::Other(Status::Serverfault as i32),
        })
    }

    async fn dump(&self, _: &Context) -> std::result::Result<List<Mountbody>, Fault> {
        Ok(self.list(|list| {
            list.iter()
                .map(|(host, path)| Mountbody {
                    ml_hostname: host.into(),
                    ml_directory: path.as_slice().into(),
                })
                .collect()
        }))
    }

    async fn umnt(&self, cx: &Context, path: XdrString) -> std::result::Result<(), Fault> {
        let entry = (host(cx), path.as_bytes().to_vec());
        self.list(|list| list.remove(&entry));
        Ok(())
    }

    async fn umntall(&self, cx: &Context) -> std::result::Result<(), Fault> {
        let host = host(cx);
        self.list(|list| list.retain(|(other, _)| *other != host));
        Ok(())
    }

    async fn export(&self, _: &Context) -> std::result::Result<List<Exportnode>, Fault> {
        let exports = self.nfs.0.exports.iter();
        Ok(exports
            .map(|export| Exportnode {
                ex_dir: export.path.as_str().into(),
                ex_groups: List::new(),
            })
            .collect())
    }
}
