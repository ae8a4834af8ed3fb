//! Declarations of the syntax tree → types of the IR.

use std::collections::BTreeSet;

use super::collect::{Body, Definitions};
use super::known::{self, Known};
use super::messages::{
    e0201_number_as_type, e0201_undefined_type, e0204_defined_twice, e0205_value_defined_twice,
    e0215_enumerator_out_of_range, e0216_bound_out_of_range, e0217_number_out_of_range,
    w0225_bound_of_sole_argument, w0226_pointer_as_sole_argument, w0243_assumed_type,
    w0247_pointer_to_char,
};
use super::same::means_the_same;
use super::values::{Init, ValueId, Values};
use crate::ast::{self, ConstValue, Decl, Expr, Param, Shape, TypeKind};
use crate::diag::Diagnostics;
use crate::dialect::{Lint, Strict};
use crate::ir::{
    self, Argument, ConstType, Docs, Field, Name, Procedure, Program, Type, TypeDef, TypeId,
    Version,
};
use crate::near::{Hints, TYPE_WORDS};
use crate::options::Options;
use crate::source::{SourceMap, Span};

/// The walk over a file.
pub(super) struct Lower<'a, 'd> {
    pub(super) types: Definitions<'a>,
    pub(super) values: Values<'a>,
    pub(super) diags: &'d mut Diagnostics,
    /// Where macros are called by their names.
    pub(super) sources: &'d SourceMap,
    pub(super) options: &'d Options,
    /// Values of the members of each enum, by the index of its definition; repeated definitions come behind.
    enumerators: Vec<Vec<ValueId>>,
    /// Undefined types that were reported, or of which nothing is said.
    undefined: BTreeSet<String>,
    hints: Hints,
    /// What is lowered is the type of a discriminant, whose values must be known.
    pub(super) is_discriminant: bool,
    /// Numbers that could not be computed.
    unknown_numbers: u32,
}

impl<'a, 'd> Lower<'a, 'd> {
    pub(super) fn new(
        types: Definitions<'a>,
        values: Values<'a>,
        lost: &ast::Lost,
        sources: &'d SourceMap,
        options: &'d Options,
        diags: &'d mut Diagnostics,
    ) -> Self {
        let mut undefined = lost.names.clone();
        undefined.extend(types.of_nothing.iter().cloned());
        Self {
            undefined,
            types,
            values,
            diags,
            sources,
            options,
            enumerators: Vec::new(),
            hints: Hints::default(),
            is_discriminant: false,
            unknown_numbers: 0,
        }
    }

    /// Makes the members of all enums known, those of enums whose type is elsewhere, too: as numbers they are here.
    pub(super) fn define_enumerators(&mut self) {
        let bodies: Vec<Body<'a>> = self
            .types
            .list
            .iter()
            .map(|definition| definition.body.clone())
            .collect();
        for (scope, body) in bodies.into_iter().enumerate() {
            let members = self.define_members(&body, scope, true);
            self.enumerators.push(members);
        }
        let repeated: Vec<Body<'a>> = self
            .types
            .again
            .iter()
            .map(|(_, definition)| definition.body.clone())
            .collect();
        for body in repeated {
            let members = self.define_members(&body, self.enumerators.len(), false);
            self.enumerators.push(members);
        }
        self.types.leave_out_externs(self.options);
    }

    fn define_members(&mut self, body: &Body<'a>, scope: usize, visible: bool) -> Vec<ValueId> {
        let Body::Enum(body) = body else {
            return Vec::new();
        };
        let mut before = None;
        let mut members = Vec::with_capacity(body.members.len());
        for member in &body.members {
            let init = member
                .value
                .as_ref()
                .map_or(Init::After(before), Init::Expr);
            let (name, span) = (member.name.name.as_str(), member.name.span);
            let id = if visible {
                self.values.define(name, span, init, Some(scope))
            } else {
                self.values.define_hidden(name, span, init, Some(scope))
            };
            members.push(id);
            before = Some(id);
        }
        members
    }

