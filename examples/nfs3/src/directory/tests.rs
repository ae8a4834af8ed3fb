use super::*;
use crate::suite::{dir, file, name, suite};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

/// An export in a directory of its own, which ends with it.
pub(super) struct Made {
    pub(super) backend: Directory,
    pub(super) path: PathBuf,
}

impl Made {
    pub(super) fn new() -> Self {
        Self::within(&std::env::temp_dir())
    }

    pub(super) fn within(folder: &Path) -> Self {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!("nfs3-{}-{number}", std::process::id()));
        std::fs::create_dir_all(path.join("export")).unwrap();
        let backend = Directory::open(&path.join("export"), false).unwrap();
        Self { backend, path }
    }

    pub(super) fn export(&self) -> PathBuf {
        self.path.join("export")
    }

    /// The same export, served by a server that has just started.
    pub(super) fn restarted(&self) -> Directory {
        Directory::open(&self.export(), false).unwrap()
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

suite!(Made::new());

#[test]
fn handles_survive_a_restart() {
    let made = Made::new();
    let b = &made.backend;
    let (mut at, mut handles) = (b.root(), vec![b.root()]);
    // Deeper than a handle has room for, among neighbours.
    for depth in 0..Trail::MAX + 4 {
        file(b, &at, "neighbour", "not me");
        handles.push(file(b, &at, "f", "me"));
        at = dir(b, &at, &format!("depth {depth}"));
        handles.push(at);
    }
    let last = file(b, &at, "last", "the end");
    handles.push(last);
    for handle in handles.iter().rev() {
        let handle = Handle::parse(&handle.to_opaque()).unwrap();
        let attr = made.restarted().attr(&handle).unwrap();
        assert_eq!(attr, b.attr(&handle).unwrap());
    }
    assert_eq!(
        made.restarted().read(&last, 0, 99).unwrap().0,
        b"the end"[..]
    );
    let parent = made.restarted().lookup(&at, name("..")).unwrap().0;
    assert_eq!(
        made.restarted().attr(&parent).unwrap().kind,
        Kind::Directory
    );
}

#[test]
fn objects_are_found_where_others_moved_them() {
    let made = Made::new();
    let b = &made.backend;
    let d = dir(b, &b.root(), "d");
    let f = file(b, &d, "f", "still me");
    std::fs::create_dir(made.export().join("e")).unwrap();
    std::fs::rename(made.export().join("d"), made.export().join("e/moved")).unwrap();
    for server in [b, &made.restarted()] {
        assert_eq!(server.read(&f, 0, 99).unwrap().0, b"still me"[..]);
        assert_eq!(server.lookup(&d, name("f")).unwrap().0, f);
    }
    std::fs::remove_file(made.export().join("e/moved/f")).unwrap();
    for _ in 0..2 {
        assert_eq!(b.attr(&f).err(), Some(Status::Stale));
    }
}

#[test]
fn no_path_leaves_the_export() {
    let made = Made::new();
    let b = &made.backend;
    std::fs::write(made.path.join("secret"), "secret").unwrap();
    std::fs::create_dir(made.path.join("outside")).unwrap();
    std::fs::write(made.path.join("outside/f"), "secret").unwrap();
    let d = dir(b, &b.root(), "d");
    let f = file(b, &d, "f", "public");
    assert_eq!(b.lookup(&b.root(), name("..")).unwrap().0, b.root());
    assert_eq!(b.lookup(&d, name("..")).unwrap().0, b.root());

    // A link that leads out is a link, neither followed nor entered.
    std::os::unix::fs::symlink("../outside", made.export().join("out")).unwrap();
    let (out, attr) = b.lookup(&b.root(), name("out")).unwrap();
    assert_eq!(attr.kind, Kind::Link);
    assert_eq!(b.lookup(&out, name("f")).err(), Some(Status::Notdir));
    assert_eq!(b.read(&out, 0, 9).err(), Some(Status::Inval));
    let made_there = b.create(&out, name("x"), New::File, &Change::default(), (0, 0));
    assert_eq!(made_there.err(), Some(Status::Notdir));

    // Somebody puts such a link where a directory was: what was below is gone, not elsewhere.
    std::fs::rename(made.export().join("d"), made.path.join("taken away")).unwrap();
    std::os::unix::fs::symlink("../outside", made.export().join("d")).unwrap();
    assert_eq!(b.attr(&d).err(), Some(Status::Stale));
    assert_eq!(b.read(&f, 0, 9).err(), Some(Status::Stale));
    assert_eq!(b.remove(&d, name("f")).err(), Some(Status::Stale));
    assert!(made.path.join("outside/f").exists());

    // The object of a handle made elsewhere, with this export's number.
    let elsewhere = Directory::open(&made.path, false).unwrap();
    let secret = elsewhere
        .lookup(&elsewhere.root(), name("secret"))
        .unwrap()
        .0;
    let forged = Handle {
        export: b.root().export,
        ..secret
    };
    assert_eq!(b.attr(&forged).err(), Some(Status::Stale));
}

#[test]
fn a_deep_tree_of_long_names_can_be_used() {
    let made = Made::new();
    let b = &made.backend;
    let long = "n".repeat(Name::MAX);
    let mut at = b.root();
    for _ in 0..40 {
        at = dir(b, &at, &long);
    }
    let f = file(b, &at, &long, "deep");
    assert_eq!(b.read(&f, 0, 9).unwrap().0, b"deep"[..]);
    assert_eq!(made.restarted().read(&f, 0, 9).unwrap().0, b"deep"[..]);
}

#[test]
fn what_can_not_be_made_as_told_is_not_made() {
    let made = Made::new();
    let b = &made.backend;
    let owner = b.attr(&b.root()).unwrap();
    // No time has so many nanoseconds, and no file so many bytes.
    let no_time = Change {
        mtime: SetTime::To(Time {
            seconds: 1,
            nanos: u32::MAX,
        }),
        ..Change::default()
    };
    let too_large = Change {
        size: Some(u64::MAX),
        ..Change::default()
    };
    for (new, change) in [
        (New::File, no_time),
        (New::File, too_large),
        (New::Directory, no_time),
        (New::Link(b"there"), no_time),
        (New::Special(Kind::Fifo, (0, 0)), no_time),
    ] {
        let got = b.create(&b.root(), name("x"), new, &change, (owner.uid, owner.gid));
        assert_eq!(got.err(), Some(Status::Inval), "{new:?}");
        assert_eq!(b.lookup(&b.root(), name("x")).err(), Some(Status::Noent));
    }
    let device = New::Special(Kind::Char, (0x12345, 5));
    let got = b.create(&b.root(), name("x"), device, &Change::default(), (0, 0));
    assert_eq!(got.err(), Some(Status::Inval));
}

#[test]
fn what_is_put_under_a_new_name_is_not_given_away() {
    let made = Made::new();
    let b = &made.backend;
    let (top, outside) = (made.export(), made.path.clone());
    std::fs::write(outside.join("secret"), "secret").unwrap();
    let secret = || {
        let attr = std::fs::metadata(outside.join("secret")).unwrap();
        (attr.uid(), attr.gid(), attr.mode())
    };
    let before = secret();
    let end = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !end.load(Ordering::Relaxed) {
                let _ = std::fs::hard_link(outside.join("secret"), outside.join("bait"));
                if top.join("x").symlink_metadata().is_ok() {
                    let _ = std::fs::rename(outside.join("bait"), top.join("x"));
                }
            }
        });
        let change = Change {
            mode: Some(0o666),
            ..Change::default()
        };
        for round in 0..3_000 {
            let new = [New::File, New::Special(Kind::Fifo, (0, 0))][round % 2];
            // Given away, left alone, or found replaced: the secret stays what it is.
            let _ = b.create(&b.root(), name("x"), new, &change, (1_000, 1_000));
            let _ = std::fs::remove_file(top.join("x"));
        }
        end.store(true, Ordering::Relaxed);
    });
    assert_eq!(secret(), before);
}
