//! What every back end must do: each test of this list runs on each of them.

use crate::backend::{
    Attr, Backend, Change, Kind, Name, New, Result, SetTime, Stable, Status, Time,
};
use crate::handle::Handle;
use bytes::Bytes;
use std::collections::BTreeSet;

/// Makes one `#[test]` for each function of this module, on the back end that the expression makes.
macro_rules! suite {
    ($make:expr) => {
        suite! { $make;
            what_is_written_is_read
            attributes_change_as_told
            links_count
            the_dots_lead_up_and_stop_at_the_top
            rename_moves_and_replaces
            rename_refuses_what_makes_no_tree
            a_listing_goes_on_while_entries_come_and_go
            errors_have_their_numbers
            names_are_bytes
            a_removed_object_is_stale
            a_file_is_as_sparse_as_written
        }
    };
    ($make:expr; $($name:ident)*) => {$(
        #[test]
        fn $name() {
            let made = $make;
            crate::suite::$name(&made.backend);
        }
    )*};
}
pub(crate) use suite;

pub(crate) fn name(name: &str) -> Name<'_> {
    Name::new(name.as_bytes()).unwrap()
}

/// Belongs to whoever runs the tests, so that they need not be root.
fn make<B: Backend>(b: &B, dir: &Handle, at: &str, new: New<'_>) -> Result<(Handle, Attr)> {
    let me = (
        rustix::process::getuid().as_raw(),
        rustix::process::getgid().as_raw(),
    );
    b.create(dir, name(at), new, &Change::default(), me)
}

pub(crate) fn file<B: Backend>(b: &B, dir: &Handle, at: &str, data: &'static str) -> Handle {
    let file = make(b, dir, at, New::File).unwrap().0;
    b.write(&file, 0, Bytes::from(data), Stable::No).unwrap();
    file
}

pub(crate) fn dir<B: Backend>(b: &B, dir: &Handle, at: &str) -> Handle {
    make(b, dir, at, New::Directory).unwrap().0
}

pub(crate) fn what_is_written_is_read<B: Backend>(b: &B) {
    let f = file(b, &b.root(), "f", "hello, world");
    b.write(&f, 7, Bytes::from_static(b"there"), Stable::File)
        .unwrap();
    b.write(&f, 14, Bytes::from_static(b"!"), Stable::Data)
        .unwrap();
    b.commit(&f).unwrap();
    let (data, end) = b.read(&f, 0, 100).unwrap();
    assert_eq!((&data[..], end), (&b"hello, there\0\0!"[..], true));
    let (data, end) = b.read(&f, 7, 5).unwrap();
    assert_eq!((&data[..], end), (&b"there"[..], false));
    let (data, end) = b.read(&f, u64::MAX >> 1, 5).unwrap();
    assert_eq!((data.len(), end), (0, true));
    let attr = b.attr(&f).unwrap();
    assert_eq!((attr.size, attr.kind, attr.links), (15, Kind::File, 1));
    assert_eq!(b.lookup(&b.root(), name("f")).unwrap(), (f, attr));
}

pub(crate) fn attributes_change_as_told<B: Backend>(b: &B) {
    let f = file(b, &b.root(), "f", "12345678");
    let to = |seconds| SetTime::To(Time { seconds, nanos: 5 });
    let before = b.attr(&f).unwrap();
    let change = Change {
        mode: Some(0o4751),
        size: Some(3),
        atime: to(1_000),
        mtime: to(4_000_000_000),
        ..Change::default()
    };
    b.change(&f, &change).unwrap();
    let after = b.attr(&f).unwrap();
    assert_eq!((after.mode, after.size), (0o4751, 3));
    assert_eq!(
        after.atime,
        Time {
            seconds: 1_000,
            nanos: 5
        }
    );
    assert_eq!(after.mtime.seconds, 4_000_000_000);
    assert!(after.ctime >= before.ctime);
    assert_eq!((after.uid, after.gid), (before.uid, before.gid));
    let size = |size| Change {
        size: Some(size),
        ..Change::default()
    };
    b.change(&f, &size(5)).unwrap();
    assert_eq!(b.read(&f, 0, 9).unwrap().0, b"123\0\0"[..]);
    assert_eq!(b.change(&b.root(), &size(5)), Err(Status::Isdir));
}

