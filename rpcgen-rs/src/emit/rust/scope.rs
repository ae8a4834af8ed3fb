//! What every part of the printer needs: the interface, the options, and how things are called from where.

use crate::ir::{Name, Spec, TypeId};
use crate::options::Options;
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;

/// A place in the output: the root of the module, or a module inside it.
pub(super) struct Scope<'a> {
    pub(super) spec: &'a Spec,
    pub(super) options: &'a Options,
    /// Path of the contract with the runtime.
    pub(super) v1: TokenStream,
    /// `super::` as often as the place is deep.
    up: TokenStream,
    /// The interface has a type called like one of Rust's primitive types.
    shadowed: bool,
}

const PRIMITIVES: [&str; 13] = [
    "bool", "i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64", "f32", "f64", "usize", "str",
];

impl<'a> Scope<'a> {
    /// The root of the module.
    pub(super) fn new(spec: &'a Spec, options: &'a Options) -> Self {
        let path: TokenStream = options.runtime_path.parse().unwrap_or_default();
        let shadowed = spec
            .types
            .iter()
            .any(|t| PRIMITIVES.contains(&t.name.rust.as_str()));
        Self {
            spec,
            options,
            v1: quote!(#path::codegen::v1),
            up: TokenStream::new(),
            shadowed,
        }
    }

    /// A module inside this place.
    pub(super) fn inner(&self) -> Self {
        let up = &self.up;
        Self {
            up: quote!(super::#up),
            v1: self.v1.clone(),
            ..*self
        }
    }

    /// A primitive type.
    pub(super) fn primitive(&self, name: &str) -> TokenStream {
        let name = word(name);
        if self.shadowed {
            quote!(::core::primitive::#name)
        } else {
            quote!(#name)
        }
    }

    /// A named type as it is called from here.
    pub(super) fn type_name(&self, id: TypeId) -> TokenStream {
        let (up, name) = (&self.up, ident(&self.spec.def(id).name));
        quote!(#up #name)
    }
}

/// The identifier of a name.
pub(super) fn ident(name: &Name) -> Ident {
    if name.raw {
        Ident::new_raw(&name.rust, Span::call_site())
    } else {
        Ident::new(&name.rust, Span::call_site())
    }
}

/// An identifier for a local variable named after something of the interface, made different from those that the
/// generated code uses around it.
pub(super) fn local(name: &Name, taken: &[&str]) -> Ident {
    if taken.contains(&name.rust.as_str()) {
        Ident::new(&format!("{}_", name.rust), Span::call_site())
    } else {
        ident(name)
    }
}

/// An identifier that is known to be one.
pub(super) fn word(text: &str) -> Ident {
    Ident::new(text, Span::call_site())
}

/// A number without a suffix.
pub(super) fn number(n: impl Into<i128>) -> Literal {
    Literal::i128_unsuffixed(n.into())
}

/// A negative or positive number as an expression or pattern.
pub(super) fn signed(n: impl Into<i128>) -> TokenStream {
    let n = n.into();
    let digits = Literal::u128_unsuffixed(n.unsigned_abs());
    if n < 0 {
        quote!(-#digits)
    } else {
        quote!(#digits)
    }
}

/// `#[doc(alias = "…")]` where the Rust name differs from the one in the file.
pub(super) fn alias(name: &Name) -> Option<TokenStream> {
    let x = &name.x;
    (name.x != name.rust).then(|| quote!(#[doc(alias = #x)]))
}
