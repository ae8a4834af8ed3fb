//! Names that a file uses and does not define, and the definitions of other files that supply them.
//!
//! C files say `%#include "foo.h"` and mean types of a sibling `foo.x`; several files given together may refer to each
//! other, too. Only what is needed is taken over, and what that needs in turn.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::known;
use crate::ast::{
    ConstValue, Decl, EnumBody, Expr, Item, ItemKind, Param, Shape, Spec, Type, TypeKind,
};
use crate::options::Options;

/// Names used by some definitions, and names they define.
pub(crate) struct Missing<'a> {
    /// Used and not defined.
    used: BTreeSet<String>,
    /// Those of the names that are used as types.
    types: HashSet<String>,
    defined: HashSet<String>,
    /// What `%#define`s name.
    numbers: HashSet<String>,
    /// Those of these numbers that nothing uses yet.
    idle: HashMap<String, Expr>,
    options: &'a Options,
}

impl<'a> Missing<'a> {
    /// The uses and definitions of a file. What `defines` names is a number, and missing where it is used as a type.
    pub(crate) fn of(spec: &Spec, defines: &[(String, Expr)], options: &'a Options) -> Self {
        let mut names = Self {
            used: BTreeSet::new(),
            types: HashSet::new(),
            defined: HashSet::new(),
            numbers: HashSet::new(),
            idle: HashMap::new(),
            options,
        };
        names.add(&spec.items, defines);
        names
    }

    /// Adds definitions and numbers. Of the names that these use, those that are missing.
    pub(crate) fn add(&mut self, items: &[Item], numbers: &[(String, Expr)]) -> BTreeSet<String> {
        let used_before = std::mem::take(&mut self.used);
        let defined_before = std::mem::take(&mut self.defined);
        items.iter().for_each(|item| self.item(item));
        self.used_numbers(numbers, &used_before);
        let mut fresh = std::mem::replace(&mut self.used, used_before);
        if !self.used.is_empty() {
            for name in &self.defined {
                self.used.remove(name);
            }
        }
        // The larger part stays where it is.
        let mut less = defined_before;
        if less.len() > self.defined.len() {
            std::mem::swap(&mut less, &mut self.defined);
        }
        self.defined.extend(less);
        for (name, _) in numbers {
            self.numbers.insert(name.clone());
            if self.is_known(name) {
                self.used.remove(name);
            }
        }
        fresh.retain(|name| !self.is_known(name));
        self.used.extend(fresh.iter().cloned());
        fresh
    }

    /// What those numbers name that are used, these and the ones that nothing used before.
    fn used_numbers(&mut self, numbers: &[(String, Expr)], used_before: &BTreeSet<String>) {
        for (name, expr) in numbers {
            let first = self.idle.entry(name.clone());
            first.or_insert_with(|| expr.clone());
        }
        if self.idle.is_empty() {
            return;
        }
        let new = numbers.iter().map(|(name, _)| name);
        let new = new.filter(|name| used_before.contains(*name));
        let mut wanted: Vec<String> = new.chain(&self.used).cloned().collect();
        while let Some(name) = wanted.pop() {
            let Some(expr) = self.idle.remove(&name) else {
                continue;
            };
            expr.names(&mut |name, _| {
                self.name(name);
                wanted.push(name.to_owned());
            });
        }
    }

    fn is_known(&self, name: &str) -> bool {
        let is_number = self.numbers.contains(name) && !self.types.contains(name);
        is_number || !self.lacks(name)
    }

    /// Is nothing missing?
    pub(crate) fn is_empty(&self) -> bool {
        self.used.is_empty()
    }

    /// Is this name used and not defined?
    pub(crate) fn uses(&self, name: &str) -> bool {
        self.used.contains(name)
    }

    /// Does nothing define this name?
    pub(crate) fn lacks(&self, name: &str) -> bool {
        let is_known = known::known_type(name).is_some() || known::known_value(name).is_some();
        let is_extern = self.options.extern_type.get(name, None).is_some();
        !self.defined.contains(name) && !is_known && !is_extern
    }

    /// Is this name used as a type and not defined?
    pub(crate) fn uses_type(&self, name: &str) -> bool {
        self.uses(name) && self.types.contains(name)
    }

    fn item(&mut self, item: &Item) {
        self.defined.extend(defined_by(item));
        match &item.kind {
            ItemKind::Const(constant) => {
                if let ConstValue::Expr(expr) = &constant.value {
                    self.expr(expr);
                }
            }
            ItemKind::Enum(_, body) => self.enum_body(body),
            ItemKind::Struct(_, body) => body.fields.iter().for_each(|field| self.decl(field)),
            ItemKind::Union(_, body) => {
                self.decl(&body.discriminant);
                body.arms.iter().for_each(|arm| self.arm(arm));
            }
            ItemKind::Typedef(decl) if super::collect::is_of_itself(decl) => {}
            ItemKind::Typedef(decl) => self.decl(decl),
            ItemKind::Program(program) => {
                self.expr(&program.number);
                for version in &program.versions {
                    self.expr(&version.number);
                    for procedure in &version.procedures {
                        self.expr(&procedure.number);
                        procedure
                            .args
                            .iter()
                            .chain(&procedure.result)
                            .for_each(|param| self.param(param));
                    }
                }
            }
        }
    }

