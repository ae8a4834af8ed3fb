//! IR → JSON: the resolved interface for other tools, and for `schema`, which reads it back.
//!
//! Version 1 of the schema. An interface is an object with the members
//!
//! - `rpcgen-rs`: the version of the schema, 1
//! - `source`: name of the file
//! - `consts`: objects `name`, `docs`, `value` (a number or a text)
//! - `types`: objects `name`, `rust`, `docs`, `wire` (its least and largest size in bytes, null for no bound) and
//!   - `struct`: its members, objects `name`, `docs`, `type`
//!   - or `enum`: its members, objects `name`, `docs`, `value`
//!   - or `union`: an object `discriminant` (`name`, `type`), `cases` (objects `label`, `value`, `docs`, `arm`) and
//!     `default` (an arm or null); an arm is an object `name`, `docs`, `type`, the last one null for `void`
//!   - or `typedef`: a type
//!   - or `extern`: the path of a type in Rust
//! - `programs`: objects `name`, `docs`, `number`, `versions`, whose `procedures` have `args` (objects `name`, `type`),
//!   `result` (a type or null) and `oneway`
//! - `passthrough`: the `%` lines
//!
//! A type is the name of a basic one (`int`, `unsigned hyper` …), or an object with one member that says what it is:
//! `named`, `optional`, `array` and `vector` (with `length` or `max` beside it), `opaque` and `string` (an object with
//! `length` or `max`; no bound is null). Docs are a text or null. Readers ignore members that they do not know; `rust`
//! and `wire` are there for readers, and computed anew when the text comes back.

use super::OutFile;
use crate::ir::{
    Arm, Case, Const, ConstValue, Field, Layout, Name, Procedure, Program, Spec, Type, TypeDef,
    TypeKind, Union, Version,
};
use crate::json::Json;
use crate::options::Options;

/// Version of the schema.
pub(crate) const VERSION: i128 = 1;

/// Words for basic types.
pub(crate) const BASIC: &[(&str, Type)] = &[
    ("bool", Type::Bool),
    ("char", Type::Char),
    ("unsigned char", Type::UChar),
    ("short", Type::Short),
    ("unsigned short", Type::UShort),
    ("int", Type::Int),
    ("unsigned int", Type::UInt),
    ("hyper", Type::Hyper),
    ("unsigned hyper", Type::UHyper),
    ("float", Type::Float),
    ("double", Type::Double),
    ("quadruple", Type::Quadruple),
];

/// Prints the interface as one JSON file.
#[must_use]
pub fn emit(spec: &Spec, _: &Options) -> Vec<OutFile> {
    let stem = spec.source.strip_suffix(".x").unwrap_or(&spec.source);
    vec![OutFile {
        path: format!("{stem}.json"),
        text: format!("{}\n", Printer { spec }.interface()),
    }]
}

struct Printer<'a> {
    spec: &'a Spec,
}

