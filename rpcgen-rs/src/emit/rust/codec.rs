//! A shape → the expressions that write, read and measure a value of it.

use super::scope::{Scope, number};
use super::shape::{Bytes, Shape};
use proc_macro2::TokenStream;
use quote::quote;

/// A value to be written: a place like `self.name`, or a variable that already is a reference.
pub(super) enum Value {
    Place(TokenStream),
    Reference(TokenStream),
}

impl Value {
    /// A reference to it.
    pub(super) fn by_ref(&self) -> TokenStream {
        match self {
            Self::Place(place) => quote!(&#place),
            Self::Reference(name) => name.clone(),
        }
    }

    /// The receiver of a method call.
    fn receiver(&self) -> &TokenStream {
        match self {
            Self::Place(tokens) | Self::Reference(tokens) => tokens,
        }
    }
}

impl Scope<'_> {
    /// An expression of type `()` that writes a value to `w`; `at` names it in errors.
    pub(super) fn encode(&self, shape: &Shape, value: &Value, at: &str) -> TokenStream {
        let v1 = &self.v1;
        let (x, dot) = (value.by_ref(), value.receiver());
        match shape {
            Shape::Alias(_, inner) => self.encode(inner, value, at),
            Shape::OpaqueFixed(n) if self.is_heap(shape) => {
                let n = number(*n);
                quote!(w.opaque_exact(#x, #n, #at))
            }
            Shape::OpaqueFixed(_) => quote!(w.opaque_fixed(#x)),
            Shape::Opaque(kind, max) => {
                let max = bound(*max);
                match kind {
                    Bytes::Shared => quote!(w.opaque(#x, #max, #at)),
                    Bytes::Small => quote!(w.opaque_small(#x, #max, #at)),
                    Bytes::Vec => quote!(w.opaque_vec(#x, #max, #at)),
                }
            }
            Shape::Text(std, max) => {
                let max = bound(*max);
                if *std {
                    quote!(w.std_string(#x, #max, #at))
                } else {
                    quote!(w.string(#x, #max, #at))
                }
            }
            Shape::Array(element, n) => {
                let write = if self.is_plain(element) {
                    quote!(w.array(#x))
                } else {
                    let each = self.encode(element, &Value::Reference(quote!(x)), at);
                    quote!(w.array_with(#x, |w, x| #each))
                };
                if self.is_heap(shape) {
                    let n = number(*n);
                    quote!({ w.exact(#dot.len(), #n, #at); #write })
                } else {
                    write
                }
            }
            Shape::Vec(element, max) => {
                let max = bound(*max);
                if self.is_plain(element) {
                    quote!(w.vec(#x, #max, #at))
                } else {
                    let each = self.encode(element, &Value::Reference(quote!(x)), at);
                    quote!(w.vec_with(#x, #max, #at, |w, x| #each))
                }
            }
            Shape::Option(inner, boxed) => {
                let inner_ref = if *boxed {
                    quote!(#dot.as_deref())
                } else {
                    quote!(#dot.as_ref())
                };
                if self.is_plain(inner) {
                    quote!(w.option(#inner_ref))
                } else {
                    let each = self.encode(inner, &Value::Reference(quote!(x)), at);
                    quote!(w.option_with(#inner_ref, |w, x| #each))
                }
            }
            Shape::List(_) => quote!(w.list(#x)),
            Shape::Scalar(..) | Shape::Quadruple | Shape::Named(_) | Shape::Extern(_) => {
                quote!(#v1::Encode::encode(#x, w))
            }
        }
    }

    /// An expression of type `Result<T, DecodeError>` that reads a value from `r`.
    pub(super) fn decode(&self, shape: &Shape) -> TokenStream {
        let v1 = &self.v1;
        match shape {
            Shape::Alias(_, inner) => self.decode(inner),
            Shape::OpaqueFixed(n) => {
                let count = number(*n);
                if self.is_heap(shape) {
                    quote!(r.opaque_exact(#count))
                } else {
                    quote!(r.opaque_fixed::<#count>())
                }
            }
            Shape::Opaque(kind, max) => {
                let max = bound(*max);
                match kind {
                    Bytes::Shared => quote!(r.opaque(#max)),
                    Bytes::Small => quote!(r.opaque_small(#max)),
                    Bytes::Vec => quote!(r.opaque_vec(#max)),
                }
            }
            Shape::Text(std, max) => {
                let max = bound(*max);
                if *std {
                    quote!(r.std_string(#max))
                } else {
                    quote!(r.string(#max))
                }
            }
            Shape::Array(element, n) => {
                let each = self.decoder(element);
                if self.is_heap(shape) && self.is_plain(element) {
                    let n = number(*n);
                    quote!(r.exact(#n))
                } else if self.is_heap(shape) {
                    let (n, min) = (number(*n), self.min_literal(element));
                    quote!(r.exact_with(#n, #min, #each))
                } else if self.is_plain(element) {
                    quote!(r.array())
                } else {
                    quote!(r.array_with(#each))
                }
            }
            Shape::Vec(element, max) => {
                let max = bound(*max);
                if self.is_plain(element) {
                    quote!(r.vec(#max))
                } else {
                    let (each, min) = (self.decoder(element), self.min_literal(element));
                    quote!(r.vec_with(#max, #min, #each))
                }
            }
            Shape::Option(inner, true) => {
                let boxed = self.boxed(inner);
                quote!(r.option_with(|r| #boxed))
            }
            Shape::Option(inner, false) if self.is_plain(inner) => quote!(r.option()),
            Shape::Option(inner, false) => {
                let each = self.decoder(inner);
                quote!(r.option_with(#each))
            }
            Shape::List(_) => quote!(r.list()),
            Shape::Scalar(..) | Shape::Quadruple | Shape::Named(_) | Shape::Extern(_) => {
                quote!(#v1::value(r))
            }
        }
    }

    /// An expression that reads a member of a struct, whose name the error gets, in a function that returns a `Result`.
    pub(super) fn decode_member(&self, name: &str, shape: &Shape) -> TokenStream {
        self.member(name, shape, &self.decode(shape))
    }

    /// The value of a member or arm that `read` yields, or its error with the name.
    pub(super) fn member(&self, name: &str, shape: &Shape, read: &TokenStream) -> TokenStream {
        let v1 = &self.v1;
        match shape.target() {
            // An array in its place: the optimiser moves it once more out of a `match` than out of what `?` makes.
            Shape::OpaqueFixed(_) | Shape::Array(..) => quote!(#v1::field(#name, #read)?),
            _ => quote!(#v1::member!(#name, #read)),
        }
    }

    /// An expression of type `Result<Box<T>, DecodeError>` that reads a value from `r`.
    pub(super) fn boxed(&self, shape: &Shape) -> TokenStream {
        if self.is_plain(shape) {
            return quote!(r.boxed());
        }
        let each = self.decoder(shape);
        quote!(r.boxed_with(#each))
    }

    /// A function that reads a value: a closure, or the trait's function where that is all.
    pub(super) fn decoder(&self, shape: &Shape) -> TokenStream {
        if self.is_plain(shape) && !matches!(shape.target(), Shape::List(_)) {
            let v1 = &self.v1;
            return quote!(#v1::value);
        }
        let read = self.decode(shape);
        quote!(|r| #read)
    }

    /// An expression of type `usize`: the encoded length of a value.
    pub(super) fn length(&self, shape: &Shape, value: &Value) -> TokenStream {
        let v1 = &self.v1;
        let (x, dot) = (value.by_ref(), value.receiver());
        if let Some(n) = self.constant_length(shape) {
            let n = number(n);
            return quote!(#n);
        }
        match shape {
            Shape::Alias(_, inner) => self.length(inner, value),
            Shape::OpaqueFixed(_) => quote!(#v1::len::fixed(#dot.len())),
            Shape::Opaque(..) | Shape::Text(..) => quote!(#v1::len::opaque(#dot.len())),
            Shape::Array(element, _) => self.elements_length(element, &x, dot),
            Shape::Vec(element, _) => {
                let elements = self.elements_length(element, &x, dot);
                quote!(4 + #elements)
            }
            Shape::Option(inner, boxed) => {
                let each = self.length(inner, &Value::Reference(quote!(x)));
                let inner_ref = if *boxed {
                    quote!(#dot.as_deref())
                } else {
                    quote!(#dot.as_ref())
                };
                match self.fixed(inner) {
                    Some(0) => quote!(4),
                    Some(n) => {
                        let n = number(n);
                        quote!(4 + if #dot.is_some() { #n } else { 0 })
                    }
                    None if self.is_plain(inner) => {
                        quote!(4 + #inner_ref.map_or(0, #v1::Encode::encoded_len))
                    }
                    None => quote!(4 + #inner_ref.map_or(0, |x| #each)),
                }
            }
            _ => quote!(#v1::Encode::encoded_len(#x)),
        }
    }

    fn elements_length(&self, element: &Shape, x: &TokenStream, dot: &TokenStream) -> TokenStream {
        let v1 = &self.v1;
        match self.fixed(element) {
            Some(0) => return quote!(0),
            Some(n) => {
                let n = number(n);
                return quote!(#n * #dot.len());
            }
            None => {}
        }
        if self.is_plain(element) {
            return quote!(#v1::Encode::encoded_len_all(#x));
        }
        let each = self.length(element, &Value::Reference(quote!(x)));
        quote!(#v1::len::each(#x, |x| #each))
    }

    pub(super) fn min_literal(&self, shape: &Shape) -> proc_macro2::Literal {
        number(self.min(shape).min(u64::from(u32::MAX)))
    }
}

/// A bound; no bound is the largest number, as in the RFC.
fn bound(max: u32) -> TokenStream {
    if max == u32::MAX {
        return quote!(0xffff_ffff);
    }
    let max = number(max);
    quote!(#max)
}
