//! Every definition of the file gets an id, before anything is looked up: so names may be used in any order.
//!
//! Inline types are definitions, too, named by their tag or `Parent_field` (with a number behind if that is taken).

use std::collections::{HashMap, HashSet, VecDeque};

use super::known::{self, Known};
use super::messages::e0206_typedef_of_itself;
use crate::ast::{self, Decl, EnumBody, ItemKind, Shape, StructBody, TypeKind, UnionBody};
use crate::diag::Diagnostics;
use crate::ir::{Docs, TypeId};
use crate::options::Options;
use crate::source::Span;

/// A type definition that is yet to be lowered.
pub(super) struct Definition<'a> {
    pub(super) name: String,
    pub(super) span: Span,
    pub(super) docs: &'a Docs,
    pub(super) body: Body<'a>,
}

/// What defines a type.
#[derive(Clone)]
pub(super) enum Body<'a> {
    Struct(&'a StructBody),
    Union(&'a UnionBody),
    Enum(&'a EnumBody),
    Typedef(&'a Decl),
    Known(Known),
    Extern(String),
}

/// All type definitions of a file.
#[derive(Default)]
pub(super) struct Definitions<'a> {
    /// In source order, an inline type behind the type that holds it; [`TypeId`] indexes this.
    pub(super) list: Vec<Definition<'a>>,
    /// Names that typedefs define as themselves only, which was reported.
    pub(super) of_nothing: Vec<String>,
    /// Later definitions of a name that has one already.
    pub(super) again: Vec<(TypeId, Definition<'a>)>,
    ids: HashMap<String, TypeId>,
    /// Names that are made up here: nobody can mean them.
    made_up: HashSet<String>,
    /// Bodies of inline types, by address: where the type's declaration finds its id.
    inline: HashMap<*const (), TypeId>,
}

/// A declaration whose type is inline, and the name of the type it stands in.
type Nested<'a> = (String, &'a Decl);

impl<'a> Definitions<'a> {
    /// Collects the definitions of a file.
    pub(super) fn collect(spec: &'a ast::Spec, options: &Options, diags: &mut Diagnostics) -> Self {
        let mut all = Self::default();
        let mut nested = Vec::new();
        let mut of_itself = Vec::new();
        for item in &spec.items {
            match &item.kind {
                ItemKind::Struct(name, body) => {
                    all.define(name, &item.docs, Body::Struct(body));
                    nested.extend(inline_in(&name.name, &body.fields));
                }
                ItemKind::Union(name, body) => {
                    all.define(name, &item.docs, Body::Union(body));
                    nested.extend(inline_in(&name.name, declarations(body)));
                }
                ItemKind::Enum(name, body) => {
                    all.define(name, &item.docs, Body::Enum(body));
                }
                ItemKind::Typedef(decl) if is_of_itself(decl) => of_itself.push(decl),
                ItemKind::Typedef(decl) => all.typedef(decl, &item.docs, &mut nested),
                ItemKind::Const(_) | ItemKind::Program(_) => {}
            }
        }
        // All names of the file itself are known now: made-up ones give way to them.
        all.define_nested(nested);
        for decl in of_itself {
            let name = &decl.name.name;
            let is_known = all.meant(name).is_some()
                || known::known_type(name).is_some()
                || known::assumed_type(name).is_some()
                || options.extern_type.get(name, None).is_some();
            if !is_known && !spec.lost.names.contains(name) {
                diags.push(e0206_typedef_of_itself(decl));
                all.of_nothing.push(name.clone());
            }
        }
        all
    }

    /// Puts a path in place of the definitions of types that are elsewhere.
    pub(super) fn leave_out_externs(&mut self, options: &Options) {
        for definition in &mut self.list {
            if let Some(path) = options.extern_type.get(&definition.name, None) {
                definition.body = Body::Extern(path.to_owned());
            }
        }
    }

    /// The type that a file means by this name.
    pub(super) fn meant(&self, name: &str) -> Option<TypeId> {
        self.id(name).filter(|_| !self.made_up.contains(name))
    }

    /// The type of this name, made up or not.
    pub(super) fn id(&self, name: &str) -> Option<TypeId> {
        self.ids.get(name).copied()
    }

    /// The type of an inline body.
    pub(super) fn inline_id<T>(&self, body: &'a T) -> Option<TypeId> {
        self.inline.get(&address(body)).copied()
    }

    /// Adds a type that the file uses without defining it.
    pub(super) fn add(&mut self, name: &str, body: Body<'a>) -> TypeId {
        self.push(Definition {
            name: name.to_owned(),
            span: Span::default(),
            docs: &None,
            body,
        })
    }

    /// Names of all types, for suggestions.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|definition| definition.name.as_str())
    }

    fn push(&mut self, definition: Definition<'a>) -> TypeId {
        let id = TypeId(self.list.len() as u32);
        self.ids.insert(definition.name.clone(), id);
        self.list.push(definition);
        id
    }

    fn define(&mut self, name: &ast::Ident, docs: &'a Docs, body: Body<'a>) -> TypeId {
        let definition = Definition {
            name: name.name.clone(),
            span: name.span,
            docs,
            body,
        };
        match self.id(&name.name) {
            Some(first) => {
                self.again.push((first, definition));
                first
            }
            None => self.push(definition),
        }
    }

    /// `typedef struct {…} x;` defines the struct `x` itself, `typedef struct foo {…} x;` both `foo` and `x`.
    fn typedef(&mut self, decl: &'a Decl, docs: &'a Docs, nested: &mut Vec<Nested<'a>>) {
        if let (Some((tag, body)), Shape::Plain) = (inline_body(&decl.ty.kind), &decl.shape) {
            let name = tag.unwrap_or(&decl.name);
            let id = self.define(name, docs, body.clone());
            self.inline.insert(body_address(&body), id);
            nested.extend(inline_in(&name.name, declarations_of(&body)));
            if name.name == decl.name.name {
                return;
            }
        } else {
            nested.extend(inline_in(&decl.name.name, [decl]));
        }
        self.define(&decl.name, docs, Body::Typedef(decl));
    }

    /// Inline types in declarations, and those inside them.
    fn define_nested(&mut self, nested: Vec<Nested<'a>>) {
        self.define_tags(nested.iter().map(|(_, decl)| *decl).collect());
        let mut made: HashMap<(String, String), TypeId> = HashMap::new();
        let mut parents: Vec<(TypeId, String)> = Vec::new();
        let mut queue = VecDeque::from(nested);
        while let Some((parent, decl)) = queue.pop_front() {
            let Some((_, body)) = inline_body(&decl.ty.kind) else {
                continue;
            };
            let address = body_address(&body);
            let key = (parent, decl.name.name.clone());
            let id = match (self.inline.get(&address), made.get(&key)) {
                (Some(&tagged), _) => tagged,
                (None, Some(&first)) => {
                    let name = self.list[first.0 as usize].name.clone();
                    let again = Definition {
                        name,
                        span: decl.name.span,
                        docs: &decl.docs,
                        body: body.clone(),
                    };
                    self.again.push((first, again));
                    first
                }
                (None, None) => {
                    let name = self.untaken(if key.0 == key.1 {
                        format!("{}_item", key.0)
                    } else {
                        format!("{}_{}", key.0, key.1)
                    });
                    // What `struct *list {…}` points to, by contrast, can be named by nothing else.
                    if key.0 != key.1 {
                        self.made_up.insert(name.clone());
                    }
                    self.push(Definition {
                        name,
                        span: decl.name.span,
                        docs: &decl.docs,
                        body: body.clone(),
                    })
                }
            };
            self.inline.insert(address, id);
            parents.push((id, key.0.clone()));
            made.insert(key, id);
            queue.extend(inline_in(
                &self.list[id.0 as usize].name,
                declarations_of(&body),
            ));
        }
        self.move_behind(&parents);
    }

    /// Tags of inline types are names of the file like all others.
    fn define_tags(&mut self, nested: Vec<&'a Decl>) {
        let mut queue = VecDeque::from(nested);
        while let Some(decl) = queue.pop_front() {
            let Some((tag, body)) = inline_body(&decl.ty.kind) else {
                continue;
            };
            let address = body_address(&body);
            if let (Some(tag), false) = (tag, self.inline.contains_key(&address)) {
                let id = self.define(tag, &decl.docs, body.clone());
                self.inline.insert(address, id);
            }
            queue.extend(declarations_of(&body));
        }
    }

    /// Moves each inline type behind the type it stands in.
    fn move_behind(&mut self, parents: &[(TypeId, String)]) {
        if parents.is_empty() {
            return;
        }
        let mut children: Vec<Vec<usize>> = vec![Vec::new(); self.list.len()];
        let mut nested = vec![false; self.list.len()];
        for (id, parent) in parents {
            let child = id.0 as usize;
            if let Some(parent) = self.id(parent).map(|id| id.0 as usize)
                && parent < child
                && !std::mem::replace(&mut nested[child], true)
            {
                children[parent].push(child);
            }
        }
        let mut order = Vec::with_capacity(self.list.len());
        let mut stack = Vec::new();
        for root in (0..self.list.len()).filter(|&at| !nested[at]) {
            stack.push(root);
            while let Some(at) = stack.pop() {
                order.push(at);
                stack.extend(children[at].iter().rev());
            }
        }
        let mut moved = vec![TypeId(0); order.len()];
        for (new, &old) in order.iter().enumerate() {
            moved[old] = TypeId(new as u32);
        }
        let mut definitions: Vec<Option<Definition<'_>>> = std::mem::take(&mut self.list)
            .into_iter()
            .map(Some)
            .collect();
        self.list = order
            .iter()
            .filter_map(|&old| definitions[old].take())
            .collect();
        let ids = self
            .ids
            .values_mut()
            .chain(self.inline.values_mut())
            .chain(self.again.iter_mut().map(|(id, _)| id));
        ids.for_each(|id| *id = moved[id.0 as usize]);
    }

    fn untaken(&self, wanted: String) -> String {
        let is_free = |name: &String| self.id(name).is_none() && known::known_type(name).is_none();
        if is_free(&wanted) {
            return wanted;
        }
        let numbered = (2..)
            .map(|number| format!("{wanted}{number}"))
            .find(is_free);
        numbered.unwrap_or(wanted)
    }
}

/// `typedef struct foo foo;`
pub(super) fn is_of_itself(decl: &Decl) -> bool {
    matches!(&decl.ty.kind, TypeKind::Named(_, name) if *name == decl.name.name)
        && decl.shape == Shape::Plain
}

/// The declarations among these whose type is inline.
fn inline_in<'a>(
    parent: &str,
    declarations: impl IntoIterator<Item = &'a Decl>,
) -> Vec<Nested<'a>> {
    let inline = declarations
        .into_iter()
        .filter(|decl| inline_body(&decl.ty.kind).is_some());
    inline.map(|decl| (parent.to_owned(), decl)).collect()
}

