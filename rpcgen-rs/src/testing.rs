//! What unit tests share: text in, IR or codes out.

use crate::compile::{Output, compile};
use crate::ir::{Spec, TypeDef, TypeKind};
use crate::options::Options;
use crate::source::MapLoader;

/// Compiles a text with these options.
pub(crate) fn compile_with(options: &Options, text: &str) -> Output {
    compile(options, &mut MapLoader::new([("test.x", text)]), "test.x")
}

/// The IR of a text that must be correct.
pub(crate) fn spec_with(options: &Options, text: &str) -> Spec {
    let output = compile_with(options, text);
    output
        .spec()
        .unwrap_or_else(|errors| panic!("{errors}"))
        .clone()
}

/// The IR of a text that must be correct, with default options.
pub(crate) fn spec(text: &str) -> Spec {
    spec_with(&Options::default(), text)
}

/// The codes of all messages about a text, in order, hints left out.
pub(crate) fn codes(text: &str) -> Vec<&'static str> {
    compile_with(&Options::default().notes(false), text)
        .diagnostics
        .iter()
        .map(|diagnostic| diagnostic.code)
        .collect()
}

/// The rendered messages about a text.
pub(crate) fn messages(text: &str) -> String {
    let output = compile_with(&Options::default(), text);
    output
        .diagnostics
        .render(&output.sources, crate::diag::Format::Text)
}

/// A type by its name in the file.
pub(crate) fn def<'a>(spec: &'a Spec, x: &str) -> &'a TypeDef {
    spec.types
        .iter()
        .find(|def| def.name.x == x)
        .unwrap_or_else(|| panic!("no type {x}"))
}

/// The Rust names of a type's members: fields, variants.
pub(crate) fn members(spec: &Spec, x: &str) -> Vec<String> {
    match &def(spec, x).kind {
        TypeKind::Struct(fields) => fields.iter().map(|field| field.name.rust.clone()).collect(),
        TypeKind::Enum(members) => members
            .iter()
            .map(|member| member.name.rust.clone())
            .collect(),
        TypeKind::Union(union) => union
            .cases
            .iter()
            .map(|case| case.name.rust.clone())
            .collect(),
        TypeKind::Alias(_) | TypeKind::Extern(_) => Vec::new(),
    }
}