    /// A constant, unless its value is wrong.
    pub(super) fn constant(
        &mut self,
        id: ValueId,
        docs: &Docs,
        constant: &ast::Const,
        text: Option<&str>,
    ) -> Option<ir::Const> {
        let value = match (&constant.value, text) {
            (ConstValue::Str(text), _) => ir::ConstValue::Str(text.clone()),
            (ConstValue::Expr(_), Some(text)) => ir::ConstValue::Str(text.to_owned()),
            (ConstValue::Expr(_), None) => {
                ir::ConstValue::Int(self.values.get(id, self.diags)?, ConstType::U32)
            }
        };
        if let Some(other) = self.values.clashes_with(id, self.diags) {
            let ours = constant.name.span;
            // Members of enums are known behind all constants, and may stand in front of them.
            let (first, again) = if other.file == ours.file && other.lo > ours.lo {
                (ours, other)
            } else {
                (other, ours)
            };
            let name = &constant.name.name;
            self.diags
                .push(e0205_value_defined_twice(name, again, first));
        }
        Some(ir::Const {
            name: name(&constant.name),
            docs: docs.clone(),
            value,
        })
    }

    /// All types; those that the file only uses come last.
    pub(super) fn types(&mut self) -> Vec<TypeDef> {
        let mut lowered = Vec::with_capacity(self.types.list.len());
        while let Some(definition) = self.types.list.get(lowered.len()) {
            let name = Name {
                x: definition.name.clone(),
                span: definition.span,
                ..Name::default()
            };
            let (docs, body) = (definition.docs.clone(), definition.body.clone());
            let kind = self.body(&body, lowered.len());
            lowered.push(TypeDef {
                name,
                docs,
                kind,
                layout: ir::Layout::default(),
            });
        }
        lowered
    }

    /// Repeated definitions must mean the same.
    pub(super) fn compare_repeated(&mut self, types: &[TypeDef]) {
        let first_scope = self.enumerators.len() - self.types.again.len();
        let repeated = std::mem::take(&mut self.types.again);
        for (at, (first, definition)) in repeated.into_iter().enumerate() {
            let kind = self.body(&definition.body, first_scope + at);
            let original = &types[first.0 as usize];
            if !means_the_same(&kind, &original.kind) {
                self.diags.push(e0204_defined_twice(
                    &definition.name,
                    definition.span,
                    original.name.span,
                ));
            }
        }
    }

    fn body(&mut self, body: &Body<'a>, scope: usize) -> ir::TypeKind {
        match body {
            Body::Struct(body) => {
                ir::TypeKind::Struct(body.fields.iter().map(|field| self.field(field)).collect())
            }
            Body::Union(body) => ir::TypeKind::Union(Box::new(self.union(body))),
            Body::Enum(body) => ir::TypeKind::Enum(self.enumerators(body, scope)),
            Body::Typedef(decl) => ir::TypeKind::Alias(self.declared(decl)),
            Body::Extern(path) => ir::TypeKind::Extern(path.clone()),
            Body::Known(Known::Basic(ty) | Known::Typedef(ty)) => ir::TypeKind::Alias(ty.clone()),
            Body::Known(Known::Struct(fields)) => {
                let field = |(x, ty): &(&str, Type)| {
                    let name = Name {
                        x: (*x).to_owned(),
                        ..Name::default()
                    };
                    Field {
                        name,
                        docs: None,
                        ty: ty.clone(),
                    }
                };
                ir::TypeKind::Struct(fields.iter().map(field).collect())
            }
        }
    }

    fn field(&mut self, decl: &'a Decl) -> Field {
        Field {
            name: name(&decl.name),
            docs: decl.docs.clone(),
            ty: self.declared(decl),
        }
    }

