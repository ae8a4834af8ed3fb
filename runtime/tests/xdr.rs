//! The codec: vectors of RFC 4506, limits, both modes. Numbers are those of the catalogue of bad inputs.

use rpcgen_runtime::codegen::v1::{Reader, Writer};
use rpcgen_runtime::xdr::{DecodeErrorKind, EncodeErrorKind};
use rpcgen_runtime::{
    Body, Bytes, Decode, DecodeError, DecodeLimits, Encode, List, Mode, Opaque, Quadruple,
    XdrString, from_bytes, from_bytes_with, to_bytes,
};

fn hex(words: &str) -> Bytes {
    let digits: String = words.split_whitespace().collect();
    (0..digits.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&digits[i..i + 2], 16).unwrap())
        .collect()
}

/// Encodes to these bytes, decodes from them in both modes, and knows its length.
fn round_trip<T>(value: &T, words: &str)
where
    T: Encode + for<'a> Decode<'a> + PartialEq + std::fmt::Debug,
{
    let bytes = to_bytes(value).unwrap();
    assert_eq!(bytes, hex(words), "{value:?}");
    assert_eq!(value.encoded_len(), bytes.len());
    assert_eq!(&from_bytes::<T>(&bytes).unwrap(), value);
    assert_eq!(&interop::<T>(&bytes).unwrap(), value);
    for cut in 0..bytes.len() {
        assert!(
            from_bytes::<T>(&bytes.slice(..cut)).is_err(),
            "{value:?} from {cut} bytes"
        );
    }
}

fn interop<T: for<'a> Decode<'a>>(bytes: &Bytes) -> Result<T, DecodeError> {
    from_bytes_with(bytes, DecodeLimits::default(), Mode::Interop)
}

fn strict_error<T: for<'a> Decode<'a>>(words: &str) -> DecodeErrorKind {
    match from_bytes::<T>(&hex(words)) {
        Ok(_) => panic!("{words} is accepted"),
        Err(error) => error.kind(),
    }
}

#[test]
fn scalars() {
    round_trip(&-1i8, "ffffffff");
    round_trip(&255u8, "000000ff");
    round_trip(&-2i16, "fffffffe");
    round_trip(&65535u16, "0000ffff");
    round_trip(&i32::MIN, "80000000");
    round_trip(&u32::MAX, "ffffffff");
    round_trip(&-6i64, "ffffffff fffffffa");
    round_trip(&u64::MAX, "ffffffff ffffffff");
    round_trip(&true, "00000001");
    round_trip(&1.5f32, "3fc00000");
    round_trip(&-2.25f64, "c0020000 00000000");
    round_trip(&Quadruple([7; 16]), &"07".repeat(16));
}

#[test]
fn compounds() {
    round_trip(&XdrString::from("hello"), "00000005 68656c6c 6f000000");
    round_trip(&Bytes::from_static(b"ABCDE"), "00000005 41424344 45000000");
    round_trip(&Opaque::from(b"abc"), "00000003 61626300");
    round_trip(&vec![-2i8, 2], "00000002 fffffffe 00000002");
    round_trip(&vec![true, false], "00000002 00000001 00000000");
    round_trip(&Some(5), "00000001 00000005");
    round_trip(&None::<i32>, "00000000");
    round_trip(
        &List::from([1, 2]),
        "00000001 00000001 00000001 00000002 00000000",
    );
    round_trip(&String::from("hi"), "00000002 68690000");
}

#[test]
fn h056_nan_payloads_and_signs_survive() {
    for bits in [
        0x7ff0_0000_0000_0001u64,
        0x7ff8_dead_beef_0001,
        1,
        0x8000_0000_0000_0000,
    ] {
        let bytes = to_bytes(&f64::from_bits(bits)).unwrap();
        assert_eq!(from_bytes::<f64>(&bytes).unwrap().to_bits(), bits);
    }
    for bits in [0x7f80_0001u32, 0xffc1_2345, 1, 0x8000_0000] {
        let bytes = to_bytes(&f32::from_bits(bits)).unwrap();
        assert_eq!(from_bytes::<f32>(&bytes).unwrap().to_bits(), bits);
    }
}

#[test]
fn h041_lengths_beyond_the_message() {
    for length in ["ffffffff", "80000000", "00000005"] {
        let message = format!("{length} 61626364");
        assert!(matches!(
            strict_error::<XdrString>(&message),
            DecodeErrorKind::Short { .. }
        ));
        assert!(matches!(
            strict_error::<Bytes>(&message),
            DecodeErrorKind::Short { .. }
        ));
        assert!(interop::<Opaque>(&hex(&message)).is_err());
    }
}

