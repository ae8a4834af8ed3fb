//! The client: paths instead of handles, and many requests in flight.
//!
//! Text → [`Url`]; [`Client::mount`] asks MOUNT for the export's root; [`Client::find`] walks a path from there and
//! follows symbolic links itself, as RFC 1813 leaves it to the client. `transfer` moves bulk data. Everything in here
//! may be repeated without harm, so calls survive a server's restart.

mod error;
mod transfer;
mod url;

pub use error::Error;
pub use transfer::Progress;
pub use url::{Url, shown};

use crate::mount3::mount_program::MountV3Client;
use crate::mount3::{Mountres3, Mountres3Ok};
use crate::nfs3::nfs_program::NfsV3Client;
use crate::nfs3::*;
use error::Wanted;
use rpcgen_runtime::auth::AuthSys;
use rpcgen_runtime::{
    CallOptions, ConnectOptions, Opaque, Refused, Replay, RpcError, XdrString, connect_with,
};

/// Symbolic links followed for one path.
const MAX_LINKS: usize = 40;
/// Answers of one directory listing: no server's directory is this large, and a hostile one must end.
const MAX_PAGES: usize = 1 << 16;

/// A mounted export.
#[derive(Clone, Debug)]
pub struct Client {
    nfs: NfsV3Client,
    export: XdrString,
    root: Object,
    window: usize,
    sizes: Sizes,
}

/// What the server prefers, in bytes.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    read: u32,
    write: u32,
    list: u32,
}

/// An object on the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its handle.
    pub handle: NfsFh3,
    /// Its attributes when it was found.
    pub attr: Fattr3,
}

/// A name in a directory.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The name.
    pub name: XdrString,
    /// What it names; nothing if it went away meanwhile.
    pub object: Option<Object>,
}

impl Client {
    /// Mounts the export that a URL leads into, and answers the path within it.
    ///
    /// Without a port in the URL, rpcbind on the host is asked. `window` is the number of requests in flight.
    ///
    /// # Errors
    /// The server is not there, or does not export this.
    pub async fn mount(url: &Url, window: usize) -> Result<(Self, Vec<u8>), Error> {
        // Whatever this client does may be done twice.
        let calls = CallOptions::new()
            .cred(AuthSys::new(url.uid, url.gid))
            .replay(Replay::Always);
        let options = ConnectOptions::new().calls(calls);
        let mount = mount_program(url, options.clone()).await?;
        let export = export_of(&mount, url).await?;
        let what = || format!("mounting {} of {}", shown(export.as_bytes()), url.host);
        let found = mount.mnt(export.clone()).await.wanted(what)?;
        let root = match found {
            Mountres3::Ok(Mountres3Ok { fhandle, .. }) => fhandle,
            Mountres3::Other(status) => return Err(Error::status(what(), status)),
        };
        let nfs: NfsV3Client = connect_with(url.target(url.port).as_str(), options)
            .await
            .wanted(|| format!("connecting to {}", url.host))?;
        let client = Self::rooted(nfs, export, root, window.max(1)).await?;
        // A path that is the export's own leaves nothing.
        let path = client.inside(&url.path).unwrap_or_default().to_vec();
        Ok((client, path))
    }

    async fn rooted(
        nfs: NfsV3Client,
        export: XdrString,
        root: Opaque,
        window: usize,
    ) -> Result<Self, Error> {
        let handle = NfsFh3 { data: root };
        let what = || format!("asking about {}", shown(export.as_bytes()));
        let args = Fsinfo3Args {
            fsroot: handle.clone(),
        };
        let info = match nfs.fsinfo(&args).await.wanted(what)? {
            Fsinfo3Res::Ok(info) => info,
            Fsinfo3Res::Other(status, _) => return Err(Error::status(what(), status)),
        };
        let within = |size: u32| size.clamp(512, 4 << 20);
        let sizes = Sizes {
            read: within(info.rtpref.min(info.rtmax)),
            write: within(info.wtpref.min(info.wtmax)),
            list: within(info.dtpref).max(32 << 10),
        };
        let attr = attributes(&nfs, &handle).await.wanted(what)?;
        let attr = attr.map_err(|status| Error::status(what(), status))?;
        Ok(Self {
            nfs,
            export,
            root: Object { handle, attr },
            window,
            sizes,
        })
    }

    /// The generated stub, for whatever is not here.
    #[must_use]
    pub fn nfs(&self) -> &NfsV3Client {
        &self.nfs
    }

    /// A path within the export as the server has it, to be shown.
    #[must_use]
    pub fn full(&self, path: &[u8]) -> String {
        let full = [without_slash(self.export.as_bytes()), path].concat();
        if full.is_empty() {
            return "/".into();
        }
        shown(&full)
    }

