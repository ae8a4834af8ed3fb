//! Discriminated unions: Rust enums, one variant for each `case` label.

use super::codec::Value;
use super::derives;
use super::docs;
use super::forms::UnionForm;
use super::scope::{Case, Scope, head, ident, item_head, number, signed, word};
use super::shape::Shape;
use super::shapes::{BLOCK, User};
use super::traits::stream_codec;
use crate::ir::{Arm, Case as UnionCase, Docs, Type, TypeId, TypeKind, Union};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// Clippy complains of variants that are larger than the others by this many bytes.
const LARGE_VARIANT: u64 = 200;

/// A union as the printer sees it.
struct View<'a> {
    variants: Vec<Variant<'a>>,
    /// The variant of the default arm.
    default: Option<Variant<'a>>,
    tag: Tag,
    at: &'a str,
}

/// A variant.
struct Variant<'a> {
    name: Ident,
    /// What stands in front of it.
    head: TokenStream,
    /// The label, or `None` for the default arm.
    value: Option<i64>,
    arm: &'a Arm,
    shape: Option<Shape>,
    /// The value lies in a box of its own.
    boxed: bool,
    /// The default arm keeps the discriminant.
    keeps_tag: bool,
}

/// The type of the discriminant.
enum Tag {
    Bool,
    /// A number: its Rust type.
    Number(&'static str),
    /// A closed enum, by its id.
    Enum(TypeId),
}

impl Tag {
    fn number(&self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Number(name) => name,
            Self::Enum(_) => "i32",
        }
    }

    /// A label as a number of the discriminant's own range: that of an `unsigned hyper` was converted to 64 bits with
    /// a sign.
    fn wide(&self, value: i64) -> i128 {
        match self {
            Self::Number("u64") => value.cast_unsigned().into(),
            _ => value.into(),
        }
    }

    /// Encoded length of the discriminant.
    fn len(&self) -> u64 {
        match self {
            Self::Number("i64" | "u64") => 8,
            _ => 4,
        }
    }

    fn literal(&self, value: i64) -> TokenStream {
        match self {
            Self::Bool if value == 0 => quote!(false),
            Self::Bool => quote!(true),
            _ => signed(self.wide(value)),
        }
    }
}

fn view<'a>(scope: &Scope<'_>, id: TypeId, union: &'a Union, x: &'a str) -> View<'a> {
    let shape_of = |arm: &Arm| {
        let member = arm.name.as_ref().map(|n| n.x.as_str());
        arm.ty.as_ref().map(|ty| {
            scope.shape(
                ty,
                User {
                    item: &scope.spec.def(id).name.x,
                    member,
                },
            )
        })
    };
    let tag = match scope.spec.resolve(&union.tag) {
        Type::Bool => Tag::Bool,
        Type::UInt => Tag::Number("u32"),
        Type::Hyper => Tag::Number("i64"),
        Type::UHyper => Tag::Number("u64"),
        Type::Char => Tag::Number("i8"),
        Type::UChar => Tag::Number("u8"),
        Type::Short => Tag::Number("i16"),
        Type::UShort => Tag::Number("u16"),
        Type::Named(tag) if matches!(scope.spec.def(*tag).kind, TypeKind::Enum(_)) => {
            Tag::Enum(*tag)
        }
        _ => Tag::Number("i32"),
    };
    // What lies in a vector needs no box around it.
    let is_boxed = |arm: &Arm, shape: &Option<Shape>| {
        let in_vector = |shape: &Shape| scope.is_heap(shape.target());
        arm.boxed && !shape.as_ref().is_some_and(in_vector)
    };
    let variants: Vec<_> = union
        .cases
        .iter()
        .map(|case| {
            let shape = shape_of(&case.arm);
            Variant {
                name: ident(&case.name),
                head: head(arm_docs(case), "", &case.name, Case::Type),
                value: Some(case.value),
                arm: &case.arm,
                boxed: is_boxed(&case.arm, &shape),
                shape,
                keeps_tag: false,
            }
        })
        .collect();
    let default = union.default.as_ref().and_then(|arm| {
        let (name, keeps_tag) = default_name(union, &tag)?;
        let shape = shape_of(arm);
        Some(Variant {
            name: word(name),
            head: docs::or(&arm.docs, "Any other discriminant."),
            value: None,
            arm,
            boxed: is_boxed(arm, &shape),
            shape,
            keeps_tag,
        })
    });
    View {
        variants,
        default,
        tag,
        at: x,
    }
}

