//! Why bytes are no value, or a value cannot become bytes. Built in cold code, by value, so that success pays nothing.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// Bytes that do not decode: what is wrong, where in the bytes, and in which field.
///
/// ```text
/// entries[17].name: length 300 exceeds the bound 255 (offset 0x1a4)
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct DecodeError(Box<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    kind: DecodeErrorKind,
    offset: usize,
    path: Vec<Step>,
}

/// One step from a value to a part of it, innermost first.
#[derive(Clone, PartialEq, Eq)]
enum Step {
    Field(Cow<'static, str>),
    Index(usize),
}

/// What is wrong with the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The bytes end before the value does.
    Short {
        /// Bytes needed at this place.
        needed: usize,
        /// Bytes that are left.
        left: usize,
    },
    /// A length or count exceeds the declared bound.
    TooLong {
        /// Its value.
        length: u32,
        /// The bound.
        bound: u32,
    },
    /// An array's count exceeds what the bytes left can hold.
    Count {
        /// Its value.
        count: u32,
        /// Bytes that are left.
        left: usize,
    },
    /// A number that is no member of the enum.
    UnknownEnum(i32),
    /// A discriminant that has no arm.
    UnknownArm(i128),
    /// A flag that is neither 0 nor 1 (strict mode).
    Flag(u32),
    /// A word out of the range of `char` or `short` (strict mode).
    Range(i32),
    /// A pad byte that is not zero (strict mode).
    Padding,
    /// Bytes after the value (strict mode).
    Trailing(usize),
    /// A string that is not UTF-8, where a `String` was asked for.
    Utf8,
    /// Nested deeper than the limit.
    Depth(u32),
    /// The value would need more memory than the message's budget.
    Memory,
}

impl DecodeError {
    /// An error at a byte offset of the message.
    #[cold]
    #[must_use]
    pub fn new(kind: DecodeErrorKind, offset: usize) -> Self {
        Self(Box::new(Inner {
            kind,
            offset,
            path: Vec::new(),
        }))
    }

    /// The same error seen from the struct that holds the failing field.
    #[cold]
    #[must_use]
    pub fn at(mut self, field: &'static str) -> Self {
        self.0.path.push(Step::Field(Cow::Borrowed(field)));
        self
    }

    /// The same error seen from the array that holds the failing element.
    #[cold]
    #[must_use]
    pub fn index(mut self, index: usize) -> Self {
        self.0.path.push(Step::Index(index));
        self
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> DecodeErrorKind {
        self.0.kind
    }

    /// Offset of the offending bytes from the start of the decoded bytes.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.0.offset
    }

    /// The failing field, `entries[17].name`; empty when the outermost value itself is wrong.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = String::new();
        for step in self.0.path.iter().rev() {
            match step {
                Step::Field(name) => {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(name);
                }
                Step::Index(i) => path.push_str(&format!("[{i}]")),
            }
        }
        path
    }
}

impl fmt::Display for DecodeErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Short { needed, left } => write!(f, "needs {needed} bytes, {left} left"),
            Self::TooLong { length, bound } => {
                write!(f, "length {length} exceeds the bound {bound}")
            }
            Self::Count { count, left } => {
                write!(f, "{count} elements cannot fit in the {left} bytes left")
            }
            Self::UnknownEnum(value) => write!(f, "{value} is not a value of the enum"),
            Self::UnknownArm(value) => write!(f, "the union has no arm for {value}"),
            Self::Flag(value) => write!(f, "flag is {value}, not 0 or 1"),
            Self::Range(value) => write!(f, "{value} is out of range"),
            Self::Padding => f.write_str("pad bytes are not zero"),
            Self::Trailing(n) => write!(f, "{n} bytes after the value"),
            Self::Utf8 => f.write_str("string is not UTF-8"),
            Self::Depth(limit) => write!(f, "nested deeper than {limit}"),
            Self::Memory => f.write_str("value exceeds the memory budget of the message"),
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path();
        if !path.is_empty() {
            write!(f, "{path}: ")?;
        }
        write!(f, "{} (offset {:#x})", self.0.kind, self.0.offset)
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DecodeError({self})")
    }
}

impl core::error::Error for DecodeError {}

/// A value that has no encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodeError {
    kind: EncodeErrorKind,
    at: &'static str,
}

/// What is wrong with the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeErrorKind {
    /// More bytes or elements than the declared bound.
    TooLong {
        /// How many there are.
        length: usize,
        /// The bound.
        bound: u32,
    },
    /// A fixed array with another number of elements than declared.
    WrongLength {
        /// How many there are.
        length: usize,
        /// How many there must be.
        expected: u64,
    },
    /// The default arm of a union with a discriminant that has an arm of its own or is no value of its type.
    Discriminant,
}

impl EncodeError {
    pub(crate) fn new(kind: EncodeErrorKind, at: &'static str) -> Self {
        Self { kind, at }
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> EncodeErrorKind {
        self.kind
    }

    /// The offending field as `type.field`, in the spelling of the `.x` file.
    #[must_use]
    pub fn field(&self) -> &'static str {
        self.at
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            EncodeErrorKind::TooLong { length, bound } => {
                write!(f, "{}: length {length} exceeds the bound {bound}", self.at)
            }
            EncodeErrorKind::WrongLength { length, expected } => {
                write!(
                    f,
                    "{}: {length} elements, exactly {expected} wanted",
                    self.at
                )
            }
            EncodeErrorKind::Discriminant => {
                write!(
                    f,
                    "{}: this discriminant does not select the default arm",
                    self.at
                )
            }
        }
    }
}

impl core::error::Error for EncodeError {}
