//! Linked structs that are used by value, too: `next` stays a box, and whatever walks the chain is a loop.
//!
//! A derived `Clone`, `PartialEq`, `Debug` or `Drop` would recurse once for each node: a list of 200 000 nodes, a
//! message of under two megabytes, would overflow the stack.

use super::members::{Member, Reads, decode_members, encode_members, length_of_members};
use super::scope::{Scope, word};
use super::traits::stream_codec;
use crate::ir::TypeId;
use proc_macro2::TokenStream;
use quote::quote;

pub(super) fn items(
    scope: &Scope<'_>,
    id: TypeId,
    members: &[Member<'_>],
    next: &Member<'_>,
) -> TokenStream {
    let name = scope.type_name(id);
    let next = &next.ident;
    let fields: Vec<_> = members.iter().map(|m| &m.ident).collect();
    // A node with nothing but `next` leaves its parameters unused.
    let used = !members.is_empty();
    let [r, state, item] = if used {
        ["r", "state", "node"]
    } else {
        ["_r", "_state", "_node"]
    }
    .map(word);
    let node = quote!(node);
    let encode = encode_members(scope, members, &node);
    let length = length_of_members(scope, 4, members, &node);
    let shown = members;
    let Reads {
        statements,
        members,
    } = decode_members(scope, members);
    let v1 = &scope.v1;

    let encode = quote! {
        let mut node = self;
        loop {
            #encode
            match node.#next.as_deref() {
                None => break w.u32(0),
                Some(next) => node = next,
            }
            w.u32(1);
        }
    };
    let usize = scope.primitive("usize");
    let length = quote! {
        let mut node = self;
        let mut length: #usize = #length;
        while let Some(next) = node.#next.as_deref() {
            node = next;
            length += #length;
        }
        length
    };
    let decode = quote! {
        fn node(#r: &mut #v1::Reader<'_>) -> #v1::Decoded<#name> {
            #statements
            Ok(#name { #members #next: None })
        }
        let mut first = node(r)?;
        let mut index: #usize = 0;
        let mut next = &mut first.#next;
        while r.present()? {
            index += 1;
            let node = r.boxed_with(node).map_err(|e| e.index(index))?;
            next = &mut next.insert(node).#next;
        }
        Ok(first)
    };
    let codec = stream_codec(scope, id, &encode, &length, &decode);
    let eq = scope.spec.def(id).layout.eq.then(|| {
        quote! {
            impl ::core::cmp::Eq for #name {}
            impl ::core::hash::Hash for #name {
                fn hash<H: ::core::hash::Hasher>(&self, #state: &mut H) {
                    let mut next = Some(self);
                    while let Some(node) = next {
                        #(::core::hash::Hash::hash(&node.#fields, state);)*
                        next = node.#next.as_deref();
                    }
                }
            }
        }
    });
    let labels: String = (shown.iter())
        .map(|m| format!("{}: {{:?}}, ", m.field.name.rust))
        .collect();
    let text = format!("{} {{{{ {labels}.. }}}}", scope.spec.def(id).name.rust);
    quote! {
        #codec
        impl ::core::ops::Drop for #name {
            fn drop(&mut self) {
                let mut next = self.#next.take();
                while let Some(mut node) = next {
                    next = node.#next.take();
                }
            }
        }
        impl ::core::clone::Clone for #name {
            fn clone(&self) -> Self {
                let alone = |#item: &Self| Self {
                    #(#fields: ::core::clone::Clone::clone(&node.#fields),)*
                    #next: None,
                };
                let mut nodes = ::std::vec::Vec::new();
                let mut next = self.#next.as_deref();
                while let Some(node) = next {
                    nodes.push(alone(node));
                    next = node.#next.as_deref();
                }
                let mut first = alone(self);
                while let Some(mut node) = nodes.pop() {
                    node.#next = first.#next.take();
                    first.#next = Some(::std::boxed::Box::new(node));
                }
                first
            }
        }
        impl ::core::cmp::PartialEq for #name {
            fn eq(&self, other: &Self) -> ::core::primitive::bool {
                let (mut a, mut b) = (self, other);
                loop {
                    #(if a.#fields != b.#fields {
                        return false;
                    })*
                    match (a.#next.as_deref(), b.#next.as_deref()) {
                        (Some(x), Some(y)) => (a, b) = (x, y),
                        (x, y) => return x.is_none() && y.is_none(),
                    }
                }
            }
        }
        #eq
        impl ::core::fmt::Debug for #name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                let mut list = f.debug_list();
                let mut next = Some(self);
                while let Some(node) = next {
                    list.entry(&::core::format_args!(#text, #(node.#fields),*));
                    next = node.#next.as_deref();
                }
                list.finish()
            }
        }
    }
}