pub(crate) fn links_count<B: Backend>(b: &B) {
    let root = b.root();
    let f = file(b, &root, "f", "data");
    let d = dir(b, &root, "d");
    b.link(&f, &d, name("g")).unwrap();
    assert_eq!(b.attr(&f).unwrap().links, 2);
    assert_eq!(b.lookup(&d, name("g")).unwrap().0, f);
    assert_eq!(b.link(&f, &root, name("d")), Err(Status::Exist));
    assert_eq!(b.link(&d, &root, name("e")), Err(Status::Inval));
    b.remove(&root, name("f")).unwrap();
    assert_eq!(b.attr(&f).unwrap().links, 1);
    assert_eq!(b.read(&f, 0, 9).unwrap().0, b"data"[..]);

    let l = make(b, &root, "l", New::Link(b"../else/where")).unwrap();
    assert_eq!((l.1.kind, l.1.size), (Kind::Link, 13));
    assert_eq!(b.target(&l.0).unwrap(), b"../else/where");
    assert_eq!(b.target(&f), Err(Status::Inval));
    assert_eq!(b.read(&l.0, 0, 1).err(), Some(Status::Inval));
    let p = make(b, &root, "p", New::Special(Kind::Fifo, (0, 0))).unwrap();
    assert_eq!(p.1.kind, Kind::Fifo);
    assert_eq!(b.read(&p.0, 0, 1).err(), Some(Status::Inval));
}

pub(crate) fn the_dots_lead_up_and_stop_at_the_top<B: Backend>(b: &B) {
    let root = b.root();
    let d = dir(b, &root, "d");
    let e = dir(b, &d, "e");
    let up = |from: &Handle| b.lookup(from, name("..")).unwrap().0;
    assert_eq!(b.lookup(&e, name(".")).unwrap().0, e);
    assert_eq!((up(&e), up(&d), up(&root)), (d, root, root));
    assert_eq!(b.attr(&root).unwrap().id, root.id);
    assert_eq!(b.attr(&d).unwrap().kind, Kind::Directory);
}

pub(crate) fn rename_moves_and_replaces<B: Backend>(b: &B) {
    let root = b.root();
    let (d, e) = (dir(b, &root, "d"), dir(b, &root, "e"));
    let (f, g) = (file(b, &d, "f", "f"), file(b, &e, "g", "g"));
    b.rename((&d, name("f")), (&e, name("g"))).unwrap();
    assert_eq!(b.lookup(&d, name("f")).err(), Some(Status::Noent));
    assert_eq!(b.lookup(&e, name("g")).unwrap().0, f);
    assert_eq!(b.read(&f, 0, 9).unwrap().0, b"f"[..]);
    assert_eq!(b.attr(&g).err(), Some(Status::Stale));

    // A directory moves with all that is in it, over an empty one.
    let t = dir(b, &root, "t");
    b.rename((&root, name("e")), (&root, name("t"))).unwrap();
    assert_eq!(b.lookup(&root, name("t")).unwrap().0, e);
    assert_eq!(b.attr(&t).err(), Some(Status::Stale));
    b.rename((&root, name("t")), (&d, name("u"))).unwrap();
    assert_eq!(b.lookup(&e, name("..")).unwrap().0, d);
    assert_eq!(b.attr(&f).unwrap().size, 1);
    let before = b.lookup(&e, name("g")).unwrap().0.to_opaque();
    assert_eq!(
        before,
        f.to_opaque(),
        "a handle stays the same when its object moves"
    );
    b.rename((&e, name("g")), (&e, name("g"))).unwrap();
    assert_eq!(b.attr(&f).unwrap().links, 1);
}

pub(crate) fn rename_refuses_what_makes_no_tree<B: Backend>(b: &B) {
    let root = b.root();
    let (d, t) = (dir(b, &root, "d"), dir(b, &root, "t"));
    let e = dir(b, &d, "e");
    file(b, &root, "f", "f");
    let rename = |a: (&Handle, &str), z: (&Handle, &str)| {
        b.rename(
            (a.0, Name::new(a.1.as_bytes())?),
            (z.0, Name::new(z.1.as_bytes())?),
        )
    };
    assert_eq!(rename((&root, "d"), (&e, "x")), Err(Status::Inval));
    assert_eq!(rename((&root, "d"), (&d, "x")), Err(Status::Inval));
    assert_eq!(rename((&root, "t"), (&root, "d")), Err(Status::Notempty));
    assert_eq!(rename((&root, "f"), (&root, "d")), Err(Status::Isdir));
    assert_eq!(rename((&root, "d"), (&root, "f")), Err(Status::Notdir));
    assert_eq!(rename((&root, "x"), (&root, "y")), Err(Status::Noent));
    assert_eq!(b.lookup(&root, name("t")).unwrap().0, t);
}

fn names<B: Backend>(b: &B, dir: &Handle, after: u64, most: usize) -> (Vec<String>, u64, bool) {
    let (mut names, mut last) = (Vec::new(), after);
    let end = b
        .list(dir, after, true, &mut |entry| {
            if names.len() == most {
                return false;
            }
            assert!(entry.cookie != 0);
            let (handle, attr) = entry.object.expect("it is there");
            assert_eq!((attr.id, entry.id), (handle.id, handle.id));
            names.push(String::from_utf8(entry.name.to_vec()).unwrap());
            last = entry.cookie;
            true
        })
        .unwrap();
    (names, last, end)
}

