//! Values as JSON: one mapping, without loss.

use codec_tests::moment::Moment;
use codec_tests::random::{Random, Rng};
use codec_tests::stamped::{At, Stamped};
use codec_tests::{
    Arrays, Bulkies, ByBool, ByEnum, ByInt, ByUnsigned, Call, Chain, Colour, Item, Mood, Scalars,
    Shelf, Term, Texts, Tree, TwoChains, Unions,
};
use rpcgen_runtime::{Bytes, Encode, List, Opaque, Quadruple, XdrString, to_bytes};
use serde_json::{Value, from_str, from_value, json, to_string, to_value};

#[test]
fn the_mapping() {
    let scalars = Scalars {
        a: -1,
        b: u32::MAX,
        c: i64::MIN,
        d: u64::MAX,
        e: 1.5,
        f: f64::NAN,
        g: true,
        h: -128,
        i: 255,
        j: -3,
        k: 65535,
        l: Quadruple([0xab; 16]),
        m: Colour::Blue,
        n: Mood::WILD,
    };
    let expected = json!({
        "a": -1, "b": 4_294_967_295u32, "c": "-9223372036854775808", "d": "18446744073709551615", "e": 1.5, "f": "NaN",
        "g": true, "h": -128, "i": 255, "j": -3, "k": 65535, "l": "ab".repeat(16), "m": "BLUE", "n": "WILD",
    });
    assert_eq!(to_value(&scalars).unwrap(), expected);

    let texts = Texts {
        name: XdrString::from("käse"),
        note: XdrString::from(&b"k\xe4se"[..]),
        blob: Bytes::from_static(b"\x00\xff"),
        handle: Opaque::default(),
        three: [1, 2, 3],
        none: [],
    };
    let expected = json!({
        "name": "käse", "note": { "hex": "6be47365" }, "blob": "00ff", "handle": "", "three": "010203", "none": "",
    });
    assert_eq!(to_value(&texts).unwrap(), expected);

    let unions = Unions {
        a: ByInt::Case2(7),
        b: ByEnum::Other(2, 9),
        c: ByBool::False,
        d: ByUnsigned::Other(5),
    };
    let expected = json!({
        "a": { "2": "7" }, "b": { "default": [2, 9] }, "c": "FALSE", "d": { "default": 5 },
    });
    assert_eq!(to_value(&unions).unwrap(), expected);
    assert_eq!(to_value(ByInt::Case0).unwrap(), json!("0"));
    assert_eq!(
        to_value(ByInt::CaseMinus5("x".into())).unwrap(),
        json!({ "-5": "x" })
    );
    assert_eq!(to_value(Mood(3)).unwrap(), json!(3));

    let shelf = Shelf {
        items: List::from([Item {
            key: 1,
            value: "one".into(),
        }]),
        size: 1,
    };
    let expected = json!({ "items": [{ "key": 1, "value": "one" }], "size": 1 });
    assert_eq!(to_value(&shelf).unwrap(), expected);

    let chain: Chain = from_value(json!([{ "link": 1 }, { "link": 2 }])).unwrap();
    assert_eq!(chain.next.as_ref().unwrap().link, 2);
    assert_eq!(
        to_value(&chain).unwrap(),
        json!([{ "link": 1 }, { "link": 2 }])
    );

    let tree: Tree = from_value(json!({ "value": 1, "right": { "value": 2 } })).unwrap();
    let expected = json!({
        "value": 1, "left": null, "right": { "value": 2, "left": null, "right": null },
    });
    assert_eq!(to_value(&tree).unwrap(), expected);
}

#[test]
fn nothing_is_lost() {
    fn all<T: Random + Encode + serde::Serialize + for<'de> serde::Deserialize<'de>>() {
        for seed in 0..if cfg!(miri) { 3 } else { 300 } {
            let value = T::random(&mut Rng::new(seed));
            let text = to_string(&value).unwrap();
            let again: T = from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
            assert_eq!(
                to_bytes(&again).unwrap(),
                to_bytes(&value).unwrap(),
                "{text}"
            );
        }
    }
    all::<Scalars>();
    all::<Texts>();
    all::<Arrays>();
    all::<Unions>();
    all::<Shelf>();
    all::<Chain>();
    all::<TwoChains>();
    all::<Tree>();
    all::<Term>();
    all::<Call>();
    all::<Bulkies>();
}

