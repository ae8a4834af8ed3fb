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
