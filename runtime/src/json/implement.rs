//! serde's traits for generated types: what [`implement!`](crate::codegen::v1) expands to under the feature.

use super::{As, DeError, Json, Key, MapAccess, Read, Serialize, SerializeMap, Serializer};
use alloc::format;

/// An object of one member: an arm of a union and its value.
pub fn entry<T: Serialize, S: Serializer>(
    label: &'static str,
    value: &T,
    s: S,
) -> Result<S::Ok, S::Error> {
    let mut map = s.serialize_map(Some(1))?;
    map.serialize_entry(label, value)?;
    map.end()
}

/// The name of the only member of an object.
pub fn label<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Key, A::Error> {
    map.next_key()?
        .ok_or_else(|| A::Error::custom("a union is an object with one member"))
}

/// The value of the only member of an object.
pub fn value<'de, T: Json, A: MapAccess<'de>>(map: &mut A) -> Result<T, A::Error> {
    let Read(value) = map.next_value()?;
    match map.next_key::<Key>()? {
        None => Ok(value),
        Some(Key(more)) => Err(unknown(&more)),
    }
}

/// A member, label or name that the type does not have.
pub fn unknown<E: DeError>(name: &str) -> E {
    E::custom(format!("unknown name {name:?}"))
}

/// A default arm with a value.
#[derive(Debug)]
pub struct Tagged<'a, A, B>(pub &'a A, pub &'a B);

impl<A: Json, B: Json> Serialize for Tagged<'_, A, B> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        (As(self.0), As(self.1)).serialize(s)
    }
}

