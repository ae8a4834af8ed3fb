//! Hostile and odd bytes for generated types, by their numbers in the catalogue of bad inputs; number 60 is in
//! `tests/oracle`, for these types and all others.

use codec_tests::random::{Random, Rng};
use codec_tests::{
    Arrays, ByBool, ByEnum, ByInt, ByUnsigned, Call, Colour, Large, Mood, Shelf, Term, Texts, Tree,
    TwoChains,
};
use rpcgen_runtime::xdr::{DecodeErrorKind, EncodeErrorKind, Writer};
use rpcgen_runtime::{
    Bytes, Decode, DecodeError, DecodeLimits, Encode, Mode, XdrString, from_bytes, from_bytes_with,
    to_bytes,
};
use std::fmt::Debug;

fn words(words: &[u32]) -> Bytes {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn interop<T: for<'a> Decode<'a>>(bytes: &Bytes) -> Result<T, DecodeError> {
    from_bytes_with(bytes, DecodeLimits::default(), Mode::Interop)
}

fn kind<T: for<'a> Decode<'a> + Debug>(result: Result<T, DecodeError>) -> DecodeErrorKind {
    result.expect_err("refused").kind()
}

/// A thread with little stack.
fn in_small_stack(work: fn()) {
    let thread = std::thread::Builder::new().stack_size(256 << 10);
    thread.spawn(work).unwrap().join().unwrap();
}

#[test]
fn errors_name_the_place() {
    let value = Shelf {
        items: (0..3)
            .map(|key| codec_tests::Item {
                key,
                value: XdrString::from("ok"),
            })
            .collect(),
        size: 3,
    };
    let mut bytes = to_bytes(&value).unwrap().to_vec();
    // The length of the third value: flag, key, length, text; each node has 16 bytes.
    bytes[2 * 16 + 8..2 * 16 + 12].copy_from_slice(&300u32.to_be_bytes());
    let error = interop::<Shelf>(&Bytes::from(bytes)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "items[2].value: needs 300 bytes, 12 left (offset 0x2c)"
    );
}

#[test]
fn h049_undeclared_enum_values() {
    for word in [0, 4, 0xffff_ffff] {
        let expected = DecodeErrorKind::UnknownEnum(word as i32);
        assert_eq!(kind(from_bytes::<Colour>(&words(&[word]))), expected);
        assert_eq!(kind(interop::<Colour>(&words(&[word]))), expected);
        assert_eq!(from_bytes::<Mood>(&words(&[word])).unwrap().0, word as i32);
    }
    let blue = words(&[(-3i32) as u32]);
    assert_eq!(from_bytes::<Colour>(&blue).unwrap(), Colour::Blue);
}

#[test]
fn h050_arms() {
    assert_eq!(
        kind(interop::<ByInt>(&words(&[3]))),
        DecodeErrorKind::UnknownArm(3)
    );
    assert_eq!(
        interop::<ByUnsigned>(&words(&[7])).unwrap(),
        ByUnsigned::Other(7)
    );
    assert_eq!(
        from_bytes::<ByUnsigned>(&words(&[u32::MAX, 1])).unwrap(),
        ByUnsigned::Case4294967295(true)
    );
    assert_eq!(
        from_bytes::<ByInt>(&words(&[(-5i32) as u32, 0])).unwrap(),
        ByInt::CaseMinus5(XdrString::default())
    );
}

#[test]
fn h051_discriminants_outside_of_their_type() {
    let two = words(&[2, 0]);
    assert_eq!(kind(from_bytes::<ByBool>(&two)), DecodeErrorKind::Flag(2));
    assert_eq!(interop::<ByBool>(&two).unwrap(), ByBool::True(Bytes::new()));
    let nine = words(&[9, 5]);
    assert_eq!(
        kind(from_bytes::<ByEnum>(&nine)),
        DecodeErrorKind::UnknownEnum(9)
    );
    assert_eq!(interop::<ByEnum>(&nine).unwrap(), ByEnum::Other(9, 5));
}

/// Nodes of a long list.
const NODES: u32 = if cfg!(miri) { 1000 } else { 1_000_000 };

/// A tree that is far too deep.
const DEEP: usize = if cfg!(miri) { 1000 } else { 100_000 };

#[test]
fn h052_a_million_nodes() {
    in_small_stack(|| {
        let n = NODES;
        let list = Shelf {
            items: (0..n as i32)
                .map(|key| codec_tests::Item {
                    key,
                    value: XdrString::default(),
                })
                .collect(),
            size: 0,
        };
        let bytes = to_bytes(&list).unwrap();
        assert_eq!(bytes.len(), list.encoded_len());
        let again: Shelf = from_bytes(&bytes).unwrap();
        assert!(again.clone() == list);
        assert!(format!("{again:?}").len() > 10 * n as usize);
        assert_eq!(to_bytes(&again).unwrap(), bytes);
    });
    // Where the type is used by value, too, its nodes are boxes.
    in_small_stack(|| {
        let n = NODES;
        let message: Vec<u32> = (0..n).flat_map(|i| [i, 1]).chain([n, 0, 0]).collect();
        let bytes = words(&message);
        let chain: TwoChains = from_bytes(&bytes).unwrap();
        assert!(chain.clone() == chain);
        assert!(format!("{chain:?}").len() > 10 * n as usize);
        assert_eq!(chain.encoded_len(), bytes.len());
        assert_eq!(to_bytes(&chain).unwrap(), bytes);
    });
}

/// A tree that grows to the left only: value, left present, …; then the right ones, absent.
fn left_tree(depth: usize) -> Bytes {
    let mut message = [0, 1].repeat(depth - 1);
    message.extend([0, 0]);
    message.extend(vec![0; depth]);
    words(&message)
}

#[test]
fn h053_depth_of_trees() {
    in_small_stack(|| {
        let limit = DecodeErrorKind::Depth(64);
        let tree: Tree = from_bytes(&left_tree(64)).unwrap();
        assert_eq!(to_bytes(&tree).unwrap(), left_tree(64));
        assert_eq!(kind(from_bytes::<Tree>(&left_tree(65))), limit);
        assert_eq!(kind(from_bytes::<Tree>(&left_tree(DEEP))), limit);
        let limits = DecodeLimits::default().depth(65);
        assert!(from_bytes_with::<Tree>(&left_tree(65), limits, Mode::Strict).is_ok());
        // Siblings give back what they took.
        let wide = words(&[0, 1, 0, 0, 0, 1, 0, 0, 0]);
        let limits = DecodeLimits::default().depth(2);
        assert!(from_bytes_with::<Tree>(&wide, limits, Mode::Strict).is_ok());
    });
}

#[test]
fn h054_mutual_recursion_shares_the_counter() {
    in_small_stack(|| {
        let nested = |calls: usize| {
            let mut message = [1, 1, 0, 1].repeat(calls);
            message.extend([0, 7]);
            words(&message)
        };
        let term: Term = from_bytes(&nested(31)).unwrap();
        assert_eq!(to_bytes(&term).unwrap(), nested(31));
        assert_eq!(
            kind(from_bytes::<Term>(&nested(32))),
            DecodeErrorKind::Depth(64)
        );
        assert_eq!(
            kind(from_bytes::<Term>(&nested(DEEP))),
            DecodeErrorKind::Depth(64)
        );
        assert!(from_bytes::<Call>(&words(&[0, 0])).is_ok());
    });
}

#[test]
fn h055_trailing_bytes() {
    for extra in [1, 4, if cfg!(miri) { 1 << 10 } else { 1 << 20 }] {
        let mut bytes = to_bytes(&Tree::default()).unwrap().to_vec();
        bytes.resize(bytes.len() + extra, 0);
        let bytes = Bytes::from(bytes);
        assert_eq!(
            kind(from_bytes::<Tree>(&bytes)),
            DecodeErrorKind::Trailing(extra)
        );
        assert_eq!(interop::<Tree>(&bytes).unwrap(), Tree::default());
    }
}

#[test]
fn h058_values_that_have_no_encoding() {
    let refused = |value: &dyn Fn() -> Result<Bytes, rpcgen_runtime::EncodeError>| {
        value().expect_err("refused").to_string()
    };
    let texts = Texts {
        name: XdrString::from("nine char"),
        ..Texts::default()
    };
    assert_eq!(
        refused(&|| to_bytes(&texts)),
        "texts.name: length 9 exceeds the bound 8"
    );
    let arrays = Arrays {
        hypers: vec![0; 5],
        ..Arrays::default()
    };
    assert_eq!(
        refused(&|| to_bytes(&arrays)),
        "arrays.hypers: length 5 exceeds the bound 4"
    );
    let arrays = Arrays {
        names: vec!["far too long".into()],
        ..Arrays::default()
    };
    assert_eq!(
        refused(&|| to_bytes(&arrays)),
        "arrays.names: length 12 exceeds the bound 8"
    );
    // The default arm is for discriminants without an arm of their own.
    assert_eq!(
        to_bytes(&ByEnum::Other(1, 0)).unwrap_err().kind(),
        EncodeErrorKind::Discriminant
    );
    assert_eq!(
        to_bytes(&ByUnsigned::Other(u32::MAX)).unwrap_err().kind(),
        EncodeErrorKind::Discriminant
    );
    let large = Large {
        numbers: vec![0; 2999],
        ..Large::random(&mut Rng::new(1))
    };
    assert_eq!(
        refused(&|| to_bytes(&large)),
        "large.numbers: 2999 elements, exactly 3000 wanted"
    );
}

#[test]
#[cfg(target_pointer_width = "64")]
fn h059_more_than_a_count_can_say() {
    // An array without memory has room for more than 32 bits count.
    let many = [(); 1 << 32];
    let mut w = Writer::new();
    w.vec_with(&many, u32::MAX, "many", |_, ()| unreachable!());
    let expected = EncodeErrorKind::TooLong {
        length: 1 << 32,
        bound: u32::MAX,
    };
    assert_eq!(w.finish().unwrap_err().kind(), expected);
}

#[test]
fn large_arrays_live_on_the_heap() {
    let value = Large::random(&mut Rng::new(3));
    let bytes = to_bytes(&value).unwrap();
    assert_eq!(bytes.len(), 10_000 + 12_000 + 12);
    assert_eq!(from_bytes::<Large>(&bytes).unwrap(), value);
    assert!(from_bytes::<Large>(&bytes.slice(..bytes.len() - 4)).is_err());
}
