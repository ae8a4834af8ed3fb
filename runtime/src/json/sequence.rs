//! Arrays, lists, optional data.

use super::{
    As, DeError, Deserialize, Deserializer, Json, Read, SeqAccess, Serialize, SerializeSeq,
    Serializer, Visitor,
};
use crate::List;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

/// Memory for an array of which only the length is known.
const FIRST: usize = 1024;

pub(super) fn write<T: Json, S: Serializer>(items: &[T], s: S) -> Result<S::Ok, S::Error> {
    let mut seq = s.serialize_seq(Some(items.len()))?;
    for item in items {
        seq.serialize_element(&As(item))?;
    }
    seq.end()
}

pub(super) fn read<'de, T: Json, D: Deserializer<'de>>(d: D) -> Result<Vec<T>, D::Error> {
    struct Items<T>(PhantomData<T>);
    impl<'de, T: Json> Visitor<'de> for Items<T> {
        type Value = Vec<T>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an array")
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
            let mut items = Vec::with_capacity(seq.size_hint().unwrap_or(0).min(FIRST));
            while let Some(Read(item)) = seq.next_element()? {
                items.push(item);
            }
            Ok(items)
        }
    }
    d.deserialize_seq(Items(PhantomData))
}

impl<T: Json> Json for Vec<T> {
    fn write<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        T::write_all(self, s)
    }
    fn read<'de, D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        T::read_all(d)
    }
}

impl<T: Json, const N: usize> Json for [T; N] {
    fn write<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        T::write_all(self, s)
    }
    fn read<'de, D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let items = T::read_all(d)?;
        let n = items.len();
        let wrong = |_| D::Error::custom(format_args!("{n} elements, exactly {N} wanted"));
        items.try_into().map_err(wrong)
    }
}

impl<T: Json> Json for List<T> {
    fn write<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        write(self, s)
    }
    fn read<'de, D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        read(d).map(Self::from)
    }
}

impl<T: Json> Serialize for List<T> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.write(s)
    }
}

impl<'de, T: Json> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::read(d)
    }
}

impl<T: Json> Json for Box<T> {
    const NULLABLE: bool = T::NULLABLE;
    fn write<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        (**self).write(s)
    }
    fn read<'de, D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        T::read(d).map(Self::new)
    }
}

impl<T: Json> Json for Option<T> {
    const NULLABLE: bool = true;
    fn write<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            None => s.serialize_none(),
            // `null` inside would read as `null` outside.
            Some(value) if T::NULLABLE => s.serialize_some(&[As(value)]),
            Some(value) => s.serialize_some(&As(value)),
        }
    }
    fn read<'de, D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        if T::NULLABLE {
            let value: Option<[Read<T>; 1]> = Option::deserialize(d)?;
            Ok(value.map(|[Read(value)]| value))
        } else {
            let value: Option<Read<T>> = Option::deserialize(d)?;
            Ok(value.map(|Read(value)| value))
        }
    }
    fn missing() -> Option<Self> {
        Some(None)
    }
}

impl<A: Json, B: Json> Json for (A, B) {
    fn write<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        (As(&self.0), As(&self.1)).serialize(s)
    }
    fn read<'de, D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let (Read(a), Read(b)) = Deserialize::deserialize(d)?;
        Ok((a, b))
    }
}
