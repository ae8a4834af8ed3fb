//! Programs: a module for each, with the tables of its procedures, its server traits and its clients.

use super::print::Printer;
use super::scope::{Case, Scope, head, ident, number};
use super::server::Style;
use super::shape::Shape;
use super::view::{View, view};
use super::{client, docs, server};
use crate::ir::Program;
use proc_macro2::TokenStream;
use quote::quote;

/// Prints the module of a program.
pub(super) fn print(scope: &Scope<'_>, program: &Program, out: &mut Printer) {
    let scope = &scope.inner();
    let otherwise = format!("Program `{}`.", program.name.x);
    let head = head(&program.docs, &otherwise, &program.name, Case::Value);
    let name = ident(&program.name);
    let import = scope.import();
    let u32 = scope.primitive("u32");
    let program_number = program_number(program.number);
    let views: Vec<_> = program
        .versions
        .iter()
        .map(|v| view(scope, program, v))
        .collect();
    // The module that includes the output is often called like its only program.
    let allow = quote!(#[allow(dead_code, clippy::module_inception)]);
    out.open(quote!(#head #allow pub mod #name {}));
    out.items(quote! {
        #import
        /// The program's number.
        pub const PROGRAM: #u32 = #program_number;
    });
    views.iter().for_each(|v| out.items(table(scope, v)));
    if scope.options.server {
        views
            .iter()
            .for_each(|v| out.items(server::items(scope, v, Style::Asynchronous)));
    }
    if scope.options.client {
        for view in &views {
            out.items(client::asynchronous(scope, view));
        }
    }
    blocking(scope, &views, out);
    out.close();
}

/// The module of what blocks.
fn blocking(scope: &Scope<'_>, views: &[View<'_>], out: &mut Printer) {
    let options = scope.options;
    let docs = match (options.client, options.blocking_server) {
        (true, false) => "The same clients without a runtime: each call blocks its thread.",
        (true, true) => {
            "The same clients without a runtime: each call blocks its thread. And servers whose procedures block."
        }
        (false, true) => "Servers whose procedures block.",
        (false, false) => return,
    };
    let (docs, import) = (docs::own(docs), scope.import());
    let scope = &scope.inner();
    out.open(quote!(#docs pub mod blocking {}));
    out.items(import);
    for view in views.iter().filter(|_| options.blocking_server) {
        out.items(server::items(scope, view, Style::Blocking));
    }
    for view in views.iter().filter(|_| options.client) {
        out.items(client::blocking(scope, view));
    }
    out.close();
}

/// Numbers that users choose themselves (RFC 5531 §8.3) begin at 0x2000_0000 and are known in hexadecimal.
fn program_number(n: u32) -> TokenStream {
    if n < 0x2000_0000 {
        let n = number(n);
        return quote!(#n);
    }
    let digits = format!("0x{:04x}_{:04x}", n >> 16, n & 0xffff);
    digits.parse().unwrap_or_default()
}

fn table(scope: &Scope<'_>, view: &View<'_>) -> TokenStream {
    let v1 = &scope.v1;
    let import = scope.import();
    let View {
        table, constants, ..
    } = view;
    let (name, trait_name) = (&view.program.name.x, &view.version.name.rust);
    let version = number(view.version.number);
    let mut sorted: Vec<_> = view.procedures.iter().collect();
    sorted.sort_by_key(|p| p.procedure.number);
    let listed = sorted.iter().map(|p| &p.constant);
    let entries = view.procedures.iter().map(|p| {
        let (constant, name) = (&p.constant, &p.procedure.name.x);
        let n = number(p.procedure.number);
        let oneway = p.procedure.oneway.then(|| quote!(.oneway()));
        let selected = &scope.options.idempotent;
        let idempotent = p.procedure.number == 0
            || selected.selects(name, None)
            || selected.selects_member(&view.program.name.x, name);
        let idempotent = idempotent.then(|| quote!(.idempotent()));
        let args = ratio(scope, p.args.iter().map(|(_, shape)| shape));
        let result = ratio(scope, p.result.iter());
        let ratios = (args > 16 || result > 16).then(|| {
            let (args, result) = (number(args), number(result));
            quote!(.ratios(#args, #result))
        });
        let docs = docs::own(&format!("`{name}`"));
        quote! {
            #docs
            pub const #constant: #v1::ProcInfo =
                #v1::ProcInfo::new(#n, #name) #oneway #idempotent #ratios;
        }
    });
    let doc_table = docs::own(&format!(
        "Numbers and names of `{}`, version {}.",
        view.program.name.x, view.version.number
    ));
    let doc_constants = docs::own(&format!("The procedures of `{trait_name}`."));
    quote! {
        #doc_table
        pub static #table: #v1::Interface = #v1::Interface {
            name: #name, program: PROGRAM, version: #version,
            procedures: &[#(#constants::#listed),*],
        };
        #doc_constants
        pub mod #constants { #import #(#entries)* }
    }
}

/// Largest ratio of Rust bytes to wire bytes among these values.
fn ratio<'s>(scope: &Scope<'_>, shapes: impl Iterator<Item = &'s Shape>) -> u32 {
    fn of(scope: &Scope<'_>, shape: &Shape) -> u32 {
        match shape {
            Shape::Alias(id, inner) => scope.spec.def(*id).layout.ratio.max(of(scope, inner)),
            Shape::Named(id) | Shape::List(id) => scope.spec.def(*id).layout.ratio,
            Shape::Array(inner, _) | Shape::Vec(inner, _) | Shape::Option(inner, _) => {
                of(scope, inner)
            }
            _ => 16,
        }
    }
    shapes
        .map(|shape| of(scope, shape))
        .max()
        .unwrap_or(16)
        .max(16)
}
