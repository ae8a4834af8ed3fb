//! Names inside types: fields, enumerators, union variants.

use std::collections::HashMap;

use super::scope::{Item, Scope, VALUES};
use super::{Speller, case, is_identifier, prefix, put};
use crate::diag::{Diagnostic, Diagnostics};
use crate::ir::{Case, Enumerator, Field, Name, Spec, Type, TypeDef, TypeId, TypeKind, Union};
use crate::options::{Naming, Options};

/// Names the members of all types.
pub(super) fn name_members(spec: &mut Spec, speller: Speller<'_>, diags: &mut Diagnostics) {
    for def in &mut spec.types {
        let TypeDef { name, kind, .. } = def;
        match kind {
            TypeKind::Struct(fields) => name_fields(name, fields, speller, diags),
            TypeKind::Enum(members) => name_enumerators(name, members, speller, diags),
            TypeKind::Union(_) | TypeKind::Alias(_) | TypeKind::Extern(_) => {}
        }
    }
    name_variants(spec, speller, diags);
}

fn name_fields(owner: &Name, fields: &mut [Field], speller: Speller<'_>, diags: &mut Diagnostics) {
    let items = fields
        .iter()
        .map(|field| speller.item(Some(&owner.x), &field.name, VALUES, case::snake))
        .collect();
    let names = Scope {
        owner: &owner.x,
        reserved: &[],
        items,
    }
    .settle(diags);
    put(fields.iter_mut().map(|field| &mut field.name), names);
}

/// Variants are CamelCase; aliases, and all members of an open enum, are associated constants.
fn name_enumerators(
    owner: &Name,
    members: &mut [Enumerator],
    speller: Speller<'_>,
    diags: &mut Diagnostics,
) {
    let names: Vec<&str> = members
        .iter()
        .map(|member| member.name.x.as_str())
        .collect();
    let stems = match speller.options.strip_prefix.get(&owner.x, None) {
        Some(pinned) => prefix::strip_pinned(&names, pinned),
        None => {
            let stripped = prefix::strip_shared(&names);
            if let Some(why) = stripped.fragile.filter(|_| speller.shows_notes()) {
                diags.push(w0402_prefix_hangs_on_one_member(
                    owner,
                    stripped.prefix,
                    why,
                ));
            }
            stripped.stems
        }
    };
    let open = speller.options.open_enum.selects(&owner.x, None);
    let items = members.iter().zip(stems).map(|(member, stem)| {
        let rule = if open || member.alias_of.is_some() {
            case::screaming
        } else {
            case::camel
        };
        speller.item(Some(&owner.x), &member.name, VALUES, |_| rule(stem))
    });
    // Inherent functions of the type live beside its associated constants.
    let names = Scope {
        owner: &owner.x,
        reserved: &["as_i32", "name"],
        items: items.collect(),
    }
    .settle(diags);
    put(members.iter_mut().map(|member| &mut member.name), names);
}

pub(super) fn w0402_prefix_hangs_on_one_member(
    owner: &Name,
    prefix: &str,
    why: &str,
) -> Diagnostic {
    let message = match prefix {
        "" => format!("`{}` has no prefix to strip, but {why}", owner.x),
        _ => format!(
            "the prefix `{prefix}` of `{}` was stripped, but {why}",
            owner.x
        ),
    };
    let pin = format!(
        "to keep the names when the file grows, pin them with `.strip_prefix({:?}, {prefix:?})` or `--strip-prefix {}={prefix}`",
        owner.x, owner.x
    );
    Diagnostic::warning("W0402", owner.span, message).help(pin)
}

/// Variants of unions are named after their labels, so enums come first.
fn name_variants(spec: &mut Spec, speller: Speller<'_>, diags: &mut Diagnostics) {
    let labels = Labels::collect(spec, speller.options);
    let settled: Vec<(usize, Vec<String>)> = spec
        .types
        .iter()
        .enumerate()
        .filter_map(|(at, def)| match &def.kind {
            TypeKind::Union(union) => Some((
                at,
                settle_variants(spec, &def.name, union, &labels, speller, diags),
            )),
            _ => None,
        })
        .collect();
    for (at, names) in settled {
        if let TypeKind::Union(union) = &mut spec.types[at].kind {
            put(union.cases.iter_mut().map(|case| &mut case.name), names);
            name_arms(union, speller);
        }
    }
}

