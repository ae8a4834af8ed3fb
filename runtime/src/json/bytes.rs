//! Opaque data and strings.

use super::{DeError, Deserialize, Deserializer, Json, MapAccess, Serializer, Visitor};
use crate::{Bytes, Opaque, Quadruple, XdrString};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// Bytes as hexadecimal digits.
struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

pub(super) fn write_hex<S: Serializer>(bytes: &[u8], s: S) -> Result<S::Ok, S::Error> {
    s.collect_str(&Hex(bytes))
}

pub(super) fn read_hex<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<u8>, D::Error> {
    parse_hex(&String::deserialize(d)?)
}

fn parse_hex<E: DeError>(text: &str) -> Result<Vec<u8>, E> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = |pair: &[u8; 2]| {
        let [high, low] = *pair;
        u8::try_from(digit(high)? << 4 | digit(low)?).ok()
    };
    match text.as_bytes().as_chunks() {
        (pairs, []) => pairs.iter().map(byte).collect(),
        _ => None,
    }
    .ok_or_else(|| E::custom("not a string of pairs of hexadecimal digits"))
}

macro_rules! hex {
    ($($t:ty)*) => {$(
        impl Json for $t {
            fn write<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                write_hex(self, s)
            }
            fn read<'de, D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                read_hex(d).map(Self::from)
            }
        }
    )*};
}
hex!(Bytes Opaque);

impl Json for Quadruple {
    fn write<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        write_hex(&self.0, s)
    }
    fn read<'de, D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Json::read(d).map(Self)
    }
}

impl Json for String {
    fn write<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self)
    }
    fn read<'de, D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::deserialize(d)
    }
}

impl Json for XdrString {
    fn write<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self.as_str() {
            Ok(text) => s.serialize_str(text),
            Err(_) => s.collect_map([("hex", alloc::format!("{}", Hex(self.as_bytes())))]),
        }
    }
    fn read<'de, D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = XdrString;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, or {\"hex\": …}")
            }
            fn visit_str<E: DeError>(self, text: &str) -> Result<XdrString, E> {
                Ok(XdrString::from(text))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<XdrString, A::Error> {
                match map.next_entry::<String, String>()? {
                    Some((key, hex)) if key == "hex" => parse_hex(&hex).map(XdrString::from),
                    _ => Err(A::Error::custom(
                        "a string that is an object has one member, \"hex\"",
                    )),
                }
            }
        }
        d.deserialize_any(Text)
    }
}
