//! The reserved words of C's rpcgen. The parser still takes them as names where that is unambiguous.

/// A reserved word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Keyword {
    Bool,
    Case,
    Char,
    Const,
    Default,
    Double,
    Enum,
    Float,
    Hyper,
    Int,
    Long,
    Opaque,
    Program,
    Short,
    String,
    Struct,
    Switch,
    Typedef,
    Union,
    Unsigned,
    Version,
    Void,
}

impl Keyword {
    /// The keyword that a word is.
    pub fn of(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"bool" => Self::Bool,
            b"case" => Self::Case,
            b"char" => Self::Char,
            b"const" => Self::Const,
            b"default" => Self::Default,
            b"double" => Self::Double,
            b"enum" => Self::Enum,
            b"float" => Self::Float,
            b"hyper" => Self::Hyper,
            b"int" => Self::Int,
            b"long" => Self::Long,
            b"opaque" => Self::Opaque,
            b"program" => Self::Program,
            b"short" => Self::Short,
            b"string" => Self::String,
            b"struct" => Self::Struct,
            b"switch" => Self::Switch,
            b"typedef" => Self::Typedef,
            b"union" => Self::Union,
            b"unsigned" => Self::Unsigned,
            b"version" => Self::Version,
            b"void" => Self::Void,
            _ => return None,
        })
    }

    /// A type begins with this word, always.
    pub(crate) fn begins_type(self) -> bool {
        matches!(
            self,
            Self::Bool
                | Self::Char
                | Self::Double
                | Self::Enum
                | Self::Float
                | Self::Hyper
                | Self::Int
                | Self::Long
                | Self::Opaque
                | Self::Short
                | Self::String
                | Self::Struct
                | Self::Union
                | Self::Unsigned
                | Self::Void
        )
    }

    /// RFC 4506 and RFC 5531 do not reserve these, C's rpcgen does.
    pub(crate) fn free_in_rfc(self) -> bool {
        matches!(
            self,
            Self::Char | Self::Long | Self::Short | Self::Program | Self::Version
        )
    }
}
