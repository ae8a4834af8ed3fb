//! Unions: labels become values of the discriminant's type.

use std::collections::HashMap;

use super::lower::{Lower, name};
use super::messages::{e0207_default_twice, e0222_case_out_of_range};
use crate::ast::{self, CaseLabel, ExprKind};
use crate::dialect::{Lint, Strict};
use crate::ir::{Arm, Case, Name, Spec, Type, TypeKind, Union};
use crate::layout::Aliases;
use crate::lex::is_word;
use crate::source::Span;

/// Finds the member that each label of a union over an enum means. Labels that mean none are for `check` to refuse.
pub(crate) fn link_enumerators(spec: &mut Spec) {
    let aliases = Aliases::new(spec);
    let enums: Vec<Option<usize>> = spec
        .types
        .iter()
        .map(|def| match &def.kind {
            TypeKind::Union(union) => match aliases.resolve(spec, &union.tag) {
                Type::Named(id) => Some(id.0 as usize),
                _ => None,
            },
            _ => None,
        })
        .collect();
    let members: HashMap<usize, HashMap<i64, usize>> = enums
        .iter()
        .flatten()
        .map(|&at| (at, members_by_value(&spec.types[at].kind)))
        .collect();
    for (def, tag) in spec.types.iter_mut().zip(enums) {
        if let (TypeKind::Union(union), Some(members)) =
            (&mut def.kind, tag.and_then(|at| members.get(&at)))
        {
            for case in &mut union.cases {
                case.enumerator = members.get(&case.value).copied();
            }
        }
    }
}

/// The first member of each value.
fn members_by_value(kind: &TypeKind) -> HashMap<i64, usize> {
    let TypeKind::Enum(members) = kind else {
        return HashMap::new();
    };
    let first = members
        .iter()
        .enumerate()
        .filter(|(_, member)| member.alias_of.is_none());
    first
        .map(|(at, member)| (i64::from(member.value), at))
        .collect()
}

/// Where a label stands that is no name.
fn place_of_number(label: &CaseLabel) -> Option<Span> {
    match label {
        CaseLabel::Case(expr) if !matches!(expr.kind, ExprKind::Name(_)) => Some(expr.span),
        _ => None,
    }
}

impl<'a, 'd> Lower<'a, 'd> {
    /// A union. Where a label has no value or a discriminant no labels, the error is reported and the label dropped.
    pub(super) fn union(&mut self, body: &'a ast::UnionBody) -> Union {
        self.is_discriminant = true;
        let tag = self.declared(&body.discriminant);
        self.is_discriminant = false;
        let scope = self.enum_of(&tag).map(|id| id.0 as usize);
        self.lint_discriminant(&tag, scope.is_some(), body.discriminant.ty.span);
        let macros = self.label_macros(body);
        let mut union = Union {
            discriminant: name(&body.discriminant.name),
            tag,
            cases: Vec::new(),
            default: None,
        };
        let mut default_at: Option<Span> = None;
        for arm in &body.arms {
            let lowered = self.arm(arm);
            for label in &arm.labels {
                match label {
                    CaseLabel::Case(expr) => {
                        let Some(value) = self.values.eval(expr, scope, self.diags) else {
                            continue;
                        };
                        let label = match (&expr.kind, macros.get(&expr.span)) {
                            (ExprKind::Name(name), _) => name.clone(),
                            (_, Some(&name)) => name.to_owned(),
                            (&ExprKind::Char(byte), _) if byte.is_ascii_alphabetic() => {
                                format!("Case{}", char::from(byte))
                            }
                            _ => value.to_string(),
                        };
                        let Some(value) = self.label_value(value, &union.tag, scope, expr.span)
                        else {
                            continue;
                        };
                        let name = Name {
                            x: label,
                            span: expr.span,
                            ..Name::default()
                        };
                        union.cases.push(Case {
                            name,
                            docs: arm.docs.clone(),
                            value,
                            enumerator: None,
                            arm: lowered.clone(),
                        });
                    }
                    CaseLabel::Default(span) => match default_at {
                        Some(first) => self.diags.push(e0207_default_twice(*span, first)),
                        None => {
                            default_at = Some(*span);
                            union.default = Some(lowered.clone());
                        }
                    },
                }
            }
        }
        union
    }

