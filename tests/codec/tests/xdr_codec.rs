//! Generated types as `Pack` and `Unpack` of the xdr-codec crate, and that crate as an oracle for well-formed data.

use codec_tests::random::{Random, Rng};
use codec_tests::{Arrays, Colour, Scalars, Shelf, Texts, Tree, Unions};
use rpcgen_runtime::{Encode, to_bytes};
use std::fmt::Debug;
use std::io::Cursor;
use xdr_codec::{Pack, Unpack, pack, unpack};

fn both_ways<T>()
where
    T: Random + Encode + Pack<Vec<u8>> + Unpack<Cursor<Vec<u8>>> + Debug,
    T: for<'a> Unpack<&'a [u8]>,
{
    for seed in 0..if cfg!(miri) { 2 } else { 50 } {
        let mut rng = Rng::new(seed);
        let (first, second) = (T::random(&mut rng), T::random(&mut rng));
        let mut out = Vec::new();
        assert_eq!(first.pack(&mut out).unwrap(), first.encoded_len());
        pack(&second, &mut out).unwrap();
        let expected = [to_bytes(&first).unwrap(), to_bytes(&second).unwrap()].concat();
        assert_eq!(out, expected);

        let mut slice = &out[..];
        let mut cursor = Cursor::new(out.clone());
        for value in [&first, &second] {
            let (from_slice, n): (T, usize) = Unpack::unpack(&mut slice).unwrap();
            assert_eq!(n, value.encoded_len());
            let from_cursor: T = unpack(&mut cursor).unwrap();
            // Not `==`: NaN is among the values.
            assert_eq!(to_bytes(&from_slice).unwrap(), to_bytes(value).unwrap());
            assert_eq!(to_bytes(&from_cursor).unwrap(), to_bytes(value).unwrap());
        }
        assert!(slice.is_empty());
        assert_eq!(cursor.position(), out.len() as u64);
    }
}

#[test]
fn generated_types_pack_and_unpack() {
    both_ways::<Scalars>();
    both_ways::<Texts>();
    both_ways::<Arrays>();
    both_ways::<Unions>();
    both_ways::<Shelf>();
    both_ways::<Tree>();
    both_ways::<Colour>();
}

#[test]
fn what_does_not_decode_is_an_error_and_moves_nothing() {
    let mut slice = &[0, 0, 0, 9][..];
    let error = <Colour as Unpack<&[u8]>>::unpack(&mut slice).unwrap_err();
    assert!(
        error.to_string().contains("9 is not a value of the enum"),
        "{error}"
    );
    assert_eq!(slice.len(), 4);

    // xdr-codec itself reserves 4 GiB for these four bytes, and loops for ever on a short `opaque[3]`.
    let mut cursor = Cursor::new([0xff; 4]);
    assert!(<Texts as Unpack<_>>::unpack(&mut cursor).is_err());
    assert_eq!(cursor.position(), 0);
    cursor.set_position(100);
    assert!(<Texts as Unpack<_>>::unpack(&mut cursor).is_err());
}

#[test]
fn too_long_a_value_does_not_pack() {
    let texts = Texts {
        name: "far too long".into(),
        ..Texts::default()
    };
    let mut out = Vec::new();
    assert!(texts.pack(&mut out).is_err());
    assert!(out.is_empty());
}

#[test]
fn xdr_codec_agrees_on_its_own_types() {
    for seed in 0..if cfg!(miri) { 20 } else { 1000 } {
        let mut rng = Rng::new(seed);
        let ints: Vec<i32> = (0..rng.below(20))
            .map(|_| Random::random(&mut rng))
            .collect();
        let hypers: Vec<u64> = (0..rng.below(20))
            .map(|_| Random::random(&mut rng))
            .collect();
        let real: f64 = Random::random(&mut rng);
        let text = format!("{seed}");
        let some = (seed % 2 == 0).then(|| Box::new(seed as u32));
        let mut theirs = Vec::new();
        pack(&ints, &mut theirs).unwrap();
        pack(&hypers, &mut theirs).unwrap();
        pack(&real, &mut theirs).unwrap();
        xdr_codec::pack_string(&text, None, &mut theirs).unwrap();
        pack(&some, &mut theirs).unwrap();
        let ours = [
            to_bytes(&ints).unwrap(),
            to_bytes(&hypers).unwrap(),
            to_bytes(&real).unwrap(),
            to_bytes(&text).unwrap(),
            to_bytes(&some).unwrap(),
        ];
        assert_eq!(ours.concat(), theirs);
    }
}