#[test]
fn h042_bounds_on_both_sides() {
    let read = |message: &Bytes, max| {
        Reader::new(message, DecodeLimits::default(), Mode::Interop, 16).string(max)
    };
    let message = to_bytes("12345").unwrap();
    assert_eq!(read(&message, 5).unwrap(), "12345");
    let error = read(&message, 4)
        .unwrap_err()
        .at("name")
        .index(17)
        .at("entries");
    assert_eq!(
        error.to_string(),
        "entries[17].name: length 5 exceeds the bound 4 (offset 0x0)"
    );

    let write = |text: &str| {
        let mut w = Writer::new();
        w.string(&XdrString::from(text), 4, "entry.name");
        w.finish()
    };
    assert!(write("1234").is_ok());
    let error = write("12345").unwrap_err();
    assert_eq!(
        error.kind(),
        EncodeErrorKind::TooLong {
            length: 5,
            bound: 4
        }
    );
    assert_eq!(
        error.to_string(),
        "entry.name: length 5 exceeds the bound 4"
    );
}

#[test]
fn h043_counts_that_multiply_beyond_the_address_space() {
    for count in ["40000000", "20000001", "ffffffff"] {
        let message = format!("{count} 00000000");
        assert!(matches!(
            strict_error::<Vec<i32>>(&message),
            DecodeErrorKind::Count { .. }
        ));
        assert!(matches!(
            strict_error::<Vec<i64>>(&message),
            DecodeErrorKind::Count { .. }
        ));
    }
}

#[test]
fn h044_elements_without_bytes_are_capped_by_the_message() {
    let message = hex("ffffffff");
    let mut r = Reader::new(&message, DecodeLimits::default(), Mode::Interop, 16);
    assert!(matches!(
        r.vec_with(u32::MAX, 0, |_| Ok(())).unwrap_err().kind(),
        DecodeErrorKind::Count { .. }
    ));
    let message = hex("00000004");
    let mut r = Reader::new(&message, DecodeLimits::default(), Mode::Interop, 16);
    assert_eq!(r.vec_with(u32::MAX, 0, |_| Ok(())).unwrap().len(), 4);
}

/// An array of `count` words of zeros.
fn zeros(count: usize) -> Bytes {
    let mut message = (count as u32).to_be_bytes().to_vec();
    message.resize(4 + 4 * count, 0);
    message.into()
}

#[test]
fn h045_a_mebibyte_of_empty_strings() {
    // 8 MiB of values: within the budget of the type, beyond a smaller one.
    let count = if cfg!(miri) { 1 << 12 } else { 1 << 18 };
    let message = zeros(count);
    assert_eq!(interop::<Vec<XdrString>>(&message).unwrap().len(), count);
    let limits = DecodeLimits::default().memory(16 * count);
    let error = from_bytes_with::<Vec<XdrString>>(&message, limits, Mode::Interop).unwrap_err();
    assert_eq!(error.kind(), DecodeErrorKind::Memory);
}

#[test]
fn h046_the_budget_counts_rust_bytes() {
    // Four bytes on the wire, and a value of 256: a type whose ratio is not told gets no more than 16.
    struct Wide(#[expect(dead_code, reason = "its size counts")] [u8; 256]);
    impl<'a> Decode<'a> for Wide {
        const MIN: usize = 4;
        fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
            r.u32().map(|_| Self([0; 256]))
        }
    }
    let read = |count| {
        let message = zeros(count);
        let mut r = Reader::new(&message, DecodeLimits::default(), Mode::Interop, 16);
        r.vec::<Wide>(u32::MAX).map(|all| all.len())
    };
    // 64 KiB and 16 bytes for each of the message.
    assert_eq!(read(341).unwrap(), 341);
    assert_eq!(read(342).unwrap_err().kind(), DecodeErrorKind::Memory);
}

#[test]
fn h047_padding() {
    for (n, message) in [
        (1, "00000003 61626301"),
        (2, "00000002 61620001"),
        (3, "00000001 61010000"),
    ] {
        assert_eq!(
            strict_error::<XdrString>(message),
            DecodeErrorKind::Padding,
            "{n}"
        );
        let value = interop::<XdrString>(&hex(message)).unwrap();
        let again = to_bytes(&value).unwrap();
        assert!(again.ends_with(&vec![0; n]), "never echoed");
    }
}

#[test]
fn h048_flags() {
    for word in ["00000002", "ffffffff"] {
        assert!(matches!(
            strict_error::<bool>(word),
            DecodeErrorKind::Flag(_)
        ));
        assert!(interop::<bool>(&hex(word)).unwrap());
        assert_eq!(
            interop::<Option<i32>>(&hex(&format!("{word} 00000007"))).unwrap(),
            Some(7)
        );
    }
}

#[test]
fn chars_and_shorts_keep_their_low_bits() {
    assert!(matches!(
        strict_error::<i8>("000001ff"),
        DecodeErrorKind::Range(0x1ff)
    ));
    assert_eq!(interop::<i8>(&hex("000001ff")).unwrap(), -1);
    assert_eq!(interop::<u16>(&hex("ffff8000")).unwrap(), 0x8000);
}

/// Nodes of a long list.
const NODES: u32 = if cfg!(miri) { 1000 } else { 1_000_000 };

