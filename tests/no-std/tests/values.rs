//! What the library without `std` encodes and decodes, seen from a program that has it.

use no_std::{Arrays, Item, Shelf, Tree};
use rpcgen_runtime::{Decode, Encode, from_bytes, to_bytes};
use std::fmt::Debug;

fn there_and_back<T: Encode + for<'a> Decode<'a> + PartialEq + Debug>(value: &T) {
    let bytes = to_bytes(value).expect("within its bounds");
    assert_eq!(bytes.len(), value.encoded_len());
    assert_eq!(&from_bytes::<T>(&bytes).expect("our own"), value);
}

#[test]
fn arrays_lists_and_trees() {
    there_and_back(&Arrays {
        ints: (0..2000).collect(),
        names: vec!["one".into(), "two".into()],
        ..Arrays::default()
    });
    let item = |key| Item {
        key,
        value: "a value that is too long to stay inline".into(),
    };
    there_and_back(&Shelf {
        items: (0..100).map(item).collect(),
        size: 100,
    });
    there_and_back(&Tree {
        left: Some(Box::default()),
        ..Tree::default()
    });
}
