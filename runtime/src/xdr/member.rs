//! What generated codecs call for each member of a struct: thin functions, inlined away, that keep the generated code
//! short and its compile time low.

use super::block::{part, part_mut};
use super::bulk::Number;
use super::{At, Block, DecodeError, Encode, Mode, Writer};

/// What decoding yields.
pub type Decoded<T> = Result<T, DecodeError>;

/// A member's value, or its error seen from the struct.
///
/// # Errors
/// That of the value.
#[inline(always)]
pub fn field<T>(name: &'static str, value: Decoded<T>) -> Decoded<T> {
    match value {
        Ok(value) => Ok(value),
        Err(error) => Err(error.at(name)),
    }
}

/// The value of a member that is read, or its error seen from the struct: ends the function that reads the struct.
///
/// A macro, for rustc is quicker with a `match` than with `?` and the traits behind it: it takes a quarter off its time for
/// a decoder.
#[doc(hidden)]
#[macro_export]
macro_rules! __member {
    ($name:literal, $read:expr $(,)?) => {
        match $read {
            ::core::result::Result::Ok(value) => value,
            ::core::result::Result::Err(error) => {
                return ::core::result::Result::Err(error.at($name));
            }
        }
    };
}

/// A function that writes a value.
#[inline]
pub fn encoded<'a, T: Encode>(value: &'a T) -> impl FnOnce(&mut Writer) + use<'a, T> {
    move |w| value.encode(w)
}

/// Writes a member at bytes `AT..AT + N` of a block.
#[inline(always)]
pub fn put<const AT: usize, const N: usize, const M: usize, T: Block<N>>(
    value: &T,
    block: &mut [u8; M],
) {
    value.put(part_mut::<AT, N, M>(block));
}

/// Reads a number, for which no bytes are wrong, from bytes `AT..AT + N` of a block.
#[inline(always)]
#[must_use]
pub fn number<const AT: usize, const N: usize, const M: usize, T: Number<N>>(block: &[u8; M]) -> T {
    T::from_wire(*part::<AT, N, M>(block))
}

/// Reads a member from bytes `AT..AT + N` of a block that lies at `at`.
///
/// # Errors
/// That of the value, seen from the struct.
#[inline(always)]
pub fn get<const AT: usize, const N: usize, const M: usize, T: Block<N>>(
    name: &'static str,
    block: &[u8; M],
    at: At,
) -> Decoded<T> {
    field(name, T::get(part::<AT, N, M>(block), at.plus(AT)))
}

/// Reads a value of a closed enum.
///
/// # Errors
/// It is no member of the enum.
#[inline]
pub fn enumerator<E: TryFrom<i32, Error = i32>>(block: &[u8; 4], at: At) -> Decoded<E> {
    E::try_from(i32::from_be_bytes(*block)).map_err(|value| at.unknown_enum(value))
}

/// Checks the discriminant of a default arm: in strict mode it is a member of the enum.
///
/// # Errors
/// It is not.
#[inline]
pub fn declared<E: TryFrom<i32>>(tag: i32, at: At) -> Decoded<()> {
    if at.mode == Mode::Strict && E::try_from(tag).is_err() {
        return Err(at.unknown_enum(tag));
    }
    Ok(())
}
