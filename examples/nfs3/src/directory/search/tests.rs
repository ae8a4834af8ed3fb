use super::*;
use crate::backend::{Backend, Kind};
use crate::directory::Directory;
use crate::directory::tests::Made;
use crate::suite::{dir, file, name};
use std::fs::{File, create_dir, hard_link, rename};
use std::path::Path;

/// A handle of an object that never was.
fn unknown(b: &Directory, number: u64) -> Handle {
    Handle {
        id: (1 << 50) + number,
        generation: number,
        trail: Trail::EMPTY.then(number),
        ..b.root()
    }
}

#[test]
fn what_comes_back_is_found_again() {
    let made = Made::new();
    let b = &made.backend;
    let d = dir(b, &b.root(), "d");
    let f = file(b, &d, "f", "data");
    let (inside, outside) = (made.export().join("d"), made.path.join("away"));
    rename(&inside, &outside).unwrap();
    for node in [&d, &f, &d] {
        assert_eq!(b.attr(node).err(), Some(Status::Stale));
        assert_eq!(b.check(node).err(), Some(Status::Stale));
    }
    rename(&outside, &inside).unwrap();
    // Who sees it first makes it known again, wherever it goes then.
    assert_eq!(b.lookup(&b.root(), name("d")).unwrap().0, d);
    create_dir(made.export().join("e")).unwrap();
    rename(&inside, made.export().join("e/d")).unwrap();
    assert_eq!(b.attr(&d).unwrap().kind, Kind::Directory);
    // The others not at once, for each doubt may cost a search.
    b.places.search.age(ABSENT_FOR);
    assert_eq!(b.attr(&d).unwrap().kind, Kind::Directory);
    assert_eq!(b.read(&f, 0, 9).unwrap().0, b"data"[..]);
}

#[test]
fn one_walk_looks_for_all_and_nobody_else_waits_for_it() {
    let made = Made::new();
    let b = &made.backend;
    let f = file(b, &b.root(), "f", "data");
    // As if a walk were on its way.
    b.places.search.state().walking = true;
    thread::scope(|scope| {
        let asking: Vec<_> = (0..40)
            .map(|n| scope.spawn(move || b.check(&unknown(b, n))))
            .collect();
        while b.places.search.state().wanted.len() < asking.len() {
            b.check(&f).unwrap();
            assert_eq!(b.attr(&f).unwrap().size, 4);
            thread::yield_now();
        }
        // Who has no patience left comes again.
        let now = b.places.seek(&unknown(b, 0), Instant::now());
        assert_eq!(now, Err(Status::Jukebox));
        assert_eq!(b.places.walk_while_wanted(), 1);
        for answer in asking {
            assert_eq!(answer.join().unwrap(), Err(Status::Stale));
        }
    });
    for n in 0..40 {
        assert_eq!(b.check(&unknown(b, n)), Err(Status::Stale));
    }
    assert!(!b.places.search.state().walking, "there was no other walk");
}

#[test]
fn many_that_wait_make_others_come_again() {
    let made = Made::new();
    let b = &made.backend;
    let mut state = b.places.search.state();
    (state.walking, state.waiting) = (true, MAX_WALK_WAITING);
    drop(state);
    assert_eq!(b.check(&unknown(b, 1)), Err(Status::Jukebox));
    let full = MAX_WANTED as u64;
    b.places.search.state().wanted = (0..full)
        .map(|n| {
            let wanted = Wanted {
                misses: 1,
                from_start: false,
            };
            ((n, 0), wanted)
        })
        .collect();
    assert_eq!(b.check(&unknown(b, 2)), Err(Status::Jukebox));
    assert_eq!(b.places.search.state().wanted.len(), MAX_WANTED);
}

#[test]
fn a_name_that_goes_leaves_the_others_to_be_found_before_any_lock() {
    let made = Made::new();
    let b = &made.backend;
    let (root, d) = (b.root(), dir(b, &b.root(), "d"));
    let f = file(b, &root, "f", "data");
    b.link(&f, &d, name("g")).unwrap();
    b.remove(&root, name("f")).unwrap();
    assert!(!b.places.knows(&f));
    b.check(&f).unwrap();
    assert!(b.places.knows(&f));
    // A directory that is renamed to its own name is not gone.
    b.rename((&root, name("d")), (&root, name("d"))).unwrap();
    create_dir(made.export().join("e")).unwrap();
    rename(made.export().join("d"), made.export().join("e/d")).unwrap();
    assert_eq!(b.attr(&d).unwrap().kind, Kind::Directory);
}

#[test]
fn a_trail_leads_through_directories_of_any_size() {
    // A disk would take long to make that many names.
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() {
        Made::within(memory)
    } else {
        Made::new()
    };
    let b = &made.backend;
    let d = dir(b, &b.root(), "d");
    let targets: Vec<_> = (0..5)
        .map(|n| file(b, &d, &format!("target {n}"), "data"))
        .collect();
    for n in 0..140_000 {
        let one_of_few = made.export().join(format!("d/few {}", n / 10_000));
        if n % 10_000 == 0 {
            File::create(&one_of_few).unwrap();
        }
        hard_link(one_of_few, made.export().join(format!("d/{n}"))).unwrap();
    }
    let restarted = made.restarted();
    for node in &targets {
        assert_eq!(restarted.attr(node).unwrap().size, 4);
    }
    assert!(!restarted.places.search.state().walking);
}

#[test]
fn a_tree_is_as_deep_as_it_is_made() {
    let made = Made::new();
    let b = &made.backend;
    let mut at = b.root();
    let mut handles = Vec::new();
    for _ in 0..300 {
        at = dir(b, &at, "d");
        handles.push(at);
    }
    let f = file(b, &at, "f", "deep");
    let restarted = made.restarted();
    for server in [b, &restarted] {
        for node in [&f, &handles[255], &handles[256], &handles[299]] {
            assert_eq!(server.attr(node).unwrap().id, node.id);
        }
        assert_eq!(server.lookup(&at, name("..")).unwrap().0, handles[298]);
    }
}