    /// RFC 4506 §4.15 knows `int`, `unsigned` and enums, `bool` among them.
    fn lint_discriminant(&mut self, tag: &Type, is_enum: bool, span: Span) {
        let known = matches!(
            self.scalar(tag),
            None | Some(Type::Int | Type::UInt | Type::Bool)
        );
        if !is_enum && !known {
            Strict::of(self.options).report(Lint::Discriminant, span, self.diags);
        }
    }

    /// The names of macros that are the labels of this union: `case MAX` behind `#define MAX 9`. A macro that is more than
    /// one label, or an arm as well, is none.
    fn label_macros(&self, body: &ast::UnionBody) -> HashMap<Span, &'d str> {
        let labels = || body.arms.iter().flat_map(|arm| &arm.labels);
        let labels = || labels().filter_map(place_of_number);
        let arms = body.arms.iter().filter_map(|arm| arm.decl.as_ref());
        let mut uses: HashMap<Span, u32> = HashMap::new();
        for span in labels().chain(arms.map(|decl| decl.name.span)) {
            *uses.entry(span).or_default() += 1;
        }
        let mut called: HashMap<&str, Option<Span>> = HashMap::new();
        for span in labels().filter(|span| uses.get(span) == Some(&1)) {
            if let Some(name) = self.identifier_at(span) {
                let again = called.contains_key(name);
                called.insert(name, Some(span).filter(|_| !again));
            }
        }
        let single = called.into_iter();
        single
            .filter_map(|(name, span)| Some((span?, name)))
            .collect()
    }

    /// The text at this place, if it is a name.
    fn identifier_at(&self, span: Span) -> Option<&'d str> {
        let text = self.sources.text(span);
        let is_name = !text.first()?.is_ascii_digit() && text.iter().all(|byte| is_word(*byte));
        std::str::from_utf8(text).ok().filter(|_| is_name)
    }

    fn arm(&mut self, arm: &'a ast::Arm) -> Arm {
        let ty = arm.decl.as_ref().map(|decl| self.declared(decl));
        Arm {
            docs: arm.docs.clone(),
            name: arm.decl.as_ref().map(|decl| name(&decl.name)),
            ty,
            boxed: false,
        }
    }

    /// C compares labels after conversion to the discriminant's type: 0xffffffff is −1 for an `int`.
    fn label_value(
        &mut self,
        value: i128,
        tag: &Type,
        scope: Option<usize>,
        span: Span,
    ) -> Option<i64> {
        let (bits, signed) = match self.scalar(tag) {
            _ if scope.is_some() => (32, true),
            Some(Type::Char) => (8, true),
            Some(Type::UChar) => (8, false),
            Some(Type::Short) => (16, true),
            Some(Type::UShort) => (16, false),
            Some(Type::UInt) => (32, false),
            Some(Type::Hyper) => (64, true),
            Some(Type::UHyper) => (64, false),
            Some(Type::Bool) => (1, false),
            // `check` refuses other types than `int` here.
            _ => (32, true),
        };
        let (least, most) = if bits == 1 {
            (0, 1)
        } else {
            (-(1i128 << (bits - 1)), (1i128 << bits) - 1)
        };
        if value < least || value > most {
            self.diags
                .push(e0222_case_out_of_range(span, value, least, most));
            return None;
        }
        let wrapped = value & ((1i128 << bits) - 1);
        let negative = signed && wrapped >> (bits - 1) != 0;
        let converted = if negative {
            wrapped - (1i128 << bits)
        } else {
            wrapped
        };
        // An unsigned hyper keeps its 64 bits.
        Some(converted as i64)
    }

    /// The basic type behind typedefs, if it is one.
    fn scalar(&self, ty: &Type) -> Option<Type> {
        match ty {
            Type::Named(id) => self.basic_type_of(*id),
            other => Some(other.clone()),
        }
    }
}
