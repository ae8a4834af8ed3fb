//! Constants.

use super::scope::{Case, Scope, ident, item_head, signed};
use crate::ir::{Const, ConstType, ConstValue};
use proc_macro2::TokenStream;
use quote::quote;

/// `pub const`.
pub(super) fn item(scope: &Scope<'_>, item: &Const) -> TokenStream {
    let (head, name) = (
        item_head(&item.docs, &item.name, Case::Constant),
        ident(&item.name),
    );
    let (ty, value) = match &item.value {
        ConstValue::Int(value, ty) => {
            let ty = match ty {
                ConstType::U32 => "u32",
                ConstType::I32 => "i32",
                ConstType::U64 => "u64",
                ConstType::I64 => "i64",
            };
            (scope.primitive(ty), signed(*value))
        }
        ConstValue::Str(text) => {
            let str = scope.primitive("str");
            (quote!(&#str), quote!(#text))
        }
    };
    quote! { #head pub const #name: #ty = #value; }
}
