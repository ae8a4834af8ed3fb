//! What every part of the printer needs: the interface, the options, and how things are called from where.

use super::newtypes;
use super::places::{self, Place};
use super::shape::Aliased;
use crate::ir::{Docs, Name, Spec, TypeId, TypeKind};
use crate::options::Options;
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;
use std::rc::Rc;

/// A place in the output: the root of the module, or a module inside it.
pub(super) struct Scope<'a> {
    pub(super) spec: &'a Spec,
    pub(super) options: &'a Options,
    /// The contract with the runtime: its path, or its short name where that is in scope.
    pub(super) v1: TokenStream,
    /// The path.
    path: TokenStream,
    /// `super::` as often as the place is deep.
    up: TokenStream,
    /// The interface has a type called like one of Rust's primitive types.
    shadowed: bool,
    /// Where each type's values are decoded.
    places: Rc<[Place]>,
    /// Which typedefs are types of their own.
    newtypes: Rc<[bool]>,
    /// What the others stand for.
    pub(super) aliases: Rc<Aliased>,
}

const PRIMITIVES: [&str; 13] = [
    "bool", "i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64", "f32", "f64", "usize", "str",
];

impl<'a> Scope<'a> {
    /// The root of the module.
    pub(super) fn new(spec: &'a Spec, options: &'a Options) -> Self {
        let path: TokenStream = options.runtime_path.parse().unwrap_or_default();
        let named = |names: &[&str]| spec.types.iter().any(|t| names.contains(&&*t.name.rust));
        let path = quote!(#path::codegen::v1);
        Self {
            spec,
            options,
            v1: path.clone(),
            path,
            up: TokenStream::new(),
            shadowed: named(&PRIMITIVES),
            places: places::find(spec),
            newtypes: newtypes::choose(spec, options),
            aliases: Rc::new(Aliased::new(spec.types.len())),
        }
    }

    /// A module inside this place.
    pub(super) fn inner(&self) -> Self {
        let up = &self.up;
        Self {
            up: quote!(super::#up),
            ..self.short()
        }
    }

    /// This place, where [`import`](Self::import) has brought the contract into scope.
    pub(super) fn short(&self) -> Self {
        Self {
            v1: quote!(v1),
            path: self.path.clone(),
            up: self.up.clone(),
            places: Rc::clone(&self.places),
            newtypes: Rc::clone(&self.newtypes),
            aliases: Rc::clone(&self.aliases),
            ..*self
        }
    }

    /// Brings the contract into scope.
    pub(super) fn import(&self) -> TokenStream {
        let path = &self.path;
        quote!(use #path;)
    }

    /// Implementations, in a block of their own that nothing can clash with.
    pub(super) fn implementations(&self, items: &TokenStream) -> TokenStream {
        let import = self.import();
        quote!(const _: () = { #import #items };)
    }

    /// A primitive type.
    pub(super) fn primitive(&self, name: &str) -> TokenStream {
        let name = word(name);
        if self.shadowed {
            quote!(::core::primitive::#name)
        } else {
            quote!(#name)
        }
    }

    /// Whether a typedef is to be a type of its own.
    pub(super) fn is_newtype(&self, id: TypeId) -> bool {
        self.newtypes[id.0 as usize]
    }

    /// Whether a type's decoder builds the value where it stays.
    pub(super) fn is_placed(&self, id: TypeId) -> bool {
        self.places[id.0 as usize] == Place::Kept
    }

    /// Whether a type's decoder is a part of the decoder of the one type that contains it.
    pub(super) fn is_part(&self, id: TypeId) -> bool {
        self.places[id.0 as usize] == Place::Part
    }

    /// A value of a type at the end of its decoder: handed to `put`, if there is one.
    pub(super) fn placed(&self, id: TypeId, value: &TokenStream) -> TokenStream {
        if self.is_placed(id) {
            quote!(put(#value))
        } else {
            value.clone()
        }
    }

    /// A type from elsewhere as it is called from here. A path that depends on where it stands has an alias at the top,
    /// where it was meant: see [`alias_of_elsewhere`](Self::alias_of_elsewhere).
    pub(super) fn elsewhere(&self, id: TypeId) -> TokenStream {
        let def = self.spec.def(id);
        match &def.kind {
            TypeKind::Extern(path) if self.up.is_empty() || is_absolute(path) => {
                path.parse().unwrap_or_default()
            }
            _ => {
                let (up, alias) = (&self.up, alias_name(&def.name));
                quote!(#up #alias)
            }
        }
    }

    /// The alias by which modules call a type from elsewhere.
    pub(super) fn alias_of_elsewhere(&self, id: TypeId) -> TokenStream {
        let def = self.spec.def(id);
        match &def.kind {
            TypeKind::Extern(path) if !is_absolute(path) => {
                let alias = alias_name(&def.name);
                let path: TokenStream = path.parse().unwrap_or_default();
                quote!(#[allow(dead_code, non_camel_case_types)] type #alias = #path;)
            }
            _ => TokenStream::new(),
        }
    }

    /// A named type as it is called from here.
    pub(super) fn type_name(&self, id: TypeId) -> TokenStream {
        let (up, name) = (&self.up, ident(&self.spec.def(id).name));
        quote!(#up #name)
    }
}

/// Whether a path means the same in each module.
fn is_absolute(path: &str) -> bool {
    path.starts_with("::") || path.starts_with("crate::")
}

fn alias_name(name: &Name) -> Ident {
    word(&format!("__{}", name.rust))
}

/// The identifier of a name.
pub(super) fn ident(name: &Name) -> Ident {
    if name.raw {
        Ident::new_raw(&name.rust, Span::call_site())
    } else {
        Ident::new(&name.rust, Span::call_site())
    }
}

/// An identifier for a local variable named after something of the interface, made different from those that the
/// generated code uses around it, and from its `siblings`, which get one, too. With an upper-case letter it could be a constant or a variant in scope (`Some`), which
/// no variable may be called after.
pub(super) fn local<'n>(
    name: &Name,
    taken: &[&str],
    siblings: impl Iterator<Item = &'n Name> + Clone,
) -> Ident {
    if name
        .rust
        .contains(|letter: char| letter.is_ascii_uppercase())
    {
        Ident::new(&format!("__{}", name.rust), Span::call_site())
    } else if taken.contains(&name.rust.as_str()) {
        let mut other = format!("{}_", name.rust);
        while siblings.clone().any(|sibling| sibling.rust == other) {
            other.push('_');
        }
        Ident::new(&other, Span::call_site())
    } else {
        ident(name)
    }
}

/// An identifier that is known to be one.
pub(super) fn word(text: &str) -> Ident {
    Ident::new(text, Span::call_site())
}

/// A number without a suffix.
pub(super) fn number(n: impl Into<i128>) -> Literal {
    Literal::i128_unsuffixed(n.into())
}

/// A negative or positive number as an expression or pattern.
pub(super) fn signed(n: impl Into<i128>) -> TokenStream {
    let n = n.into();
    let digits = Literal::u128_unsuffixed(n.unsigned_abs());
    if n < 0 {
        quote!(-#digits)
    } else {
        quote!(#digits)
    }
}

/// `#[doc(alias = "…")]` where the Rust name differs from the one in the file.
fn alias(name: &Name) -> Option<TokenStream> {
    let x = &name.x;
    let other = name.x != name.rust && !name.x.is_empty();
    // Labels of unions may be numbers.
    let plain = x.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (other && plain && !x.starts_with(|c: char| c.is_ascii_digit()))
        .then(|| quote!(#[doc(alias = #x)]))
}

/// What stands in front of an item: its comment or `otherwise`, its name in the file, its case.
pub(super) fn head(docs: &Docs, otherwise: &str, name: &Name, case: Case) -> TokenStream {
    let (docs, alias) = (super::docs::or(docs, otherwise), alias(name));
    let allow = allow_case([name], case);
    quote!(#docs #alias #allow)
}

/// The head of an item at the root of the output. Not everybody uses all of an interface, and not every comment of it
/// was written: neither is a fault of the crate that includes the output.
pub(super) fn item_head(docs: &Docs, name: &Name, case: Case) -> TokenStream {
    let head = head(docs, "", name, case);
    quote!(#head #[allow(dead_code, missing_docs)])
}

/// What a name is the name of: each has a case of its own in Rust.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Type,
    Value,
    Constant,
    /// A member of a struct: its case is a matter of the struct.
    Member,
}

/// The permission to spell these names in another case: they kept the spelling of the file, because they clashed or
/// because the options say so.
pub(super) fn allow_case<'n>(
    names: impl IntoIterator<Item = &'n Name>,
    case: Case,
) -> Option<TokenStream> {
    let unusual = |name: &Name| {
        let name = name.rust.trim_end_matches('_');
        match case {
            Case::Type => name.contains('_') || name.starts_with(|c: char| c.is_ascii_lowercase()),
            Case::Value => name.contains(|c: char| c.is_ascii_uppercase()) || name.contains("__"),
            Case::Constant => name.contains(|c: char| c.is_ascii_lowercase()),
            Case::Member => false,
        }
    };
    let lint = match case {
        Case::Type => quote!(non_camel_case_types),
        Case::Value | Case::Member => quote!(non_snake_case),
        Case::Constant => quote!(non_upper_case_globals),
    };
    let any = names.into_iter().any(unusual);
    any.then(|| quote!(#[allow(#lint)]))
}
