//! Valid messages → bytes that are nearly valid, and what must hold when they are decoded.
//!
//! In strict mode what decodes encodes to the same bytes. In interop mode what decodes encodes to bytes that decode
//! strictly to the same value.

use crate::interfaces::Interface;
use crate::types::Entry;
use crate::values::{Rng, Seen, draw};
use rpcgen_rs::ir::TypeId;
use rpcgen_runtime::xdr::DecodeErrorKind;
use rpcgen_runtime::{Bytes, Mode};

/// The first `count` values of a type as messages, the shortest first; those above a bound are none.
#[must_use]
pub fn valid(interface: &Interface, entry: &Entry, count: u64) -> Vec<Bytes> {
    let id = TypeId(entry.index as u32);
    let mut all: Vec<Bytes> = (0..count)
        .map(|number| draw(interface, id, number, &mut Seen::new()))
        .filter_map(|value| (entry.encode)(&value.numbers).ok())
        .collect();
    all.sort_by_key(Bytes::len);
    all.dedup();
    all
}

/// How the decoding of a message ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// A value.
    Value,
    /// An error: its kind without numbers, and in which of 16 parts of the message.
    Error(&'static str, u8),
}

/// Decodes a message in both modes.
///
/// # Panics
/// Something does not hold.
#[must_use]
pub fn check(entry: &Entry, bytes: &Bytes) -> [End; 2] {
    [Mode::Strict, Mode::Interop].map(|mode| match (entry.again)(bytes, mode) {
        Err(error) => End::Error(
            word(error.kind()),
            (error.offset() * 16 / (bytes.len() + 1)) as u8,
        ),
        Ok(again) => {
            let again = again.expect("what was decoded can be encoded");
            if mode == Mode::Strict {
                assert_eq!(again, bytes, "{}: not the only encoding", entry.x);
            } else if again != bytes {
                let thrice = (entry.again)(&again, Mode::Interop).expect("it was encoded by us");
                assert_eq!(thrice.expect("once more"), again, "{}", entry.x);
            }
            End::Value
        }
    })
}

fn word(kind: DecodeErrorKind) -> &'static str {
    match kind {
        DecodeErrorKind::Short { .. } => "short",
        DecodeErrorKind::TooLong { .. } => "too long",
        DecodeErrorKind::Count { .. } => "count",
        DecodeErrorKind::Padding => "padding",
        DecodeErrorKind::Flag(_) => "flag",
        DecodeErrorKind::Range(_) => "range",
        DecodeErrorKind::UnknownEnum(_) => "unknown enum",
        DecodeErrorKind::UnknownArm(_) => "unknown arm",
        DecodeErrorKind::Depth(_) => "depth",
        DecodeErrorKind::Memory => "memory",
        DecodeErrorKind::Trailing(_) => "trailing",
        DecodeErrorKind::Utf8 => "utf-8",
        other => unreachable!("{other:?}"),
    }
}

/// Words that pass as counts, flags and discriminants, or nearly.
const WORDS: [u32; 16] = [
    0,
    1,
    2,
    3,
    4,
    7,
    8,
    255,
    256,
    0x7fff_ffff,
    0x8000_0000,
    0x2000_0001,
    0x4000_0000,
    0xffff_fffc,
    0xffff_fffe,
    0xffff_ffff,
];

/// Changes a message in one to four places; `other` lends its parts.
pub fn mangle(rng: &mut Rng, message: &mut Vec<u8>, other: &[u8]) {
    for _ in 0..=rng.below(4) {
        let len = message.len();
        let at = rng.below(len as u64 + 1) as usize;
        let word = at & !3;
        match rng.below(8) {
            0 => message.truncate(at),
            1 if at < len => message[at] ^= 1 << rng.below(8),
            2 if at < len => message[at] = rng.number() as u8,
            3 | 4 if word + 4 <= len => {
                let value = WORDS[rng.below(16) as usize];
                message[word..word + 4].copy_from_slice(&value.to_be_bytes());
            }
            5 => {
                let end = (word + 4 * rng.below(16) as usize).min(len);
                message.drain(word..end);
            }
            6 => {
                let value = WORDS[rng.below(16) as usize].to_be_bytes();
                let many = 1 + rng.below(8) as usize;
                message.splice(word..word, value.repeat(many));
            }
            _ => {
                let from = rng.below(other.len() as u64 + 1) as usize & !3;
                message.truncate(word);
                message.extend_from_slice(&other[from..]);
            }
        }
    }
}
