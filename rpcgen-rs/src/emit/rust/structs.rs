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

/// The ratio of Rust bytes to wire bytes that every decode is granted.
const RATIO: u32 = 16;

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

/// How the members of a struct are read.
pub(super) struct Reads {
    /// Statements in front: they read into local variables what a block does not begin with.
    pub(super) statements: TokenStream,
    /// The members of the struct literal, which read the rest in the order of the wire.
    pub(super) members: TokenStream,
}

pub(super) fn decode_members(scope: &Scope<'_>, members: &[Member<'_>]) -> Reads {
    let runs = runs(scope, members);
    let last_block = runs.iter().rposition(|run| matches!(run, Run::Block(..)));
    let mut reads = Reads {
        statements: TokenStream::new(),
        members: TokenStream::new(),
    };
    for (i, run) in runs.iter().enumerate() {
        let in_front = last_block.is_some_and(|last| i < last);
        match run {
            Run::Single(m) => {
                let read = scope.decode_member(&m.field.name.x, &m.shape);
                reads.add(m, &read, in_front);
            }
            Run::Block(members, total) => {
                let n = number(*total);
                reads
                    .statements
                    .extend(quote!(let (block, at) = r.take::<#n>()?;));
                reads.add_block(scope, members, *total, in_front);
            }
        }
    }
    reads
}

impl Reads {
    fn add(&mut self, member: &Member<'_>, read: &TokenStream, in_front: bool) {
        let (name, local) = (&member.ident, &member.local);
        if !in_front {
            self.members.extend(quote!(#name: #read?,));
            return;
        }
        self.statements.extend(quote!(let #local = #read?;));
        self.members.extend(if name == local {
            quote!(#name,)
        } else {
            quote!(#name: #local,)
        });
    }

    fn add_block(&mut self, scope: &Scope<'_>, members: &[Member<'_>], total: u64, in_front: bool) {
        let mut offset = 0;
        for member in members {
            let read = scope.get_member(&member.field.name.x, &member.shape, offset, total);
            offset += scope.fixed(&member.shape).unwrap_or(0);
            self.add(member, &read, in_front);
        }
    }
}

fn get_members(scope: &Scope<'_>, members: &[Member<'_>], total: u64) -> TokenStream {
    let mut reads = Reads {
        statements: TokenStream::new(),
        members: TokenStream::new(),
    };
    reads.add_block(scope, members, total, false);
    reads.members
}

/// The sum of the members' encoded lengths, and of `constant`.
pub(super) fn length_of_members(
    scope: &Scope<'_>,
    mut constant: u64,
    members: &[Member<'_>],
    of: &TokenStream,
) -> TokenStream {
    let mut terms = Vec::new();
    for m in members {
        match scope.constant_length(&m.shape) {
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
        quote!(r.enter()?; #statements let value = #value; r.leave(); Ok(value))
    } else {
        quote!(#statements Ok(#value))
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
            let value = scope.placed(id, &quote!(Self(value)));
            let decode = if def.layout.recursive {
                quote!(r.enter()?; let value = #decode?; r.leave(); Ok(#value))
            } else if scope.is_placed(id) {
                quote!(#decode.map(|value| #value))
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