#[test]
fn numbers_that_json_has_no_form_for() {
    for bits in [
        0x7ff8_0000_0000_0001,
        0xfff8_0000_0000_0000,
        0x7ff0_0000_0000_0001,
        f64::INFINITY.to_bits(),
        f64::NEG_INFINITY.to_bits(),
        (-0.0f64).to_bits(),
        1,
        f64::MAX.to_bits(),
    ] {
        let value = Arrays {
            doubles: [f64::from_bits(bits), 0.1],
            ..Arrays::default()
        };
        let text = to_string(&value).unwrap();
        let again: Arrays = from_str(&text).unwrap();
        assert_eq!(again.doubles[0].to_bits(), bits, "{text}");
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let said = |error: serde_json::Error| error.to_string();
    let refused = |value: Value| said(from_value::<Scalars>(value).unwrap_err());
    let with = |name: &str, value: Value| {
        let mut all = to_value(Scalars::random(&mut Rng::new(1))).unwrap();
        all[name] = value;
        all
    };
    assert!(refused(with("a", json!(1u64 << 31))).contains("2147483648"));
    assert!(refused(with("c", json!("9223372036854775808"))).contains("is no i64"));
    assert!(refused(with("c", json!(u64::MAX))).contains("18446744073709551615 is no i64"));
    assert!(refused(with("d", json!(-1))).contains("-1 is no u64"));
    assert!(refused(with("f", json!("NaN:1"))).contains("is no number"));
    assert!(refused(with("l", json!("ab"))).contains("1 elements, exactly 16 wanted"));
    assert!(refused(with("m", json!("PINK"))).contains("unknown name \"PINK\""));
    assert!(refused(with("m", json!(9))).contains("9 is not a value of the enum"));
    assert!(refused(with("zzz", json!(1))).contains("unknown name \"zzz\""));
    assert!(refused(json!({ "a": 1 })).contains("missing field `b`"));
    assert!(refused(with("e", json!(1e39))).contains("out of range of f32"));
    let twice = from_str::<Scalars>(r#"{ "a": 1, "a": 2 }"#).unwrap_err();
    assert!(twice.to_string().contains("duplicate field `a`"), "{twice}");
    for wrong in [
        json!({}),
        json!({ "7": 1 }),
        json!({ "1": "7", "2": "7" }),
        json!("1"),
        json!({ "0": null }),
        json!(null),
    ] {
        assert!(from_value::<ByInt>(wrong.clone()).is_err(), "{wrong}");
    }
    assert!(from_value::<Texts>(json!({ "name": { "hex": "abc" } })).is_err());
    assert!(from_value::<Chain>(json!([])).is_err());
    // Numbers are read where strings are written, and names or numbers for enums.
    assert_eq!(
        from_value::<ByInt>(json!({ "1": 7 })).unwrap(),
        ByInt::Case1(7)
    );
    assert_eq!(from_value::<Colour>(json!(1)).unwrap(), Colour::Red);
    assert_eq!(from_value::<Mood>(json!("CALM")).unwrap(), Mood::CALM);
    // A second name for a value is read, the first one is written.
    assert_eq!(from_value::<Colour>(json!("LIME")).unwrap(), Colour::Green);
    assert_eq!(from_value::<Mood>(json!("MAD")).unwrap(), Mood::WILD);
    assert_eq!(to_value(Colour::LIME).unwrap(), json!("GREEN"));
}

#[test]
fn a_chain_of_a_hundred_thousand_nodes_in_a_small_stack() {
    let work = || {
        let n = if cfg!(miri) { 1000 } else { 100_000 };
        let nodes: Vec<Value> = (0..n).map(|n| json!({ "link": n })).collect();
        let chain: Chain = from_value(Value::Array(nodes)).unwrap();
        assert_eq!(to_value(&chain).unwrap().as_array().unwrap().len(), n);
    };
    let thread = std::thread::Builder::new().stack_size(256 << 10);
    thread.spawn(work).unwrap().join().unwrap();
}

#[test]
fn a_type_of_elsewhere_has_its_own_form() {
    let stamped = Stamped {
        first: Moment(45_005),
        second: Some(Moment(0)),
        others: vec![Moment(1), Moment(2)],
        last: At::True(Moment(60)),
    };
    let expected = json!({
        "first": "12:30:05", "second": "00:00:00", "others": ["00:00:01", "00:00:02"], "last": { "TRUE": "00:01:00" },
    });
    assert_eq!(to_value(&stamped).unwrap(), expected);
    assert_eq!(from_value::<Stamped>(expected).unwrap(), stamped);
    let text = r#"{ "first": "noon", "others": [], "last": "FALSE" }"#;
    let error = from_str::<Stamped>(text).unwrap_err();
    assert!(error.to_string().starts_with("no time of day"), "{error}");
}
