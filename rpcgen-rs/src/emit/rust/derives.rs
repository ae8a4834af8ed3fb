//! What types derive: what fits every one of them, and what the user asks for besides.

use super::scope::Scope;
use crate::ir::TypeId;
use proc_macro2::TokenStream;
use quote::quote;

/// The derives of a type; a linked one has implementations of its own that are loops.
pub(super) fn of_type(scope: &Scope<'_>, id: TypeId, linked: bool, default: bool) -> TokenStream {
    let layout = &scope.spec.def(id).layout;
    let usual = ["Clone", "Debug", "PartialEq"].into_iter();
    let implemented: Vec<_> = usual
        .chain(["Eq", "Hash"].into_iter().filter(|_| layout.eq))
        .collect();
    let mut list = if linked {
        Vec::new()
    } else {
        implemented.clone()
    };
    list.extend(default.then_some("Default"));
    let given = implemented
        .into_iter()
        .chain(layout.default.then_some("Default"));
    print(&list, &asked_for(scope, id, &given.collect::<Vec<_>>()))
}

/// The derives of an enum.
pub(super) fn of_enum(scope: &Scope<'_>, id: TypeId, default: bool) -> TokenStream {
    let mut list = Vec::from([
        "Clone",
        "Copy",
        "Debug",
        "PartialEq",
        "Eq",
        "PartialOrd",
        "Ord",
        "Hash",
    ]);
    list.extend(default.then_some("Default"));
    print(&list, &asked_for(scope, id, &list))
}

/// The derives of the options, each once, without those that the type has anyway.
fn asked_for<'a>(scope: &'a Scope<'_>, id: TypeId, given: &[&str]) -> Vec<&'a str> {
    let mut list: Vec<&str> = Vec::new();
    for path in scope.options.derive.all(&scope.spec.def(id).name.x, None) {
        if !given.contains(&of_std(path)) && list.iter().all(|p| of_std(p) != of_std(path)) {
            list.push(path);
        }
    }
    list
}

/// `::core::hash::Hash` and `Hash` are one; other paths are what they are.
fn of_std(path: &str) -> &str {
    let absolute = path.strip_prefix("::").unwrap_or(path);
    if absolute.starts_with("core::") || absolute.starts_with("std::") {
        absolute.rsplit("::").next().unwrap_or(path)
    } else {
        path
    }
}

fn print(list: &[&str], more: &[&str]) -> TokenStream {
    let paths = list.iter().chain(more);
    let paths: Vec<TokenStream> = paths.map(|p| p.parse().unwrap_or_default()).collect();
    if paths.is_empty() {
        return TokenStream::new();
    }
    quote!(#[derive(#(#paths),*)])
}
