//! The server as a client of the generated stubs sees it, on both back ends: what each procedure does, and the status
//! that RFC 1813 names for what can't be done.

mod common;

use common::folder;
use nfs3::backend::Backend;
use nfs3::directory::Directory;
use nfs3::memory::Memory;
use nfs3::mount3::Mountres3;
use nfs3::mount3::mount_program::{MountV3Client, MountV3Server};
use nfs3::nfs3::nfs_program::{NfsV3Client, NfsV3Server};
use nfs3::nfs3::*;
use nfs3::server::{Export, Mounts, Nfs, Options};
use rpcgen_runtime::auth::AuthSys;
use rpcgen_runtime::server::Running;
use rpcgen_runtime::{CallOptions, ClientStub, Server, connect};
use std::io::Write as _;
use std::time::Duration;

/// A server and a caller who is root.
struct Served {
    running: Running,
    nfs: NfsV3Client,
    mount: MountV3Client,
    root: NfsFh3,
}

impl Served {
    async fn new<B: Backend>(backend: B, options: Options) -> Self {
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

    fn place(&self, name: impl Into<rpcgen_runtime::XdrString>) -> Diropargs3 {
        place(&self.root, name)
    }

    async fn file(&self, name: &str, mode: u32, data: &'static str) -> NfsFh3 {
        let file = self
            .create(name, Createhow3::Guarded(with_mode(mode)))
            .await;
        let file = file.unwrap();
        self.write(&file, 0, data, StableHow::FileSync)
            .await
            .unwrap();
        file
    }

    async fn create(&self, name: &str, how: Createhow3) -> Result<NfsFh3, Nfsstat3> {
        create(&self.nfs, self.place(name), how).await
    }

    async fn dir(&self, name: &str, mode: u32) -> NfsFh3 {
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

    async fn write(
        &self,
        file: &NfsFh3,
        offset: u64,
        data: &'static str,
        stable: StableHow,
    ) -> Result<Write3Resok, Nfsstat3> {
        write(&self.nfs, file, offset, data, stable).await
    }

    async fn attr(&self, object: &NfsFh3) -> Result<Fattr3, Nfsstat3> {
        let object = object.clone();
        match self.nfs.getattr(&Getattr3Args { object }).await.unwrap() {
            Getattr3Res::Ok(found) => Ok(found.obj_attributes),
            Getattr3Res::Other(status) => Err(status.try_into().unwrap()),
        }
    }

    async fn lookup(&self, dir: &NfsFh3, name: &[u8]) -> Result<NfsFh3, Nfsstat3> {
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
fn claiming(nfs: &NfsV3Client, uid: u32, gid: u32) -> NfsV3Client {
    nfs.with(CallOptions::new().cred(AuthSys::new(uid, gid)))
}

fn place(dir: &NfsFh3, name: impl Into<rpcgen_runtime::XdrString>) -> Diropargs3 {
    Diropargs3 {
        dir: dir.clone(),
        name: name.into(),
    }
}

fn with_mode(mode: u32) -> Sattr3 {
    Sattr3 {
        mode: SetMode3::True(mode),
        ..Sattr3::default()
    }
}

async fn create(
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

async fn write(
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

async fn read(
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

/// Makes two tests of one: on memory, and on a directory.
macro_rules! on_both {
    ($($name:ident)*) => {
        mod on_memory {
            $(#[tokio::test]
            async fn $name() {
                let backend = nfs3::memory::Memory::new(1 << 30);
                super::$name(super::Served::new(backend, Default::default()).await).await;
            })*
        }
        mod on_directory {
            $(#[tokio::test]
            async fn $name() {
                let path = super::folder(concat!("protocol-", stringify!($name)));
                let backend = nfs3::directory::Directory::open(&path, false).unwrap();
                super::$name(super::Served::new(backend, Default::default()).await).await;
                std::fs::remove_dir_all(path).unwrap();
            })*
        }
    };
}

on_both! {
    each_procedure_does_what_it_is_for
    attributes_are_those_around_the_change
    handles_of_all_kinds_have_their_status
    names_of_all_kinds_have_their_status
    offsets_and_counts_have_their_limits
    cookies_belong_to_their_directory
    listings_keep_to_their_sizes
    exclusive_create_recognises_itself
    the_guard_compares_the_time_of_change
    only_who_may_does
    a_client_that_goes_away_takes_nothing_along
    datagrams_get_what_fits
}

async fn each_procedure_does_what_it_is_for(s: Served) {
    s.nfs.null().await.unwrap();
    let f = s.file("f", 0o640, "hello").await;
    let d = s.dir("d", 0o755).await;
    assert_eq!(s.lookup(&s.root, b"f").await, Ok(f.clone()));
    let access = Access3Args {
        object: d.clone(),
        access: 0x3f,
    };
    let Access3Res::Ok(access) = s.nfs.access(&access).await.unwrap() else {
        panic!("ACCESS");
    };
    assert_eq!(
        access.access, 0x1f,
        "all but EXECUTE, which is not for directories"
    );
    let symlink = Symlink3Args {
        r#where: s.place("l"),
        symlink: Symlinkdata3 {
            symlink_data: "d/../f".into(),
            ..Symlinkdata3::default()
        },
    };
    assert!(matches!(
        s.nfs.symlink(&symlink).await.unwrap(),
        Symlink3Res::Ok(_)
    ));
    let l = s.lookup(&s.root, b"l").await.unwrap();
    let readlink = Readlink3Args { symlink: l };
    let Readlink3Res::Ok(target) = s.nfs.readlink(&readlink).await.unwrap() else {
        panic!("READLINK");
    };
    assert_eq!(target.data, "d/../f");
    let mknod = Mknod3Args {
        r#where: s.place("p"),
        what: Mknoddata3::Nf3fifo(with_mode(0o600)),
    };
    assert!(matches!(
        s.nfs.mknod(&mknod).await.unwrap(),
        Mknod3Res::Ok(_)
    ));
    let p = s.lookup(&s.root, b"p").await.unwrap();
    assert_eq!(s.attr(&p).await.unwrap().r#type, Ftype3::Nf3fifo);
    let link = Link3Args {
        file: f.clone(),
        link: place(&d, "g"),
    };
    assert!(matches!(s.nfs.link(&link).await.unwrap(), Link3Res::Ok(_)));
    let rename = Rename3Args {
        from: s.place("f"),
        to: place(&d, "h"),
    };
    assert!(matches!(
        s.nfs.rename(&rename).await.unwrap(),
        Rename3Res::Ok(_)
    ));
    assert_eq!(s.attr(&f).await.unwrap().nlink, 2);
    for name in ["g", "h"] {
        let object = place(&d, name);
        let removed = s.nfs.remove(&Remove3Args { object }).await.unwrap();
        assert!(matches!(removed, Remove3Res::Ok(_)), "{removed:?}");
    }
    let object = s.place("d");
    assert!(matches!(
        s.nfs.rmdir(&Rmdir3Args { object }).await.unwrap(),
        Rmdir3Res::Ok(_)
    ));
    assert_eq!(s.attr(&f).await, Err(Nfsstat3::Stale));

    let f = s.file("f", 0o600, "data").await;
    let commit = Commit3Args {
        file: f,
        offset: 0,
        count: 0,
    };
    assert!(matches!(
        s.nfs.commit(&commit).await.unwrap(),
        Commit3Res::Ok(_)
    ));
    let fsroot = s.root.clone();
    let Fsinfo3Res::Ok(info) = s.nfs.fsinfo(&Fsinfo3Args { fsroot }).await.unwrap() else {
        panic!("FSINFO");
    };
    assert_eq!(
        (info.rtmax, info.wtmax, info.properties),
        (1 << 20, 1 << 20, 0x1b)
    );
    let fsroot = s.root.clone();
    assert!(matches!(
        s.nfs.fsstat(&Fsstat3Args { fsroot }).await.unwrap(),
        Fsstat3Res::Ok(_)
    ));
    let object = s.root.clone();
    let Pathconf3Res::Ok(conf) = s.nfs.pathconf(&Pathconf3Args { object }).await.unwrap() else {
        panic!("PATHCONF");
    };
    assert_eq!((conf.name_max, conf.no_trunc), (255, true));

    let exports = s.mount.export().await.unwrap();
    assert_eq!(exports[0].ex_dir, "/export");
    assert_eq!(s.mount.dump().await.unwrap().len(), 1);
    s.mount.umnt("/export").await.unwrap();
    assert!(s.mount.dump().await.unwrap().is_empty());
    assert!(matches!(
        s.mount.mnt("/export/f").await.unwrap(),
        Mountres3::Other(20)
    ));
    assert!(matches!(
        s.mount.mnt("/exports").await.unwrap(),
        Mountres3::Other(2)
    ));
}

async fn attributes_are_those_around_the_change(s: Served) {
    let f = s.file("f", 0o644, "12345").await;
    let before = s.attr(&f).await.unwrap();
    let wrote = s.write(&f, 5, "678", StableHow::Unstable).await.unwrap();
    let PreOpAttr::True(pre) = wrote.file_wcc.before else {
        panic!("no attributes before");
    };
    assert_eq!(
        (pre.size, &pre.mtime, &pre.ctime),
        (5, &before.mtime, &before.ctime)
    );
    let now = s.attr(&f).await.unwrap();
    assert_eq!(now.size, 8);
    assert_eq!(wrote.file_wcc.after, PostOpAttr::True(now));

    // A failure has them as well.
    let dir = s.attr(&s.root).await.unwrap();
    let object = s.place("missing");
    let Remove3Res::Other(2, fail) = s.nfs.remove(&Remove3Args { object }).await.unwrap() else {
        panic!("nothing to remove");
    };
    assert_eq!(fail.dir_wcc.after, PostOpAttr::True(dir));
    assert!(matches!(fail.dir_wcc.before, PreOpAttr::True(_)));
}

async fn handles_of_all_kinds_have_their_status(s: Served) {
    let f = s.file("f", 0o644, "data").await;
    let d = s.dir("d", 0o755).await;
    let other = Memory::new(1 << 20);
    let foreign = NfsFh3 {
        data: other.root().to_opaque(),
    };
    let mut never = f.data.to_vec();
    // Another object number, and another generation.
    never[12] ^= 0x40;
    let mut reused = f.data.to_vec();
    reused[20] ^= 1;
    for (handle, status) in [
        (foreign.data.to_vec(), Nfsstat3::Stale),
        (never, Nfsstat3::Stale),
        (Vec::new(), Nfsstat3::Badhandle),
        (vec![0; 64], Nfsstat3::Badhandle),
        (f.data[..20].to_vec(), Nfsstat3::Badhandle),
        (b"../../../../etc/passwd".to_vec(), Nfsstat3::Badhandle),
    ] {
        let handle = NfsFh3 {
            data: handle.into(),
        };
        assert_eq!(s.attr(&handle).await, Err(status), "{handle:?}");
        assert_eq!(read(&s.nfs, &handle, 0, 1).await.err(), Some(status));
        assert_eq!(
            s.write(&handle, 0, "x", StableHow::Unstable).await.err(),
            Some(status)
        );
        assert_eq!(s.lookup(&handle, b"f").await, Err(status));
        assert_eq!(
            create(&s.nfs, place(&handle, "x"), Createhow3::default()).await,
            Err(status)
        );
    }
    // 65 bytes are no handle at all: the arguments don't decode.
    let long = NfsFh3 {
        data: vec![1; 65].into(),
    };
    let refused = s.nfs.getattr(&Getattr3Args { object: long }).await;
    assert!(refused.is_err(), "{refused:?}");

    assert_eq!(read(&s.nfs, &d, 0, 1).await.err(), Some(Nfsstat3::Isdir));
    assert_eq!(
        s.write(&d, 0, "x", StableHow::Unstable).await.err(),
        Some(Nfsstat3::Isdir)
    );
    assert_eq!(s.lookup(&f, b"x").await, Err(Nfsstat3::Notdir));
    let symlink = d.clone();
    let link = s.nfs.readlink(&Readlink3Args { symlink }).await.unwrap();
    assert!(matches!(link, Readlink3Res::Other(22, _)), "{link:?}");
    let object = s.place("f");
    let rmdir = s.nfs.rmdir(&Rmdir3Args { object }).await.unwrap();
    assert!(matches!(rmdir, Rmdir3Res::Other(20, _)), "{rmdir:?}");
    let mknod = Mknod3Args {
        r#where: s.place("x"),
        what: Mknoddata3::Other(1),
    };
    let mknod = s.nfs.mknod(&mknod).await.unwrap();
    assert!(matches!(mknod, Mknod3Res::Other(10007, _)), "{mknod:?}");
}

async fn names_of_all_kinds_have_their_status(s: Served) {
    for (name, status) in [
        (&b""[..], Nfsstat3::Acces),
        (b"a/b", Nfsstat3::Acces),
        (b"/etc/passwd", Nfsstat3::Acces),
        (b"../x", Nfsstat3::Acces),
        (b"a\0b", Nfsstat3::Acces),
        (&[b'n'; 256], Nfsstat3::Nametoolong),
        (&[b'n'; 4097], Nfsstat3::Nametoolong),
    ] {
        assert_eq!(s.lookup(&s.root, name).await, Err(status), "{name:?}");
        let made = create(&s.nfs, s.place(name), Createhow3::default()).await;
        assert_eq!(made, Err(status), "{name:?}");
        let object = s.place(name);
        let removed = s.nfs.remove(&Remove3Args { object }).await.unwrap();
        assert!(matches!(removed, Remove3Res::Other(n, _) if n == status.as_i32()));
    }
    for name in [&b"caf\xe9"[..], b"\xff", &[b'n'; 255]] {
        let made = create(&s.nfs, s.place(name), Createhow3::default())
            .await
            .unwrap();
        assert_eq!(s.lookup(&s.root, name).await, Ok(made));
    }
    // The dots can be looked up, and nothing else; above the root is the root.
    assert_eq!(s.lookup(&s.root, b"..").await, Ok(s.root.clone()));
    assert_eq!(s.lookup(&s.root, b".").await, Ok(s.root.clone()));
    for dots in [".", ".."] {
        assert_eq!(
            s.create(dots, Createhow3::default()).await,
            Err(Nfsstat3::Exist)
        );
        let rename = Rename3Args {
            from: s.place(dots),
            to: s.place("x"),
        };
        let renamed = s.nfs.rename(&rename).await.unwrap();
        assert!(matches!(renamed, Rename3Res::Other(22, _)), "{renamed:?}");
        let object = s.place(dots);
        let removed = s.nfs.rmdir(&Rmdir3Args { object }).await.unwrap();
        let status = if dots == "." { 22 } else { 17 };
        assert!(
            matches!(removed, Rmdir3Res::Other(n, _) if n == status),
            "{removed:?}"
        );
    }
}

async fn offsets_and_counts_have_their_limits(s: Served) {
    let f = s.file("f", 0o644, "data").await;
    for offset in [4, 1 << 62, 1 << 63, u64::MAX] {
        let end = read(&s.nfs, &f, offset, 10).await.unwrap();
        assert_eq!(
            (end.count, end.eof, end.data.len()),
            (0, true, 0),
            "at {offset}"
        );
    }
    for offset in [i64::MAX as u64, 1 << 63, u64::MAX] {
        let wrote = s.write(&f, offset, "x", StableHow::Unstable).await;
        assert_eq!(wrote.err(), Some(Nfsstat3::Fbig), "at {offset}");
    }
    let setattr = Setattr3Args {
        object: f.clone(),
        new_attributes: Sattr3 {
            size: SetSize3::True(u64::MAX),
            ..Sattr3::default()
        },
        ..Setattr3Args::default()
    };
    let set = s.nfs.setattr(&setattr).await.unwrap();
    assert!(matches!(set, Setattr3Res::Other(27, _)), "{set:?}");
    // More than was sent, and less.
    for count in [3, 5, u32::MAX] {
        let args = Write3Args {
            file: f.clone(),
            offset: 0,
            count,
            stable: StableHow::Unstable,
            data: "1234".into(),
        };
        let wrote = s.nfs.write(&args).await.unwrap();
        assert!(matches!(wrote, Write3Res::Other(22, _)), "{wrote:?}");
    }
    let all = read(&s.nfs, &f, 0, u32::MAX).await.unwrap();
    assert_eq!((&all.data[..], all.eof), (&b"data"[..], true));
    let commit = Commit3Args {
        file: f,
        offset: u64::MAX,
        count: u32::MAX,
    };
    assert!(matches!(
        s.nfs.commit(&commit).await.unwrap(),
        Commit3Res::Ok(_)
    ));
}

async fn readdir(
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

async fn cookies_belong_to_their_directory(s: Served) {
    let (d, e) = (s.dir("d", 0o755).await, s.dir("e", 0o755).await);
    create(&s.nfs, place(&d, "x"), Createhow3::default())
        .await
        .unwrap();
    let page = readdir(&s, &d, 0, [0; 8], 4096).await.unwrap();
    assert!(page.reply.eof);
    assert_eq!(page.reply.entries.len(), 3);
    let first = page.reply.entries[0].cookie;
    let rest = readdir(&s, &d, first, page.cookieverf, 4096).await.unwrap();
    assert_eq!(rest.reply.entries.len(), 2);
    let elsewhere = readdir(&s, &e, first, page.cookieverf, 4096).await;
    assert_eq!(elsewhere.err(), Some(Nfsstat3::BadCookie));
    let unverified = readdir(&s, &d, first, [9; 8], 4096).await;
    assert_eq!(unverified.err(), Some(Nfsstat3::BadCookie));
    let f = s.file("f", 0o644, "").await;
    assert_eq!(
        readdir(&s, &f, 0, [0; 8], 4096).await.err(),
        Some(Nfsstat3::Notdir)
    );
    // A cookie that never was: an error or an end, but no failure of the call.
    let never = readdir(&s, &d, u64::MAX, page.cookieverf, 4096).await;
    assert!(matches!(&never, Err(Nfsstat3::BadCookie)) || never.unwrap().reply.eof);
}

async fn listings_keep_to_their_sizes(s: Served) {
    let d = s.dir("d", 0o755).await;
    for n in 0..100 {
        let name = format!("entry {n:0width$}", width = n + 1);
        create(&s.nfs, place(&d, name), Createhow3::default())
            .await
            .unwrap();
    }
    for count in [0, 100, 120] {
        let page = readdir(&s, &d, 0, [0; 8], count).await;
        assert_eq!(page.err(), Some(Nfsstat3::Toosmall), "{count}");
    }
    for count in [256, 512, 4096, u32::MAX] {
        let (mut names, mut cookie, mut verifier) = (0, 0, [0; 8]);
        loop {
            let page = readdir(&s, &d, cookie, verifier, count).await.unwrap();
            let bytes = rpcgen_runtime::to_bytes(&Readdir3Res::Ok(page.clone())).unwrap();
            assert!(bytes.len() <= count as usize, "{} of {count}", bytes.len());
            names += page.reply.entries.len();
            verifier = page.cookieverf;
            if page.reply.eof {
                break;
            }
            cookie = page.reply.entries.last().unwrap().cookie;
        }
        assert_eq!(names, 102);
    }
    let args = |maxcount| Readdirplus3Args {
        dir: d.clone(),
        cookie: 0,
        cookieverf: [0; 8],
        dircount: 1 << 20,
        maxcount,
    };
    let page = s.nfs.readdirplus(&args(2000)).await.unwrap();
    let bytes = rpcgen_runtime::to_bytes(&page).unwrap();
    assert!((1000..=2000).contains(&bytes.len()), "{}", bytes.len());
    let Readdirplus3Res::Ok(page) = page else {
        panic!("READDIRPLUS");
    };
    for entry in &page.reply.entries {
        let PostOpFh3::True(handle) = &entry.name_handle else {
            panic!("no handle");
        };
        assert_eq!(
            s.lookup(&d, entry.name.as_bytes()).await.as_ref(),
            Ok(handle)
        );
        assert!(matches!(&entry.name_attributes, PostOpAttr::True(a) if a.fileid == entry.fileid));
    }
    let small = s.nfs.readdirplus(&args(100)).await.unwrap();
    assert!(
        matches!(small, Readdirplus3Res::Other(10005, _)),
        "{small:?}"
    );
}

async fn exclusive_create_recognises_itself(s: Served) {
    let first = s
        .create("f", Createhow3::Exclusive(*b"verifier"))
        .await
        .unwrap();
    let again = s.create("f", Createhow3::Exclusive(*b"verifier")).await;
    assert_eq!(again, Ok(first.clone()));
    let other = s.create("f", Createhow3::Exclusive(*b"another1")).await;
    assert_eq!(other, Err(Nfsstat3::Exist));
    let guarded = s.create("f", Createhow3::Guarded(with_mode(0o644))).await;
    assert_eq!(guarded, Err(Nfsstat3::Exist));
    s.write(&first, 0, "data", StableHow::FileSync)
        .await
        .unwrap();
    let unchecked = s
        .create("f", Createhow3::Unchecked(Sattr3::default()))
        .await;
    assert_eq!(unchecked, Ok(first.clone()));
    assert_eq!(s.attr(&first).await.unwrap().size, 4, "left as it is");
    let cut = Sattr3 {
        size: SetSize3::True(0),
        ..Sattr3::default()
    };
    assert_eq!(
        s.create("f", Createhow3::Unchecked(cut)).await,
        Ok(first.clone())
    );
    assert_eq!(s.attr(&first).await.unwrap().size, 0);
    s.dir("d", 0o755).await;
    let over = s
        .create("d", Createhow3::Unchecked(Sattr3::default()))
        .await;
    assert_eq!(over, Err(Nfsstat3::Exist));
}

async fn the_guard_compares_the_time_of_change(s: Served) {
    let f = s.file("f", 0o644, "data").await;
    let set = async |ctime, mode| {
        let args = Setattr3Args {
            object: f.clone(),
            new_attributes: with_mode(mode),
            guard: Sattrguard3::True(ctime),
        };
        match s.nfs.setattr(&args).await.unwrap() {
            Setattr3Res::Ok(_) => 0,
            Setattr3Res::Other(status, _) => status,
        }
    };
    let ctime = s.attr(&f).await.unwrap().ctime;
    let past = Nfstime3 {
        seconds: 1,
        nseconds: 0,
    };
    assert_eq!(set(past, 0o600).await, Nfsstat3::NotSync.as_i32());
    assert_eq!(s.attr(&f).await.unwrap().mode, 0o644);
    assert_eq!(set(ctime, 0o600).await, 0);
    assert_eq!(s.attr(&f).await.unwrap().mode, 0o600);
}

async fn only_who_may_does(s: Served) {
    let private = s.file("private", 0o600, "secret").await;
    let public = s.file("public", 0o644, "news").await;
    let open = s.dir("open", 0o1777).await;
    let somebody = claiming(&s.nfs, 1000, 1000);
    let friend = claiming(&s.nfs, 1001, 1000);
    assert_eq!(
        read(&somebody, &private, 0, 9).await.err(),
        Some(Nfsstat3::Acces)
    );
    assert_eq!(
        read(&somebody, &public, 0, 9).await.unwrap().data,
        b"news"[..]
    );
    let wrote = write(&somebody, &public, 0, "x", StableHow::Unstable).await;
    assert_eq!(wrote.err(), Some(Nfsstat3::Acces));
    let made = create(&somebody, s.place("x"), Createhow3::default()).await;
    assert_eq!(made, Err(Nfsstat3::Acces), "the root is root's");

    let own = create(
        &somebody,
        place(&open, "own"),
        Createhow3::Guarded(with_mode(0o440)),
    )
    .await;
    let own = own.unwrap();
    let attr = s.attr(&own).await.unwrap();
    assert_eq!((attr.uid, attr.gid, attr.mode), (1000, 1000, 0o440));
    // The owner has the file open since before it was read-only.
    write(&somebody, &own, 0, "mine", StableHow::Unstable)
        .await
        .unwrap();
    assert_eq!(read(&friend, &own, 0, 9).await.unwrap().data, b"mine"[..]);
    let wrote = write(&friend, &own, 0, "x", StableHow::Unstable).await;
    assert_eq!(wrote.err(), Some(Nfsstat3::Acces));
    let object = place(&open, "own");
    let removed = friend.remove(&Remove3Args { object }).await.unwrap();
    assert!(
        matches!(removed, Remove3Res::Other(13, _)),
        "the directory is sticky: {removed:?}"
    );

    let setattr = |object: &NfsFh3, new_attributes| Setattr3Args {
        object: object.clone(),
        new_attributes,
        ..Setattr3Args::default()
    };
    let give = Sattr3 {
        uid: SetUid3::True(1001),
        ..Sattr3::default()
    };
    for (who, object, change, status) in [
        (&somebody, &own, with_mode(0o600), 0),
        (&friend, &own, with_mode(0o666), 1),
        (&somebody, &public, with_mode(0o666), 1),
        (&somebody, &own, give, 1),
    ] {
        let set = who.setattr(&setattr(object, change)).await.unwrap();
        let got = match set {
            Setattr3Res::Ok(_) => 0,
            Setattr3Res::Other(status, _) => status,
        };
        assert_eq!(got, status);
    }
    let access = async |who: &NfsV3Client, object: &NfsFh3| {
        let args = Access3Args {
            object: object.clone(),
            access: 0x3f,
        };
        match who.access(&args).await.unwrap() {
            Access3Res::Ok(access) => access.access,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(access(&somebody, &private).await, 0);
    assert_eq!(access(&somebody, &public).await, ACCESS3_READ);
    assert_eq!(
        access(&somebody, &own).await,
        ACCESS3_READ | ACCESS3_MODIFY | ACCESS3_EXTEND
    );
    assert_eq!(access(&friend, &open).await, 0x1f);

    // Without a claim, nobody in particular.
    let target = format!("tcp://{}", s.running.tcp().unwrap());
    let nobody: NfsV3Client = connect(target.as_str()).await.unwrap();
    assert_eq!(
        read(&nobody, &private, 0, 9).await.err(),
        Some(Nfsstat3::Acces)
    );
    assert_eq!(
        read(&nobody, &public, 0, 9).await.unwrap().data,
        b"news"[..]
    );
}

async fn a_client_that_goes_away_takes_nothing_along(s: Served) {
    let f = s.file("f", 0o644, "data").await;
    let address = s.running.tcp().unwrap();
    let half_a_write = {
        let args = Write3Args {
            file: f.clone(),
            offset: 0,
            count: 1 << 20,
            stable: StableHow::Unstable,
            data: vec![b'x'; 1 << 20].into(),
        };
        let args = rpcgen_runtime::to_bytes(&args).unwrap();
        let header = [7, 0, 2, 100_003, 3, 7, 0, 0, 0, 0u32];
        let header: Vec<u8> = header.iter().flat_map(|word| word.to_be_bytes()).collect();
        let mark = 0x8000_0000 | (header.len() + args.len()) as u32;
        let mut record = mark.to_be_bytes().to_vec();
        record.extend(header);
        record.extend_from_slice(&args[..args.len() / 2]);
        record
    };
    for _ in 0..20 {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.write_all(&half_a_write).unwrap();
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(read(&s.nfs, &f, 0, 9).await.unwrap().data, b"data"[..]);
    s.write(&f, 4, "!", StableHow::FileSync).await.unwrap();
}

async fn datagrams_get_what_fits(s: Served) {
    let f = s.file("f", 0o644, "").await;
    let data = vec![b'd'; 100_000];
    let args = Write3Args {
        file: f.clone(),
        offset: 0,
        count: data.len() as u32,
        stable: StableHow::Unstable,
        data: data.into(),
    };
    assert!(matches!(
        s.nfs.write(&args).await.unwrap(),
        Write3Res::Ok(_)
    ));
    let target = format!("udp://{}", s.running.udp().unwrap());
    let udp: NfsV3Client = connect(target.as_str()).await.unwrap();
    let some = read(&udp, &f, 0, 100_000).await.unwrap();
    assert_eq!((some.count, some.eof), (8 << 10, false));
    let fsroot = s.root.clone();
    let Fsinfo3Res::Ok(info) = udp.fsinfo(&Fsinfo3Args { fsroot }).await.unwrap() else {
        panic!("FSINFO");
    };
    assert_eq!(info.rtmax, 8 << 10);
}

#[tokio::test]
async fn a_read_only_export_stays_as_it_is() {
    let path = folder("read-only");
    std::fs::write(path.join("f"), "data").unwrap();
    let options = Options {
        read_only: true,
        ..Options::default()
    };
    let s = Served::new(Directory::open(&path, false).unwrap(), options).await;
    let f = s.lookup(&s.root, b"f").await.unwrap();
    assert_eq!(read(&s.nfs, &f, 0, 9).await.unwrap().data, b"data"[..]);
    let wrote = s.write(&f, 0, "x", StableHow::Unstable).await;
    assert_eq!(wrote.err(), Some(Nfsstat3::Rofs));
    assert_eq!(
        s.create("g", Createhow3::default()).await,
        Err(Nfsstat3::Rofs)
    );
    let object = s.place("f");
    let removed = s.nfs.remove(&Remove3Args { object }).await.unwrap();
    assert!(matches!(removed, Remove3Res::Other(30, _)), "{removed:?}");
}

#[tokio::test]
async fn a_squashed_root_is_nobody() {
    let options = Options {
        squash_root: true,
        ..Options::default()
    };
    let s = Served::new(Memory::new(1 << 20), options).await;
    assert_eq!(
        s.create("f", Createhow3::default()).await,
        Err(Nfsstat3::Acces)
    );
}
