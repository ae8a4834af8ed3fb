//! Enums: closed Rust enums, or open ones that keep values they do not know.

use super::derives;
use super::scope::{Case, Scope, head, ident, item_head, signed};
use super::traits::block_codec;
use crate::ir::{Enumerator, TypeId};
use proc_macro2::TokenStream;
use quote::quote;

pub(super) fn items(scope: &Scope<'_>, id: TypeId, members: &[Enumerator]) -> TokenStream {
    if scope
        .options
        .open_enum
        .selects(&scope.spec.def(id).name.x, None)
    {
        open(scope, id, members)
    } else {
        closed(scope, id, members)
    }
}

/// Further names for the value of an earlier member.
fn aliases(members: &[Enumerator]) -> TokenStream {
    let consts = members.iter().filter_map(|m| {
        let first = ident(&members.get(m.alias_of?)?.name);
        let head = head(
            &m.docs,
            "Another name for the same value.",
            &m.name,
            Case::Constant,
        );
        let name = ident(&m.name);
        Some(quote!(#head pub const #name: Self = Self::#first;))
    });
    consts.collect()
}

fn closed(scope: &Scope<'_>, id: TypeId, members: &[Enumerator]) -> TokenStream {
    let def = scope.spec.def(id);
    let short = scope.short();
    let v1 = &short.v1;
    let (head_of_type, name) = (
        item_head(&def.docs, &def.name, Case::Type),
        ident(&def.name),
    );
    let (i32, str) = (scope.primitive("i32"), scope.primitive("str"));
    // The zero value, where the enum has it: any other member is no more likely than the next.
    let derives = derives::of_enum(scope, id, def.layout.default);
    let distinct: Vec<_> = members.iter().filter(|m| m.alias_of.is_none()).collect();
    let variants = distinct.iter().map(|m| {
        let head = head(&m.docs, "", &m.name, Case::Type);
        let (name, value) = (ident(&m.name), signed(m.value));
        let zero = (def.layout.default && m.value == 0).then(|| quote!(#[default]));
        quote!(#head #zero #name = #value)
    });
    let idents: Vec<_> = distinct.iter().map(|m| ident(&m.name)).collect();
    let values: Vec<_> = distinct.iter().map(|m| signed(m.value)).collect();
    let labels: Vec<_> = distinct.iter().map(|m| &m.name.x).collect();
    let aliases = aliases(members);
    let codec = block_codec(
        &short,
        id,
        4,
        &quote!(#v1::Block::put(&self.as_i32(), block);),
        &quote!(#v1::enumerator(block, at)),
    );
    let form = short.enum_form(&short.type_name(id), members, false);
    let codec = quote!(#codec #form);
    let implementations = scope.implementations(&codec);
    quote! {
        #head_of_type #derives
        #[repr(i32)]
        pub enum #name { #(#variants),* }
        #[allow(dead_code)]
        impl #name {
            #aliases
            /// The value on the wire.
            #[must_use]
            pub const fn as_i32(self) -> #i32 {
                self as #i32
            }
            /// The name in the interface file.
            #[must_use]
            pub const fn name(self) -> &'static #str {
                match self { #(Self::#idents => #labels),* }
            }
        }
        impl ::core::convert::TryFrom<#i32> for #name {
            /// The value that no member has.
            type Error = #i32;
            fn try_from(value: #i32) -> ::core::result::Result<Self, #i32> {
                match value { #(#values => Ok(Self::#idents),)* other => Err(other) }
            }
        }
        impl ::core::fmt::Display for #name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.pad(self.name())
            }
        }
        #implementations
    }
}

fn open(scope: &Scope<'_>, id: TypeId, members: &[Enumerator]) -> TokenStream {
    let def = scope.spec.def(id);
    let short = scope.short();
    let v1 = &short.v1;
    let (head_of_type, name) = (
        item_head(&def.docs, &def.name, Case::Type),
        ident(&def.name),
    );
    let (i32, str) = (scope.primitive("i32"), scope.primitive("str"));
    let derives = derives::of_enum(scope, id, true);
    let consts = members.iter().map(|m| {
        let head = head(&m.docs, "", &m.name, Case::Constant);
        let (name, value) = (ident(&m.name), signed(m.value));
        quote!(#head pub const #name: Self = Self(#value);)
    });
    let distinct: Vec<_> = members.iter().filter(|m| m.alias_of.is_none()).collect();
    let values = distinct.iter().map(|m| signed(m.value));
    let labels = distinct.iter().map(|m| &m.name.x);
    let codec = block_codec(
        &short,
        id,
        4,
        &quote!(#v1::Block::put(&self.0, block);),
        &quote!(#v1::Block::get(block, at).map(Self)),
    );
    let form = short.enum_form(&short.type_name(id), members, true);
    let codec = quote!(#codec #form);
    let implementations = scope.implementations(&codec);
    quote! {
        #head_of_type #derives
        pub struct #name(pub #i32);
        #[allow(dead_code, missing_docs)]
        impl #name {
            #(#consts)*
            /// The value on the wire.
            #[must_use]
            pub const fn as_i32(self) -> #i32 {
                self.0
            }
            /// The name in the interface file, where the value has one.
            #[must_use]
            pub const fn name(self) -> ::core::option::Option<&'static #str> {
                Some(match self.0 { #(#values => #labels,)* _ => return None })
            }
        }
        impl ::core::convert::From<#i32> for #name {
            fn from(value: #i32) -> Self { Self(value) }
        }
        impl ::core::fmt::Display for #name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self.name() {
                    Some(name) => f.pad(name),
                    None => ::core::fmt::Display::fmt(&self.0, f),
                }
            }
        }
        #implementations
    }
}
