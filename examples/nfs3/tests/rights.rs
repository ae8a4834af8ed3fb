//! What callers can't get by odd claims: nobody's rights stay nobody's, on both back ends.

mod common;

use common::folder;
use common::served::{Served, claiming, create, on_both, place, with_mode, write};
use nfs3::backend::Backend;
use nfs3::directory::Directory;
use nfs3::memory::Memory;
use nfs3::mount3::Mountres3;
use nfs3::nfs3::nfs_program::NfsV3Client;
use nfs3::nfs3::*;
use nfs3::server::Options;
use rpcgen_runtime::auth::AuthSys;
use rpcgen_runtime::{CallOptions, ClientStub};

on_both! {
    an_owner_that_is_none_is_refused
    whoever_writes_takes_the_lent_rights_away
    a_group_is_lent_by_its_members_only
    who_may_not_search_mounts_nothing_below
}

const NOBODY: u32 = 65_534;

async fn set(nfs: &NfsV3Client, object: &NfsFh3, new_attributes: Sattr3) -> i32 {
    let args = Setattr3Args {
        object: object.clone(),
        new_attributes,
        ..Setattr3Args::default()
    };
    match nfs.setattr(&args).await.unwrap() {
        Setattr3Res::Ok(_) => 0,
        Setattr3Res::Other(status, _) => status,
    }
}

async fn an_owner_that_is_none_is_refused(s: Served) {
    let f = s.file("f", 0o644, "data").await;
    let before = s.attr(&f).await.unwrap();
    let user = Sattr3 {
        uid: SetUid3::True(u32::MAX),
        ..Sattr3::default()
    };
    let group = Sattr3 {
        gid: SetGid3::True(u32::MAX),
        ..Sattr3::default()
    };
    for attributes in [user, group] {
        assert_eq!(set(&s.nfs, &f, attributes.clone()).await, 22);
        let made = s.create("g", Createhow3::Guarded(attributes)).await;
        assert_eq!(made, Err(Nfsstat3::Inval));
    }
    assert_eq!(s.attr(&f).await.unwrap(), before);
    assert_eq!(s.lookup(&s.root, b"g").await, Err(Nfsstat3::Noent));
}

async fn whoever_writes_takes_the_lent_rights_away(s: Served) {
    let somebody = claiming(&s.nfs, 1000, 1000);
    let cut = || {
        Createhow3::Unchecked(Sattr3 {
            size: SetSize3::True(0),
            ..Sattr3::default()
        })
    };
    for (before, after) in [(0o6777, 0o777), (0o4666, 0o666), (0o2676, 0o676)] {
        let f = s.file("f", before, "data").await;
        let mode = async || s.attr(&f).await.unwrap().mode;
        // Not by root, and not by writing nothing.
        s.write(&f, 0, "x", StableHow::Unstable).await.unwrap();
        write(&somebody, &f, 0, "", StableHow::Unstable)
            .await
            .unwrap();
        assert_eq!(mode().await, before);
        let wrote = write(&somebody, &f, 0, "y", StableHow::Unstable).await;
        let PostOpAttr::True(told) = wrote.unwrap().file_wcc.after else {
            panic!("no attributes after");
        };
        assert_eq!((mode().await, told.mode), (after, after));

        assert_eq!(set(&s.nfs, &f, with_mode(before)).await, 0);
        let place = || place(&s.root, "f");
        create(&s.nfs, place(), cut()).await.unwrap();
        assert_eq!(mode().await, before);
        create(&somebody, place(), cut()).await.unwrap();
        assert_eq!(mode().await, after);
        let object = place();
        s.nfs.remove(&Remove3Args { object }).await.unwrap();
    }
}

async fn a_group_is_lent_by_its_members_only(s: Served) {
    let d = s.dir("d", 0o2777).await;
    let group = Sattr3 {
        gid: SetGid3::True(50),
        ..with_mode(0o2777)
    };
    assert_eq!(set(&s.nfs, &d, group).await, 0);
    for (gid, mode) in [(1000, 0o755), (50, 0o2755)] {
        let caller = claiming(&s.nfs, 1000, gid);
        let how = Createhow3::Guarded(with_mode(0o2755));
        let at = place(&d, format!("of {gid}"));
        let made = create(&caller, at, how).await.unwrap();
        let attr = s.attr(&made).await.unwrap();
        assert_eq!((attr.gid, attr.mode), (50, mode));
    }
}

async fn who_may_not_search_mounts_nothing_below(s: Served) {
    let private = s.dir("private", 0o700).await;
    let args = Mkdir3Args {
        r#where: place(&private, "below"),
        attributes: with_mode(0o755),
    };
    assert!(matches!(
        s.nfs.mkdir(&args).await.unwrap(),
        Mkdir3Res::Ok(_)
    ));
    for (uid, path, status) in [
        (1000, "/export/private", 0),
        (1000, "/export/private/below", 13),
        (1000, "/export/private/missing", 13),
        (0, "/export/private/below", 0),
        (0, "/export/private/missing", 2),
    ] {
        let options = CallOptions::new().cred(AuthSys::new(uid, uid));
        let mounted = match s.mount.with(options).mnt(path).await.unwrap() {
            Mountres3::Ok(_) => 0,
            Mountres3::Other(status) => status,
        };
        assert_eq!(mounted, status, "{path} by {uid}");
    }
}

async fn claims_to_be_none<B: Backend>(backend: B) {
    let owner = backend.attr(&backend.root()).unwrap();
    let open = nfs3::backend::Change {
        mode: Some(0o777),
        ..Default::default()
    };
    backend.change(&backend.root(), &open).unwrap();
    let options = Options {
        squash_root: true,
        ..Options::default()
    };
    let s = Served::new(backend, options).await;
    for (name, uid, gid, becomes) in [
        ("a", u32::MAX, u32::MAX, (NOBODY, NOBODY)),
        ("b", u32::MAX, 0, (NOBODY, NOBODY)),
        ("c", 1000, u32::MAX, (1000, NOBODY)),
        ("d", 0, 0, (NOBODY, NOBODY)),
        ("e", 1000, 0, (1000, NOBODY)),
        ("f", 1000, 50, (1000, 50)),
    ] {
        let caller = claiming(&s.nfs, uid, gid);
        let how = Createhow3::Guarded(with_mode(0o6777));
        let made = create(&caller, place(&s.root, name), how).await.unwrap();
        let attr = s.attr(&made).await.unwrap();
        // Only a server that is root gives files away.
        if owner.uid == 0 {
            assert_eq!((attr.uid, attr.gid), becomes, "{name}");
        }
    }
}

#[tokio::test]
async fn who_claims_to_be_none_is_nobody_in_memory() {
    claims_to_be_none(Memory::new(1 << 20)).await;
}

#[tokio::test]
async fn who_claims_to_be_none_is_nobody_in_a_directory() {
    let path = folder("claims-to-be-none");
    claims_to_be_none(Directory::open(&path, false).unwrap()).await;
    std::fs::remove_dir_all(path).unwrap();
}
