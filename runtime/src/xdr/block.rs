//! Values of fixed size: moved as blocks, so that a run of them is bounds-checked once.

use super::{DecodeError, DecodeErrorKind, Mode};

/// A value whose encoding always has `N` bytes.
///
/// Generated structs of fixed size implement it by taking the block apart at constant offsets.
pub trait Block<const N: usize>: Sized {
    /// Writes the value.
    fn put(&self, block: &mut [u8; N]);

    /// Reads the value.
    ///
    /// # Errors
    /// An enum or flag that is not legal; in strict mode also pad bytes and words out of range.
    fn get(block: &[u8; N], at: At) -> Result<Self, DecodeError>;
}

/// Where a block stands in the message, and the mode it is read in.
#[derive(Clone, Copy, Debug)]
pub struct At {
    pub(crate) offset: usize,
    pub(crate) mode: Mode,
}

impl At {
    /// The place `n` bytes further on.
    #[inline]
    #[must_use]
    pub const fn plus(self, n: usize) -> Self {
        Self {
            offset: self.offset.wrapping_add(n),
            mode: self.mode,
        }
    }

    /// The mode of the decode.
    #[inline]
    #[must_use]
    pub const fn mode(self) -> Mode {
        self.mode
    }

    /// Error: a number that is no member of the enum.
    #[cold]
    #[must_use]
    pub fn unknown_enum(self, value: i32) -> DecodeError {
        DecodeError::new(DecodeErrorKind::UnknownEnum(value), self.offset)
    }

    /// Error: a discriminant that has no arm.
    #[cold]
    #[must_use]
    pub fn no_arm(self, value: i128) -> DecodeError {
        DecodeError::new(DecodeErrorKind::UnknownArm(value), self.offset)
    }

    /// Error: a discriminant that has no arm; the form that generated code called before [`no_arm`](Self::no_arm).
    #[cold]
    #[must_use]
    pub fn unknown_arm(self, value: i64) -> DecodeError {
        self.no_arm(value.into())
    }

    #[cold]
    pub(crate) fn error(self, kind: DecodeErrorKind) -> DecodeError {
        DecodeError::new(kind, self.offset)
    }
}

/// Bytes `AT..AT + N` of a block; a range outside it does not compile.
#[inline(always)]
#[must_use]
pub fn part<const AT: usize, const N: usize, const M: usize>(block: &[u8; M]) -> &[u8; N] {
    const { assert!(AT <= M && N <= M - AT, "part outside of its block") }
    match block.split_at(AT).1.first_chunk() {
        Some(part) => part,
        // Unreachable by the assertion above; the optimiser removes it.
        None => &[0; N],
    }
}

/// Bytes `AT..AT + N` of a block, to write; a range outside it does not compile.
#[inline(always)]
#[must_use]
#[expect(clippy::expect_used, reason = "the constant assertion has proved it")]
pub fn part_mut<const AT: usize, const N: usize, const M: usize>(
    block: &mut [u8; M],
) -> &mut [u8; N] {
    const { assert!(AT <= M && N <= M - AT, "part outside of its block") }
    block
        .split_at_mut(AT)
        .1
        .first_chunk_mut()
        .expect("part lies in the block")
}

/// Writes `opaque x[N]` into its place of a block: the bytes, then their zero padding.
#[inline(always)]
pub fn put_opaque<const N: usize, const M: usize>(bytes: &[u8; N], block: &mut [u8; M]) {
    const { assert!(N <= M && M - N < 4, "padded to a multiple of 4") }
    let (data, zeros) = block.split_at_mut(N);
    data.copy_from_slice(bytes);
    zeros.fill(0);
}

/// Reads `opaque x[N]` from its place in a block.
///
/// # Errors
/// Padding that is not zero, in strict mode.
#[inline(always)]
pub fn get_opaque<const N: usize, const M: usize>(
    block: &[u8; M],
    at: At,
) -> Result<[u8; N], DecodeError> {
    const { assert!(N <= M && M - N < 4, "padded to a multiple of 4") }
    let (data, zeros) = block.split_at(N);
    if at.mode == Mode::Strict && zeros.iter().any(|&b| b != 0) {
        return Err(at.plus(N).error(DecodeErrorKind::Padding));
    }
    Ok(*data.first_chunk().unwrap_or(&[0; N]))
}

/// Writes an array of values of `K` bytes each into its place of a block.
#[inline(always)]
pub fn put_array<T, const K: usize, const N: usize, const M: usize>(
    items: &[T; N],
    block: &mut [u8; M],
    put: impl Fn(&T, &mut [u8; K]),
) {
    const { assert!(N * K == M, "the elements fill the block") }
    if K > 0 {
        for (item, chunk) in items.iter().zip(block.as_chunks_mut::<K>().0) {
            put(item, chunk);
        }
    }
}

/// Reads an array of values of `K` bytes each from its place in a block.
///
/// # Errors
/// Those of `get`, with the element's index.
#[inline(always)]
pub fn get_array<T, const K: usize, const N: usize, const M: usize>(
    block: &[u8; M],
    at: At,
    get: impl Fn(&[u8; K], At) -> Result<T, DecodeError>,
) -> Result<[T; N], DecodeError> {
    const { assert!(N * K == M, "the elements fill the block") }
    super::read::try_array(|i| {
        let from = i.wrapping_mul(K);
        let chunk = block
            .get(from..)
            .and_then(|rest| rest.first_chunk())
            .unwrap_or(&[0; K]);
        get(chunk, at.plus(from)).map_err(|e| e.index(i))
    })
}
