//! The implementations of the runtime's traits, around the expressions of a codec.

use super::scope::{Scope, number, word};
use crate::ir::TypeId;
use proc_macro2::{TokenStream, TokenTree};
use quote::quote;

/// The ratio of Rust bytes to wire bytes that every decode is granted.
const RATIO: u32 = 16;

/// The codec of a type of fixed size.
pub(super) fn block_codec(
    scope: &Scope<'_>,
    id: TypeId,
    total: u64,
    put: &TokenStream,
    get: &TokenStream,
) -> TokenStream {
    let v1 = &scope.v1;
    let (name, n) = (scope.type_name(id), number(total));
    let (byte, usize) = (scope.primitive("u8"), scope.primitive("usize"));
    let used = !put.is_empty();
    let block = word(if used { "block" } else { "_block" });
    let at = word(if mentions(get, "at") { "at" } else { "_at" });
    quote! {
        impl #v1::Block<#n> for #name {
            #[inline]
            fn put(&self, #block: &mut [#byte; #n]) { #put }
            #[inline]
            fn get(#block: &[#byte; #n], #at: #v1::At) -> #v1::Decoded<Self> { #get }
        }
        impl #v1::Encode for #name {
            #[inline]
            fn encode(&self, w: &mut #v1::Writer) { w.block::<#n, _>(self); }
            #[inline]
            fn encoded_len(&self) -> #usize { #n }
        }
        impl<'a> #v1::Decode<'a> for #name {
            const MIN: #usize = #n;
            #[inline]
            fn decode(r: &mut #v1::Reader<'a>) -> #v1::Decoded<Self> { r.block::<#n, _>() }
        }
        #v1::implement!(#name);
    }
}

/// The codec of a type of any size. `#[inline]` has rustc make machine code of what is used, where it is used: whole
/// interfaces are compiled of which a program calls a few procedures.
pub(super) fn stream_codec(
    scope: &Scope<'_>,
    id: TypeId,
    encode: &TokenStream,
    length: &TokenStream,
    decode: &TokenStream,
) -> TokenStream {
    let v1 = &scope.v1;
    let layout = &scope.spec.def(id).layout;
    let (name, usize) = (scope.type_name(id), scope.primitive("usize"));
    let min = number(layout.min.min(u64::from(u32::MAX)));
    let ratio = number(layout.ratio);
    let ratio = (layout.ratio > RATIO).then(|| quote!(const RATIO: #usize = #ratio;));
    let decode = if scope.is_placed(id) {
        quote! {
            #[inline]
            fn decode(r: &mut #v1::Reader<'a>) -> #v1::Decoded<Self> {
                Self::decode_to(r, |value| value)
            }
            fn decode_to<__R>(
                r: &mut #v1::Reader<'a>,
                put: impl ::core::ops::FnOnce(Self) -> __R,
            ) -> #v1::Decoded<__R> { #decode }
        }
    } else {
        let always = scope.is_part(id).then(|| quote!((always)));
        quote!(#[inline #always] fn decode(r: &mut #v1::Reader<'a>) -> #v1::Decoded<Self> { #decode })
    };
    quote! {
        impl #v1::Encode for #name {
            #[inline]
            fn encode(&self, w: &mut #v1::Writer) { #encode }
            #[inline]
            fn encoded_len(&self) -> #usize { #length }
        }
        impl<'a> #v1::Decode<'a> for #name {
            const MIN: #usize = #min;
            #ratio
            #decode
        }
        #v1::implement!(#name);
    }
}

/// Does the code use the variable?
fn mentions(code: &TokenStream, variable: &str) -> bool {
    code.clone().into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == variable,
        TokenTree::Group(group) => mentions(&group.stream(), variable),
        _ => false,
    })
}