fn settle_variants(
    spec: &Spec,
    owner: &Name,
    union: &Union,
    labels: &Labels<'_>,
    speller: Speller<'_>,
    diags: &mut Diagnostics,
) -> Vec<String> {
    let boolean = matches!(spec.resolve(&union.tag), Type::Bool);
    let items = union.cases.iter().map(|case| {
        let mut item = speller.item(Some(&owner.x), &case.name, VALUES, |_| {
            labels.variant(spec, union, case, boolean)
        });
        if !is_identifier(&item.wanted) {
            // `--naming c` and a number as label.
            item.wanted = labels.variant(spec, union, case, boolean);
        }
        item
    });
    let items: Vec<Item<'_>> = items.collect();
    let reserved: &[&str] = if union.default.is_some() && !boolean {
        &["Other"]
    } else {
        &[]
    };
    Scope {
        owner: &owner.x,
        reserved,
        items,
    }
    .settle(diags)
}

/// Names of members are not part of the Rust API, but documentation and JSON show them.
fn name_arms(union: &mut Union, speller: Speller<'_>) {
    let arms = union
        .cases
        .iter_mut()
        .map(|case| &mut case.arm)
        .chain(&mut union.default);
    for name in arms
        .filter_map(|arm| arm.name.as_mut())
        .chain([&mut union.discriminant])
    {
        let rust = match speller.options.naming {
            Naming::Rust => case::usable(case::snake(&name.x)),
            Naming::C => case::usable(name.x.clone()),
        };
        name.raw = case::is_keyword(&rust);
        name.rust = rust;
    }
}

/// What labels may be spelled like: the enumerators of the whole file.
struct Labels<'a> {
    members: HashMap<String, (TypeId, usize)>,
    options: &'a Options,
}

impl<'a> Labels<'a> {
    fn collect(spec: &Spec, options: &'a Options) -> Self {
        let mut members = HashMap::new();
        for (id, def) in (0..).map(TypeId).zip(&spec.types) {
            if let TypeKind::Enum(enumerators) = &def.kind {
                for (at, member) in enumerators.iter().enumerate() {
                    members.entry(member.name.x.clone()).or_insert((id, at));
                }
            }
        }
        Self { members, options }
    }

    /// `True`, `False`, the name of the enumerator, the constant in CamelCase, or `Case3`.
    fn variant(&self, spec: &Spec, union: &Union, case: &Case, boolean: bool) -> String {
        if boolean {
            return String::from(if case.value == 0 { "False" } else { "True" });
        }
        let member = match (spec.resolve(&union.tag), case.enumerator) {
            (Type::Named(id), Some(at)) => Some(self.as_written(spec, *id, at, &case.name.x)),
            _ => self.members.get(&case.name.x).copied(),
        };
        if let Some((id, at)) = member
            && let TypeKind::Enum(members) = &spec.def(id).kind
        {
            return self.variant_of(spec, id, &members[at]);
        }
        if is_identifier(&case.name.x) {
            return case::camel(&case.name.x);
        }
        match case.value {
            // Unsigned numbers of 64 bits are kept by their bits.
            value if matches!(spec.resolve(&union.tag), Type::UHyper) => {
                format!("Case{}", value.cast_unsigned())
            }
            value if value < 0 => format!("CaseMinus{}", value.unsigned_abs()),
            value => format!("Case{value}"),
        }
    }

    /// Associated constants are upper case, variants never.
    fn variant_of(&self, spec: &Spec, id: TypeId, member: &Enumerator) -> String {
        let constant =
            member.alias_of.is_some() || self.options.open_enum.selects(&spec.def(id).name.x, None);
        if constant {
            case::camel(&member.name.rust)
        } else {
            member.name.rust.clone()
        }
    }

    /// The label may be an alias of the enumerator it means; the variant is named like the label.
    fn as_written(&self, spec: &Spec, id: TypeId, at: usize, label: &str) -> (TypeId, usize) {
        let TypeKind::Enum(members) = &spec.def(id).kind else {
            return (id, at);
        };
        if members[at].name.x == label {
            return (id, at);
        }
        match self.members.get(label) {
            Some(&(owner, alias)) if owner == id => (id, alias),
            _ => (id, at),
        }
    }
}
