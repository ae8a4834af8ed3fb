//! Resolved interface → an interface file that rpcgen and gcc take: every name our own, types before their users.

use super::driver::Names;
use crate::interfaces::basic;
use rpcgen_rs::ir::{Spec, Type, TypeDef, TypeId, TypeKind, Union};
use std::collections::BTreeSet;
use std::fmt::Write;

/// Names that meet no other.
pub(super) struct Plain;

impl Names for Plain {
    fn ty(&self, def: &TypeDef) -> String {
        format!("x_{}", def.name.x)
    }
    fn member(&self, x: &str) -> String {
        format!("f_{x}")
    }
    fn arm(&self, _: &Union, case: Option<usize>) -> String {
        case.map_or("f_default".to_owned(), |at| format!("f_{at}"))
    }
}

/// Prints the file, and says which types it lacks.
pub(super) fn print(spec: &Spec) -> (String, BTreeSet<u32>) {
    let mut order = Order {
        spec,
        state: vec![State::New; spec.types.len()],
        sorted: Vec::new(),
    };
    for id in 0..spec.types.len() {
        order.visit(id);
    }
    // What holds a type that is not there is not there, by value or by pointer.
    let mut without: BTreeSet<u32> = (0..)
        .zip(&order.state)
        .filter(|(_, state)| **state == State::Impossible)
        .map(|(id, _)| id)
        .collect();
    loop {
        let more: Vec<u32> = (0u32..)
            .zip(&spec.types)
            .filter(|(id, def)| {
                !without.contains(id) && targets(def).iter().any(|(t, _)| without.contains(&t.0))
            })
            .map(|(id, _)| id)
            .collect();
        if more.is_empty() {
            break;
        }
        without.extend(more);
    }
    let mut text = "typedef opaque x_16bytes[16];\n".to_owned();
    for id in order.sorted {
        if !without.contains(&(id as u32)) {
            definition(spec, &spec.types[id], &mut text);
        }
    }
    (text, without)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Open,
    Done,
    /// Inside itself by value, or a union without a case.
    Impossible,
}

struct Order<'a> {
    spec: &'a Spec,
    state: Vec<State>,
    sorted: Vec<usize>,
}

impl Order<'_> {
    fn visit(&mut self, id: usize) {
        match self.state[id] {
            State::New => {}
            State::Open => {
                self.state[id] = State::Impossible;
                return;
            }
            State::Done | State::Impossible => return,
        }
        self.state[id] = State::Open;
        let def = &self.spec.types[id];
        for (target, pointer) in targets(def) {
            // C declares a struct by naming it, but not a typedef or an enum.
            let is_tagged = is_tagged(self.spec.def(target));
            if !(pointer && is_tagged) {
                self.visit(target.0 as usize);
            }
        }
        let no_case = matches!(&def.kind, TypeKind::Union(union) if union.cases.is_empty());
        if self.state[id] == State::Impossible || no_case {
            self.state[id] = State::Impossible;
            return;
        }
        self.state[id] = State::Done;
        self.sorted.push(id);
    }
}

fn is_tagged(def: &TypeDef) -> bool {
    matches!(def.kind, TypeKind::Struct(_) | TypeKind::Union(_))
}

/// Types that a type names, and whether by pointer.
fn targets(def: &TypeDef) -> Vec<(TypeId, bool)> {
    fn walk(ty: &Type, pointer: bool, out: &mut Vec<(TypeId, bool)>) {
        match ty {
            Type::Named(id) => out.push((*id, pointer)),
            Type::Array(inner, _) => walk(inner, pointer, out),
            Type::Vec(inner, _) | Type::Optional(inner) => walk(inner, true, out),
            _ => {}
        }
    }
    let mut out = Vec::new();
    match &def.kind {
        TypeKind::Struct(fields) => fields.iter().for_each(|f| walk(&f.ty, false, &mut out)),
        TypeKind::Union(union) => {
            walk(&union.tag, false, &mut out);
            let arms = union.cases.iter().map(|case| &case.arm);
            let types = arms.chain(&union.default).filter_map(|arm| arm.ty.as_ref());
            types.for_each(|ty| walk(ty, false, &mut out));
        }
        TypeKind::Alias(ty) => walk(ty, false, &mut out),
        TypeKind::Enum(_) | TypeKind::Extern(_) => {}
    }
    out
}

fn definition(spec: &Spec, def: &TypeDef, text: &mut String) {
    let name = Plain.ty(def);
    let mut line = |args: std::fmt::Arguments<'_>| writeln!(text, "{args}").expect("text");
    match &def.kind {
        TypeKind::Struct(fields) => {
            line(format_args!("struct {name} {{"));
            for field in fields {
                let member = Plain.member(&field.name.x);
                line(format_args!("{};", declaration(spec, &field.ty, &member)));
            }
            line(format_args!("}};"));
        }
        TypeKind::Enum(members) => {
            let members: Vec<String> = (0..)
                .zip(members)
                .map(|(at, member): (u32, _)| format!("{name}_{at} = {}", member.value))
                .collect();
            // rpcgen's lines have an end.
            line(format_args!("enum {name} {{\n{}\n}};", members.join(",\n")));
        }
        TypeKind::Union(union) => {
            let tag = declaration(spec, &union.tag, &Plain.member(&union.discriminant.x));
            line(format_args!("union {name} switch ({tag}) {{"));
            let arm = |ty: Option<&Type>, at| {
                let member = Plain.arm(union, at);
                ty.map_or("void".to_owned(), |ty| declaration(spec, ty, &member))
            };
            for (at, case) in union.cases.iter().enumerate() {
                let value = match spec.resolve(&union.tag) {
                    Type::UHyper => (case.value as u64).to_string(),
                    _ => case.value.to_string(),
                };
                line(format_args!(
                    "case {value}: {};",
                    arm(case.arm.ty.as_ref(), Some(at))
                ));
            }
            if let Some(default) = &union.default {
                line(format_args!("default: {};", arm(default.ty.as_ref(), None)));
            }
            line(format_args!("}};"));
        }
        TypeKind::Alias(ty) => line(format_args!("typedef {};", declaration(spec, ty, &name))),
        TypeKind::Extern(_) => {}
    }
}

fn declaration(spec: &Spec, ty: &Type, name: &str) -> String {
    let bound = |max: u32| {
        if max == u32::MAX {
            String::new()
        } else {
            max.to_string()
        }
    };
    match ty {
        Type::OpaqueFixed(length) => format!("opaque {name}[{length}]"),
        Type::Opaque(max) => format!("opaque {name}<{}>", bound(*max)),
        Type::String(max) => format!("string {name}<{}>", bound(*max)),
        Type::Array(element, length) => format!("{} {name}[{length}]", word(spec, element)),
        Type::Vec(element, max) => format!("{} {name}<{}>", word(spec, element), bound(*max)),
        Type::Optional(pointee) => format!("{} *{name}", word(spec, pointee)),
        other => format!("{} {name}", word(spec, other)),
    }
}

fn word(spec: &Spec, ty: &Type) -> String {
    match ty {
        Type::Quadruple => "x_16bytes".to_owned(),
        Type::Named(id) => {
            let def = spec.def(*id);
            let tag = if is_tagged(def) { "struct " } else { "" };
            format!("{tag}{}", Plain.ty(def))
        }
        other => basic(other)
            .unwrap_or_else(|| unreachable!("{other:?} has a typedef where it is an element"))
            .to_owned(),
    }
}
