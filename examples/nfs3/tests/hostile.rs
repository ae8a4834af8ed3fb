//! Bad input: the status that RFC 1813 names for it, and the server goes on.

mod common;

use common::served::{Served, create, on_both, place, read, readdir};
use nfs3::backend::Backend;
use nfs3::memory::Memory;
use nfs3::nfs3::*;
use std::io::Write as _;
use std::time::Duration;

on_both! {
    handles_of_all_kinds_have_their_status
    names_of_all_kinds_have_their_status
    offsets_and_counts_have_their_limits
    cookies_belong_to_their_directory
    a_client_that_goes_away_takes_nothing_along
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
        (reused, Nfsstat3::Stale),
        (Vec::new(), Nfsstat3::Badhandle),
        (vec![0; 64], Nfsstat3::Badhandle),
        (f.data[..20].to_vec(), Nfsstat3::Badhandle),
        ([&f.data[..], &[0]].concat(), Nfsstat3::Badhandle),
        ([&f.data[..], &[0; 4]].concat(), Nfsstat3::Badhandle),
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
