//! Rules about options: they are pasted into Rust code, so they must be what they say they are.

use crate::diag::{Diagnostic, Diagnostics};
use crate::names::{is_identifier, is_keyword};
use crate::options::Options;

/// Checks what ends up in the output.
pub(crate) fn check(options: &Options, diags: &mut Diagnostics) {
    let identifiers = options.rename.iter().map(|(_, name)| ("rename", name));
    for (flag, text) in identifiers.filter(|(_, text)| !is_name(text)) {
        diags.push(e0240_no_identifier(flag, text));
    }
    let paths = options
        .extern_type
        .iter()
        .map(|(_, path)| ("extern-type", path));
    let paths = paths.chain(options.derive.iter().map(|(_, path)| ("derive", path)));
    for (flag, text) in paths
        .chain([("runtime-path", options.runtime_path.as_str())])
        .filter(|(_, text)| !is_path(text))
    {
        diags.push(e0241_no_path(flag, text));
    }
}

fn e0240_no_identifier(flag: &str, text: &str) -> Diagnostic {
    Diagnostic::error_without_place("E0240", format!("`--{flag}`: `{}` is no Rust name", text.escape_debug()))
        .help("a name has letters, digits and `_`, and begins with no digit; keywords get `r#` where they need it, but `self`, `Self`, `super` and `crate` can name nothing")
}

fn e0241_no_path(flag: &str, text: &str) -> Diagnostic {
    Diagnostic::error_without_place(
        "E0241",
        format!("`--{flag}`: `{}` is no Rust path", text.escape_debug()),
    )
    .help("a path is names with `::` between them, as `crate::wire::Timeval`; keywords are written `r#type`")
}

/// `_` is a pattern, no name, and what begins a path names nothing else, with `r#` neither.
fn is_name(text: &str) -> bool {
    is_identifier(text) && !matches!(text, "_" | "self" | "Self" | "super" | "crate")
}

/// A path as Rust code has it: `crate::wire::Timeval`. What begins one stands in front only, and `super` behind itself.
pub(crate) fn is_path(text: &str) -> bool {
    let mut rest = text;
    if let Some(root) = ["::", "crate::"]
        .iter()
        .find_map(|root| text.strip_prefix(root))
    {
        rest = root;
    } else {
        rest = rest.strip_prefix("self::").unwrap_or(rest);
        while let Some(above) = rest.strip_prefix("super::") {
            rest = above;
        }
    }
    rest.split("::").all(|name| match name.strip_prefix("r#") {
        Some(raw) => is_name(raw),
        None => is_name(name) && !is_keyword(name),
    })
}
