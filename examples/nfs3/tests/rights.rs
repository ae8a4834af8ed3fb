//! What callers can't get by odd claims: nobody's rights stay nobody's, on both back ends.

mod common;

use common::folder;
use common::served::{Served, claiming, create, on_both, place, with_mode};
use nfs3::backend::Backend;
use nfs3::directory::Directory;
use nfs3::memory::Memory;
use nfs3::nfs3::nfs_program::NfsV3Client;
use nfs3::nfs3::*;
use nfs3::server::Options;

on_both! {
    an_owner_that_is_none_is_refused
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
    for (name, uid, gid) in [
        ("a", u32::MAX, u32::MAX),
        ("b", u32::MAX, 0),
        ("c", 1000, u32::MAX),
        ("d", 0, 0),
    ] {
        let caller = claiming(&s.nfs, uid, gid);
        let how = Createhow3::Guarded(with_mode(0o6777));
        let made = create(&caller, place(&s.root, name), how).await.unwrap();
        let attr = s.attr(&made).await.unwrap();
        // Only a server that is root gives files away.
        if owner.uid == 0 {
            assert_eq!((attr.uid, attr.gid), (NOBODY, NOBODY), "{name}");
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