impl Printer<'_> {
    fn interface(&self) -> Json {
        let source = self.spec.source.rsplit('/').next().unwrap_or_default();
        Json::object([
            ("rpcgen-rs", Json::Int(VERSION)),
            ("source", Json::from(source)),
            ("consts", self.spec.consts.iter().map(constant).collect()),
            (
                "types",
                self.spec
                    .types
                    .iter()
                    .map(|def| self.definition(def))
                    .collect(),
            ),
            (
                "programs",
                self.spec
                    .programs
                    .iter()
                    .map(|program| self.program(program))
                    .collect(),
            ),
            (
                "passthrough",
                self.spec
                    .passthrough
                    .iter()
                    .map(|line| line.text.as_str())
                    .collect(),
            ),
        ])
    }

    fn definition(&self, def: &TypeDef) -> Json {
        let kind = match &def.kind {
            TypeKind::Struct(fields) => (
                "struct",
                fields.iter().map(|field| self.field(field)).collect(),
            ),
            TypeKind::Union(union) => ("union", self.union(union)),
            TypeKind::Enum(members) => {
                let member = |member: &crate::ir::Enumerator| {
                    with_docs(
                        &member.name,
                        &member.docs,
                        [("value", Json::Int(member.value.into()))],
                    )
                };
                ("enum", members.iter().map(member).collect())
            }
            TypeKind::Alias(ty) => ("typedef", self.ty(ty)),
            TypeKind::Extern(path) => ("extern", Json::from(path.as_str())),
        };
        let rust = ("rust", Json::from(def.name.rust.as_str()));
        with_docs(
            &def.name,
            &def.docs,
            [rust, ("wire", wire(&def.layout)), kind],
        )
    }

    fn field(&self, field: &Field) -> Json {
        with_docs(&field.name, &field.docs, [("type", self.ty(&field.ty))])
    }

    fn union(&self, union: &Union) -> Json {
        let tag = [
            ("name", Json::from(union.discriminant.x.as_str())),
            ("type", self.ty(&union.tag)),
        ];
        Json::object([
            ("discriminant", Json::object(tag)),
            (
                "cases",
                union.cases.iter().map(|case| self.case(case)).collect(),
            ),
            (
                "default",
                union
                    .default
                    .as_ref()
                    .map_or(Json::Null, |arm| self.arm(arm)),
            ),
        ])
    }

    fn case(&self, case: &Case) -> Json {
        Json::object([
            ("label", Json::from(case.name.x.as_str())),
            ("value", Json::Int(case.value.into())),
            ("docs", Json::text_or_null(case.docs.as_deref())),
            ("arm", self.arm(&case.arm)),
        ])
    }

    fn arm(&self, arm: &Arm) -> Json {
        Json::object([
            (
                "name",
                Json::text_or_null(arm.name.as_ref().map(|name| name.x.as_str())),
            ),
            ("docs", Json::text_or_null(arm.docs.as_deref())),
            ("type", self.type_or_null(arm.ty.as_ref())),
        ])
    }

    fn type_or_null(&self, ty: Option<&Type>) -> Json {
        ty.map_or(Json::Null, |ty| self.ty(ty))
    }

    fn ty(&self, ty: &Type) -> Json {
        let max = |max: u32| {
            (
                "max",
                if max == u32::MAX {
                    Json::Null
                } else {
                    Json::Int(max.into())
                },
            )
        };
        let length = |length: u64| ("length", Json::Int(length.into()));
        match ty {
            Type::OpaqueFixed(count) => Json::object([("opaque", Json::object([length(*count)]))]),
            Type::Opaque(bound) => Json::object([("opaque", Json::object([max(*bound)]))]),
            Type::String(bound) => Json::object([("string", Json::object([max(*bound)]))]),
            Type::Array(element, count) => {
                Json::object([("array", self.ty(element)), length(*count)])
            }
            Type::Vec(element, bound) => Json::object([("vector", self.ty(element)), max(*bound)]),
            Type::Optional(pointee) => Json::object([("optional", self.ty(pointee))]),
            Type::Named(id) => {
                Json::object([("named", Json::from(self.spec.def(*id).name.x.as_str()))])
            }
            basic => {
                let word = BASIC
                    .iter()
                    .find(|(_, known)| known == basic)
                    .map_or("", |(word, _)| word);
                Json::from(word)
            }
        }
    }

    fn program(&self, program: &Program) -> Json {
        let versions = program
            .versions
            .iter()
            .map(|version| self.version(version))
            .collect();
        with_docs(
            &program.name,
            &program.docs,
            [
                ("number", Json::Int(program.number.into())),
                ("versions", versions),
            ],
        )
    }

    fn version(&self, version: &Version) -> Json {
        let procedures = version
            .procedures
            .iter()
            .map(|procedure| self.procedure(procedure))
            .collect();
        with_docs(
            &version.name,
            &version.docs,
            [
                ("number", Json::Int(version.number.into())),
                ("procedures", procedures),
            ],
        )
    }

    fn procedure(&self, procedure: &Procedure) -> Json {
        let args = procedure.args.iter().map(|arg| {
            Json::object([
                ("name", Json::from(arg.name.x.as_str())),
                ("type", self.ty(&arg.ty)),
            ])
        });
        let rest = [
            ("number", Json::Int(procedure.number.into())),
            ("args", args.collect()),
            ("result", self.type_or_null(procedure.result.as_ref())),
            ("oneway", Json::Bool(procedure.oneway)),
        ];
        with_docs(&procedure.name, &procedure.docs, rest)
    }
}

fn constant(constant: &Const) -> Json {
    let value = match &constant.value {
        ConstValue::Int(value, _) => Json::Int(*value),
        ConstValue::Str(text) => Json::from(text.as_str()),
    };
    with_docs(&constant.name, &constant.docs, [("value", value)])
}

fn wire(layout: &Layout) -> Json {
    let max = layout.max.map_or(Json::Null, |max| Json::Int(max.into()));
    Json::object([("min", Json::Int(layout.min.into())), ("max", max)])
}

fn with_docs<'a>(
    name: &Name,
    docs: &Option<String>,
    rest: impl IntoIterator<Item = (&'a str, Json)>,
) -> Json {
    let head = [
        ("name", Json::from(name.x.as_str())),
        ("docs", Json::text_or_null(docs.as_deref())),
    ];
    Json::object(head.into_iter().chain(rest))
}
