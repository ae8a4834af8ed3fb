//! What a decode may use, and how forgiving it is.

/// How forgiving decoding is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// As C decodes where it harms nobody: the default for RPC messages.
    ///
    /// Bytes after the value and pad bytes are not looked at, any non-zero flag is TRUE, `char` and `short` keep the
    /// low bits of their word, and the `default` arm of a union takes discriminants that their enum does not declare.
    #[default]
    Interop,
    /// Every accepted input re-encodes to the same bytes: the default for stand-alone data.
    Strict,
}

/// Bounds on one decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecodeLimits {
    /// Nested values inside recursive types (default 64). Linked lists and plain nesting do not count.
    ///
    /// A value of more than 1 KiB in Rust counts as one for each KiB, since the limit is there for the stack's sake.
    pub depth: u32,
    /// Ceiling of the memory budget in bytes (default 128 MiB).
    ///
    /// The budget itself is the type's ratio of Rust bytes to wire bytes times the message's length, plus 64 KiB.
    pub memory: usize,
}

impl DecodeLimits {
    /// With this many nested values inside recursive types.
    #[must_use]
    pub const fn depth(mut self, depth: u32) -> Self {
        self.depth = depth;
        self
    }

    /// With this ceiling of the memory budget, in bytes.
    #[must_use]
    pub const fn memory(mut self, bytes: usize) -> Self {
        self.memory = bytes;
        self
    }

    /// The budget for a message of `len` bytes whose type has this ratio.
    pub(crate) const fn budget(&self, len: usize, ratio: usize) -> usize {
        let budget = len.saturating_mul(ratio).saturating_add(64 << 10);
        if budget < self.memory {
            budget
        } else {
            self.memory
        }
    }
}

impl Default for DecodeLimits {
    fn default() -> Self {
        Self {
            depth: 64,
            memory: 128 << 20,
        }
    }
}
