//! The members of a struct → the statements that write, read and measure them: neighbours of fixed size as one block.

use super::blocks::is_number;
use super::codec::Value;
use super::scope::{Scope, number};
use super::shape::Shape;
use super::shapes::BLOCK;
use crate::ir::Field;
use proc_macro2::{Ident, TokenStream};
use quote::quote;

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
            if total + len > BLOCK {
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

pub(super) fn put_members(
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
                // Where the block lies is for errors.
                let needed = !members.iter().all(|m| is_number(&m.shape));
                let at = if needed { quote!(at) } else { quote!(_) };
                reads
                    .statements
                    .extend(quote!(let (block, #at) = r.take::<#n>()?;));
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
            self.members.extend(quote!(#name: #read,));
            return;
        }
        self.statements.extend(quote!(let #local = #read;));
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

pub(super) fn get_members(scope: &Scope<'_>, members: &[Member<'_>], total: u64) -> TokenStream {
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
