//! One type against bytes: what must hold for any bytes at all.

use rpcgen_runtime::{Bytes, Decode, DecodeLimits, Encode, Mode, from_bytes_with, to_bytes};
use std::fmt::Debug;

/// A check of one type: whether the bytes decode strictly, or what is wrong.
pub type Probe = fn(&Bytes) -> Result<bool, String>;

/// Decodes in both modes: nothing panics, what strict decoding takes is encoded to the same bytes, and what interop
/// decoding takes is a value that can be encoded, cloned, compared and shown.
///
/// # Errors
///
/// What does not hold.
pub fn probe<T>(bytes: &Bytes) -> Result<bool, String>
where
    T: Encode + for<'a> Decode<'a> + Clone + PartialEq + Debug,
{
    let limits = DecodeLimits::default();
    if let Ok(value) = from_bytes_with::<T>(bytes, limits, Mode::Interop) {
        let copy = value.clone();
        let shown = (format!("{value:?}"), format!("{copy:?}"));
        if shown.0 != shown.1 {
            return Err(format!("the clone of {} is {}", shown.0, shown.1));
        }
        // NaN is not equal to itself; anything else is.
        if value != copy && !shown.0.contains("NaN") {
            return Err(format!("{} is not equal to its clone", shown.0));
        }
        let again = to_bytes(&value).map_err(|e| format!("{} does not encode: {e}", shown.0))?;
        if value.encoded_len() != again.len() {
            return Err(format!("encoded_len of {} is not {}", shown.0, again.len()));
        }
    }
    match from_bytes_with::<T>(bytes, limits, Mode::Strict) {
        Err(_) => Ok(false),
        Ok(value) => match to_bytes(&value) {
            Ok(again) if again == *bytes => Ok(true),
            Ok(again) => Err(format!("{bytes:02x?} becomes {again:02x?}")),
            Err(e) => Err(format!("{value:?} does not encode: {e}")),
        },
    }
}
