//! A version of a program as its tables, servers and clients are printed from it.

use super::scope::{Case, Scope, allow_case, head, ident, local, word};
use super::shape::Shape;
use super::shapes::User;
use crate::ir::{Argument, Name, Procedure, Program, Type, Version};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use std::collections::BTreeSet;

/// A version as the printer sees it.
pub(super) struct View<'a> {
    pub(super) program: &'a Program,
    pub(super) version: &'a Version,
    /// The table: `CALC_V1`.
    pub(super) table: Ident,
    /// The module of the procedures' constants: `calc_v1`.
    pub(super) constants: Ident,
    pub(super) procedures: Vec<ProcedureView<'a>>,
}

/// A procedure as the printer sees it.
pub(super) struct ProcedureView<'a> {
    pub(super) procedure: &'a Procedure,
    pub(super) method: Ident,
    /// Its constant: `ADD`.
    pub(super) constant: Ident,
    pub(super) args: Vec<(&'a Argument, Shape)>,
    pub(super) result: Option<Shape>,
}

impl View<'_> {
    /// Methods are called as the interface calls its procedures, whatever Rust's habits are for such names.
    pub(super) fn conventions(&self) -> Option<TokenStream> {
        /// Methods of the standard library's traits that take `&self`.
        const OF_TRAITS: &[&str] = &[
            "as_ref", "borrow", "clone", "cmp", "deref", "eq", "fmt", "hash", "index", "next",
        ];
        const PREFIXES: &[&str] = &["as_", "from_", "into_", "is_", "to_"];
        let any = |of: &dyn Fn(&str) -> bool| {
            let mut names = self.procedures.iter().map(|p| &p.procedure.name.rust);
            names.any(|name| of(name))
        };
        let mut lints = Vec::new();
        if any(&|name| name == "len") {
            lints.push(quote!(clippy::len_without_is_empty));
        }
        if any(&|name| name == "new") {
            lints.push(quote!(clippy::new_ret_no_self));
        }
        if any(&|name| OF_TRAITS.contains(&name)) {
            lints.push(quote!(clippy::should_implement_trait));
        }
        let is_vec = |ty: &Type| matches!(ty, Type::Vec(..) | Type::Opaque(_));
        let mut args = self.procedures.iter().flat_map(|p| &p.args);
        if args.any(|(arg, _)| is_vec(&arg.ty)) {
            lints.push(quote!(clippy::ptr_arg));
        }
        // Seven are clippy's limit; the server's methods have `&self` and `cx` besides.
        if self.procedures.iter().any(|p| p.args.len() > 5) {
            lints.push(quote!(clippy::too_many_arguments));
        }
        if any(&|name| name == "new" || PREFIXES.iter().any(|p| name.starts_with(p))) {
            lints.push(quote!(clippy::wrong_self_convention));
        }
        (!lints.is_empty()).then(|| quote!(#[allow(#(#lints),*)]))
    }
}

/// A version as clients and servers are printed from it.
pub(super) fn view<'a>(scope: &Scope<'_>, program: &'a Program, version: &'a Version) -> View<'a> {
    let stem = snake(&version.name.rust);
    let mut taken = BTreeSet::new();
    let procedures = version
        .procedures
        .iter()
        .map(|p| {
            let upper = p.name.rust.to_uppercase();
            let constant = if taken.insert(upper.clone()) {
                word(&upper)
            } else {
                format_ident!("{}_{}", upper, p.number)
            };
            let user = |arg: Option<&'a Argument>| User {
                item: &p.name.x,
                member: arg.map(|a| a.name.x.as_str()),
            };
            ProcedureView {
                procedure: p,
                method: ident(&p.name),
                constant,
                args: p
                    .args
                    .iter()
                    .map(|a| (a, scope.shape(&a.ty, user(Some(a)))))
                    .collect(),
                result: p.result.as_ref().map(|ty| scope.shape(ty, user(None))),
            }
        })
        .collect();
    View {
        program,
        version,
        table: word(&stem.to_uppercase()),
        constants: word(&stem),
        procedures,
    }
}

/// `CalcV1` → `calc_v1`: lower-case words, for names that are ours alone.
fn snake(camel: &str) -> String {
    let mut out = String::new();
    for (i, c) in camel.chars().enumerate() {
        if c.is_uppercase() && i > 0 && !out.ends_with('_') {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

/// The names of a program that a call's documentation shows.
pub(super) fn procedure_docs(procedure: &Procedure) -> TokenStream {
    let otherwise = format!("Procedure `{}`.", procedure.name.x);
    let head = head(&procedure.docs, &otherwise, &procedure.name, Case::Value);
    let args = allow_case(procedure.args.iter().map(|arg| &arg.name), Case::Value);
    quote!(#head #args)
}

/// The local variable of a procedure's argument, different from those around it.
pub(super) fn argument(procedure: &Procedure, name: &Name) -> Ident {
    let siblings = procedure.args.iter().map(|arg| &arg.name);
    local(name, &["self", "w", "r", "x"], siblings)
}