    fn enumerators(&mut self, body: &ast::EnumBody, scope: usize) -> Vec<ir::Enumerator> {
        let mut first_of_value = std::collections::HashMap::new();
        let mut members = Vec::with_capacity(body.members.len());
        for (at, member) in body.members.iter().enumerate() {
            let id = self.enumerators[scope][at];
            let value = self
                .values
                .get(id, self.diags)
                .and_then(|value| self.wire_int(value, member.name.span));
            let Some(value) = value else { continue };
            let alias_of = first_of_value.get(&value).copied();
            first_of_value.entry(value).or_insert(members.len());
            members.push(ir::Enumerator {
                name: name(&member.name),
                docs: member.docs.clone(),
                value,
                alias_of,
            });
        }
        members
    }

    /// A type as declared.
    pub(super) fn declared(&mut self, decl: &'a Decl) -> Type {
        self.shaped(&decl.ty, &decl.shape)
    }

    fn shaped(&mut self, ty: &'a ast::Type, shape: &'a Shape) -> Type {
        match (&ty.kind, shape) {
            (TypeKind::String, Shape::Variable(bound)) => {
                Type::String(self.bound(bound.as_deref()))
            }
            (TypeKind::String, _) => Type::String(u32::MAX),
            (TypeKind::Opaque, Shape::Fixed(count)) => Type::OpaqueFixed(self.count(count)),
            (TypeKind::Opaque, Shape::Variable(bound)) => {
                Type::Opaque(self.bound(bound.as_deref()))
            }
            (TypeKind::Opaque, Shape::Plain | Shape::Optional) => Type::Opaque(u32::MAX),
            (_, Shape::Plain) => self.named(ty),
            (TypeKind::Char, Shape::Optional) => {
                self.diags.push(w0247_pointer_to_char(ty.span));
                Type::Optional(Box::new(Type::Char))
            }
            (_, Shape::Optional) => Type::Optional(Box::new(self.named(ty))),
            (_, Shape::Fixed(count)) => {
                let element = self.named(ty);
                Type::Array(Box::new(element), self.count(count))
            }
            (_, Shape::Variable(bound)) => {
                let element = self.named(ty);
                Type::Vec(Box::new(element), self.bound(bound.as_deref()))
            }
        }
    }

    fn named(&mut self, ty: &'a ast::Type) -> Type {
        match &ty.kind {
            TypeKind::Named(_, name) => self.reference(name, ty.span),
            TypeKind::Struct(_, body) => self.inline(&**body),
            TypeKind::Enum(_, body) => self.inline(&**body),
            TypeKind::Union(_, body) => self.inline(&**body),
            kind => basic(kind).unwrap_or(Type::Int),
        }
    }

    fn inline<T>(&self, body: &'a T) -> Type {
        // One without an id stands where no inline type may be; the parser has said so.
        self.types.inline_id(body).map_or(Type::Int, Type::Named)
    }

    fn reference(&mut self, name: &str, span: Span) -> Type {
        if let Some(id) = self.types.meant(name) {
            return Type::Named(id);
        }
        if let Some(path) = self.options.extern_type.get(name, None) {
            // An inline type that is elsewhere goes by the name that is made up for it.
            if let Some(id) = self.types.id(name) {
                return Type::Named(id);
            }
            return Type::Named(self.types.add(name, Body::Extern(path.to_owned())));
        }
        let known = known::known_type(name);
        // `quadruple` is a word of the RFC's.
        if known.is_some() && name != "quadruple" {
            Strict::of(self.options).report(Lint::Predeclared, span, self.diags);
        }
        match known {
            Some(Known::Basic(ty)) => ty,
            Some(known) => Type::Named(self.types.add(name, Body::Known(known))),
            None => {
                if let Some((spelled, ty)) = known::assumed_type(name) {
                    if self.undefined.insert(name.to_owned()) {
                        self.diags.push(w0243_assumed_type(name, span, spelled));
                    }
                    return ty;
                }
                if self.undefined.insert(name.to_owned()) {
                    if let Some(defined) = self.values.place(name) {
                        self.diags.push(e0201_number_as_type(name, span, defined));
                        return Type::Int;
                    }
                    let known = self.types.names().chain(known::TYPE_NAMES.iter().copied());
                    let known = known.chain(TYPE_WORDS);
                    let nearest = self.hints.nearest(name, known);
                    let values = self.is_discriminant;
                    self.diags
                        .push(e0201_undefined_type(name, span, nearest, values));
                }
                Type::Int
            }
        }
    }