/// The comment of a label, or of the declaration behind it.
fn arm_docs(case: &UnionCase) -> &Docs {
    if case.docs.is_some() {
        &case.docs
    } else {
        &case.arm.docs
    }
}

/// The variant of the default arm, and whether it keeps the discriminant; `None` where the arm is never taken.
fn default_name(union: &Union, tag: &Tag) -> Option<(&'static str, bool)> {
    let has = |value: i64| union.cases.iter().any(|c| c.value == value);
    match tag {
        Tag::Bool => match (has(0), has(1)) {
            (true, true) => None,
            (true, false) => Some(("True", false)),
            (false, true) => Some(("False", false)),
            (false, false) => Some(("Other", true)),
        },
        _ => {
            let free = |name: &&&str| !union.cases.iter().any(|c| c.name.rust == **name);
            let name = ["Other", "OtherTag", "OtherTag_"].iter().find(free);
            Some((name.copied().unwrap_or("Other_"), true))
        }
    }
}

impl Variant<'_> {
    /// The value's type, boxed where the layout wants it.
    fn ty(&self, scope: &Scope<'_>) -> Option<TokenStream> {
        let ty = scope.ty(self.shape.as_ref()?);
        Some(if self.boxed {
            quote!(::std::boxed::Box<#ty>)
        } else {
            ty
        })
    }

    fn declaration(&self, scope: &Scope<'_>, tag: &Tag) -> TokenStream {
        let (head, name) = (&self.head, &self.name);
        let tag = self.keeps_tag.then(|| scope.primitive(tag.number()));
        let fields: Vec<_> = tag.into_iter().chain(self.ty(scope)).collect();
        if fields.is_empty() {
            quote!(#head #name)
        } else {
            quote!(#head #name(#(#fields),*))
        }
    }

    /// The pattern that binds the discriminant to `tag` and the value to `x`.
    fn pattern(&self, with_tag: bool, with_value: bool) -> TokenStream {
        let name = &self.name;
        let tag = self
            .keeps_tag
            .then(|| if with_tag { quote!(tag) } else { quote!(_) });
        let value = self
            .shape
            .as_ref()
            .map(|_| if with_value { quote!(x) } else { quote!(_) });
        let fields: Vec<_> = tag.into_iter().chain(value).collect();
        if fields.is_empty() {
            quote!(Self::#name)
        } else {
            quote!(Self::#name(#(#fields),*))
        }
    }

    fn encode(&self, scope: &Scope<'_>, at: &str) -> TokenStream {
        match &self.shape {
            None => quote!(),
            Some(shape) => {
                let (write, unbox) = (
                    scope.encode(shape, &Value::Reference(quote!(x)), at),
                    self.unbox(shape),
                );
                quote!(#unbox #write;)
            }
        }
    }

    /// Statements that write the discriminant and a value of fixed size as one block.
    fn encode_as_block(&self, scope: &Scope<'_>, tag: u64) -> Option<TokenStream> {
        let v1 = &scope.v1;
        let shape = self.shape.as_ref().filter(|_| !self.boxed)?;
        let total = scope
            .block(shape)
            .map(|len| tag + len)
            .filter(|n| *n <= BLOCK)?;
        let put = scope.put(shape, &Value::Reference(quote!(x)), tag, total);
        let (tag, total) = (number(tag), number(total));
        Some(quote! {
            let block = w.reserve::<#total>();
            #v1::Block::put(&self.discriminant(), #v1::part_mut::<0, #tag, #total>(block));
            #put;
        })
    }

    fn length(&self, scope: &Scope<'_>) -> TokenStream {
        match &self.shape {
            None => quote!(0),
            Some(shape) => {
                let length = scope.length(shape, &Value::Reference(quote!(x)));
                let unbox = self.unbox(shape);
                match unbox.filter(|_| scope.constant_length(shape).is_none()) {
                    Some(unbox) => quote!({ #unbox #length }),
                    None => length,
                }
            }
        }
    }

    /// A box around an array is no slice, and has an `as_ref` of its own in front of that of an option.
    fn unbox(&self, shape: &Shape) -> Option<TokenStream> {
        let hidden = matches!(
            shape.target(),
            Shape::Array(..) | Shape::OpaqueFixed(_) | Shape::Option(..)
        );
        (self.boxed && hidden).then(|| quote!(let x = &**x;))
    }

    /// An expression that reads a value of type `Self`, in a function that returns a `Result`.
    fn decode(&self, scope: &Scope<'_>) -> TokenStream {
        let name = &self.name;
        let value = self.shape.as_ref().map(|shape| {
            let read = if self.boxed {
                scope.boxed(shape)
            } else {
                scope.decode(shape)
            };
            match &self.arm.name {
                Some(member) => scope.member(&member.x, shape, &read),
                None => quote!(#read?),
            }
        });
        let tag = self.keeps_tag.then(|| quote!(tag));
        let fields: Vec<_> = tag.into_iter().chain(value).collect();
        if fields.is_empty() {
            quote!(Self::#name)
        } else {
            quote!(Self::#name(#(#fields),*))
        }
    }
}

pub(super) fn items(scope: &Scope<'_>, id: TypeId, union: &Union) -> TokenStream {
    let def = scope.spec.def(id);
    let view = view(scope, id, union, &def.name.x);
    let (head_of_type, name) = (
        item_head(&def.docs, &def.name, Case::Type),
        ident(&def.name),
    );
    let zero = zero_variant(scope, id, &view);
    // The zero value of a union whose arm for it is void.
    let unit = zero
        .filter(|v| v.shape.is_none() && !v.keeps_tag)
        .map(|v| &v.name);
    let derives = derives::of_type(scope, id, false, unit.is_some());
    // Layout decides what is boxed; up to its limit a large arm stays in place.
    let large =
        (def.layout.size > LARGE_VARIANT).then(|| quote!(#[allow(clippy::large_enum_variant)]));
    let all = || view.variants.iter().chain(&view.default);
    let declared = all().map(|v| {
        let default = (Some(&v.name) == unit).then(|| quote!(#[default]));
        let variant = v.declaration(scope, &view.tag);
        quote!(#default #variant)
    });
    let number = scope.primitive(view.tag.number());
    let tags = all().map(|v| {
        let pattern = v.pattern(true, false);
        let tag = match v.value {
            Some(value) => view.tag.literal(value),
            None if v.keeps_tag => quote!(*tag),
            None => missing_bool(v),
        };
        quote!(#pattern => #tag)
    });
    let discriminant = if view.variants.is_empty() && view.default.is_none() {
        quote!(match *self {})
    } else {
        quote!(match self { #(#tags),* })
    };
    let default = zero
        .filter(|_| unit.is_none())
        .map(|v| default_impl(scope, &view.tag, v, &name));
    let short = scope.short();
    let encode = encode(&short, &view);
    let length = length(&short, &view);
    let decode = decode(&short, id, &view);
    let decode = if def.layout.recursive {
        quote!(r.enter_value::<Self>()?; let value = #decode; r.leave_value::<Self>(); Ok(value))
    } else {
        quote!(Ok(#decode))
    };
    let codec = stream_codec(&short, id, &encode, &length, &decode);
    let form = form(&view, union).print(&short, &short.type_name(id));
    let codec = quote!(#codec #form);
    let implementations = scope.implementations(&codec);
    quote! {
        #head_of_type #large #derives
        pub enum #name { #(#declared),* }
        #[allow(dead_code)]
        impl #name {
            /// The discriminant on the wire.
            #[must_use]
            pub const fn discriminant(&self) -> #number {
                #discriminant
            }
        }
        #default
        #implementations
    }
}

/// The variants by what they hold, with their labels.
fn form(view: &View<'_>, union: &Union) -> UnionForm {
    let mut form = UnionForm::default();
    let labels = union.cases.iter().map(|case| case.name.x.as_str());
    // A flag's default arm is for the one value that has no arm of its own.
    let missing = view.default.as_ref().filter(|v| !v.keeps_tag);
    let missing = missing.map(|v| if v.name == "True" { "TRUE" } else { "FALSE" });
    let all = view.variants.iter().chain(&view.default);
    for (variant, label) in all.zip(labels.chain(missing).map(Some).chain([None])) {
        let name = &variant.name;
        match (&variant.shape, label) {
            (None, Some(label)) => form.void.push(quote!(#name = #label)),
            (Some(_), Some(label)) => form.value.push(quote!(#name = #label)),
            (None, None) => form.tag = Some(name.clone()),
            (Some(_), None) => form.tagged = Some(name.clone()),
        }
    }
    form
}

/// The value of a flag that only the default arm has.
fn missing_bool(variant: &Variant<'_>) -> TokenStream {
    if variant.name == "True" {
        quote!(true)
    } else {
        quote!(false)
    }
}

/// The variant that is all zeros on the wire, where there is one.
fn zero_variant<'v>(scope: &Scope<'_>, id: TypeId, view: &'v View<'_>) -> Option<&'v Variant<'v>> {
    let zero = |v: &&Variant<'_>| v.value == Some(0);
    let variant = view.variants.iter().find(zero).or(view.default.as_ref());
    variant.filter(|_| scope.spec.def(id).layout.default)
}

fn default_impl(scope: &Scope<'_>, tag: &Tag, variant: &Variant<'_>, name: &Ident) -> TokenStream {
    let value = variant.shape.as_ref().map(|shape| {
        let value = scope.default_value(shape);
        if variant.boxed && !scope.derives_default(shape) {
            quote!(::std::boxed::Box::new(#value))
        } else {
            value
        }
    });
    let tag = variant.keeps_tag.then(|| tag.literal(0));
    let fields: Vec<_> = tag.into_iter().chain(value).collect();
    let variant = &variant.name;
    let value = if fields.is_empty() {
        quote!(Self::#variant)
    } else {
        quote!(Self::#variant(#(#fields),*))
    };
    quote! {
        impl ::core::default::Default for #name {
            fn default() -> Self { #value }
        }
    }
}

fn encode(scope: &Scope<'_>, view: &View<'_>) -> TokenStream {
    let v1 = &scope.v1;
    let all = || view.variants.iter().chain(&view.default);
    let refuse = refuse_default(view);
    let tag = quote!(#v1::Encode::encode(&self.discriminant(), w));
    let (void, rest): (Vec<_>, Vec<_>) = all().partition(|v| v.shape.is_none());
    let void = void.iter().map(|v| v.pattern(false, false));
    let void = (void.len() > 0).then(|| quote!(#(#void)|* => #tag,));
    let arms = rest.into_iter().map(|v| {
        let pattern = v.pattern(false, true);
        let write = v.encode_as_block(scope, view.tag.len());
        let write = write.unwrap_or_else(|| {
            let write = v.encode(scope, view.at);
            quote!(#tag; #write)
        });
        quote!(#pattern => { #write })
    });
    quote!(match self { #refuse #void #(#arms)* })
}

/// The arm of the encoder that refuses the default variant with a discriminant that has an arm of its own.
fn refuse_default(view: &View<'_>) -> Option<TokenStream> {
    let default = view.default.as_ref().filter(|v| v.keeps_tag)?;
    let mut own: Vec<i128> = view
        .variants
        .iter()
        .filter_map(|v| v.value.map(|n| view.tag.wide(n)))
        .collect();
    own.sort_unstable();
    if own.is_empty() {
        return None;
    }
    let mut patterns = Vec::new();
    for run in own.chunk_by(|a, b| a + 1 == *b) {
        match run {
            [first, _, .., last] => {
                let (first, last) = (signed(*first), signed(*last));
                patterns.push(quote!(#first..=#last));
            }
            short => patterns.extend(short.iter().map(|n| signed(*n))),
        }
    }
    let (name, at) = (&default.name, view.at);
    let value = default.shape.as_ref().map(|_| quote!(, _));
    Some(quote!(Self::#name(#(#patterns)|* #value) => w.invalid(#at),))
}

fn length(scope: &Scope<'_>, view: &View<'_>) -> TokenStream {
    let tag = number(view.tag.len());
    let tag = quote!(#tag);
    if view
        .variants
        .iter()
        .chain(&view.default)
        .all(|v| v.shape.is_none())
    {
        return tag;
    }
    let arms = view.variants.iter().chain(&view.default).map(|v| {
        let constant = |s| scope.constant_length(s).is_some();
        let constant = v.shape.as_ref().is_none_or(constant);
        let (pattern, length) = (v.pattern(false, !constant), v.length(scope));
        quote!(#pattern => #length)
    });
    quote!(#tag + match self { #(#arms),* })
}

fn decode(scope: &Scope<'_>, id: TypeId, view: &View<'_>) -> TokenStream {
    let v1 = &scope.v1;
    let value = |v: &Variant<'_>| scope.placed(id, &v.decode(scope));
    let number = scope.primitive(view.tag.number());
    let arms: Vec<_> = view
        .variants
        .iter()
        .map(|v| {
            let (tag, value) = (view.tag.literal(v.value.unwrap_or_default()), value(v));
            quote!(#tag => #value)
        })
        .collect();
    let last = match (&view.default, &view.tag) {
        (Some(v), Tag::Bool) if !v.keeps_tag => {
            let (tag, value) = (missing_bool(v), value(v));
            quote!(#tag => #value)
        }
        (Some(v), tag) => {
            let value = value(v);
            match strict_check(scope, tag) {
                none if none.is_empty() => quote!(tag => #value),
                strict => quote!(tag => { #strict #value }),
            }
        }
        (None, Tag::Bool) if view.variants.len() >= 2 => quote!(),
        (None, _) => quote!(tag => return Err(at.no_arm(tag.into()))),
    };
    let needs_at = !(last.is_empty()
        || matches!(
            (&view.default, &view.tag),
            (Some(_), Tag::Bool | Tag::Number(_))
        ));
    let at = needs_at.then(|| quote!(let at = r.at();));
    let read = quote!(#v1::value::<#number>(r)?);
    if let (Some(default), []) = (&view.default, arms.as_slice())
        && default.keeps_tag
    {
        let (value, strict) = (value(default), strict_check(scope, &view.tag));
        return quote!({ #at let tag = #read; #strict #value });
    }
    let chosen = quote!(match #read { #(#arms,)* #last });
    // Braces only where they are needed: output that is not formatted goes through rustc's lints as it is.
    if needs_at {
        quote!({ #at #chosen })
    } else {
        chosen
    }
}

/// In strict mode a discriminant that the enum does not declare is an error, though there is a default arm.
fn strict_check(scope: &Scope<'_>, tag: &Tag) -> TokenStream {
    let Tag::Enum(id) = tag else {
        return TokenStream::new();
    };
    let open = scope
        .options
        .open_enum
        .selects(&scope.spec.def(*id).name.x, None);
    if open {
        return quote!(let _ = at;);
    }
    let v1 = &scope.v1;
    let name = scope.type_name(*id);
    quote!(#v1::declared::<#name>(tag, at)?;)
}