pub(crate) fn a_listing_goes_on_while_entries_come_and_go<B: Backend>(b: &B) {
    let d = dir(b, &b.root(), "d");
    let all: BTreeSet<String> = (0..300).map(|n| format!("file-{n}")).collect();
    for n in &all {
        file(b, &d, n, "");
    }
    let (mut seen, mut after, mut round) = (Vec::new(), 0, 0);
    loop {
        let (more, last, end) = names(b, &d, after, 7);
        seen.extend(more);
        if end {
            break;
        }
        after = last;
        // What has been listed goes, the one the cookie stands for included, and others come.
        b.remove(&d, name(seen.last().unwrap())).ok();
        file(b, &d, &format!("new-{round}"), "");
        round += 1;
    }
    let old: Vec<_> = seen
        .iter()
        .filter(|n| n.starts_with("file"))
        .cloned()
        .collect();
    assert_eq!(old.len(), all.len(), "each once");
    assert_eq!(old.into_iter().collect::<BTreeSet<_>>(), all);
    for dots in [".", ".."] {
        assert_eq!(seen.iter().filter(|n| *n == dots).count(), 1);
    }
    // The top's parent is the top, in a listing too.
    names(b, &b.root(), 0, usize::MAX);
}

pub(crate) fn errors_have_their_numbers<B: Backend>(b: &B) {
    let root = b.root();
    let d = dir(b, &root, "d");
    let f = file(b, &d, "f", "f");
    assert_eq!(b.lookup(&f, name("x")).err(), Some(Status::Notdir));
    assert_eq!(b.lookup(&d, name("x")).err(), Some(Status::Noent));
    assert_eq!(make(b, &d, "f", New::Directory).err(), Some(Status::Exist));
    assert_eq!(b.remove(&root, name("d")).err(), Some(Status::Isdir));
    assert_eq!(b.remove_dir(&root, name("d")).err(), Some(Status::Notempty));
    assert_eq!(b.remove_dir(&d, name("f")).err(), Some(Status::Notdir));
    assert_eq!(b.remove(&d, name("x")).err(), Some(Status::Noent));
    assert_eq!(b.read(&d, 0, 1).err(), Some(Status::Isdir));
    let list = b.list(&f, 0, false, &mut |_| true);
    assert_eq!(list.err(), Some(Status::Notdir));
    let unknown = Handle { id: 1 << 50, ..f };
    assert_eq!(b.attr(&unknown).err(), Some(Status::Stale));
    let reused = Handle {
        generation: f.generation ^ 1,
        ..f
    };
    assert_ne!(reused, f);
}

pub(crate) fn names_are_bytes<B: Backend>(b: &B) {
    for (bad, status) in [
        (&b""[..], Status::Acces),
        (b"a/b", Status::Acces),
        (b"a\0b", Status::Acces),
        (&[b'x'; 256], Status::Nametoolong),
    ] {
        assert_eq!(Name::new(bad).err(), Some(status));
    }
    for good in [
        &[b'x'; 255][..],
        b"caf\xe9",
        b"\xff\xfe",
        b" ",
        b"...",
        b"-\n",
    ] {
        let name = Name::new(good).unwrap();
        let made = b
            .create(&b.root(), name, New::File, &Change::default(), (0, 0))
            .unwrap();
        assert_eq!(b.lookup(&b.root(), name).unwrap().0, made.0);
        b.remove(&b.root(), name).unwrap();
    }
}

pub(crate) fn a_removed_object_is_stale<B: Backend>(b: &B) {
    let root = b.root();
    let (f, d) = (file(b, &root, "f", "f"), dir(b, &root, "d"));
    b.remove(&root, name("f")).unwrap();
    b.remove_dir(&root, name("d")).unwrap();
    // Whoever takes the name, or the number, is somebody else.
    file(b, &root, "f", "another");
    dir(b, &root, "d");
    assert_eq!(b.attr(&f).err(), Some(Status::Stale));
    assert_eq!(b.read(&f, 0, 1).err(), Some(Status::Stale));
    assert_eq!(make(b, &d, "x", New::File).err(), Some(Status::Stale));
}

pub(crate) fn a_file_is_as_sparse_as_written<B: Backend>(b: &B) {
    let f = file(b, &b.root(), "f", "");
    b.write(&f, 1 << 32, Bytes::from_static(b"x"), Stable::No)
        .unwrap();
    let attr = b.attr(&f).unwrap();
    assert_eq!(attr.size, (1 << 32) + 1);
    assert!(attr.used < 1 << 20, "{} bytes used", attr.used);
    assert_eq!(b.read(&f, 1 << 31, 3).unwrap().0, b"\0\0\0"[..]);
    let usage = b.usage().unwrap();
    assert!(usage.bytes >= usage.bytes_free && usage.bytes_free >= usage.bytes_available);
}