    /// The most elements a variable array may have. Like C, takes −1 for "no bound".
    fn bound(&mut self, bound: Option<&'a Expr>) -> u32 {
        let Some(bound) = bound else { return u32::MAX };
        match self.values.eval(bound, None, self.diags) {
            None | Some(-1) => u32::MAX,
            Some(value) => u32::try_from(value).unwrap_or_else(|_| {
                self.diags.push(e0216_bound_out_of_range(bound.span, value));
                u32::MAX
            }),
        }
    }

    /// The number of elements of a fixed array.
    fn count(&mut self, count: &'a Expr) -> u64 {
        match self.values.eval(count, None, self.diags) {
            None => 1,
            Some(value) => u32::try_from(value).map_or_else(
                |_| {
                    self.diags.push(e0216_bound_out_of_range(count.span, value));
                    1
                },
                u64::from,
            ),
        }
    }

    /// A 32-bit number as C writes it, signed or not: 4294967295 and −1 are the same.
    fn wire_int(&mut self, value: i128, span: Span) -> Option<i32> {
        match (i32::try_from(value), u32::try_from(value)) {
            (Ok(value), _) => Some(value),
            (_, Ok(value)) => Some(value.cast_signed()),
            _ => {
                self.diags.push(e0215_enumerator_out_of_range(span, value));
                None
            }
        }
    }

    /// A program with all its versions.
    pub(super) fn program(&mut self, program: &'a ast::Program, docs: &Docs) -> Program {
        let number = self.number(&program.number, "program");
        let versions = program
            .versions
            .iter()
            .map(|version| self.version(version))
            .collect();
        Program {
            name: name(&program.name),
            docs: docs.clone(),
            number,
            versions,
        }
    }

    fn version(&mut self, version: &'a ast::Version) -> Version {
        let number = self.number(&version.number, "version");
        let procedures = version
            .procedures
            .iter()
            .map(|procedure| self.procedure(procedure))
            .collect();
        Version {
            name: name(&version.name),
            docs: version.docs.clone(),
            number,
            procedures,
        }
    }

    fn procedure(&mut self, procedure: &'a ast::Procedure) -> Procedure {
        let number = self.number(&procedure.number, "procedure");
        let args = match procedure.args.as_slice() {
            [sole] => vec![self.sole_argument(sole)],
            several => {
                let given = several.iter().filter_map(|arg| arg.name.as_ref());
                let given: BTreeSet<&str> = given.map(|name| name.name.as_str()).collect();
                let arguments = several.iter().enumerate().map(|(at, arg)| {
                    // Steps of so many that no two meet.
                    let mut numbered = (at + 1..).step_by(several.len()).map(|n| format!("arg{n}"));
                    let made_up = numbered.find(|name| !given.contains(name.as_str()));
                    let ty = self.shaped(&arg.ty, &arg.shape);
                    argument(arg, made_up.unwrap_or_default(), ty)
                });
                arguments.collect()
            }
        };
        let result = procedure
            .result
            .as_ref()
            .map(|result| self.shaped(&result.ty, &result.shape));
        let (name, docs) = (name(&procedure.name), procedure.docs.clone());
        Procedure {
            name,
            docs,
            number,
            args,
            result,
            oneway: procedure.oneway,
        }
    }

    /// C does not look at the bound or the `*` of a sole argument (language.md §4.4, §4.5); the wire is as C has it.
    fn sole_argument(&mut self, arg: &'a Param) -> Argument {
        let ty = match (&arg.ty.kind, &arg.shape) {
            (TypeKind::String, Shape::Variable(Some(bound))) => {
                self.values.eval(bound, None, self.diags);
                self.diags.push(w0225_bound_of_sole_argument(arg.span));
                Type::String(u32::MAX)
            }
            (TypeKind::Char, Shape::Optional) => {
                self.diags.push(w0247_pointer_to_char(arg.ty.span));
                Type::Char
            }
            (_, Shape::Optional) => {
                self.diags.push(w0226_pointer_as_sole_argument(arg.span));
                self.named(&arg.ty)
            }
            (_, shape) => self.shaped(&arg.ty, shape),
        };
        argument(arg, String::from("arg"), ty)
    }

