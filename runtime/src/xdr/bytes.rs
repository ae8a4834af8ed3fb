//! `string` and `opaque<>`, short ones inline.

use super::short::Short;
use super::{Decode, DecodeError, Encode, Reader, Writer, len};
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use bytes::Bytes;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::ops::Deref;

/// Bytes as text that cannot break a terminal or a log: what is not printable is escaped.
fn escaped(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("\"")?;
    for chunk in bytes.utf8_chunks() {
        write!(f, "{}", chunk.valid().escape_debug())?;
        write!(f, "{}", chunk.invalid().escape_ascii())?;
    }
    f.write_str("\"")
}

macro_rules! common {
    ($name:ident, $room:literal) => {
        impl $name {
            /// The bytes.
            #[inline]
            #[must_use]
            pub fn as_bytes(&self) -> &[u8] {
                self.0.as_slice()
            }

            /// The bytes; shared ones without a copy.
            #[must_use]
            pub fn into_bytes(self) -> Bytes {
                self.0.into_bytes()
            }

            /// Copies shared bytes into memory of their own, so that the message they came in can be freed.
            ///
            /// Slices that are small beside their message are copied when they are decoded; this is for the others.
            pub fn detach(&mut self) {
                self.0.detach();
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self(Short::EMPTY)
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                self.as_bytes()
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.as_bytes() == other.as_bytes()
            }
        }

        impl Eq for $name {}

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Ord for $name {
            fn cmp(&self, other: &Self) -> Ordering {
                self.as_bytes().cmp(other.as_bytes())
            }
        }

        impl Hash for $name {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.as_bytes().hash(state);
            }
        }

        impl From<&[u8]> for $name {
            fn from(bytes: &[u8]) -> Self {
                Self(Short::from_slice(bytes))
            }
        }

        impl<const N: usize> From<&[u8; N]> for $name {
            fn from(bytes: &[u8; N]) -> Self {
                Self(Short::from_slice(bytes))
            }
        }

        impl From<Vec<u8>> for $name {
            fn from(bytes: Vec<u8>) -> Self {
                Self(Short::from_bytes(Bytes::from(bytes)))
            }
        }

        impl From<Bytes> for $name {
            fn from(bytes: Bytes) -> Self {
                Self(Short::from_bytes(bytes))
            }
        }

        impl From<$name> for Bytes {
            fn from(value: $name) -> Self {
                value.into_bytes()
            }
        }

        impl From<&Self> for $name {
            fn from(value: &Self) -> Self {
                value.clone()
            }
        }

        impl Encode for $name {
            #[inline]
            fn encode(&self, w: &mut Writer) {
                w.short::<_, $room>(&self.0, u32::MAX, stringify!($name));
            }
            #[inline]
            fn encoded_len(&self) -> usize {
                len::opaque(self.as_bytes().len())
            }
        }
    };
}

/// `string`: bytes that are usually text.
///
/// XDR strings are bytes: peers send Latin-1 file names, and a call must not fail for that. Up to 23 bytes live inside
/// the value (which has 32), longer ones are a slice of the message they came in.
///
/// ```
/// use rpcgen_runtime::XdrString;
/// let s = XdrString::from("käse");
/// assert_eq!(s, "käse");
/// assert_eq!(s.as_str(), Ok("käse"));
/// assert_eq!(XdrString::from(&b"\xff"[..]).to_string(), "\u{fffd}");
/// ```
#[derive(Clone)]
pub struct XdrString(Short<24>);
common!(XdrString, 32);

impl XdrString {
    /// The string as text.
    ///
    /// # Errors
    /// It is not UTF-8.
    pub fn as_str(&self) -> Result<&str, core::str::Utf8Error> {
        core::str::from_utf8(self.as_bytes())
    }

    /// The string as text, with U+FFFD for what is not UTF-8.
    #[must_use]
    pub fn to_string_lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.as_bytes())
    }

    /// Number of bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.as_bytes().len()
    }

    /// Whether it has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.as_bytes().is_empty()
    }
}

impl From<&str> for XdrString {
    fn from(text: &str) -> Self {
        Self::from(text.as_bytes())
    }
}

impl From<&String> for XdrString {
    fn from(text: &String) -> Self {
        Self::from(text.as_bytes())
    }
}

impl From<String> for XdrString {
    fn from(text: String) -> Self {
        Self::from(text.into_bytes())
    }
}

impl PartialEq<str> for XdrString {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for XdrString {
    fn eq(&self, other: &&str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<String> for XdrString {
    fn eq(&self, other: &String) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl fmt::Display for XdrString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_string_lossy())
    }
}

impl fmt::Debug for XdrString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        escaped(self.as_bytes(), f)
    }
}

impl<'a> Decode<'a> for XdrString {
    const MIN: usize = 4;
    #[inline]
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        r.string(u32::MAX)
    }
}

/// `opaque<>` with a bound of 64 or less: file handles, cookies, verifiers.
///
/// Up to 39 bytes live inside the value (which has 48), longer ones are a slice of the message they came in.
#[derive(Clone)]
pub struct Opaque(Short<40>);
common!(Opaque, 48);

impl Deref for Opaque {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl PartialEq<[u8]> for Opaque {
    fn eq(&self, other: &[u8]) -> bool {
        self.as_bytes() == other
    }
}

impl fmt::Debug for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.as_bytes().escape_ascii())
    }
}

impl<'a> Decode<'a> for Opaque {
    const MIN: usize = 4;
    #[inline]
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        r.opaque_small(u32::MAX)
    }
}

impl Writer {
    /// Writes a string.
    #[inline(always)]
    pub fn string(&mut self, string: &XdrString, max: u32, at: &'static str) {
        self.short::<_, 32>(&string.0, max, at);
    }

    /// Writes counted bytes of a small bound.
    #[inline(always)]
    pub fn opaque_small(&mut self, bytes: &Opaque, max: u32, at: &'static str) {
        self.short::<_, 48>(&bytes.0, max, at);
    }
}

impl<'a> Reader<'a> {
    /// Reads a string.
    ///
    /// # Errors
    /// As [`opaque`](Self::opaque).
    #[inline(always)]
    pub fn string(&mut self, max: u32) -> Result<XdrString, DecodeError> {
        self.short(max).map(XdrString)
    }

    /// Reads counted bytes of a small bound.
    ///
    /// # Errors
    /// As [`opaque`](Self::opaque).
    #[inline(always)]
    pub fn opaque_small(&mut self, max: u32) -> Result<Opaque, DecodeError> {
        self.short(max).map(Opaque)
    }
}

impl Encode for Bytes {
    #[inline]
    fn encode(&self, w: &mut Writer) {
        w.opaque(self, u32::MAX, "opaque");
    }
    #[inline]
    fn encoded_len(&self) -> usize {
        len::opaque(self.len())
    }
}

impl<'a> Decode<'a> for Bytes {
    const MIN: usize = 4;
    #[inline]
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        r.opaque(u32::MAX)
    }
}

impl Encode for str {
    fn encode(&self, w: &mut Writer) {
        w.std_string(self, u32::MAX, "string");
    }
    fn encoded_len(&self) -> usize {
        len::opaque(self.len())
    }
}

impl Encode for String {
    fn encode(&self, w: &mut Writer) {
        self.as_str().encode(w);
    }
    fn encoded_len(&self) -> usize {
        len::opaque(self.len())
    }
}

impl<'a> Decode<'a> for String {
    const MIN: usize = 4;
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        r.std_string(u32::MAX)
    }
}