/// Implements `Json`, `Serialize` and `Deserialize` for a generated type of some form. The interface may call its types
/// anything, even `json`: hence `__j`.
#[doc(hidden)]
#[macro_export]
macro_rules! __json {
    (struct $name:ty { $($field:ident $local:ident = $x:literal)* }) => {
        const _: () = {
            use $crate::json as __j;
            type __Made = $name;
            $crate::__json!(@members __Made { $($field $local = $x)* } {});
            impl __j::Json for __Made {
                fn write<S: __j::Serializer>(&self, s: S) -> ::core::result::Result<S::Ok, S::Error> {
                    __write(self, s)
                }
                fn read<'de, D: __j::Deserializer<'de>>(d: D) -> ::core::result::Result<Self, D::Error> {
                    d.deserialize_map(__Members)
                }
            }
            $crate::__json!(@serde __Made);
        };
    };
    // A chain of boxes is an array of its nodes, and all that walks it is a loop.
    (linked $name:ty, $next:ident { $($field:ident $local:ident = $x:literal)* }) => {
        const _: () = {
            use $crate::json as __j;
            type __Made = $name;
            $crate::__json!(@members __Made { $($field $local = $x)* } { $next: ::core::option::Option::None });
            struct __Node<'a>(&'a __Made);
            impl __j::Serialize for __Node<'_> {
                fn serialize<S: __j::Serializer>(&self, s: S) -> ::core::result::Result<S::Ok, S::Error> {
                    __write(self.0, s)
                }
            }
            struct __Read(__Made);
            impl<'de> __j::Deserialize<'de> for __Read {
                fn deserialize<D: __j::Deserializer<'de>>(d: D) -> ::core::result::Result<Self, D::Error> {
                    d.deserialize_map(__Members).map(__Read)
                }
            }
            impl __j::Json for __Made {
                fn write<S: __j::Serializer>(&self, s: S) -> ::core::result::Result<S::Ok, S::Error> {
                    fn next<'n>(node: &&'n __Made) -> ::core::option::Option<&'n __Made> {
                        node.$next.as_deref()
                    }
                    s.collect_seq(::core::iter::successors(::core::option::Option::Some(self), next).map(__Node))
                }
                fn read<'de, D: __j::Deserializer<'de>>(d: D) -> ::core::result::Result<Self, D::Error> {
                    let mut nodes: ::std::vec::Vec<__Read> = __j::Deserialize::deserialize(d)?;
                    let mut chain = ::core::option::Option::None;
                    while let ::core::option::Option::Some(__Read(mut node)) = nodes.pop() {
                        node.$next = chain;
                        chain = ::core::option::Option::Some(::std::boxed::Box::new(node));
                    }
                    chain.map(|first| *first).ok_or_else(|| __j::DeError::custom("a chain has one node at least"))
                }
            }
            $crate::__json!(@serde __Made);
        };
    };
    (newtype $name:ty, $inner:ty) => {
        const _: () = {
            use $crate::json as __j;
            type __Made = $name;
            impl __j::Json for __Made {
                const NULLABLE: bool = <$inner as __j::Json>::NULLABLE;
                fn write<S: __j::Serializer>(&self, s: S) -> ::core::result::Result<S::Ok, S::Error> {
                    __j::Json::write(&self.0, s)
                }
                fn read<'de, D: __j::Deserializer<'de>>(d: D) -> ::core::result::Result<Self, D::Error> {
                    __j::Json::read(d).map(Self)
                }
            }
            $crate::__json!(@serde __Made);
        };
    };
    (enum $name:ty { $($variant:ident = $x:literal)* }) => {
        const _: () = {
            use $crate::json as __j;
            type __Made = $name;
            $crate::__json!(@named __Made { $($variant = $x)* } |n| <__Made as ::core::convert::TryFrom<::core::primitive::i32>>::try_from(n));
            impl __j::Json for __Made {
                fn write<S: __j::Serializer>(&self, s: S) -> ::core::result::Result<S::Ok, S::Error> {
                    s.serialize_str(self.name())
                }
                fn read<'de, D: __j::Deserializer<'de>>(d: D) -> ::core::result::Result<Self, D::Error> {
                    d.deserialize_any(__Named)
                }
            }
            $crate::__json!(@serde __Made);
        };
    };
    (open $name:ty { $($variant:ident = $x:literal)* }) => {
        const _: () = {
            use $crate::json as __j;
            type __Made = $name;
            $crate::__json!(@named __Made { $($variant = $x)* } |n| ::core::result::Result::<__Made, ::core::primitive::i32>::Ok(<__Made as ::core::convert::From<::core::primitive::i32>>::from(n)));
            impl __j::Json for __Made {
                fn write<S: __j::Serializer>(&self, s: S) -> ::core::result::Result<S::Ok, S::Error> {
                    match self.name() {
                        ::core::option::Option::Some(name) => s.serialize_str(name),
                        ::core::option::Option::None => s.serialize_i32(self.as_i32()),
                    }
                }
                fn read<'de, D: __j::Deserializer<'de>>(d: D) -> ::core::result::Result<Self, D::Error> {
                    d.deserialize_any(__Named)
                }
            }
            $crate::__json!(@serde __Made);
        };
    };
    (union $name:ty {
        void { $($void:ident = $void_x:literal)* }
        value { $($value:ident = $value_x:literal)* }
        tag { $($tag:ident)? }
        tagged { $($tagged:ident)? }
    }) => {
        const _: () = {
            use $crate::json as __j;
            type __Made = $name;
            struct __Arm;
            impl<'de> __j::Visitor<'de> for __Arm {
                type Value = __Made;
                fn expecting(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    f.write_str("{\"LABEL\": value}, or the label of a void arm")
                }
                fn visit_str<E: __j::DeError>(self, text: &::core::primitive::str) -> ::core::result::Result<__Made, E> {
                    match text {
                        $($void_x => ::core::result::Result::Ok(__Made::$void),)*
                        other => ::core::result::Result::Err(__j::unknown(other)),
                    }
                }
                fn visit_map<A: __j::MapAccess<'de>>(self, mut map: A) -> ::core::result::Result<__Made, A::Error> {
                    let __j::Key(label) = __j::label(&mut map)?;
                    match label.as_str() {
                        $($value_x => __j::value(&mut map).map(__Made::$value),)*
                        $("default" => __j::value(&mut map).map(|tag| { let _ = stringify!($tag); __Made::$tag(tag) }),)?
                        $("default" => __j::value(&mut map).map(|(tag, value)| __Made::$tagged(tag, value)),)?
                        other => ::core::result::Result::Err(__j::unknown(other)),
                    }
                }
            }
            impl __j::Json for __Made {
                fn write<S: __j::Serializer>(&self, s: S) -> ::core::result::Result<S::Ok, S::Error> {
                    match self {
                        $(Self::$void => s.serialize_str($void_x),)*
                        $(Self::$value(value) => __j::entry($value_x, &__j::As(value), s),)*
                        $(Self::$tag(tag) => __j::entry("default", &__j::As(tag), s),)?
                        $(Self::$tagged(tag, value) => __j::entry("default", &__j::Tagged(tag, value), s),)?
                    }
                }
                fn read<'de, D: __j::Deserializer<'de>>(d: D) -> ::core::result::Result<Self, D::Error> {
                    d.deserialize_any(__Arm)
                }
            }
            $crate::__json!(@serde __Made);
        };
    };
    (@members $made:ident { $($field:ident $local:ident = $x:literal)* } { $($next:ident: $none:expr)? }) => {
        fn __write<S: __j::Serializer>(value: &$made, s: S) -> ::core::result::Result<S::Ok, S::Error> {
            let names: &[&'static ::core::primitive::str] = &[$($x),*];
            let mut s = s.serialize_map(::core::option::Option::Some(names.len()))?;
            $(__j::SerializeMap::serialize_entry(&mut s, $x, &__j::As(&value.$field))?;)*
            __j::SerializeMap::end(s)
        }
        struct __Members;
        impl<'de> __j::Visitor<'de> for __Members {
            type Value = $made;
            fn expecting(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(::core::concat!("an object of", $(" ", $x),*))
            }
            fn visit_map<A: __j::MapAccess<'de>>(self, mut map: A) -> ::core::result::Result<$made, A::Error> {
                $(let mut $local = ::core::option::Option::None;)*
                while let ::core::option::Option::Some(__j::Key(key)) = map.next_key()? {
                    match key.as_str() {
                        $($x => __j::once(&mut $local, $x, &mut map)?,)*
                        other => return ::core::result::Result::Err(__j::unknown(other)),
                    }
                }
                ::core::result::Result::Ok($made {
                    $($field: __j::member($local, $x)?,)*
                    $($next: $none,)?
                })
            }
        }
    };
    (@named $made:ident { $($variant:ident = $x:literal)* } $number:expr) => {
        struct __Named;
        impl __j::Visitor<'_> for __Named {
            type Value = $made;
            fn expecting(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(::core::concat!("one of", $(" ", $x),*))
            }
            fn visit_str<E: __j::DeError>(self, text: &::core::primitive::str) -> ::core::result::Result<$made, E> {
                match text {
                    $($x => ::core::result::Result::Ok($made::$variant),)*
                    other => ::core::result::Result::Err(__j::unknown(other)),
                }
            }
            fn visit_i64<E: __j::DeError>(self, n: ::core::primitive::i64) -> ::core::result::Result<$made, E> {
                let made = ::core::primitive::i32::try_from(n).ok().and_then(|n| ($number)(n).ok());
                made.ok_or_else(|| E::custom(::core::format_args!("{n} is not a value of the enum")))
            }
            fn visit_u64<E: __j::DeError>(self, n: ::core::primitive::u64) -> ::core::result::Result<$made, E> {
                self.visit_i64(::core::primitive::i64::try_from(n).unwrap_or(::core::primitive::i64::MAX))
            }
        }
    };
    (@serde $made:ident) => {
        impl __j::Serialize for $made {
            fn serialize<S: __j::Serializer>(&self, s: S) -> ::core::result::Result<S::Ok, S::Error> {
                __j::Json::write(self, s)
            }
        }
        impl<'de> __j::Deserialize<'de> for $made {
            fn deserialize<D: __j::Deserializer<'de>>(d: D) -> ::core::result::Result<Self, D::Error> {
                __j::Json::read(d)
            }
        }
    };
}
