//! Structs and typedefs.

use super::codec::Value;
use super::derives;
use super::linked;
use super::members::{
    Member, Reads, decode_members, encode_members, get_members, length_of_members, put_members,
};
use super::scope::{Case, Scope, allow_case, head, ident, item_head, local, number};
use super::shape::Shape;
use super::shapes::{BLOCK, User};
use super::traits::{block_codec, stream_codec};
use crate::ir::{Chain, Field, Type, TypeId};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// Names that generated codecs use: a member called so gets another local variable.
const TAKEN: &[&str] = &["r", "w", "x", "at", "block", "put", "self"];

pub(super) fn items(scope: &Scope<'_>, id: TypeId, fields: &[Field]) -> TokenStream {
    let def = scope.spec.def(id);
    let layout = &def.layout;
    let members: Vec<Member<'_>> = fields
        .iter()
        .map(|field| Member {
            field,
            ident: ident(&field.name),
            local: local(&field.name, TAKEN, fields.iter().map(|field| &field.name)),
            shape: scope.shape(
                &field.ty,
                User {
                    item: &def.name.x,
                    member: Some(&field.name.x),
                },
            ),
            at: format!("{}.{}", def.name.x, field.name.x),
        })
        .collect();
    let (members, next) = match layout.list {
        // The element of a list: the list itself knows what comes next.
        Some(Chain::List) => (&members[..members.len() - 1], None),
        Some(Chain::Linked) => (&members[..members.len() - 1], members.last()),
        None => (&members[..], None),
    };
    let (head_of_type, name) = (
        item_head(&def.docs, &def.name, Case::Type),
        ident(&def.name),
    );
    let declared = members.iter().chain(next).map(|m| {
        let head = head(&m.field.docs, "", &m.field.name, Case::Member);
        let (name, ty) = (&m.ident, scope.ty(&m.shape));
        quote!(#head pub #name: #ty)
    });
    let all = || members.iter().chain(next);
    let default = layout.default && all().all(|m| scope.derives_default(&m.shape));
    let derives = derives::of_type(scope, id, next.is_some(), default);
    let default = (layout.default && !default).then(|| default_impl(scope, &name, all()));
    let short = scope.short();
    let codec = match next {
        Some(next) => linked::items(&short, id, members, next),
        None => codec(&short, id, members),
    };
    let form = short.struct_form(&short.type_name(id), members, next.map(|next| &next.ident));
    let codec = quote!(#codec #form);
    let implementations = scope.implementations(&codec);
    // The members, and their local variables while they are read.
    let allow = allow_case(all().map(|m| &m.field.name), Case::Value);
    quote! {
        #head_of_type #allow #derives
        pub struct #name { #(#declared),* }
        #default
        #allow
        #implementations
    }
}

/// `Default` written out: `derive` has none for long arrays.
fn default_impl<'m>(
    scope: &Scope<'_>,
    name: &Ident,
    members: impl Iterator<Item = &'m Member<'m>>,
) -> TokenStream {
    let values = members.map(|m| {
        let (name, value) = (&m.ident, scope.default_value(&m.shape));
        quote!(#name: #value)
    });
    quote! {
        impl ::core::default::Default for #name {
            fn default() -> Self {
                Self { #(#values),* }
            }
        }
    }
}

impl Scope<'_> {
    /// Whether the zero value of a shape is that of its Rust type.
    pub(super) fn derives_default(&self, shape: &Shape) -> bool {
        let shape = shape.target();
        match shape {
            Shape::OpaqueFixed(n) => *n <= 32 && !self.is_heap(shape),
            Shape::Array(element, n) => {
                *n <= 32 && !self.is_heap(shape) && self.derives_default(element)
            }
            _ => true,
        }
    }

    /// The zero value of a shape: what C's `memset` leaves.
    pub(super) fn default_value(&self, shape: &Shape) -> TokenStream {
        match shape.target() {
            _ if self.derives_default(shape) => quote!(::core::default::Default::default()),
            Shape::OpaqueFixed(n) if !self.is_heap(shape.target()) => {
                let n = number(*n);
                quote!([0; #n])
            }
            Shape::OpaqueFixed(n) => {
                let n = number(*n);
                quote!(::std::vec![0; #n])
            }
            Shape::Array(element, n) => {
                let value = self.default_value(element);
                if self.is_heap(shape.target()) {
                    let n = number(*n);
                    quote!(::std::vec![#value; #n])
                } else {
                    quote!(::core::array::from_fn(|_| #value))
                }
            }
            _ => quote!(::core::default::Default::default()),
        }
    }
}

fn codec(scope: &Scope<'_>, id: TypeId, members: &[Member<'_>]) -> TokenStream {
    let def = scope.spec.def(id);
    let this = quote!(self);
    if let Some(total) = def.layout.fixed.filter(|n| *n <= BLOCK) {
        let puts = put_members(scope, members, &this, total);
        let gets = get_members(scope, members, total);
        return block_codec(scope, id, total, &puts, &quote!(Ok(Self { #gets })));
    }
    let encode = encode_members(scope, members, &this);
    let length = length_of_members(scope, 0, members, &this);
    let Reads {
        statements,
        members,
    } = decode_members(scope, members);
    let value = scope.placed(id, &quote!(Self { #members }));
    let decode = if def.layout.recursive {
        quote!(r.enter_value::<Self>()?; #statements let value = #value; r.leave_value::<Self>(); Ok(value))
    } else {
        quote!(#statements Ok(#value))
    };
    stream_codec(scope, id, &encode, &length, &decode)
}

/// `typedef`: an alias, or a type of its own where the options ask for it.
pub(super) fn alias(scope: &Scope<'_>, id: TypeId, target: &Type) -> TokenStream {
    let def = scope.spec.def(id);
    let shape = scope.shape(
        target,
        User {
            item: &def.name.x,
            member: None,
        },
    );
    let (head_of_type, name) = (
        item_head(&def.docs, &def.name, Case::Type),
        ident(&def.name),
    );
    let ty = scope.ty(&shape);
    if !scope.is_newtype(id) {
        return quote!(#head_of_type pub type #name = #ty;);
    }
    let derived = def.layout.default && scope.derives_default(&shape);
    let derives = derives::of_type(scope, id, false, derived);
    let default = (def.layout.default && !derived).then(|| {
        let value = scope.default_value(&shape);
        quote! {
            impl ::core::default::Default for #name {
                fn default() -> Self { Self(#value) }
            }
        }
    });
    let inner = Value::Place(quote!(self.0));
    let scope = &scope.short();
    let codec = match scope.block(&shape) {
        Some(total) => {
            let put = scope.put(&shape, &inner, 0, total);
            let get = scope.get(&shape, 0, total);
            block_codec(scope, id, total, &quote!(#put;), &quote!(#get.map(Self)))
        }
        None => {
            let encode = scope.encode(&shape, &inner, &def.name.x);
            let (length, decode) = (scope.length(&shape, &inner), scope.decode(&shape));
            let decode = if def.layout.recursive {
                quote!(r.enter_value::<Self>()?; let value = #decode?; r.leave_value::<Self>(); Ok(Self(value)))
            } else {
                quote!(#decode.map(Self))
            };
            stream_codec(scope, id, &quote!(#encode;), &length, &decode)
        }
    };
    let (v1, this) = (&scope.v1, scope.type_name(id));
    let codec = quote!(#codec #v1::json!(newtype #this, #ty););
    let implementations = scope.implementations(&codec);
    quote! {
        #head_of_type #derives
        pub struct #name(pub #ty);
        impl ::core::convert::From<#ty> for #name {
            fn from(value: #ty) -> Self { Self(value) }
        }
        #default
        #implementations
    }
}
