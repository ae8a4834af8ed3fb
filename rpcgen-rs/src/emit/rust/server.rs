//! Servers: a trait with a method for each procedure, and its dispatch by number; async, and for handlers that block.

use super::codec::Value;
use super::docs;
use super::scope::{Scope, number};
use super::view::{ProcedureView, View, argument, procedure_docs};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// How the methods of a server run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// They are async and run in the runtime.
    Asynchronous,
    /// They block, and run in a pool of threads.
    Blocking,
}

pub(super) fn items(scope: &Scope<'_>, view: &View<'_>, style: Style) -> TokenStream {
    let v1 = &scope.v1;
    let name = format_ident!("{}", view.version.name.rust);
    let server = format_ident!("{}Server", view.version.name.rust);
    let conventions = view.conventions();
    let message = format!(
        "`{{Self}}` does not implement version {} of the RPC program {}",
        view.version.number, view.program.name.x
    );
    let Parts {
        docs,
        note,
        server_docs,
        fields,
        table,
        pool,
    } = Parts::new(scope, view, style);
    let methods = view.procedures.iter().map(|p| method(scope, p, style));
    let arms = view.procedures.iter().map(|p| arm(scope, &name, p, style));
    let u32 = scope.primitive("u32");
    quote! {
        #docs
        #conventions
        #[diagnostic::on_unimplemented(message = #message, note = #note)]
        pub trait #name: ::core::marker::Send + ::core::marker::Sync + 'static {
            #(#methods)*
        }
        #server_docs
        #[derive(Clone, Debug)]
        pub struct #server<T>(#fields);
        impl<T: #name> #v1::Dispatch for #server<T> {
            fn interface(&self) -> &'static #v1::Interface {
                &#table
            }
            fn dispatch(
                self: ::std::sync::Arc<Self>,
                cx: #v1::Context,
                procedure: #u32,
                args: #v1::Body,
            ) -> #v1::BoxFuture<'static, ::core::result::Result<#v1::Body, #v1::Fault>> {
                #pool
                match procedure {
                    #(#arms)*
                    _ => #v1::no_procedure(),
                }
            }
        }
    }
}

/// Where the two styles differ.
struct Parts {
    docs: TokenStream,
    note: String,
    server_docs: TokenStream,
    /// Of the server's type.
    fields: TokenStream,
    /// The interface, from where the server stands.
    table: TokenStream,
    /// Takes the pool out before `self` moves into a handler.
    pool: Option<TokenStream>,
}

impl Parts {
    fn new(scope: &Scope<'_>, view: &View<'_>, style: Style) -> Self {
        let (v1, table) = (&scope.v1, &view.table);
        let name = &view.version.name.rust;
        let (number, program) = (view.version.number, &view.program.name.x);
        match style {
            Style::Asynchronous => Self {
                docs: docs::or(
                    &view.version.docs,
                    &format!("Version {number} of `{program}`, to be implemented by a server."),
                ),
                note: format!("write `impl {name} for …` with an `async fn` for each procedure"),
                server_docs: docs::own(&format!(
                    "Serves a [`{name}`]: hand it to the runtime's server."
                )),
                fields: quote!(pub T),
                table: quote!(#table),
                pool: None,
            },
            Style::Blocking => Self {
                docs: docs::or(
                    &view.version.docs,
                    &format!(
                        "Version {number} of `{program}`, to be implemented by a server whose procedures block."
                    ),
                ),
                note: format!(
                    "write `impl blocking::{name} for …` with an `fn` for each procedure"
                ),
                server_docs: docs::own(&format!(
                    "Serves a [`{name}`] in the threads of a pool: hand it to the runtime's server."
                )),
                fields: quote!(pub T, pub #v1::BlockingPool),
                table: quote!(super::#table),
                pool: (!view.procedures.is_empty())
                    .then(|| quote!(let pool = ::core::clone::Clone::clone(&self.1);)),
            },
        }
    }
}

fn method(scope: &Scope<'_>, p: &ProcedureView<'_>, style: Style) -> TokenStream {
    let v1 = &scope.v1;
    let (docs, name) = (procedure_docs(p.procedure), &p.method);
    let args = p.args.iter().map(|(arg, shape)| {
        let (name, ty) = (argument(p.procedure, &arg.name), scope.ty(shape));
        quote!(#name: #ty)
    });
    let result = p
        .result
        .as_ref()
        .map_or_else(|| quote!(()), |shape| scope.ty(shape));
    let result = quote!(::core::result::Result<#result, #v1::Fault>);
    let result = match style {
        Style::Asynchronous => {
            quote!(impl ::core::future::Future<Output = #result> + ::core::marker::Send)
        }
        Style::Blocking => result,
    };
    quote! {
        #docs
        fn #name(&self, cx: &#v1::Context #(, #args)*) -> #result;
    }
}

fn arm(scope: &Scope<'_>, server: &Ident, p: &ProcedureView<'_>, style: Style) -> TokenStream {
    let v1 = &scope.v1;
    let (n, method) = (number(p.procedure.number), &p.method);
    let names: Vec<_> = match p.args.len() {
        1 => vec![format_ident!("arg")],
        n => (1..=n).map(|i| format_ident!("arg{i}")).collect(),
    };
    let reads = p.args.iter().map(|(arg, shape)| {
        let (x, read) = (&arg.name.x, scope.decode(shape));
        quote!(#v1::field(#x, #read))
    });
    let reads: Vec<_> = reads.collect();
    let sole = match p.args.as_slice() {
        [(arg, shape)] if scope.is_one_value(shape) => Some((&arg.name.x, scope.ty(shape))),
        _ => None,
    };
    let decode = match (names.as_slice(), reads.as_slice()) {
        ([], _) => quote!(#v1::void(&cx, &args)?;),
        ([name], [read]) => match sole {
            Some((x, ty)) => quote!(let #name: #ty = #v1::argument(&cx, &args, #x)?;),
            None => quote!(let #name = #v1::arguments(&cx, &args, |r| #read)?;),
        },
        _ => quote! {
            let (#(#names),*) = #v1::arguments(&cx, &args, |r| Ok((#(#reads?),*)))?;
        },
    };
    // By its path: a procedure may be called like a method that every type has.
    let wait = (style == Style::Asynchronous).then(|| quote!(.await));
    let run = quote!(#server::#method(&self.0, &cx #(, #names)*) #wait);
    let answer = match &p.result {
        None => quote!(#run?; ::core::result::Result::Ok(#v1::Body::new())),
        Some(shape) if scope.is_one_value(shape) => {
            quote!(#v1::reply(&cx, #run))
        }
        Some(shape) => {
            let write = scope.encode(shape, &Value::Place(quote!(result)), &p.procedure.name.x);
            quote!(let result = #run?; #v1::results(&cx, |w| #write))
        }
    };
    match style {
        Style::Asynchronous => {
            quote!(#n => #v1::boxed(async move { #decode #answer }),)
        }
        Style::Blocking => quote!(#n => pool.run(move || { #decode #answer }),),
    }
}