    /// The object of a path. `follow` decides about a symbolic link at its end.
    ///
    /// # Errors
    /// There is none, or it may not be looked for.
    pub async fn find(
        &self,
        path: &(impl AsRef<[u8]> + ?Sized),
        follow: bool,
    ) -> Result<Object, Error> {
        let path = path.as_ref();
        let mut steps: Vec<Vec<u8>> = Vec::new();
        push_steps(&mut steps, path);
        // From the root to where we are, so that `..` leads back.
        let mut trail = vec![self.root.clone()];
        let mut links = 0;
        let failed = |status: i32| Error::status(self.full(path), status);
        while let Some(step) = steps.pop() {
            if step == b".." {
                trail.truncate((trail.len() - 1).max(1));
                continue;
            }
            let Some(at) = trail.last() else {
                return Err(failed(Nfsstat3::Noent.as_i32()));
            };
            let args = Lookup3Args {
                what: Diropargs3 {
                    dir: at.handle.clone(),
                    name: step.as_slice().into(),
                },
            };
            let answer = self.nfs.lookup(&args).await.wanted(|| self.full(path))?;
            let found = match answer {
                Lookup3Res::Ok(found) => found,
                Lookup3Res::Other(status, _) => return Err(failed(status)),
            };
            let attr = match found.obj_attributes {
                PostOpAttr::True(attr) => attr,
                PostOpAttr::False => self.attr(&found.object, path).await?,
            };
            if attr.r#type == Ftype3::Nf3lnk && (follow || !steps.is_empty()) {
                links += 1;
                if links > MAX_LINKS {
                    return Err(Error::said(self.full(path), "too many symbolic links"));
                }
                let target = self.link(&found.object, path).await?;
                let inside = self.inside(&target);
                if target.first() == Some(&b'/') {
                    trail.truncate(1);
                    let Some(inside) = inside else {
                        let target = shown(&target);
                        let said = format!("a symbolic link leads out of the export, to {target}");
                        return Err(Error::said(self.full(path), said));
                    };
                    push_steps(&mut steps, inside);
                } else {
                    push_steps(&mut steps, &target);
                }
                continue;
            }
            trail.push(Object {
                handle: found.object,
                attr,
            });
        }
        trail.pop().ok_or_else(|| failed(Nfsstat3::Noent.as_i32()))
    }

    /// What an absolute path on the server is within the export.
    fn inside<'a>(&self, path: &'a [u8]) -> Option<&'a [u8]> {
        within(path, self.export.as_bytes())
    }

    async fn attr(&self, handle: &NfsFh3, path: &[u8]) -> Result<Fattr3, Error> {
        attributes(&self.nfs, handle)
            .await
            .wanted(|| self.full(path))?
            .map_err(|status| Error::status(self.full(path), status))
    }

    /// Where a symbolic link points.
    ///
    /// # Errors
    /// It is none, or it can't be read.
    pub async fn link(&self, handle: &NfsFh3, path: &[u8]) -> Result<Vec<u8>, Error> {
        let args = Readlink3Args {
            symlink: handle.clone(),
        };
        match self.nfs.readlink(&args).await.wanted(|| self.full(path))? {
            Readlink3Res::Ok(link) => Ok(link.data.as_bytes().to_vec()),
            Readlink3Res::Other(status, _) => Err(Error::status(self.full(path), status)),
        }
    }

    /// All names in a directory but `.` and `..`, in the server's order.
    ///
    /// # Errors
    /// It is none, or it may not be read.
    pub async fn list(&self, dir: &NfsFh3, path: &[u8]) -> Result<Vec<Entry>, Error> {
        let mut entries = Vec::new();
        let (mut cookie, mut cookieverf) = (0, [0; 8]);
        for _ in 0..MAX_PAGES {
            let args = Readdirplus3Args {
                dir: dir.clone(),
                cookie,
                cookieverf,
                dircount: self.sizes.list,
                maxcount: self.sizes.list,
            };
            let answer = self.nfs.readdirplus(&args).await;
            let page = match answer.wanted(|| self.full(path))? {
                Readdirplus3Res::Ok(page) => page,
                Readdirplus3Res::Other(status, _) => {
                    return Err(Error::status(self.full(path), status));
                }
            };
            cookieverf = page.cookieverf;
            let last = page.reply.entries.last().map(|entry| entry.cookie);
            for entry in page.reply.entries {
                if entry.name == "." || entry.name == ".." {
                    continue;
                }
                let object = match (entry.name_handle, entry.name_attributes) {
                    (PostOpFh3::True(handle), PostOpAttr::True(attr)) => {
                        Some(Object { handle, attr })
                    }
                    // The server may leave out what is not at hand.
                    _ => self.look(dir, &entry.name).await?,
                };
                entries.push(Entry {
                    name: entry.name,
                    object,
                });
            }
            match last {
                _ if page.reply.eof => return Ok(entries),
                Some(last) => cookie = last,
                None => {
                    return Err(Error::said(
                        self.full(path),
                        "the server's listing has no end",
                    ));
                }
            }
        }
        Err(Error::said(
            self.full(path),
            "the server's listing has no end",
        ))
    }

    /// The object of a name; nothing if it is not there or not for us to see.
    async fn look(&self, dir: &NfsFh3, name: &XdrString) -> Result<Option<Object>, Error> {
        let args = Lookup3Args {
            what: Diropargs3 {
                dir: dir.clone(),
                name: name.clone(),
            },
        };
        let found = match self
            .nfs
            .lookup(&args)
            .await
            .wanted(|| shown(name.as_bytes()))?
        {
            Lookup3Res::Ok(found) => found,
            Lookup3Res::Other(..) => return Ok(None),
        };
        Ok(match found.obj_attributes {
            PostOpAttr::True(attr) => Some(Object {
                handle: found.object,
                attr,
            }),
            PostOpAttr::False => None,
        })
    }

    /// What this user may do with an object, as the bits of ACCESS.
    ///
    /// # Errors
    /// The server does not say.
    pub async fn access(&self, object: &Object, path: &[u8]) -> Result<u32, Error> {
        let args = Access3Args {
            object: object.handle.clone(),
            access: u32::MAX,
        };
        match self.nfs.access(&args).await.wanted(|| self.full(path))? {
            Access3Res::Ok(access) => Ok(access.access),
            Access3Res::Other(status, _) => Err(Error::status(self.full(path), status)),
        }
    }
}

