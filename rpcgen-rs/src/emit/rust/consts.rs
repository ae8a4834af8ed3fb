//! Constants.

use super::docs;
use super::scope::{Scope, alias, ident, signed};
use crate::ir::{Const, ConstType, ConstValue};
use proc_macro2::TokenStream;
use quote::quote;

/// `pub const`.
pub(super) fn item(_: &Scope<'_>, item: &Const) -> TokenStream {
    let (docs, alias, name) = (
        docs::or(&item.docs, ""),
        alias(&item.name),
        ident(&item.name),
    );
    let (ty, value) = match &item.value {
        ConstValue::Int(value, ty) => {
            let ty = match ty {
                ConstType::U32 => quote!(u32),
                ConstType::I32 => quote!(i32),
                ConstType::U64 => quote!(u64),
                ConstType::I64 => quote!(i64),
            };
            (ty, signed(*value))
        }
        ConstValue::Str(text) => (quote!(&str), quote!(#text)),
    };
    quote! { #docs #alias pub const #name: #ty = #value; }
}