    /// The number of a program, version or procedure. After an error, which was reported, one that nothing else has: no
    /// rule about numbers has something to say about it.
    fn number(&mut self, expr: &'a Expr, what: &str) -> u32 {
        if let Some(value) = self.values.eval(expr, None, self.diags) {
            if let Ok(number) = u32::try_from(value) {
                return number;
            }
            self.diags
                .push(e0217_number_out_of_range(expr.span, what, value));
        }
        self.unknown_numbers += 1;
        u32::MAX - self.unknown_numbers
    }

    /// The enum behind typedefs, for labels of a union.
    pub(super) fn enum_of(&self, ty: &Type) -> Option<TypeId> {
        match *ty {
            Type::Named(id) => self
                .end_of_typedefs(id)
                .ok()
                .filter(|id| matches!(self.body_of(*id), Body::Enum(_))),
            _ => None,
        }
    }

    /// The basic type behind typedefs, if there is one.
    pub(super) fn basic_type_of(&self, id: TypeId) -> Option<Type> {
        self.end_of_typedefs(id).err().flatten()
    }

    /// Follows typedefs to the type they mean, or to a basic one. Nothing is lowered yet, so this reads declarations.
    fn end_of_typedefs(&self, mut id: TypeId) -> Result<TypeId, Option<Type>> {
        // A cycle ends when there is nothing new to see.
        for _ in 0..self.types.list.len() {
            let Body::Typedef(Decl {
                ty,
                shape: Shape::Plain,
                ..
            }) = self.body_of(id)
            else {
                return Ok(id);
            };
            id = match &ty.kind {
                TypeKind::Named(_, name) => match (self.types.meant(name), known::known_type(name))
                {
                    (Some(id), _) => id,
                    (None, Some(Known::Basic(ty))) => return Err(Some(ty)),
                    (None, _) => return Err(known::assumed_type(name).map(|(_, ty)| ty)),
                },
                TypeKind::Enum(_, body) => self.types.inline_id(&**body).ok_or(None)?,
                kind => return Err(basic(kind)),
            };
        }
        Err(None)
    }

    fn body_of(&self, id: TypeId) -> &Body<'a> {
        &self.types.list[id.0 as usize].body
    }
}

/// The types that are words of the language.
fn basic(kind: &TypeKind) -> Option<Type> {
    Some(match kind {
        TypeKind::Bool => Type::Bool,
        TypeKind::Char => Type::Char,
        TypeKind::UnsignedChar => Type::UChar,
        TypeKind::Short => Type::Short,
        TypeKind::UnsignedShort => Type::UShort,
        TypeKind::Int | TypeKind::Long => Type::Int,
        TypeKind::Unsigned | TypeKind::UnsignedLong => Type::UInt,
        TypeKind::Hyper => Type::Hyper,
        TypeKind::UnsignedHyper => Type::UHyper,
        TypeKind::Float => Type::Float,
        TypeKind::Double => Type::Double,
        TypeKind::String => Type::String(u32::MAX),
        TypeKind::Opaque => Type::Opaque(u32::MAX),
        TypeKind::Named(..) | TypeKind::Struct(..) | TypeKind::Enum(..) | TypeKind::Union(..) => {
            return None;
        }
    })
}

fn argument(arg: &Param, fallback: String, ty: Type) -> Argument {
    let name = match &arg.name {
        Some(given) => name(given),
        None => Name {
            x: fallback,
            span: arg.span,
            ..Name::default()
        },
    };
    Argument { name, ty }
}

pub(super) fn name(ident: &ast::Ident) -> Name {
    Name {
        x: ident.name.clone(),
        span: ident.span,
        ..Name::default()
    }
}