fn inline_body(kind: &TypeKind) -> Option<(Option<&ast::Ident>, Body<'_>)> {
    match kind {
        TypeKind::Struct(tag, body) => Some((tag.as_deref(), Body::Struct(body))),
        TypeKind::Union(tag, body) => Some((tag.as_deref(), Body::Union(body))),
        TypeKind::Enum(tag, body) => Some((tag.as_deref(), Body::Enum(body))),
        _ => None,
    }
}

fn declarations(body: &UnionBody) -> impl Iterator<Item = &Decl> {
    std::iter::once(&*body.discriminant).chain(body.arms.iter().filter_map(|arm| arm.decl.as_ref()))
}

fn declarations_of<'a>(body: &Body<'a>) -> Vec<&'a Decl> {
    match body {
        Body::Struct(body) => body.fields.iter().collect(),
        Body::Union(body) => declarations(body).collect(),
        _ => Vec::new(),
    }
}

fn address<T>(body: &T) -> *const () {
    std::ptr::from_ref(body).cast()
}

fn body_address(body: &Body<'_>) -> *const () {
    match body {
        Body::Struct(body) => address(*body),
        Body::Union(body) => address(*body),
        Body::Enum(body) => address(*body),
        Body::Typedef(decl) => address(*decl),
        Body::Known(_) | Body::Extern(_) => std::ptr::null(),
    }
}
