//! A type and where it is used → its shape, and what follows from that: its Rust type and its sizes.

use super::scope::{Scope, number};
use super::shape::{Bytes, Shape};
use crate::ir::{Type, TypeId, TypeKind};
use crate::layout::{Pointer, pointer};
use proc_macro2::TokenStream;
use quote::quote;
use std::rc::Rc;

/// Fixed arrays of more Rust bytes than this live in a vector, not in the value.
const STACK: u64 = 4096;
/// `opaque<>` with a bound of at most this is kept inline.
const SMALL: u32 = 64;
/// Largest encoding that is moved as one block.
pub(super) const BLOCK: u64 = 1024;

/// Who uses a type: an item, and a member of it. Patterns of the options select by that.
#[derive(Clone, Copy)]
pub(super) struct User<'a> {
    pub(super) item: &'a str,
    pub(super) member: Option<&'a str>,
}

impl Scope<'_> {
    /// The shape of a type at a place.
    pub(super) fn shape(&self, ty: &Type, user: User<'_>) -> Shape {
        let selects =
            |patterns: &crate::options::Patterns| patterns.selects(user.item, user.member);
        match ty {
            Type::Bool => Shape::Scalar("bool", 4),
            Type::Char => Shape::Scalar("i8", 4),
            Type::UChar => Shape::Scalar("u8", 4),
            Type::Short => Shape::Scalar("i16", 4),
            Type::UShort => Shape::Scalar("u16", 4),
            Type::Int => Shape::Scalar("i32", 4),
            Type::UInt => Shape::Scalar("u32", 4),
            Type::Hyper => Shape::Scalar("i64", 8),
            Type::UHyper => Shape::Scalar("u64", 8),
            Type::Float => Shape::Scalar("f32", 4),
            Type::Double => Shape::Scalar("f64", 8),
            Type::Quadruple => Shape::Quadruple,
            Type::OpaqueFixed(n) => Shape::OpaqueFixed(*n),
            Type::Opaque(max) if selects(&self.options.vec_bytes) => {
                Shape::Opaque(Bytes::Vec, *max)
            }
            Type::Opaque(max) if *max <= SMALL => Shape::Opaque(Bytes::Small, *max),
            Type::Opaque(max) => Shape::Opaque(Bytes::Shared, *max),
            Type::String(max) => Shape::Text(selects(&self.options.std_string), *max),
            Type::Array(element, n) => Shape::Array(Box::new(self.shape(element, user)), *n),
            Type::Vec(element, max) => Shape::Vec(Box::new(self.shape(element, user)), *max),
            Type::Optional(target) => match (pointer(self.spec, target), self.spec.resolve(target))
            {
                (Pointer::List, Type::Named(id)) => Shape::List(*id),
                (held, _) => {
                    let shape = self.shape(target, user);
                    // A large array has its memory elsewhere without a box.
                    let boxed = held == Pointer::Boxed && !self.is_heap(shape.target());
                    Shape::Option(Box::new(shape), boxed)
                }
            },
            Type::Named(id) => self.named(*id),
        }
    }

    fn named(&self, id: TypeId) -> Shape {
        let def = self.spec.def(id);
        match &def.kind {
            TypeKind::Extern(_) => Shape::Extern(id),
            TypeKind::Alias(_) if !self.is_newtype(id) => Shape::Alias(id, self.aliased(id)),
            _ => Shape::Named(id),
        }
    }

    /// What a typedef stands for, each chain walked once.
    fn aliased(&self, id: TypeId) -> Rc<Shape> {
        let mut path = Vec::new();
        let mut at = id;
        let shape = loop {
            if let Some(known) = self.aliases.get(at) {
                break known;
            }
            path.push(at);
            let def = self.spec.def(at);
            let TypeKind::Alias(target) = &def.kind else {
                break Rc::new(Shape::Named(at));
            };
            match target {
                Type::Named(next) if self.is_alias(*next) => at = *next,
                _ => {
                    let user = User {
                        item: &def.name.x,
                        member: None,
                    };
                    break Rc::new(self.shape(target, user));
                }
            }
        };
        self.aliases.set(path, &shape);
        shape
    }

    /// A typedef that is no type of its own.
    fn is_alias(&self, id: TypeId) -> bool {
        matches!(self.spec.def(id).kind, TypeKind::Alias(_)) && !self.is_newtype(id)
    }

    /// The Rust type of a shape.
    pub(super) fn ty(&self, shape: &Shape) -> TokenStream {
        let v1 = &self.v1;
        match shape {
            Shape::Scalar(name, _) => self.primitive(name),
            Shape::Quadruple => quote!(#v1::Quadruple),
            Shape::OpaqueFixed(n) if *n > STACK => self.byte_vec(),
            Shape::OpaqueFixed(n) => {
                let (byte, n) = (self.primitive("u8"), number(*n));
                quote!([#byte; #n])
            }
            Shape::Opaque(Bytes::Shared, _) => quote!(#v1::Bytes),
            Shape::Opaque(Bytes::Small, _) => quote!(#v1::Opaque),
            Shape::Opaque(Bytes::Vec, _) => self.byte_vec(),
            Shape::Text(true, _) => quote!(::std::string::String),
            Shape::Text(false, _) => quote!(#v1::XdrString),
            Shape::Array(element, n) => {
                let item = self.ty(element);
                if self.is_heap(shape) {
                    quote!(::std::vec::Vec<#item>)
                } else {
                    let n = number(*n);
                    quote!([#item; #n])
                }
            }
            Shape::Vec(element, _) => {
                let item = self.ty(element);
                quote!(::std::vec::Vec<#item>)
            }
            Shape::Option(value, boxed) => {
                let value = self.ty(value);
                let value = if *boxed {
                    quote!(::std::boxed::Box<#value>)
                } else {
                    value
                };
                quote!(::core::option::Option<#value>)
            }
            Shape::List(id) => {
                let item = self.type_name(*id);
                quote!(#v1::List<#item>)
            }
            Shape::Alias(id, _) | Shape::Named(id) => self.type_name(*id),
            Shape::Extern(id) => self.elsewhere(*id),
        }
    }

    fn byte_vec(&self) -> TokenStream {
        let byte = self.primitive("u8");
        quote!(::std::vec::Vec<#byte>)
    }

    /// Whether a fixed array is too large to live in the value itself.
    pub(super) fn is_heap(&self, shape: &Shape) -> bool {
        self.size(shape).is_none_or(|size| size > STACK)
            && matches!(shape, Shape::Array(..) | Shape::OpaqueFixed(_))
    }

    /// Upper estimate of the Rust size of an array in bytes.
    fn size(&self, shape: &Shape) -> Option<u64> {
        Some(match shape {
            Shape::Scalar(..) => 8,
            Shape::Quadruple => 16,
            Shape::OpaqueFixed(n) => *n,
            Shape::Array(element, n) => self.size(element)?.checked_mul(*n)?,
            Shape::Alias(_, inner) => self.size(inner)?,
            Shape::Named(id) => self
                .spec
                .def(*id)
                .layout
                .fixed
                .unwrap_or(64)
                .saturating_mul(2),
            _ => 40,
        })
    }

    /// Encoded length, where it is always the same.
    pub(super) fn fixed(&self, shape: &Shape) -> Option<u64> {
        match shape {
            Shape::Scalar(_, n) => Some(*n),
            Shape::Quadruple => Some(16),
            Shape::OpaqueFixed(n) => n.checked_next_multiple_of(4),
            Shape::Array(element, n) => self.fixed(element)?.checked_mul(*n),
            Shape::Alias(_, inner) => self.fixed(inner),
            Shape::Named(id) => self.spec.def(*id).layout.fixed,
            _ => None,
        }
    }

    /// Encoded length, where it is known without looking at the value: not that of an array in a vector.
    pub(super) fn constant_length(&self, shape: &Shape) -> Option<u64> {
        self.fixed(shape).filter(|_| !self.is_heap(shape.target()))
    }

    /// Encoded length as a block, where the shape is moved as one.
    pub(super) fn block(&self, shape: &Shape) -> Option<u64> {
        self.fixed(shape).filter(|n| *n <= BLOCK)
    }

    /// Shortest encoded length.
    pub(super) fn min(&self, shape: &Shape) -> u64 {
        match shape {
            Shape::Alias(_, inner) => self.min(inner),
            Shape::Array(element, n) => self.min(element).saturating_mul(*n),
            Shape::Named(id) => self.spec.def(*id).layout.min,
            Shape::Extern(_) => 0,
            _ => self.fixed(shape).unwrap_or(4),
        }
    }

    /// Whether the runtime's traits say all there is to say about the codec: no bound of an outer declaration.
    pub(super) fn is_plain(&self, shape: &Shape) -> bool {
        matches!(
            shape.target(),
            Shape::Scalar(..)
                | Shape::Quadruple
                | Shape::List(_)
                | Shape::Named(_)
                | Shape::Extern(_)
        )
    }

    /// Its own codec is all there is to it: a function of the runtime does what a closure would, which rustc is
    /// quicker to compile.
    pub(super) fn is_one_value(&self, shape: &Shape) -> bool {
        self.is_plain(shape) && !matches!(shape.target(), Shape::List(_))
    }
}
