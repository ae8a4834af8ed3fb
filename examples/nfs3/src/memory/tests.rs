use super::*;
use crate::suite::{file, name, suite};

struct Made {
    backend: Memory,
}

suite!(Made {
    backend: Memory::new(1 << 30)
});

#[test]
fn it_is_full_at_its_limit() {
    let b = Memory::new(10_000);
    let f = file(&b, &b.root(), "f", "data");
    let big = Bytes::from(vec![1; 9_000]);
    assert_eq!(b.write(&f, 4, big.clone(), Stable::No), Err(Status::Nospc));
    assert_eq!(b.read(&f, 0, 99).unwrap().0, b"data"[..]);
    b.write(&f, 0, big.slice(..5_000), Stable::No).unwrap();
    b.remove(&b.root(), name("f")).unwrap();
    let g = file(&b, &b.root(), "g", "");
    b.write(&g, 0, big.slice(..8_000), Stable::No).unwrap();
    let usage = b.usage().unwrap();
    assert!(usage.bytes_free < 2_000, "{usage:?}");
}

#[test]
fn handles_of_another_process_are_not_ours() {
    let handle = Memory::new(0).root();
    std::thread::sleep(std::time::Duration::from_millis(1));
    assert_ne!(Memory::new(0).root(), handle);
}

/// How many pieces fit until there is no room.
fn until_full(mut piece: impl FnMut(usize) -> Result<()>) -> usize {
    for n in 0..10_000 {
        match piece(n) {
            Ok(()) => {}
            Err(Status::Nospc) => return n,
            Err(other) => panic!("{other:?}"),
        }
    }
    panic!("no limit");
}

fn make(b: &Memory, at: &str, new: New<'_>) -> Result<Handle> {
    let made = b.create(&b.root(), name(at), new, &Change::default(), (0, 0))?;
    Ok(made.0)
}

#[test]
fn a_cut_file_gives_its_memory_back() {
    let b = Memory::new(16 << 20);
    let big = vec![1; 1 << 20];
    for n in 0..100 {
        let f = file(&b, &b.root(), &format!("f{n}"), "");
        let data = Bytes::from(big.clone());
        b.write(&f, 0, data.clone(), Stable::No).unwrap();
        let cut = Change {
            size: Some(1),
            ..Change::default()
        };
        b.change(&f, &cut).unwrap();
        assert!(
            data.try_into_mut().is_ok(),
            "the file holds what is cut off"
        );
    }
}

#[test]
fn targets_names_and_links_are_charged() {
    let limit = 1 << 20;
    let b = Memory::new(limit);
    let empty = b.usage().unwrap().bytes_free;
    let target = [b'x'; 4095];
    let long = "n".repeat(240);
    let links = until_full(|n| make(&b, &format!("{n}"), New::Link(&target)).map(drop));
    assert!(links as u64 <= limit / 4095, "{links}");
    for n in 0..links {
        b.remove(&b.root(), name(&format!("{n}"))).unwrap();
    }
    assert_eq!(b.usage().unwrap().bytes_free, empty, "all is given back");

    let f = make(&b, "f", New::File).unwrap();
    let names = until_full(|n| b.link(&f, &b.root(), name(&format!("{long}{n}"))));
    assert!(names as u64 <= limit / 240, "{names}");
    for n in 0..names {
        b.remove(&b.root(), name(&format!("{long}{n}"))).unwrap();
    }
    b.remove(&b.root(), name("f")).unwrap();
    assert_eq!(b.usage().unwrap().bytes_free, empty, "all is given back");
}

#[test]
fn a_full_tree_takes_a_name_for_another_that_is_no_longer() {
    let one = Memory::new(1 << 20);
    make(&one, "f", New::File).unwrap();
    let usage = one.usage().unwrap();
    let b = Memory::new(usage.bytes - usage.bytes_free);
    let f = make(&b, "f", New::File).unwrap();
    assert_eq!(b.usage().unwrap().bytes_free, 0);
    let root = b.root();
    let rename = |from, to| b.rename((&root, name(from)), (&root, name(to)));
    assert_eq!(rename("f", "longer"), Err(Status::Nospc));
    rename("f", "g").unwrap();
    assert_eq!(b.link(&f, &root, name("h")), Err(Status::Nospc));
    let byte = Bytes::from_static(b"1");
    assert_eq!(b.write(&f, 0, byte, Stable::No), Err(Status::Nospc));
}

#[test]
fn what_is_there_can_be_overwritten_when_it_is_full() {
    let b = Memory::new(3 << 20);
    let f = file(&b, &b.root(), "f", "");
    let data = Bytes::from(vec![1; 1 << 20]);
    until_full(|n| b.write(&f, (n as u64) << 20, data.clone(), Stable::No));
    b.write(&f, 1 << 20, data, Stable::No).unwrap();
    b.write(&f, 9, Bytes::from_static(b"9"), Stable::No)
        .unwrap();
}

#[test]
fn the_numbers_of_a_device_are_kept_as_they_are() {
    let b = Memory::new(1 << 20);
    for (at, kind) in [("c", Kind::Char), ("b", Kind::Block)] {
        let numbers = (u32::MAX, 0x1234_5678);
        let device = make(&b, at, New::Special(kind, numbers)).unwrap();
        let attr = b.attr(&device).unwrap();
        assert_eq!((attr.kind, attr.device), (kind, numbers));
    }
}
