//! What each procedure does, on both back ends, as a client of the generated stubs sees it.

mod common;

use common::folder;
use common::served::{Served, claiming, create, on_both, place, read, readdir, with_mode, write};
use nfs3::directory::Directory;
use nfs3::memory::Memory;
use nfs3::mount3::Mountres3;
use nfs3::nfs3::nfs_program::NfsV3Client;
use nfs3::nfs3::*;
use nfs3::server::Options;
use rpcgen_runtime::connect;

on_both! {
    each_procedure_does_what_it_is_for
    attributes_are_those_around_the_change
    listings_keep_to_their_sizes
    exclusive_create_recognises_itself
    the_guard_compares_the_time_of_change
    only_who_may_does
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
    // Every bit of it counts.
    for byte in [0, 4, 7] {
        for bit in [0, 7] {
            let mut other = *b"verifier";
            other[byte] ^= 1 << bit;
            let other = s.create("f", Createhow3::Exclusive(other)).await;
            assert_eq!(other, Err(Nfsstat3::Exist), "byte {byte}, bit {bit}");
        }
    }
    let high = s.create("high", Createhow3::Exclusive([0xff; 8])).await;
    let again = s.create("high", Createhow3::Exclusive([0xff; 8])).await;
    assert_eq!(again, Ok(high.unwrap()));
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
