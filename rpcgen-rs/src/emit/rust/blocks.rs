//! Values of fixed size inside a block: written and read at constant offsets, after one bounds check for all of them.

use super::codec::Value;
use super::scope::{Scope, number};
use super::shape::Shape;
use proc_macro2::TokenStream;
use quote::quote;

impl Scope<'_> {
    /// An expression that writes a value into `block`, at byte `offset` of its `total` bytes.
    pub(super) fn put(&self, shape: &Shape, value: &Value, offset: u64, total: u64) -> TokenStream {
        let (v1, x, from) = (&self.v1, value.by_ref(), number(offset));
        if matches!(shape.target(), Shape::Array(..) | Shape::OpaqueFixed(_)) {
            let (len, of) = (self.block_len(shape), number(total));
            let part = quote!(#v1::part_mut::<#from, #len, #of>(block));
            return self.put_part(shape, value, &part);
        }
        quote!(#v1::put::<#from, _, _, _>(#x, block))
    }

    fn put_part(&self, shape: &Shape, value: &Value, part: &TokenStream) -> TokenStream {
        let v1 = &self.v1;
        let x = value.by_ref();
        match shape.target() {
            Shape::OpaqueFixed(_) => quote!(#v1::put_opaque(#x, #part)),
            Shape::Array(element, _) => {
                let len = self.block_len(element);
                let each = self.put_part(element, &Value::Reference(quote!(x)), &quote!(block));
                let each = match element.target() {
                    Shape::Array(..) => quote!(|x, block| #each),
                    Shape::OpaqueFixed(_) => quote!(#v1::put_opaque),
                    _ => quote!(#v1::Block::put),
                };
                quote!(#v1::put_array::<_, #len, _, _>(#x, #part, #each))
            }
            _ => quote!(#v1::Block::put(#x, #part)),
        }
    }

    /// An expression of type `Result<T, DecodeError>` that reads a value from `block`, a part of the message at `at`.
    pub(super) fn get(&self, shape: &Shape, offset: u64, total: u64) -> TokenStream {
        let v1 = &self.v1;
        let (from, len, of) = (number(offset), self.block_len(shape), number(total));
        let part = quote!(#v1::part::<#from, #len, #of>(block));
        let at = if offset == 0 {
            quote!(at)
        } else {
            quote!(at.plus(#from))
        };
        self.get_part(shape, &part, &at)
    }

    /// An expression that reads a member of a struct, whose name the error gets, in a function that returns a `Result`.
    pub(super) fn get_member(
        &self,
        name: &str,
        shape: &Shape,
        offset: u64,
        total: u64,
    ) -> TokenStream {
        let v1 = &self.v1;
        if matches!(shape.target(), Shape::Array(..) | Shape::OpaqueFixed(_)) {
            return self.member(name, shape, &self.get(shape, offset, total));
        }
        let from = number(offset);
        if is_number(shape) {
            return quote!(#v1::number::<#from, _, _, _>(block));
        }
        quote!(#v1::get::<#from, _, _, _>(#name, block, at)?)
    }

    fn get_part(&self, shape: &Shape, part: &TokenStream, at: &TokenStream) -> TokenStream {
        let v1 = &self.v1;
        match shape.target() {
            Shape::OpaqueFixed(_) => quote!(#v1::get_opaque(#part, #at)),
            Shape::Array(element, _) => {
                let len = self.block_len(element);
                let each = self.get_part(element, &quote!(block), &quote!(at));
                let each = match element.target() {
                    Shape::Array(..) => quote!(|block, at| #each),
                    Shape::OpaqueFixed(_) => quote!(#v1::get_opaque),
                    _ => quote!(#v1::Block::get),
                };
                quote!(#v1::get_array::<_, #len, _, _>(#part, #at, #each))
            }
            _ => quote!(#v1::Block::get(#part, #at)),
        }
    }

    fn block_len(&self, shape: &Shape) -> proc_macro2::Literal {
        number(self.fixed(shape).unwrap_or(0))
    }
}

/// No bytes are wrong for it.
pub(super) fn is_number(shape: &Shape) -> bool {
    let Shape::Scalar(ty, _) = shape.target() else {
        return false;
    };
    matches!(*ty, "i32" | "u32" | "f32" | "i64" | "u64" | "f64")
}
