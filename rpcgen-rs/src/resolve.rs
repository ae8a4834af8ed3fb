//! AST → IR: names become ids, expressions numbers, declarations types.
//!
//! Definitions may stand in any order, so the file is walked three times: `collect` gives every
//! type an id, `values` learns every name that means a number, and then everything is lowered. What is undefined,
//! doubly defined or has no value is reported here; whether the result makes sense is for `check` to say.

mod collect;
mod known;
mod lower;
mod messages;
mod missing;
mod same;
mod union;
mod values;

use std::collections::HashMap;

use crate::ast::{self, ConstValue, Expr, ItemKind};
use crate::diag::Diagnostics;
use crate::ir::{self, Spec};
use crate::options::Options;
use crate::source::{SourceMap, Span};
use collect::Definitions;
use lower::Lower;
use messages::e0205_value_defined_twice;
use values::{Init, Values};

pub(crate) use missing::{Missing, defined_by, take_idle_typedefs};
pub(crate) use union::link_enumerators;

/// Resolves a file. `defines` are the `%#define`s that name numbers: C sees them in the generated header, and bounds
/// use them. `sources` has the text of the file, for the names of macros.
pub fn resolve(
    file: &ast::Spec,
    defines: &[(String, Expr)],
    sources: &SourceMap,
    options: &Options,
    diags: &mut Diagnostics,
) -> Spec {
    let types = Definitions::collect(file, options, diags);
    let mut values = Values::new(file);
    let consts = define_values(file, &mut values);
    let mut lower = Lower::new(types, values, &file.lost, sources, options, diags);
    lower.define_enumerators();
    define_program_numbers(file, &mut lower.values);
    for (name, expr) in defines {
        lower
            .values
            .define_if_new(name, expr.span, Init::Expr(expr));
    }

    let consts = consts
        .into_iter()
        .filter_map(|(id, docs, constant, text)| lower.constant(id, docs, constant, text))
        .collect();
    let programs: Vec<ir::Program> = file
        .items
        .iter()
        .filter_map(|item| match &item.kind {
            ItemKind::Program(program) => Some(lower.program(program, &item.docs)),
            _ => None,
        })
        .collect();
    let types = lower.types();
    lower.compare_repeated(&types);
    let mut spec = Spec {
        source: String::new(),
        consts: without_repeats(consts, lower.diags),
        types,
        programs,
        passthrough: Vec::new(),
    };
    let lines = file.passthrough.iter().map(|line| ir::Passthrough {
        text: line.text.clone(),
        span: line.span,
    });
    spec.passthrough = lines.collect();
    link_enumerators(&mut spec);
    compare_texts(&spec, lower.diags);
    spec
}

/// The constants that are texts with the members of enums, which are numbers.
fn compare_texts(spec: &Spec, diags: &mut Diagnostics) {
    let texts = spec.consts.iter();
    let texts = texts.filter(|constant| matches!(constant.value, ir::ConstValue::Str(_)));
    let texts: HashMap<&str, Span> = texts
        .map(|text| (text.name.x.as_str(), text.name.span))
        .collect();
    if texts.is_empty() {
        return;
    }
    for def in &spec.types {
        let ir::TypeKind::Enum(members) = &def.kind else {
            continue;
        };
        for name in members.iter().map(|member| &member.name) {
            if let Some(&text) = texts.get(name.x.as_str()) {
                let (first, again) = (text.min(name.span), text.max(name.span));
                diags.push(e0205_value_defined_twice(&name.x, again, first));
            }
        }
    }
}

/// A constant, and its text if it is none of a number.
type ConstItem<'a> = (
    values::ValueId,
    &'a ir::Docs,
    &'a ast::Const,
    Option<&'a str>,
);

/// The constants of the file, in order.
fn define_values<'a>(file: &'a ast::Spec, values: &mut Values<'a>) -> Vec<ConstItem<'a>> {
    let mut consts = Vec::new();
    let texts = texts(file);
    for item in &file.items {
        if let ItemKind::Const(constant) = &item.kind {
            let text = texts.get(constant.name.name.as_str()).copied();
            let init = match &constant.value {
                ConstValue::Expr(expr) if text.is_none() || expr.as_name().is_none() => {
                    Init::Expr(expr)
                }
                _ => Init::Text,
            };
            let text = text.filter(|_| matches!(init, Init::Text));
            consts.push((
                values.define(&constant.name.name, constant.name.span, init, None),
                &item.docs,
                constant,
                text,
            ));
        }
    }
    consts
}

/// The constants that are texts, by way of others, too: `const A = "x"; const B = A;` makes `#define B A` in C. Each
/// chain is walked once.
fn texts(file: &ast::Spec) -> HashMap<&str, &str> {
    let mut texts = HashMap::new();
    let mut same: HashMap<&str, &str> = HashMap::new();
    for item in &file.items {
        if let ItemKind::Const(constant) = &item.kind {
            let name = constant.name.name.as_str();
            match &constant.value {
                ConstValue::Str(text) => {
                    texts.entry(name).or_insert(text.as_str());
                }
                ConstValue::Expr(expr) => {
                    same.extend(expr.as_name().map(|of| (name, of)));
                }
            }
        }
    }
    if texts.is_empty() {
        return texts;
    }
    for start in same.keys().copied().collect::<Vec<_>>() {
        let mut path = Vec::new();
        let mut at = start;
        // A cycle ends where it was entered.
        while !texts.contains_key(at)
            && let Some(of) = same.remove(at)
        {
            path.push(at);
            at = of;
        }
        if let Some(&text) = texts.get(at) {
            texts.extend(path.into_iter().map(|name| (name, text)));
        }
    }
    texts
}

/// rpcgen makes `#define`s of these, at their first occurrence (language.md §3.9).
fn define_program_numbers<'a>(file: &'a ast::Spec, values: &mut Values<'a>) {
    for item in &file.items {
        let ItemKind::Program(program) = &item.kind else {
            continue;
        };
        let mut define = |name: &'a ast::Ident, number: &'a Expr| {
            values.define_if_new(&name.name, name.span, Init::Expr(number));
        };
        define(&program.name, &program.number);
        for version in &program.versions {
            define(&version.name, &version.number);
            version
                .procedures
                .iter()
                .for_each(|procedure| define(&procedure.name, &procedure.number));
        }
    }
}

/// The same constant with the same value may be defined any number of times; `lower` has refused other values.
fn without_repeats(consts: Vec<ir::Const>, diags: &mut Diagnostics) -> Vec<ir::Const> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut first_ones: Vec<ir::Const> = Vec::with_capacity(consts.len());
    for constant in consts {
        let Some(&first) = seen.get(&constant.name.x) else {
            seen.insert(constant.name.x.clone(), first_ones.len());
            first_ones.push(constant);
            continue;
        };
        let first = &first_ones[first];
        // Two numbers were compared before.
        let are_numbers = matches!(
            (&first.value, &constant.value),
            (ir::ConstValue::Int(..), ir::ConstValue::Int(..))
        );
        if !are_numbers && first.value != constant.value {
            let (name, again) = (&constant.name.x, constant.name.span);
            diags.push(e0205_value_defined_twice(name, again, first.name.span));
        }
    }
    first_ones
}

#[cfg(test)]
mod tests;
