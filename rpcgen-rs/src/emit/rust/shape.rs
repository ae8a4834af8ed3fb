//! How a type of the interface looks in Rust at the place where it is used.
//!
//! The same `string<255>` is an `XdrString` here and a `String` there, `T *` is an `Option`, a box or a list. A shape
//! settles that once; types, codecs, clients and servers all print from it.

use crate::ir::TypeId;
use std::cell::RefCell;
use std::rc::Rc;

/// A type as Rust has it.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    /// A number or flag: its Rust type and its encoded length.
    Scalar(&'static str, u64),
    /// `quadruple`.
    Quadruple,
    /// `[u8; n]`, or a vector.
    OpaqueFixed(u64),
    /// `opaque<>`.
    Opaque(Bytes, u32),
    /// `string<>`; strictly UTF-8 or not.
    Text(bool, u32),
    /// `[T; n]`, or a vector.
    Array(Box<Self>, u64),
    /// `Vec<T>`.
    Vec(Box<Self>, u32),
    /// `Option<T>`; the value in a box of its own.
    Option(Box<Self>, bool),
    /// `List<T>`.
    List(TypeId),
    /// A typedef: called by its name, encoded as what it stands for.
    Alias(TypeId, Rc<Self>),
    /// A type with a codec of its own.
    Named(TypeId),
    /// A type from elsewhere.
    Extern(TypeId),
}

impl Shape {
    /// What a typedef stands for.
    pub(super) fn target(&self) -> &Self {
        match self {
            Self::Alias(_, inner) => inner,
            other => other,
        }
    }
}

/// How `opaque<>` is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bytes {
    /// `Bytes`: a slice of the message.
    Shared,
    /// `Opaque`: inline while short.
    Small,
    /// `Vec<u8>`.
    Vec,
}

/// What typedefs stand for, as far as it is known.
pub(super) struct Aliased(RefCell<Vec<Option<Rc<Shape>>>>);

impl Aliased {
    /// Of so many types.
    pub(super) fn new(types: usize) -> Self {
        Self(RefCell::new(vec![None; types]))
    }

    pub(super) fn get(&self, id: TypeId) -> Option<Rc<Shape>> {
        self.0.borrow()[id.0 as usize].clone()
    }

    pub(super) fn set(&self, ids: Vec<TypeId>, shape: &Rc<Shape>) {
        let mut known = self.0.borrow_mut();
        for id in ids {
            known[id.0 as usize] = Some(Rc::clone(shape));
        }
    }
}
