//! A server within the test and a caller of its generated stubs.

use nfs3::backend::Backend;
use nfs3::mount3::Mountres3;
use nfs3::mount3::mount_program::{MountV3Client, MountV3Server};
use nfs3::nfs3::nfs_program::{NfsV3Client, NfsV3Server};
use nfs3::nfs3::*;
use nfs3::server::{Export, Mounts, Nfs, Options};
use rpcgen_runtime::auth::AuthSys;
use rpcgen_runtime::server::Running;
use rpcgen_runtime::{CallOptions, ClientStub, Server, connect};

/// A server and a caller who is root.
pub(crate) struct Served {
    pub(crate) running: Running,
    pub(crate) nfs: NfsV3Client,
    pub(crate) mount: MountV3Client,
    pub(crate) root: NfsFh3,
}

impl Served {
    pub(crate) async fn new<B: Backend>(backend: B, options: Options) -> Self {
        let export = Export {
            path: "/export".into(),
            backend,
        };
        let nfs = Nfs::new(vec![export], options);
        let running = Server::new()
            .serve(MountV3Server(Mounts::new(&nfs)))
            .serve(NfsV3Server(nfs))
            .tcp("127.0.0.1:0")
            .udp("127.0.0.1:0")
            .start()
            .await
            .unwrap();
        let target = format!("tcp://{}", running.tcp().unwrap());
        let mount: MountV3Client = connect(target.as_str()).await.unwrap();
        let Mountres3::Ok(mounted) = mount.mnt("/export").await.unwrap() else {
            panic!("/export can be mounted");
        };
        let nfs: NfsV3Client = connect(target.as_str()).await.unwrap();
        Self {
            nfs: claiming(&nfs, 0, 0),
            running,
            mount,
            root: NfsFh3 {
                data: mounted.fhandle,
            },
        }
    }

    pub(crate) fn place(&self, name: impl Into<rpcgen_runtime::XdrString>) -> Diropargs3 {
        place(&self.root, name)
    }

    pub(crate) async fn file(&self, name: &str, mode: u32, data: &'static str) -> NfsFh3 {
        let file = self
            .create(name, Createhow3::Guarded(with_mode(mode)))
            .await;
        let file = file.unwrap();
        self.write(&file, 0, data, StableHow::FileSync)
            .await
            .unwrap();
        file
    }

    pub(crate) async fn create(&self, name: &str, how: Createhow3) -> Result<NfsFh3, Nfsstat3> {
        create(&self.nfs, self.place(name), how).await
    }

    pub(crate) async fn dir(&self, name: &str, mode: u32) -> NfsFh3 {
        let args = Mkdir3Args {
            r#where: self.place(name),
            attributes: with_mode(mode),
        };
        match self.nfs.mkdir(&args).await.unwrap() {
            Mkdir3Res::Ok(Mkdir3Resok {
                obj: PostOpFh3::True(handle),
                ..
            }) => handle,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn write(
        &self,
        file: &NfsFh3,
        offset: u64,
        data: &'static str,
        stable: StableHow,
    ) -> Result<Write3Resok, Nfsstat3> {
        write(&self.nfs, file, offset, data, stable).await
    }

    pub(crate) async fn attr(&self, object: &NfsFh3) -> Result<Fattr3, Nfsstat3> {
        let object = object.clone();
        match self.nfs.getattr(&Getattr3Args { object }).await.unwrap() {
            Getattr3Res::Ok(found) => Ok(found.obj_attributes),
            Getattr3Res::Other(status) => Err(status.try_into().unwrap()),
        }
    }

    pub(crate) async fn lookup(&self, dir: &NfsFh3, name: &[u8]) -> Result<NfsFh3, Nfsstat3> {
        let args = Lookup3Args {
            what: place(dir, name),
        };
        match self.nfs.lookup(&args).await.unwrap() {
            Lookup3Res::Ok(found) => Ok(found.object),
            Lookup3Res::Other(status, _) => Err(status.try_into().unwrap()),
        }
    }
}

/// The same stub, for somebody else.
pub(crate) fn claiming(nfs: &NfsV3Client, uid: u32, gid: u32) -> NfsV3Client {
    nfs.with(CallOptions::new().cred(AuthSys::new(uid, gid)))
}

pub(crate) fn place(dir: &NfsFh3, name: impl Into<rpcgen_runtime::XdrString>) -> Diropargs3 {
    Diropargs3 {
        dir: dir.clone(),
        name: name.into(),
    }
}

pub(crate) fn with_mode(mode: u32) -> Sattr3 {
    Sattr3 {
        mode: SetMode3::True(mode),
        ..Sattr3::default()
    }
}

pub(crate) async fn create(
    nfs: &NfsV3Client,
    r#where: Diropargs3,
    how: Createhow3,
) -> Result<NfsFh3, Nfsstat3> {
    match nfs.create(&Create3Args { r#where, how }).await.unwrap() {
        Create3Res::Ok(Create3Resok {
            obj: PostOpFh3::True(handle),
            ..
        }) => Ok(handle),
        Create3Res::Other(status, _) => Err(status.try_into().unwrap()),
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn write(
    nfs: &NfsV3Client,
    file: &NfsFh3,
    offset: u64,
    data: &'static str,
    stable: StableHow,
) -> Result<Write3Resok, Nfsstat3> {
    let args = Write3Args {
        file: file.clone(),
        offset,
        count: data.len() as u32,
        stable,
        data: data.into(),
    };
    match nfs.write(&args).await.unwrap() {
        Write3Res::Ok(wrote) => Ok(wrote),
        Write3Res::Other(status, _) => Err(status.try_into().unwrap()),
    }
}

pub(crate) async fn read(
    nfs: &NfsV3Client,
    file: &NfsFh3,
    offset: u64,
    count: u32,
) -> Result<Read3Resok, Nfsstat3> {
    let file = file.clone();
    match nfs
        .read(&Read3Args {
            file,
            offset,
            count,
        })
        .await
        .unwrap()
    {
        Read3Res::Ok(read) => Ok(read),
        Read3Res::Other(status, _) => Err(status.try_into().unwrap()),
    }
}

pub(crate) async fn readdir(
    s: &Served,
    dir: &NfsFh3,
    cookie: u64,
    cookieverf: [u8; 8],
    count: u32,
) -> Result<Readdir3Resok, Nfsstat3> {
    let args = Readdir3Args {
        dir: dir.clone(),
        cookie,
        cookieverf,
        count,
    };
    match s.nfs.readdir(&args).await.unwrap() {
        Readdir3Res::Ok(page) => Ok(page),
        Readdir3Res::Other(status, _) => Err(status.try_into().unwrap()),
    }
}

/// Makes two tests of one: on memory, and on a directory.
macro_rules! on_both {
    ($($name:ident)*) => {
        mod on_memory {
            $(#[tokio::test]
            async fn $name() {
                let backend = nfs3::memory::Memory::new(1 << 30);
                super::$name(crate::common::served::Served::new(backend, Default::default()).await).await;
            })*
        }
        mod on_directory {
            $(#[tokio::test]
            async fn $name() {
                let path = crate::common::folder(concat!("protocol-", stringify!($name)));
                let backend = nfs3::directory::Directory::open(&path, false).unwrap();
                super::$name(crate::common::served::Served::new(backend, Default::default()).await).await;
                std::fs::remove_dir_all(path).unwrap();
            })*
        }
    };
}
pub(crate) use on_both;
