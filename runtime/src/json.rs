//! Values ↔ JSON, by serde (feature `serde`): generated types implement `Serialize` and `Deserialize`.
//!
//! One mapping for all of them, without loss:
//!
//! | XDR | JSON |
//! |---|---|
//! | `bool`; `char`, `short`, `int`, unsigned or not | `true`, `false`; a number |
//! | `hyper`, `unsigned hyper` | a string of digits, because JSON's readers keep 53 bits; a number is read, too |
//! | `float`, `double` | a number; `"NaN"`, `"Infinity"`, `"-Infinity"`; another NaN by its bits, `"NaN:7ff8000000000001"` |
//! | `quadruple`, `opaque` | a string of hexadecimal digits |
//! | `string` | a string; bytes that are not UTF-8 are `{"hex": "…"}` |
//! | `enum` | its member's name in the `.x` file, `"RED"`; a number where it has none |
//! | `struct` | an object with the names of the `.x` file; members of optional type may be missing |
//! | array, linked list | an array |
//! | optional data | the value or `null`; where the value may itself be `null`, the value in an array |
//! | `union` | `{"LABEL": value}`, for a void arm `"LABEL"`; the default arm is `{"default": [discriminant, value]}` |
//!
//! Types of your own that take the place of XDR types (`--extern-type`) have the form that they have in serde, by
//! [`json_by_serde!`](crate::json_by_serde).
//!
//! Whatever is read obeys the type: a number out of range or an unknown name is an error. Bounds are checked when the
//! value is encoded.

mod bytes;
mod implement;
mod number;
mod sequence;

#[doc(hidden)]
pub use self::implement::{Tagged, entry, label, unknown, value};
#[doc(hidden)]
pub use serde::de::{
    Deserialize, Deserializer, EnumAccess, Error as DeError, MapAccess, SeqAccess, Visitor,
};
#[doc(hidden)]
pub use serde::ser::{Serialize, SerializeMap, SerializeSeq, SerializeStruct, Serializer};

use alloc::string::String;
use alloc::vec::Vec;

/// A value as JSON: generated types implement it, types of your own by
/// [`json_by_serde!`](crate::json_by_serde).
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no form as JSON",
    note = "for a type that implements serde's traits, `rpcgen_runtime::json_by_serde!({Self});` gives it that of serde"
)]
pub trait Json: Sized {
    /// Whether a value may be `null`.
    const NULLABLE: bool = false;

    /// Writes the value.
    fn write<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error>;

    /// Reads a value.
    fn read<'de, D: Deserializer<'de>>(d: D) -> Result<Self, D::Error>;

    /// What a missing member is.
    fn missing() -> Option<Self> {
        None
    }

    /// Writes an array; bytes override it.
    fn write_all<S: Serializer>(items: &[Self], s: S) -> Result<S::Ok, S::Error> {
        sequence::write(items, s)
    }

    /// Reads an array; bytes override it.
    fn read_all<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<Self>, D::Error> {
        sequence::read(d)
    }
}

/// A value to be written.
#[doc(hidden)]
#[derive(Debug)]
pub struct As<'a, T>(pub &'a T);

impl<T: Json> Serialize for As<'_, T> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.0.write(s)
    }
}

/// A value that has been read.
#[doc(hidden)]
#[derive(Debug)]
pub struct Read<T>(pub T);

impl<'de, T: Json> Deserialize<'de> for Read<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        T::read(d).map(Self)
    }
}

/// The name of a member or label.
#[doc(hidden)]
#[derive(Debug)]
pub struct Key(pub String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d).map(Self)
    }
}

/// Reads the value of a member that may come once.
#[doc(hidden)]
pub fn once<'de, T: Json, A: MapAccess<'de>>(
    member: &mut Option<Read<T>>,
    name: &'static str,
    map: &mut A,
) -> Result<(), A::Error> {
    if member.is_some() {
        return Err(A::Error::duplicate_field(name));
    }
    *member = Some(map.next_value()?);
    Ok(())
}

/// The value of a member, or what it is when missing.
#[doc(hidden)]
pub fn member<T: Json, E: DeError>(value: Option<Read<T>>, name: &'static str) -> Result<T, E> {
    match value {
        Some(Read(value)) => Ok(value),
        None => T::missing().ok_or_else(|| E::missing_field(name)),
    }
}

/// Types that implement serde's traits by their form as JSON, and the other way round.
macro_rules! by_serde {
    ($($name:ty)*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                $crate::json::Json::write(self, s)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                $crate::json::Json::read(d)
            }
        }
    )*};
}
by_serde!(crate::XdrString crate::Opaque crate::Quadruple);
