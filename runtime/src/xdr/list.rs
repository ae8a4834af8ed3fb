//! Linked lists (`struct T { …; T *next; }`) as vectors.

use super::{Decode, DecodeError, Encode, Reader, Writer};
use alloc::vec::Vec;
use core::ops::{Deref, DerefMut};

/// A linked list of the interface, held as a vector: the wire has a flag before each element and one after the last.
///
/// Every walk over it is a loop, so a list of a million elements is as harmless as a short one.
///
/// Pointers become this where the last member of a struct points to the struct, which then has no such member in Rust. A
/// struct that is used without a pointer, too, keeps it, as an `Option<Box<T>>`, and is dropped, cloned and compared by
/// loops: since it implements `Drop`, `std::mem::take` and not a pattern moves its members out.
///
/// ```
/// let list: rpcgen_runtime::List<i32> = [1, 2].into_iter().collect();
/// assert_eq!(rpcgen_runtime::to_bytes(&list).unwrap().len(), 5 * 4);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct List<T>(Vec<T>);

impl<T> List<T> {
    /// An empty list.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Appends an element.
    pub fn push(&mut self, item: T) {
        self.0.push(item);
    }

    /// The elements.
    #[must_use]
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> From<Vec<T>> for List<T> {
    fn from(items: Vec<T>) -> Self {
        Self(items)
    }
}

impl<T> From<List<T>> for Vec<T> {
    fn from(list: List<T>) -> Self {
        list.0
    }
}

impl<T, const N: usize> From<[T; N]> for List<T> {
    fn from(items: [T; N]) -> Self {
        Self(Vec::from(items))
    }
}

impl<T> Deref for List<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> DerefMut for List<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(iter: I) -> Self {
        Self(Vec::from_iter(iter))
    }
}

impl<T> Extend<T> for List<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, iter: I) {
        self.0.extend(iter);
    }
}

impl<T> IntoIterator for List<T> {
    type Item = T;
    type IntoIter = alloc::vec::IntoIter<T>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a List<T> {
    type Item = &'a T;
    type IntoIter = core::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<'a, T> IntoIterator for &'a mut List<T> {
    type Item = &'a mut T;
    type IntoIter = core::slice::IterMut<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter_mut()
    }
}

impl<T: Encode> Encode for List<T> {
    fn encode(&self, w: &mut Writer) {
        w.list(self);
    }
    fn encoded_len(&self) -> usize {
        let flags = self.len().saturating_add(1).saturating_mul(4);
        flags.saturating_add(T::encoded_len_all(self))
    }
}

impl<'a, T: Decode<'a>> Decode<'a> for List<T> {
    const MIN: usize = 4;
    // A list's memory doubles as it grows.
    const RATIO: usize = ratio(size_of::<T>().saturating_mul(2), T::MIN + 4, T::RATIO);
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        r.list()
    }
}

/// The ratio of a sequence: the element's own memory, and what that refers to.
const fn ratio(size: usize, wire: usize, inner: usize) -> usize {
    let own = size.div_ceil(if wire == 0 { 1 } else { wire });
    if own > inner { own } else { inner }
}

impl<T: Encode> Encode for Vec<T> {
    fn encode(&self, w: &mut Writer) {
        w.vec(self, u32::MAX, "array");
    }
    fn encoded_len(&self) -> usize {
        4usize.saturating_add(T::encoded_len_all(self))
    }
}

impl<'a, T: Decode<'a>> Decode<'a> for Vec<T> {
    const MIN: usize = 4;
    const RATIO: usize = ratio(size_of::<T>(), T::MIN, T::RATIO);
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        r.vec(u32::MAX)
    }
}

impl<T: Encode> Encode for Option<T> {
    fn encode(&self, w: &mut Writer) {
        w.option(self.as_ref());
    }
    fn encoded_len(&self) -> usize {
        4usize.saturating_add(self.as_ref().map_or(0, T::encoded_len))
    }
}

impl<'a, T: Decode<'a>> Decode<'a> for Option<T> {
    const MIN: usize = 4;
    const RATIO: usize = T::RATIO;
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        r.option()
    }
}