#[test]
fn h052_a_million_nodes_in_a_small_stack() {
    let work = || {
        let list: List<u32> = (0..NODES).collect();
        let bytes = to_bytes(&list).unwrap();
        let again: List<u32> = from_bytes(&bytes).unwrap();
        assert_eq!(again.clone(), list);
        assert!(format!("{again:?}").len() > NODES as usize);
        assert_eq!(to_bytes(&again).unwrap(), bytes);
    };
    std::thread::Builder::new()
        .stack_size(256 << 10)
        .spawn(work)
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn h053_recursion_is_counted() {
    let message = hex("00000000");
    let mut r = Reader::new(&message, DecodeLimits::default(), Mode::Interop, 16);
    for _ in 0..64 {
        r.enter().unwrap();
    }
    assert_eq!(r.enter().unwrap_err().kind(), DecodeErrorKind::Depth(64));
    r.leave();
    r.enter().unwrap();
    // A value lies on the stack: a large one counts as one for each KiB.
    let mut r = Reader::new(&message, DecodeLimits::default(), Mode::Interop, 16);
    r.enter_value::<[u8; 63 * 1024 + 1]>().unwrap();
    assert!(r.enter_value::<()>().is_err());
    r.leave_value::<[u8; 63 * 1024 + 1]>();
    r.enter_value::<[u8; 63 * 1024]>().unwrap();
    r.enter_value::<()>().unwrap();
}

#[test]
fn h055_trailing_bytes() {
    assert_eq!(
        strict_error::<i32>("00000001 00"),
        DecodeErrorKind::Trailing(1)
    );
    assert_eq!(interop::<i32>(&hex("00000001 00000000")).unwrap(), 1);
}

#[test]
fn h057_strings_are_bytes() {
    for text in [
        &b"a\0b"[..],
        b"\xff\xfe",
        b"\xc0\x80",
        "\u{202e}abc".as_bytes(),
    ] {
        let string = XdrString::from(text);
        let again: XdrString = from_bytes(&to_bytes(&string).unwrap()).unwrap();
        assert_eq!(again.as_bytes(), text);
        assert_eq!(string.as_str().is_ok(), std::str::from_utf8(text).is_ok());
        assert!(!format!("{string:?}").contains(['\0', '\u{202e}']));
    }
}

#[test]
fn rfc_4506_example() {
    let mut w = Writer::new();
    w.string(&"sillyprog".into(), 255, "file.filename");
    w.i32(2);
    w.string(&"lisp".into(), 255, "filetype.interpretor");
    w.string(&"john".into(), 32, "file.owner");
    w.opaque(&Bytes::from_static(b"(quit)"), 65535, "file.data");
    let expected = "00000009 73696c6c 7970726f 67000000 00000002 00000004 6c697370 \
                    00000004 6a6f686e 00000006 28717569 74290000";
    assert_eq!(w.finish().unwrap().to_bytes(), hex(expected));
}

#[test]
fn bulk_data_is_not_copied() {
    let n = if cfg!(miri) { 1 << 13 } else { 1 << 20 };
    let data = Bytes::from(vec![7u8; n]);
    let body = {
        let mut w = Writer::new();
        w.u32(1);
        w.opaque(&data, u32::MAX, "data");
        w.u32(2);
        w.finish().unwrap()
    };
    assert_eq!(body.len(), 4 + 4 + n + 4);
    assert!(
        body.chunks().any(|chunk| chunk.as_ptr() == data.as_ptr()),
        "by reference"
    );

    let message = body.to_bytes();
    let mut r = Reader::new(&message, DecodeLimits::default(), Mode::Interop, 16);
    r.u32().unwrap();
    let slice = r.opaque(u32::MAX).unwrap();
    assert_eq!(
        slice.as_ptr(),
        message[8..].as_ptr(),
        "a slice of the message"
    );
}

#[test]
fn small_data_does_not_keep_its_message() {
    let mut w = Writer::new();
    w.opaque(&Bytes::from(vec![1; 100]), u32::MAX, "name");
    w.opaque(&Bytes::from(vec![2; 1 << 16]), u32::MAX, "data");
    let message = w.finish().unwrap().to_bytes();
    let mut r = Reader::new(&message, DecodeLimits::default(), Mode::Interop, 16);
    let small = r.opaque(u32::MAX).unwrap();
    let range = message.as_ptr_range();
    assert!(!range.contains(&small.as_ptr()), "copied");
}

#[test]
fn bodies_take_headers_in_front() {
    let mut w = Writer::with_room(8);
    w.u32(0x0a0b_0c0d);
    let mut body = w.finish().unwrap();
    assert_eq!(body.len(), 4);
    body.prepend(b"head");
    body.prepend(b"more");
    body.prepend(b"even more");
    assert_eq!(body.to_bytes(), b"even moremorehead\x0a\x0b\x0c\x0d"[..]);
    assert_eq!(body.clone().into_bytes(), body.to_bytes());
    let mut rest = Body::from(Bytes::from_static(b"abcdef"));
    bytes::Buf::advance(&mut rest, 4);
    assert_eq!(rest.to_bytes(), b"ef"[..]);
}
