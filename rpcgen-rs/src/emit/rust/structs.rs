//! Structs and typedefs.

use super::codec::Value;
use super::linked;
use super::scope::{Case, Scope, allow_case, head, ident, item_head, local, number, word};
use super::shape::{Shape, User};
use crate::ir::{Chain, Field, Type, TypeId};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// Names that generated codecs use: a member called so gets another local variable.
const TAKEN: &[&str] = &["r", "w", "x", "at", "block", "put", "self"];

/// A member as the printer sees it.
pub(super) struct Member<'a> {
    pub(super) field: &'a Field,
    pub(super) ident: Ident,
    /// Its local variable while it is read.
    pub(super) local: Ident,
    pub(super) shape: Shape,
    /// `type.member`, as errors of encoding call it.
    pub(super) at: String,
}

impl Member<'_> {
    /// The member as a value to write.
    fn place(&self, of: &TokenStream) -> Value {
        let ident = &self.ident;
        Value::Place(quote!(#of.#ident))
    }
}

pub(super) fn items(scope: &Scope<'_>, id: TypeId, fields: &[Field]) -> TokenStream {
    let def = scope.spec.def(id);
    let layout = &def.layout;
    let members: Vec<Member<'_>> = fields
        .iter()
        .map(|field| Member {
            field,
            ident: ident(&field.name),
            local: local(&field.name, TAKEN),
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
    let derives = derives(scope, id, next.is_some(), default);
    let default = (layout.default && !default).then(|| default_impl(scope, &name, all()));
    let short = scope.short();
    let codec = match next {
        Some(next) => linked::items(&short, id, members, next),
        None => codec(&short, id, members),
    };
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

/// The derives of a type; a linked one has implementations of its own that are loops.
pub(super) fn derives(scope: &Scope<'_>, id: TypeId, linked: bool, default: bool) -> TokenStream {
    let def = scope.spec.def(id);
    let mut list = Vec::new();
    if !linked {
        list.extend([quote!(Clone), quote!(Debug), quote!(PartialEq)]);
        if def.layout.eq {
            list.extend([quote!(Eq), quote!(Hash)]);
        }
    }
    if default {
        list.push(quote!(Default));
    }
    for path in scope.options.derive.all(&def.name.x, None) {
        list.push(path.parse().unwrap_or_default());
    }
    if list.is_empty() {
        return TokenStream::new();
    }
    quote!(#[derive(#(#list),*)])
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

/// Neighbours of fixed size, moved as one block; or one member by itself.
enum Run<'m, 'a> {
    Block(&'m [Member<'a>], u64),
    Single(&'m Member<'a>),
}

fn runs<'m, 'a>(scope: &Scope<'_>, members: &'m [Member<'a>]) -> Vec<Run<'m, 'a>> {
    let mut runs = Vec::new();
    let mut rest = members;
    while let Some(first) = rest.first() {
        let (mut n, mut total) = (0, 0);
        while let Some(len) = rest.get(n).and_then(|m| scope.block(&m.shape)) {
            if total + len > super::shape::BLOCK {
                break;
            }
            total += len;
            n += 1;
        }
        if n < 2 {
            runs.push(Run::Single(first));
            n = 1;
        } else {
            runs.push(Run::Block(&rest[..n], total));
        }
        rest = &rest[n..];
    }
    runs
}

/// Statements that write members of `of` to `w`.
pub(super) fn encode_members(
    scope: &Scope<'_>,
    members: &[Member<'_>],
    of: &TokenStream,
) -> TokenStream {
    let statements = runs(scope, members).into_iter().map(|run| match run {
        Run::Single(m) => {
            let write = scope.encode(&m.shape, &m.place(of), &m.at);
            quote!(#write;)
        }
        Run::Block(members, total) => {
            let n = number(total);
            let puts = put_members(scope, members, of, total);
            quote!(let block = w.reserve::<#n>(); #puts)
        }
    });
    statements.collect()
}

fn put_members(
    scope: &Scope<'_>,
    members: &[Member<'_>],
    of: &TokenStream,
    total: u64,
) -> TokenStream {
    let mut offset = 0;
    let puts = members.iter().map(|m| {
        let put = scope.put(&m.shape, &m.place(of), offset, total);
        offset += scope.fixed(&m.shape).unwrap_or(0);
        quote!(#put;)
    });
    puts.collect()
}

/// Statements that read members from `r` into their local variables.
pub(super) fn decode_members(scope: &Scope<'_>, members: &[Member<'_>]) -> TokenStream {
    let statements = runs(scope, members).into_iter().map(|run| match run {
        Run::Single(m) => {
            let (local, read, name) = (&m.local, scope.decode(&m.shape), &m.field.name.x);
            let ty = scope.ty(&m.shape);
            quote!(let #local: #ty = #read.map_err(|e| e.at(#name))?;)
        }
        Run::Block(members, total) => {
            let n = number(total);
            let gets = get_members(scope, members, total);
            quote!(let (block, at) = r.take::<#n>()?; #gets)
        }
    });
    statements.collect()
}

fn get_members(scope: &Scope<'_>, members: &[Member<'_>], total: u64) -> TokenStream {
    let mut offset = 0;
    let gets = members.iter().map(|m| {
        let (local, name, ty) = (&m.local, &m.field.name.x, scope.ty(&m.shape));
        let get = scope.get(&m.shape, offset, total);
        offset += scope.fixed(&m.shape).unwrap_or(0);
        quote!(let #local: #ty = #get.map_err(|e| e.at(#name))?;)
    });
    gets.collect()
}

/// `name` or `name: local` for each member.
pub(super) fn init(members: &[Member<'_>]) -> TokenStream {
    let inits = members.iter().map(|m| {
        let (name, local) = (&m.ident, &m.local);
        if name == local {
            quote!(#name,)
        } else {
            quote!(#name: #local,)
        }
    });
    inits.collect()
}

/// The sum of the members' encoded lengths.
pub(super) fn length_of_members(
    scope: &Scope<'_>,
    members: &[Member<'_>],
    of: &TokenStream,
) -> TokenStream {
    let mut constant = 0;
    let mut terms = Vec::new();
    for m in members {
        match scope
            .fixed(&m.shape)
            .filter(|_| !scope.is_heap(m.shape.target()))
        {
            Some(n) => constant += n,
            None => terms.push(scope.length(&m.shape, &m.place(of))),
        }
    }
    if constant > 0 || terms.is_empty() {
        let n = number(constant);
        terms.insert(0, quote!(#n));
    }
    quote!(#(#terms)+*)
}

fn codec(scope: &Scope<'_>, id: TypeId, members: &[Member<'_>]) -> TokenStream {
    let def = scope.spec.def(id);
    let this = quote!(self);
    if let Some(total) = def.layout.fixed.filter(|n| *n <= super::shape::BLOCK) {
        let (puts, gets) = (
            put_members(scope, members, &this, total),
            get_members(scope, members, total),
        );
        let init = init(members);
        return block_codec(scope, id, total, &puts, &quote!(#gets Ok(Self { #init })));
    }
    let encode = encode_members(scope, members, &this);
    let decode = decode_members(scope, members);
    let init = init(members);
    let length = length_of_members(scope, members, &this);
    let decode = if def.layout.recursive {
        quote!(r.enter()?; #decode r.leave(); Ok(put(Self { #init })))
    } else {
        quote!(#decode Ok(put(Self { #init })))
    };
    stream_codec(scope, id, &encode, &length, &decode)
}

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
    let at = word(if used { "at" } else { "_at" });
    let ratio = number(scope.spec.def(id).layout.ratio.max(16));
    quote! {
        impl #v1::Block<#n> for #name {
            #[inline]
            fn put(&self, #block: &mut [#byte; #n]) { #put }
            #[inline]
            fn get(#block: &[#byte; #n], #at: #v1::At) -> ::core::result::Result<Self, #v1::DecodeError> { #get }
        }
        impl #v1::Encode for #name {
            #[inline]
            fn encode(&self, w: &mut #v1::Writer) { w.block::<#n, _>(self); }
            #[inline]
            fn encoded_len(&self) -> #usize { #n }
        }
        impl<'a> #v1::Decode<'a> for #name {
            const MIN: #usize = #n;
            const RATIO: #usize = #ratio;
            #[inline]
            fn decode(r: &mut #v1::Reader<'a>) -> ::core::result::Result<Self, #v1::DecodeError> { r.block::<#n, _>() }
        }
        #v1::implement!(#name);
    }
}

/// The codec of a type of any size.
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
    let ratio = number(layout.ratio.max(16));
    let this = quote!(::core::result::Result<Self, #v1::DecodeError>);
    let decode = if layout.list != Some(Chain::Linked) {
        // A value of a recursive type is put where it stays: in a box, most of the time.
        quote! {
            fn decode(r: &mut #v1::Reader<'a>) -> #this { Self::decode_to(r, |value| value) }
            fn decode_to<__R>(
                r: &mut #v1::Reader<'a>,
                put: impl ::core::ops::FnOnce(Self) -> __R,
            ) -> ::core::result::Result<__R, #v1::DecodeError> { #decode }
        }
    } else {
        quote!(fn decode(r: &mut #v1::Reader<'a>) -> #this { #decode })
    };
    quote! {
        impl #v1::Encode for #name {
            fn encode(&self, w: &mut #v1::Writer) { #encode }
            fn encoded_len(&self) -> #usize { #length }
        }
        impl<'a> #v1::Decode<'a> for #name {
            const MIN: #usize = #min;
            const RATIO: #usize = #ratio;
            #decode
        }
        #v1::implement!(#name);
    }
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
    let derives = derives(scope, id, false, derived);
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
                quote!(r.enter()?; let value = #decode?; r.leave(); Ok(put(Self(value))))
            } else {
                quote!(#decode.map(|value| put(Self(value))))
            };
            stream_codec(scope, id, &quote!(#encode;), &length, &decode)
        }
    };
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
