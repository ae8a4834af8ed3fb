//! Servers: a trait with a method for each procedure, and its dispatch by number.

use super::codec::Value;
use super::docs;
use super::program::{ProcedureView, View, argument, procedure_docs};
use super::scope::{Scope, number};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

pub(super) fn items(scope: &Scope<'_>, view: &View<'_>) -> TokenStream {
    let v1 = &scope.v1;
    let name = format_ident!("{}", view.version.name.rust);
    let server = format_ident!("{}Server", view.version.name.rust);
    let (table, conventions) = (&view.table, view.conventions());
    let docs = docs::or(
        &view.version.docs,
        &format!(
            "Version {} of `{}`, to be implemented by a server.",
            view.version.number, view.program.name.x
        ),
    );
    let methods = view.procedures.iter().map(|p| method(scope, p));
    let arms = view.procedures.iter().map(|p| arm(scope, &name, p));
    let message = format!(
        "`{{Self}}` does not implement version {} of the RPC program {}",
        view.version.number, view.program.name.x
    );
    let note = format!("write `impl {name} for …` with an `async fn` for each procedure");
    let doc_server = docs::own(&format!(
        "Serves a [`{name}`]: hand it to the runtime's server."
    ));
    let u32 = scope.primitive("u32");
    quote! {
        #docs
        #conventions
        #[diagnostic::on_unimplemented(message = #message, note = #note)]
        pub trait #name: ::core::marker::Send + ::core::marker::Sync + 'static {
            #(#methods)*
        }
        #doc_server
        #[derive(Clone, Debug)]
        pub struct #server<T>(pub T);
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
                match procedure {
                    #(#arms)*
                    _ => #v1::no_procedure(),
                }
            }
        }
    }
}

fn method(scope: &Scope<'_>, p: &ProcedureView<'_>) -> TokenStream {
    let v1 = &scope.v1;
    let (docs, name) = (procedure_docs(p.procedure), &p.method);
    let args = p.args.iter().map(|(arg, shape)| {
        let (name, ty) = (argument(&arg.name), scope.ty(shape));
        quote!(#name: #ty)
    });
    let result = p
        .result
        .as_ref()
        .map_or_else(|| quote!(()), |shape| scope.ty(shape));
    quote! {
        #docs
        fn #name(&self, cx: &#v1::Context #(, #args)*)
            -> impl ::core::future::Future<Output = ::core::result::Result<#result, #v1::Fault>> + ::core::marker::Send;
    }
}

fn arm(scope: &Scope<'_>, server: &Ident, p: &ProcedureView<'_>) -> TokenStream {
    let v1 = &scope.v1;
    let (n, method) = (number(p.procedure.number), &p.method);
    let names: Vec<_> = match p.args.len() {
        1 => vec![format_ident!("arg")],
        n => (1..=n).map(|i| format_ident!("arg{i}")).collect(),
    };
    let args = p.args.iter();
    let reads = args.map(|(arg, shape)| scope.decode_member(&arg.name.x, shape));
    let reads: Vec<_> = reads.collect();
    let decode = match (names.as_slice(), reads.as_slice()) {
        ([], _) => quote!(#v1::arguments(&cx, &args, |_| Ok(()))?;),
        ([name], [read]) => quote!(let #name = #v1::arguments(&cx, &args, |r| #read)?;),
        _ => quote! {
            let (#(#names),*) = #v1::arguments(&cx, &args, |r| Ok((#(#reads?),*)))?;
        },
    };
    // By its path: a procedure may be called like a method that every type has.
    let run = quote!(#server::#method(&self.0, &cx #(, #names)*).await?);
    let answer = match &p.result {
        None => quote!(#run; #v1::results(&cx, |_| ())),
        Some(shape) => {
            let write = scope.encode(shape, &Value::Place(quote!(result)), &p.procedure.name.x);
            quote!(let result = #run; #v1::results(&cx, |w| #write))
        }
    };
    quote!(#n => ::std::boxed::Box::pin(async move { #decode #answer }),)
}