    fn arm(&mut self, arm: &crate::ast::Arm) {
        for label in &arm.labels {
            if let crate::ast::CaseLabel::Case(expr) = label {
                self.expr(expr);
            }
        }
        arm.decl.iter().for_each(|decl| self.decl(decl));
    }

    fn enum_body(&mut self, body: &EnumBody) {
        body.members
            .iter()
            .filter_map(|member| member.value.as_ref())
            .for_each(|value| self.expr(value));
    }

    fn decl(&mut self, decl: &Decl) {
        self.ty(&decl.ty);
        self.shape(&decl.shape);
    }

    fn param(&mut self, param: &Param) {
        self.ty(&param.ty);
        self.shape(&param.shape);
    }

    fn shape(&mut self, shape: &Shape) {
        if let Shape::Fixed(expr) | Shape::Variable(Some(expr)) = shape {
            self.expr(expr);
        }
    }

    fn ty(&mut self, ty: &Type) {
        match &ty.kind {
            TypeKind::Named(_, name) => {
                self.name(name);
                if !self.types.contains(name) {
                    self.types.insert(name.clone());
                }
            }
            TypeKind::Struct(_, body) => body.fields.iter().for_each(|field| self.decl(field)),
            TypeKind::Enum(_, body) => self.enum_body(body),
            TypeKind::Union(_, body) => {
                self.decl(&body.discriminant);
                body.arms.iter().for_each(|arm| self.arm(arm));
            }
            _ => {}
        }
        self.defined.extend(defined_by_type(ty));
    }

    fn expr(&mut self, expr: &Expr) {
        expr.names(&mut |name, _| self.name(name));
    }

    fn name(&mut self, name: &str) {
        if !self.used.contains(name) {
            self.used.insert(name.to_owned());
        }
    }
}

/// Takes out the typedefs of tags that nothing defines, where nothing uses them: C declares them and never notices.
pub(crate) fn take_idle_typedefs(
    spec: &mut Spec,
    defines: &[(String, Expr)],
    options: &Options,
) -> Vec<Decl> {
    let of_tag = |item: &Item| match &item.kind {
        ItemKind::Typedef(decl) if !super::collect::is_of_itself(decl) => match &decl.ty.kind {
            TypeKind::Named(Some(_), of) => Some((decl.name.name.clone(), of.clone())),
            _ => None,
        },
        _ => None,
    };
    if !spec.items.iter().any(|item| of_tag(item).is_some()) {
        return Vec::new();
    }
    let missing = Missing::of(spec, defines, options);
    let (idle, items) = std::mem::take(&mut spec.items)
        .into_iter()
        .partition::<Vec<Item>, _>(|item| of_tag(item).is_some_and(|(_, of)| missing.uses(&of)));
    spec.items = items;
    let used = Missing::of(spec, defines, options);
    let (needed, idle) = idle
        .into_iter()
        .partition::<Vec<Item>, _>(|item| of_tag(item).is_some_and(|(name, _)| used.uses(&name)));
    spec.items.extend(needed);
    let typedef = |item: Item| match item.kind {
        ItemKind::Typedef(decl) => Some(decl),
        _ => None,
    };
    idle.into_iter().filter_map(typedef).collect()
}

/// The names that a definition makes known to the whole file.
pub(crate) fn defined_by(item: &Item) -> Vec<String> {
    let members = |body: &EnumBody| {
        body.members
            .iter()
            .map(|member| member.name.name.clone())
            .collect::<Vec<_>>()
    };
    match &item.kind {
        ItemKind::Const(constant) => vec![constant.name.name.clone()],
        ItemKind::Enum(name, body) => [vec![name.name.clone()], members(body)].concat(),
        ItemKind::Struct(name, _) | ItemKind::Union(name, _) => vec![name.name.clone()],
        ItemKind::Typedef(decl) if super::collect::is_of_itself(decl) => Vec::new(),
        ItemKind::Typedef(decl) => {
            [vec![decl.name.name.clone()], defined_by_type(&decl.ty)].concat()
        }
        ItemKind::Program(program) => {
            let mut names = vec![program.name.name.clone()];
            for version in &program.versions {
                names.push(version.name.name.clone());
                names.extend(
                    version
                        .procedures
                        .iter()
                        .map(|procedure| procedure.name.name.clone()),
                );
            }
            names
        }
    }
}

/// The tag of an inline type and the members of an inline enum.
fn defined_by_type(ty: &Type) -> Vec<String> {
    let tag = |tag: &Option<Box<crate::ast::Ident>>| {
        tag.iter().map(|tag| tag.name.clone()).collect::<Vec<_>>()
    };
    match &ty.kind {
        TypeKind::Struct(name, _) | TypeKind::Union(name, _) => tag(name),
        TypeKind::Enum(name, body) => [
            tag(name),
            body.members
                .iter()
                .map(|member| member.name.name.clone())
                .collect(),
        ]
        .concat(),
        _ => Vec::new(),
    }
}
