//! One value → the time that each codec takes for it. Each must make the same bytes first.

use crate::clock::measure;
use crate::table::{Ours, Time};
use rpcgen_runtime::xdr::{Reader, Writer};
use rpcgen_runtime::{Body, Bytes, Decode, DecodeLimits, Encode, Mode};
use std::hint::black_box;
use std::io::Write;
use std::process::{Command, Stdio};

/// Uses a value where it lies, and drops it.
fn look<T>(value: T) {
    black_box(&value);
}

/// As a server encodes a reply: room for the headers in front, a body that is dropped when it has been sent.
pub fn message<T: Encode>(value: &T) -> Body {
    let mut w = Writer::with_room(28);
    value.encode(&mut w);
    w.finish().expect("the value is within its bounds")
}

/// As a client decodes a reply: all limits on.
fn decode<T: for<'a> Decode<'a>>(bytes: &Bytes) -> T {
    let mut r = Reader::new(bytes, DecodeLimits::default(), Mode::Interop, T::RATIO);
    T::decode(&mut r).expect("we have encoded it")
}

/// Ours. C encodes into memory that it is given, again and again, and so does `encode` here; `message` is what a call
/// pays for its buffer and its body besides.
pub fn ours<T: Encode + for<'a> Decode<'a>>(value: &T, bytes: &Bytes) -> Ours {
    assert_eq!(bytes.len(), value.encoded_len());
    let mut w = Writer::new();
    Ours {
        time: Time {
            encode: measure(|| {
                w.clear();
                black_box(value).encode(&mut w);
                black_box(&mut w);
            }),
            decode: measure(|| look(decode::<T>(black_box(bytes)))),
        },
        message: measure(|| look(message(black_box(value)))),
    }
}

/// Repeats one step for a profiler, and prints its time.
pub fn spin<T: Encode + for<'a> Decode<'a>>(value: &T, bytes: &Bytes, step: &str) {
    let mut w = Writer::new();
    let mut once = || match step {
        "encode" => {
            w.clear();
            black_box(value).encode(&mut w);
            black_box(&mut w);
        }
        "decode" => look(decode::<T>(black_box(bytes))),
        _ => look(message(black_box(value))),
    };
    let times = (0..10).map(|_| measure(&mut once));
    println!("{:.1}", times.fold(f64::INFINITY, f64::min));
}

/// Functions written for exactly this type.
pub fn by_hand<T>(
    value: &T,
    bytes: &Bytes,
    put: impl Fn(&T, &mut Vec<u8>),
    get: impl Fn(&Bytes) -> Option<T>,
) -> Time {
    let mut out = Vec::new();
    put(value, &mut out);
    assert_eq!(out, bytes[..], "by hand");
    Time {
        encode: measure(|| {
            out.clear();
            put(black_box(value), &mut out);
            black_box(&out);
        }),
        decode: measure(|| look(get(black_box(bytes)).expect("well-formed"))),
    }
}

/// The code that the xdrgen crate makes, over xdr-codec.
pub fn with_xdr_codec<T>(bytes: &Bytes) -> Time
where
    T: xdr_codec::Pack<Vec<u8>> + for<'a> xdr_codec::Unpack<&'a [u8]>,
{
    let get = |mut bytes: &[u8]| T::unpack(&mut bytes).expect("well-formed").0;
    let value = get(bytes);
    let mut out = Vec::new();
    value.pack(&mut out).expect("within its bounds");
    assert_eq!(out, bytes[..], "xdr-codec");
    Time {
        encode: measure(|| {
            out.clear();
            black_box(&value).pack(&mut out).expect("it did before");
            black_box(&out);
        }),
        decode: measure(|| look(get(black_box(bytes)))),
    }
}

/// The filters that rpcgen makes, over libtirpc: a program of its own, which times itself.
pub fn in_c(name: &str, bytes: &Bytes) -> Time {
    let mut child = Command::new(concat!(env!("OUT_DIR"), "/c_bench"))
        .arg(name)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the C side was built");
    let mut input = child.stdin.take().expect("piped");
    input.write_all(bytes).expect("the C side reads");
    drop(input);
    let output = child.wait_with_output().expect("the C side ends");
    assert!(output.status.success(), "C fails on {name}");
    let text = String::from_utf8(output.stdout).expect("numbers");
    let mut times = text
        .split_whitespace()
        .map(|t| t.parse().expect("a number"));
    let mut time = || times.next().expect("two numbers");
    Time {
        encode: time(),
        decode: time(),
    }
}

/// The floor: the bytes, copied.
pub fn memcpy(bytes: &Bytes) -> f64 {
    let mut out = vec![0; bytes.len()];
    measure(|| {
        out.copy_from_slice(black_box(bytes));
        black_box(&out);
    })
}

/// The floor of a tree: as many boxes of its nodes' size, made and dropped, with nothing in them but zeros.
pub fn boxes<T: Default, const N: usize>() -> f64 {
    measure(|| {
        let mut boxes = [const { None }; N];
        for room in &mut boxes {
            *room = Some(Box::new(T::default()));
        }
        look(boxes);
    })
}
