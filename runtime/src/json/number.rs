//! Numbers and flags.

use super::{DeError, Deserialize, Deserializer, Json, Serialize, Serializer, Visitor};
use alloc::format;
use alloc::vec::Vec;
use core::fmt;

macro_rules! plain {
    ($($t:ty)*) => {$(
        impl Json for $t {
            fn write<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                self.serialize(s)
            }
            fn read<'de, D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                Self::deserialize(d)
            }
        }
    )*};
}
plain!(bool i8 i16 u16 i32 u32);

impl Json for u8 {
    fn write<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.serialize(s)
    }
    fn read<'de, D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::deserialize(d)
    }
    fn write_all<S: Serializer>(items: &[Self], s: S) -> Result<S::Ok, S::Error> {
        super::bytes::write_hex(items, s)
    }
    fn read_all<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<Self>, D::Error> {
        super::bytes::read_hex(d)
    }
}

macro_rules! wide {
    ($($t:ty)*) => {$(
        impl Json for $t {
            fn write<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
            fn read<'de, D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                struct Wide;
                impl Visitor<'_> for Wide {
                    type Value = $t;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("a 64-bit integer as a string or number")
                    }
                    fn visit_str<E: DeError>(self, text: &str) -> Result<$t, E> {
                        text.parse().map_err(|_| E::custom(format!("{text:?} is no {}", stringify!($t))))
                    }
                    fn visit_u64<E: DeError>(self, n: u64) -> Result<$t, E> {
                        <$t>::try_from(n).map_err(|_| E::custom(format!("{n} is no {}", stringify!($t))))
                    }
                    fn visit_i64<E: DeError>(self, n: i64) -> Result<$t, E> {
                        <$t>::try_from(n).map_err(|_| E::custom(format!("{n} is no {}", stringify!($t))))
                    }
                }
                d.deserialize_any(Wide)
            }
        }
    )*};
}
wide!(i64 u64);

macro_rules! real {
    ($($t:ident $bits:ident $write:ident)*) => {$(
        impl Json for $t {
            fn write<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                if self.is_finite() {
                    s.$write(*self)
                } else if self.is_infinite() {
                    s.serialize_str(if *self > 0.0 { "Infinity" } else { "-Infinity" })
                } else if self.to_bits() == $t::NAN.to_bits() {
                    s.serialize_str("NaN")
                } else {
                    s.collect_str(&format_args!("NaN:{:x}", self.to_bits()))
                }
            }
            fn read<'de, D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                struct Real;
                impl Visitor<'_> for Real {
                    type Value = $t;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("a number, \"NaN\", \"Infinity\" or \"-Infinity\"")
                    }
                    fn visit_f64<E: DeError>(self, n: f64) -> Result<$t, E> {
                        let real = n as $t;
                        if real.is_infinite() && n.is_finite() {
                            return Err(E::custom(format!("{n:e} is out of range of {}", stringify!($t))));
                        }
                        Ok(real)
                    }
                    fn visit_i64<E: DeError>(self, n: i64) -> Result<$t, E> {
                        Ok(n as $t)
                    }
                    fn visit_u64<E: DeError>(self, n: u64) -> Result<$t, E> {
                        Ok(n as $t)
                    }
                    fn visit_str<E: DeError>(self, text: &str) -> Result<$t, E> {
                        let bits = |hex| $bits::from_str_radix(hex, 16).ok();
                        let nan = |hex| bits(hex).map($t::from_bits).filter(|n| n.is_nan());
                        match text {
                            "NaN" => Some($t::NAN),
                            "Infinity" => Some($t::INFINITY),
                            "-Infinity" => Some($t::NEG_INFINITY),
                            _ => text.strip_prefix("NaN:").and_then(nan),
                        }
                        .ok_or_else(|| E::custom(format!("{text:?} is no number")))
                    }
                }
                d.deserialize_any(Real)
            }
        }
    )*};
}
real!(f32 u32 serialize_f32 f64 u64 serialize_f64);
