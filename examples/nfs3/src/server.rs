//! The server: RFC 1813's procedures over a back end.
//!
//! `who` decides what a caller may do, `look` has the procedures that change nothing, `change` the others, `mount` the
//! way in. The procedures are plain functions; where the back end may wait for a disk they run on threads of their own.

mod change;
mod convert;
mod locks;
mod look;
mod mount;
mod who;

pub use mount::Mounts;

use crate::backend::{Backend, Result, Status, Time};
use crate::handle::Handle;
use crate::nfs3::nfs_program::NfsV3;
use crate::nfs3::*;
use locks::Locks;
use rpcgen_runtime::{Context, Fault};
use std::sync::Arc;
use who::Who;

/// A back end under the path that clients mount.
#[derive(Debug)]
pub struct Export<B> {
    /// Absolute.
    pub path: String,
    /// What is there.
    pub backend: B,
}

/// What callers may and may not.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Nothing is changed.
    pub read_only: bool,
    /// Whoever claims to be root is nobody, and so is root's group.
    pub squash_root: bool,
}

/// All that is exported.
#[derive(Debug)]
struct Files<B> {
    exports: Vec<Export<B>>,
    options: Options,
    /// Of this process: a client that sees another one writes its unstable data again.
    verifier: [u8; 8],
    locks: Locks,
}

/// The file server. Clones serve the same files.
#[derive(Debug)]
pub struct Nfs<B>(Arc<Files<B>>);

impl<B> Clone for Nfs<B> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// The way a call came, which bounds its answer.
#[derive(Clone, Copy, Debug)]
struct Way {
    datagram: bool,
}

impl Way {
    /// The most that one call transfers.
    fn transfer(self) -> u32 {
        if self.datagram { 8 << 10 } else { 1 << 20 }
    }
}

/// Whoever calls, and how.
#[derive(Debug)]
struct Caller {
    who: Who,
    way: Way,
}

impl<B: Backend> Nfs<B> {
    /// Serves these exports.
    #[must_use]
    pub fn new(exports: Vec<Export<B>>, options: Options) -> Self {
        let start = Time::now();
        let verifier = u64::from(start.seconds) << 32 | u64::from(start.nanos);
        Self(Arc::new(Files {
            exports,
            options,
            verifier: verifier.to_be_bytes(),
            locks: Locks::new(),
        }))
    }

    /// Runs a procedure where it may wait.
    async fn run<A: Send + 'static, T: Send + 'static>(
        &self,
        cx: &Context,
        args: A,
        procedure: fn(&Files<B>, &Caller, A) -> T,
    ) -> std::result::Result<T, Fault> {
        let caller = Caller {
            who: Who::new(cx.cred(), self.0.options.squash_root),
            way: Way {
                datagram: cx.peer().is_datagram(),
            },
        };
        if !B::WAITS {
            return Ok(procedure(&self.0, &caller, args));
        }
        let files = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || procedure(&files, &caller, args))
            .await
            .map_err(|_| Fault::SystemErr)
    }
}

impl<B: Backend> Files<B> {
    /// The object of a handle that a client has sent.
    fn find(&self, handle: &NfsFh3) -> Result<(&B, Handle)> {
        let node = Handle::parse(&handle.data)?;
        let mut exports = self.exports.iter().map(|export| &export.backend);
        let backend = exports.find(|backend| backend.root().export == node.export);
        let backend = backend.ok_or(Status::Stale)?;
        backend.check(&node)?;
        Ok((backend, node))
    }
}

/// A method for each procedure: the function of the same name runs it.
macro_rules! procedures {
    ($($name:ident: $args:ty => $res:ty;)*) => {
        impl<B: Backend> NfsV3 for Nfs<B> {
            async fn null(&self, _: &Context) -> std::result::Result<(), Fault> {
                Ok(())
            }
            $(
                async fn $name(
                    &self,
                    cx: &Context,
                    args: $args,
                ) -> std::result::Result<$res, Fault> {
                    self.run(cx, args, Files::$name).await
                }
            )*
        }
    };
}

procedures! {
    getattr: Getattr3Args => Getattr3Res;
    setattr: Setattr3Args => Setattr3Res;
    lookup: Lookup3Args => Lookup3Res;
    access: Access3Args => Access3Res;
    readlink: Readlink3Args => Readlink3Res;
    read: Read3Args => Read3Res;
    write: Write3Args => Write3Res;
    create: Create3Args => Create3Res;
    mkdir: Mkdir3Args => Mkdir3Res;
    symlink: Symlink3Args => Symlink3Res;
    mknod: Mknod3Args => Mknod3Res;
    remove: Remove3Args => Remove3Res;
    rmdir: Rmdir3Args => Rmdir3Res;
    rename: Rename3Args => Rename3Res;
    link: Link3Args => Link3Res;
    readdir: Readdir3Args => Readdir3Res;
    readdirplus: Readdirplus3Args => Readdirplus3Res;
    fsstat: Fsstat3Args => Fsstat3Res;
    fsinfo: Fsinfo3Args => Fsinfo3Res;
    pathconf: Pathconf3Args => Pathconf3Res;
    commit: Commit3Args => Commit3Res;
}
