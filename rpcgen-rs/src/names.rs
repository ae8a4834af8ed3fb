//! IR → IR with Rust names: the only module that knows how things are spelled in Rust.
//!
//! Every name is a function of the file and the options, never of the order of its items. A name that changed keeps its
//! original in [`Name::x`]: back ends show it as `#[doc(alias)]`.
//!
//! What shares a scope in generated code, and so is settled together: at the top level types and program modules (types)
//! and constants, open enums and newtypes (values); in a struct its fields; in an enum its variants and associated
//! constants; in a union its variants and `Other`; in a program its versions; in a version its procedures; in a
//! procedure its arguments. Names that generated code makes up itself begin with `__` or end in what no name
//! here ends in (`CalcV1Server`: versions end in their number).

mod case;
mod prefix;
mod programs;
mod scope;
mod types;

pub(crate) use case::{is_identifier, is_keyword};

use crate::diag::Diagnostics;
use crate::ir::{Const, ConstType, ConstValue, Name, Spec, TypeKind};
use crate::options::{Naming, Options};
use scope::{Item, RUNTIME, Scope, TYPES, VALUES};

/// Fills in every [`Name::rust`] and the types of constants.
pub fn assign(spec: &mut Spec, options: &Options, diags: &mut Diagnostics) {
    let speller = Speller { options };
    name_top_level(spec, speller, diags);
    for constant in &mut spec.consts {
        choose_type(constant);
    }
    types::name_members(spec, speller, diags);
    programs::name_members(spec, speller, diags);
}

/// The options that decide on a spelling.
#[derive(Clone, Copy)]
struct Speller<'a> {
    options: &'a Options,
}

impl Speller<'_> {
    /// Most enums of two members have a prefix that hangs on each of them: too many to warn unasked.
    fn shows_notes(self) -> bool {
        self.options.notes && self.options.naming == Naming::Rust
    }

    /// An item that gets its name from a rule (`--naming c` knows no rules) unless the user pinned it.
    fn item<'n>(
        self,
        owner: Option<&str>,
        name: &'n Name,
        namespaces: u8,
        rule: impl FnOnce(&str) -> String,
    ) -> Item<'n> {
        let pinned = match owner {
            Some(owner) => self.options.rename.get(owner, Some(&name.x)),
            None => self.options.rename.get(&name.x, None),
        };
        let wanted = match (pinned, self.options.naming) {
            (Some(pinned), _) => pinned.to_owned(),
            (None, Naming::C) => name.x.clone(),
            (None, Naming::Rust) => rule(&name.x),
        };
        Item {
            x: &name.x,
            span: name.span,
            wanted,
            pinned: pinned.is_some(),
            namespaces,
        }
    }
}

/// Variants that all code means by these names.
const OF_PRELUDE: [&str; 4] = ["Ok", "Err", "Some", "None"];

/// Types, constants and program modules: they share the top level of the output.
fn name_top_level(spec: &mut Spec, speller: Speller<'_>, diags: &mut Diagnostics) {
    let options = speller.options;
    let mut items = Vec::with_capacity(spec.types.len() + spec.consts.len() + spec.programs.len());
    for def in &spec.types {
        let tuple_struct = match def.kind {
            TypeKind::Enum(_) => options.open_enum.selects(&def.name.x, None),
            TypeKind::Alias(_) => options.newtype.selects(&def.name.x, None),
            _ => false,
        };
        let namespaces = match def.kind {
            // It lives elsewhere; here is no item of its name.
            TypeKind::Extern(_) => 0,
            _ if tuple_struct => TYPES | VALUES,
            _ => TYPES,
        };
        let mut item = speller.item(None, &def.name, namespaces, case::camel);
        if tuple_struct && OF_PRELUDE.contains(&item.wanted.as_str()) {
            // As a value it would hide the variant that all code means by this name.
            item.wanted.push('_');
        }
        if item.wanted == RUNTIME && !item.pinned {
            item.wanted.push('_');
        }
        if tuple_struct
            && !item.pinned
            && options.naming == Naming::C
            && item.wanted == def.name.x.to_ascii_lowercase()
        {
            // Like a constant; its first letter will do.
            item.wanted = case::capitalised(&def.name.x);
        }
        items.push(item);
    }
    items.extend(spec.consts.iter().map(|constant| {
        let mut item = speller.item(None, &constant.name, VALUES, case::screaming);
        if !item.pinned {
            // Also with `--naming c`: no variable can have the name of a constant, and variables are lower case.
            item.wanted = case::screaming(&constant.name.x);
        }
        item
    }));
    items.extend(
        spec.programs
            .iter()
            .map(|program| speller.item(None, &program.name, TYPES, case::snake)),
    );
    // What the user pinned keeps its name, unless generated code means something else by it.
    let reserved: Vec<&str> = items
        .iter()
        .zip(
            spec.types
                .iter()
                .map(|_| true)
                .chain(std::iter::repeat(false)),
        )
        .filter_map(|(item, is_type)| match item.wanted.as_str() {
            RUNTIME if is_type => Some(RUNTIME),
            name if item.namespaces == VALUES => OF_PRELUDE.iter().copied().find(|of| *of == name),
            _ => None,
        })
        .collect();
    let names = Scope {
        owner: "",
        reserved: &reserved,
        items,
    }
    .settle(diags);

    let types = spec.types.iter_mut().map(|def| &mut def.name);
    let consts = spec.consts.iter_mut().map(|constant| &mut constant.name);
    let programs = spec.programs.iter_mut().map(|program| &mut program.name);
    put(types.chain(consts).chain(programs), names);
}

/// Stores settled names.
fn put<'a>(targets: impl Iterator<Item = &'a mut Name>, names: Vec<String>) {
    for (target, rust) in targets.zip(names) {
        target.raw = is_keyword(&rust);
        target.rust = rust;
    }
}

/// The narrowest of `u32`, `i32`, `u64`, `i64`, in this order; `check` refuses what none of them holds.
fn choose_type(constant: &mut Const) {
    if let ConstValue::Int(value, ty) = &mut constant.value {
        *ty = match *value {
            0..=0xffff_ffff => ConstType::U32,
            -0x8000_0000..0 => ConstType::I32,
            0x1_0000_0000..=0xffff_ffff_ffff_ffff => ConstType::U64,
            _ => ConstType::I64,
        };
    }
}

#[cfg(test)]
mod tests;
