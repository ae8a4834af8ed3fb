//! The form of a type, for what the runtime implements by macro when its features ask for it: names in the `.x` file
//! beside names in Rust.

use super::members::Member;
use super::scope::{Scope, ident};
use crate::ir::Enumerator;
use proc_macro2::{Ident, TokenStream};
use quote::quote;

impl Scope<'_> {
    /// A struct; a linked one with its pointer to the next node.
    pub(super) fn struct_form(
        &self,
        name: &TokenStream,
        members: &[Member<'_>],
        next: Option<&Ident>,
    ) -> TokenStream {
        let v1 = &self.v1;
        let members = members.iter().map(|m| {
            let (ident, local, x) = (&m.ident, &m.local, &m.field.name.x);
            quote!(#ident #local = #x)
        });
        match next {
            None => quote!(#v1::json!(struct #name { #(#members)* });),
            Some(next) => quote!(#v1::json!(linked #name, #next { #(#members)* });),
        }
    }

    /// An enum, closed or open; with second names for a value, which are read, too.
    pub(super) fn enum_form(
        &self,
        name: &TokenStream,
        members: &[Enumerator],
        open: bool,
    ) -> TokenStream {
        let v1 = &self.v1;
        let kind = if open { quote!(open) } else { quote!(enum) };
        let members = members.iter().map(|m| {
            let (ident, x) = (ident(&m.name), &m.name.x);
            quote!(#ident = #x)
        });
        quote!(#v1::json!(#kind #name { #(#members)* });)
    }
}

/// The variants of a union by what they hold.
#[derive(Default)]
pub(super) struct UnionForm {
    pub(super) void: Vec<TokenStream>,
    pub(super) value: Vec<TokenStream>,
    /// The default arm, with its discriminant alone or with a value besides.
    pub(super) tag: Option<Ident>,
    pub(super) tagged: Option<Ident>,
}

impl UnionForm {
    pub(super) fn print(&self, scope: &Scope<'_>, name: &TokenStream) -> TokenStream {
        let v1 = &scope.v1;
        let (void, value, tag, tagged) = (&self.void, &self.value, &self.tag, &self.tagged);
        quote! {
            #v1::json!(union #name {
                void { #(#void)* } value { #(#value)* } tag { #tag } tagged { #tagged }
            });
        }
    }
}