/// The steps of a path, put on top of those that are still to go: the next one is the last.
fn push_steps(steps: &mut Vec<Vec<u8>>, path: &[u8]) {
    let new = path.split(|b| *b == b'/');
    let new = new.filter(|step| !step.is_empty() && *step != b".");
    let at = steps.len();
    steps.extend(new.map(<[u8]>::to_vec));
    steps[at..].reverse();
}

async fn attributes(nfs: &NfsV3Client, handle: &NfsFh3) -> Result<Result<Fattr3, i32>, RpcError> {
    let args = Getattr3Args {
        object: handle.clone(),
    };
    Ok(match nfs.getattr(&args).await? {
        Getattr3Res::Ok(found) => Ok(found.obj_attributes),
        Getattr3Res::Other(status) => Err(status),
    })
}

/// The MOUNT program: at its own port if the URL has one, else beside NFS, else where rpcbind says.
async fn mount_program(url: &Url, options: ConnectOptions) -> Result<MountV3Client, Error> {
    let what = || format!("connecting to {}", url.host);
    let port = url.mount_port.or(url.port);
    let beside: MountV3Client = connect_with(url.target(port).as_str(), options.clone())
        .await
        .wanted(what)?;
    match rpcgen_runtime::ping(&beside).await {
        Err(RpcError::Refused(Refused::ProgUnavail)) if url.mount_port.is_none() => {
            connect_with(url.target(None).as_str(), options)
                .await
                .wanted(what)
        }
        other => other.map(|()| beside).wanted(what),
    }
}

/// The export that a URL's path leads into: the longest one that the path begins with.
async fn export_of(mount: &MountV3Client, url: &Url) -> Result<XdrString, Error> {
    let exports = mount
        .export()
        .await
        .wanted(|| format!("asking {} what it exports", url.host))?;
    exports
        .iter()
        .map(|export| &export.ex_dir)
        .filter(|export| within(&url.path, export.as_bytes()).is_some())
        .max_by_key(|export| export.len())
        .cloned()
        .ok_or_else(|| {
            let names = exports.iter().map(|e| shown(e.ex_dir.as_bytes()));
            let names = names.collect::<Vec<_>>().join(", ");
            Error::said(
                shown(&url.path),
                format!("{} exports {names} and nothing else", url.host),
            )
        })
}

/// What a path is within an export: nothing, or a path that begins with `/`.
fn within<'a>(path: &'a [u8], export: &[u8]) -> Option<&'a [u8]> {
    let rest = path.strip_prefix(without_slash(export))?;
    matches!(rest, [] | [b'/', ..]).then_some(rest)
}

fn without_slash(mut path: &[u8]) -> &[u8] {
    while let [shorter @ .., b'/'] = path {
        path = shorter;
    }
    path
}
