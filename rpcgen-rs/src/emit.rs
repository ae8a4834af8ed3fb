//! Back ends: a resolved interface → files. None of them can fail: what could go wrong has been checked before.

pub mod json;
pub mod rust;
pub mod x;

/// A file to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutFile {
    /// Its name: that of the input with another extension.
    pub path: String,
    /// Its text.
    pub text: String,
}
