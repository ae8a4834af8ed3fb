//! What patterns of options can select: every item of an interface, and every member of one.

use crate::ir::{Program, Spec, Type, TypeDef, TypeKind, Union};
use crate::options::Patterns;

/// An item, or a member of it.
pub(super) struct Place<'a> {
    pub(super) item: &'a str,
    member: Option<&'a str>,
    is: Is<'a>,
}

#[derive(Clone, Copy)]
enum Is<'a> {
    Constant,
    Def(&'a TypeDef),
    /// Of a struct, enum or union; some have types.
    Member(Option<&'a Type>),
    /// Of a union, with its label; `default` has none.
    Arm(Option<&'a Type>, Option<&'a str>),
    Discriminant(&'a Type),
    Program,
    /// With its program.
    Version(&'a str),
    /// With its result and its program.
    Procedure(Option<&'a Type>, &'a str),
    Argument(&'a Type),
}

/// All of them, items before their members.
pub(super) fn places(spec: &Spec) -> Vec<Place<'_>> {
    let mut places = Vec::new();
    let constants = spec.consts.iter();
    places.extend(constants.map(|constant| item(&constant.name.x, Is::Constant)));
    for def in &spec.types {
        places.push(item(&def.name.x, Is::Def(def)));
        add_members(def, &mut places);
    }
    for program in &spec.programs {
        add_program(program, &mut places);
    }
    places
}

fn item<'a>(item: &'a str, is: Is<'a>) -> Place<'a> {
    Place {
        item,
        member: None,
        is,
    }
}

fn member<'a>(item: &'a str, member: &'a str, is: Is<'a>) -> Place<'a> {
    Place {
        item,
        member: Some(member),
        is,
    }
}

fn add_members<'a>(def: &'a TypeDef, places: &mut Vec<Place<'a>>) {
    let add = |name: &'a str, ty| member(&def.name.x, name, Is::Member(ty));
    match &def.kind {
        TypeKind::Struct(fields) => {
            places.extend(fields.iter().map(|f| add(&f.name.x, Some(&f.ty))));
        }
        TypeKind::Enum(members) => places.extend(members.iter().map(|m| add(&m.name.x, None))),
        TypeKind::Union(union) => add_arms(union, add, places),
        TypeKind::Alias(_) | TypeKind::Extern(_) => {}
    }
}

/// A union's members are its discriminant, its labels and its arms.
fn add_arms<'a>(
    union: &'a Union,
    add: impl Fn(&'a str, Option<&'a Type>) -> Place<'a>,
    places: &mut Vec<Place<'a>>,
) {
    places.push(Place {
        is: Is::Discriminant(&union.tag),
        ..add(&union.discriminant.x, None)
    });
    places.extend(union.cases.iter().map(|case| add(&case.name.x, None)));
    let cases = union.cases.iter();
    let arms = cases.map(|case| (&case.arm, Some(case.name.x.as_str())));
    let arms = arms.chain(union.default.iter().map(|arm| (arm, None)));
    places.extend(arms.filter_map(|(arm, label)| {
        Some(Place {
            is: Is::Arm(arm.ty.as_ref(), label),
            ..add(&arm.name.as_ref()?.x, None)
        })
    }));
}

/// Versions and procedures go by their own names, and as members of what they stand in.
fn add_program<'a>(program: &'a Program, places: &mut Vec<Place<'a>>) {
    let outer = &program.name.x;
    places.push(item(outer, Is::Program));
    for version in &program.versions {
        let inner = &version.name.x;
        places.push(item(inner, Is::Version(outer)));
        places.push(member(outer, inner, Is::Version(outer)));
        for p in &version.procedures {
            let name = &p.name.x;
            let is = Is::Procedure(p.result.as_ref(), outer);
            places.push(item(name, is));
            places.push(member(outer, name, is));
            places.push(member(inner, name, is));
            let args = p.args.iter();
            places.extend(args.map(|arg| member(name, &arg.name.x, Is::Argument(&arg.ty))));
        }
    }
}

impl<'a> Place<'a> {
    pub(super) fn is_in(&self, patterns: &Patterns) -> bool {
        patterns.selects(self.item, self.member)
    }

    /// A pattern for it has a dot.
    pub(super) fn is_member(&self) -> bool {
        self.member.is_some()
    }

    /// As a pattern spells it.
    pub(super) fn name(&self) -> String {
        match self.member {
            Some(member) => format!("{}.{member}", self.item),
            None => self.item.to_owned(),
        }
    }

    /// In the words of the language.
    pub(super) fn kind(&self) -> &'static str {
        match self.is {
            Is::Constant => "constant",
            Is::Def(def) => word(def),
            Is::Argument(_) => "argument",
            Is::Program => "program",
            Is::Version(_) if self.member.is_none() => "version",
            Is::Procedure(..) if self.member.is_none() => "procedure",
            Is::Discriminant(_) => "discriminant",
            Is::Arm(..) => "arm",
            _ => "member",
        }
    }

    /// The type that is defined here.
    pub(super) fn def(&self) -> Option<&'a TypeDef> {
        match self.is {
            Is::Def(def) => Some(def),
            _ => None,
        }
    }

    /// The type that is used here: of a member, an argument, a result, or the one that a typedef names.
    pub(super) fn ty(&self) -> Option<&'a Type> {
        match self.is {
            Is::Def(def) => match &def.kind {
                TypeKind::Alias(target) => Some(target),
                _ => None,
            },
            Is::Member(ty) | Is::Arm(ty, _) => ty,
            Is::Discriminant(ty) => Some(ty),
            // As a member of its program, it is there for `--rename` only.
            Is::Procedure(ty, _) if self.member.is_none() => ty,
            Is::Argument(ty) => Some(ty),
            _ => None,
        }
    }

    /// `--rename` has an effect here. (Procedures and versions get their names as members of their program, variants as
    /// labels; a discriminant has none in Rust.)
    pub(super) fn has_name(&self) -> bool {
        match self.is {
            Is::Version(outer) | Is::Procedure(_, outer) => {
                self.member.is_some() && self.item == outer
            }
            Is::Discriminant(_) | Is::Arm(..) => false,
            _ => true,
        }
    }

    /// The program of a procedure or version.
    pub(super) fn outer(&self) -> Option<&'a str> {
        match self.is {
            Is::Version(outer) | Is::Procedure(_, outer) => Some(outer),
            _ => None,
        }
    }

    /// The label of an arm.
    pub(super) fn label(&self) -> Option<Option<&'a str>> {
        match self.is {
            Is::Arm(_, label) => Some(label),
            _ => None,
        }
    }

    /// Its own name.
    pub(super) fn last(&self) -> &'a str {
        self.member.unwrap_or(self.item)
    }

    /// The name of the procedure that this is.
    pub(super) fn procedure(&self) -> Option<&'a str> {
        match self.is {
            Is::Procedure(..) => Some(self.last()),
            _ => None,
        }
    }
}

/// The kind of a type, in the words of the language.
pub(super) fn word(def: &TypeDef) -> &'static str {
    match def.kind {
        TypeKind::Struct(_) => "struct",
        TypeKind::Union(_) => "union",
        TypeKind::Enum(_) => "enum",
        TypeKind::Alias(_) => "typedef",
        TypeKind::Extern(_) => "extern type",
    }
}
