//! Clients: a method for each procedure, and no other method of their own.

use super::codec::Value;
use super::docs;
use super::scope::{Scope, word};
use super::shape::Shape;
use super::view::{ProcedureView, View, argument, procedure_docs};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

pub(super) fn asynchronous(scope: &Scope<'_>, view: &View<'_>) -> TokenStream {
    let v1 = &scope.v1;
    let docs = docs::own(&format!(
        "Calls version {} of `{}`. Cheap to clone; clones share the connection.",
        view.version.number, view.program.name.x
    ));
    let (table, constants) = (&view.table, &view.constants);
    let methods = view.procedures.iter().map(|p| {
        let Method {
            docs,
            signature,
            call,
            codecs,
        } = method(scope, p);
        let constant = &p.constant;
        quote! {
            #docs
            #[inline]
            pub async #signature {
                #v1::#call(&self.stub, &#table, &#constants::#constant, #codecs).await
            }
        }
    });
    stub(
        view,
        &docs,
        v1,
        &quote!(#v1),
        &quote!(&#table),
        &quote!(#(#methods)*),
    )
}

pub(super) fn blocking(scope: &Scope<'_>, view: &View<'_>) -> TokenStream {
    let v1 = &scope.v1;
    let docs = docs::own(&format!(
        "Calls version {} of `{}`, one call at a time for each handle.",
        view.version.number, view.program.name.x
    ));
    let (table, constants) = (&view.table, &view.constants);
    let methods = view.procedures.iter().map(|p| {
        let Method { docs, signature, call, codecs } = method(scope, p);
        let constant = &p.constant;
        quote! {
            #docs
            #[inline]
            pub #signature {
                #v1::blocking::#call(&self.stub, &super::#table, &super::#constants::#constant, #codecs)
            }
        }
    });
    stub(
        view,
        &docs,
        v1,
        &quote!(#v1::blocking),
        &quote!(&super::#table),
        &quote!(#(#methods)*),
    )
}

/// The client's type and its place in the runtime.
fn stub(
    view: &View<'_>,
    docs: &TokenStream,
    v1: &TokenStream,
    home: &TokenStream,
    table: &TokenStream,
    methods: &TokenStream,
) -> TokenStream {
    let name = format_ident!("{}Client", view.version.name.rust);
    let conventions = view.conventions();
    quote! {
        #docs
        #[derive(Clone, Debug)]
        pub struct #name { stub: #home::Stub }
        impl #home::ClientStub for #name {
            const INTERFACE: &'static #v1::Interface = #table;
            fn from_stub(stub: #home::Stub) -> Self { Self { stub } }
            fn stub(&self) -> &#home::Stub { &self.stub }
        }
        #conventions
        impl #name { #methods }
    }
}

struct Method {
    docs: TokenStream,
    /// `fn add(&self, a: i32) -> Result<i32, RpcError>`
    signature: TokenStream,
    /// The function of the runtime that it calls.
    call: Ident,
    /// How arguments and results are encoded: that function's last arguments.
    codecs: TokenStream,
}

fn method(scope: &Scope<'_>, p: &ProcedureView<'_>) -> Method {
    let v1 = &scope.v1;
    let args = p.args.iter().map(|(arg, shape)| {
        let (name, ty) = (argument(p.procedure, &arg.name), scope.ty(shape));
        match shape.target() {
            _ if by_value(scope, shape) => quote!(#name: #ty),
            Shape::Text(true, _) => {
                let str = scope.primitive("str");
                quote!(#name: &#str)
            }
            Shape::Text(false, _) => quote!(#name: impl ::core::convert::Into<#ty>),
            _ => quote!(#name: &#ty),
        }
    });
    let writes = p.args.iter().map(|(arg, shape)| {
        let name = argument(p.procedure, &arg.name);
        let value = match shape.target() {
            Shape::Text(false, _) => Value::Reference(quote!(&::core::convert::Into::into(#name))),
            _ if by_value(scope, shape) => Value::Place(quote!(#name)),
            _ => Value::Reference(quote!(#name)),
        };
        let at = format!("{}.{}", p.procedure.name.x, arg.name.x);
        scope.encode(shape, &value, &at)
    });
    let writes: Vec<_> = writes.collect();
    let sole = match p.args.as_slice() {
        [(arg, shape)] if scope.is_one_value(shape) => {
            let name = argument(p.procedure, &arg.name);
            let and = by_value(scope, shape).then(|| quote!(&));
            Some(quote!(#and #name))
        }
        _ => None,
    };
    let encode = match (&sole, writes.as_slice()) {
        (Some(value), _) => quote!(#v1::encoded(#value)),
        (_, []) => quote!(|_| ()),
        (_, [write]) => quote!(|w| #write),
        _ => quote!(|w| { #(#writes;)* }),
    };
    let (result, decode) = match &p.result {
        None => (quote!(()), quote!(|_| Ok(()))),
        Some(shape) if scope.is_plain(shape) => (scope.ty(shape), quote!(#v1::value)),
        Some(shape) => {
            let read = scope.decode(shape);
            (scope.ty(shape), quote!(|r| #read))
        }
    };
    let plain = p.result.as_ref().is_some_and(|shape| scope.is_plain(shape));
    let (call, codecs) = match sole {
        Some(value) if plain => (word("call_with"), value),
        _ => (word("call"), quote!(#encode, #decode)),
    };
    let name = &p.method;
    Method {
        docs: procedure_docs(p.procedure),
        signature: quote!(fn #name(&self #(, #args)*) -> ::core::result::Result<#result, #v1::RpcError>),
        call,
        codecs,
    }
}

/// A stub takes it by value.
fn by_value(scope: &Scope<'_>, shape: &Shape) -> bool {
    match shape.target() {
        Shape::Scalar(..) | Shape::Quadruple => true,
        Shape::Named(id) => matches!(scope.spec.def(*id).kind, crate::ir::TypeKind::Enum(_)),
        _ => false,
    }
}
