//! `%#define`s: C finds them in the generated header, so what they name may be a number or a type.

use crate::ast::{self, Expr, Item, ItemKind, Shape, TypeKind};
use crate::diag::{Diagnostic, Diagnostics};
use crate::preprocess::Preprocessed;
use crate::source::{Limits, Span, SpanMap};
use crate::{lex, parse};

/// What follows `#name`.
pub(super) fn directive<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.trim_start()
        .strip_prefix('#')?
        .trim_start()
        .strip_prefix(name)
}

/// `#define NAME value`
pub(super) fn define(line: &str) -> Option<(&str, &str)> {
    let rest = directive(line, "define")?
        .strip_prefix([' ', '\t'])?
        .trim_start();
    let end = rest.find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'))?;
    let (name, value) = rest.split_at(end);
    (!name.is_empty() && value.starts_with([' ', '\t'])).then_some((name, value.trim()))
}

/// A `%#define NAME type`.
pub(super) struct TypeDefine {
    /// The typedef that it stands for.
    pub(super) item: Item,
    /// The type as it is written.
    pub(super) spelled: String,
    /// The name of the type, if it has one.
    pub(super) of: Option<String>,
}

/// `NAME` as a typedef of `value`, if that is a type and nothing else.
pub(super) fn type_define(name: &str, value: &str, span: Span) -> Option<TypeDefine> {
    // A `//` comment ends with its line.
    let ty = of_c(value).unwrap_or(value);
    let text = Preprocessed {
        text: format!("typedef {ty}\n{name};").into_bytes(),
        map: SpanMap::all_at(span),
        ..Preprocessed::default()
    };
    let mut diags = Diagnostics::default();
    let tokens = lex::lex(&text.text, &text.map, &mut diags);
    // Between `typedef` and `NAME`, `;` and the end.
    let count = tokens.tokens.len().saturating_sub(4);
    let words = tokens.tokens.iter().skip(1).take(count);
    let words = words
        .map(|token| String::from_utf8_lossy(&text.text[token.lo as usize..token.hi as usize]));
    let spelled = words.collect::<Vec<_>>().join(" ");
    let mut tree = parse::parse(&text, &tokens, &parse::Config::default(), &mut diags);
    let item = tree.items.pop().filter(|_| tree.items.is_empty())?;
    let ItemKind::Typedef(decl) = &item.kind else {
        return None;
    };
    let of = match &decl.ty.kind {
        TypeKind::Named(_, of) => Some(of.clone()),
        TypeKind::Struct(..) | TypeKind::Union(..) | TypeKind::Enum(..) => return None,
        _ => None,
    };
    let is_plain = decl.name.name == name && decl.shape == Shape::Plain;
    (is_plain && !diags.has_errors()).then_some(TypeDefine { item, spelled, of })
}

/// C's `unsigned long long` and its like: the words are in any order.
fn of_c(value: &str) -> Option<&'static str> {
    let count = |word| {
        value
            .split_whitespace()
            .filter(|found| *found == word)
            .count()
    };
    let all = value.split_whitespace().count();
    let (longs, ints, signs, unsigned) = (
        count("long"),
        count("int"),
        count("signed"),
        count("unsigned"),
    );
    let is_one =
        longs == 2 && ints <= 1 && signs + unsigned <= 1 && longs + ints + signs + unsigned == all;
    is_one.then_some(if unsigned == 1 {
        "unsigned hyper"
    } else {
        "hyper"
    })
}

/// `%#define NAME 1024`: C finds the number in the generated header, so bounds may use it.
pub(super) fn number_define(line: &ast::Passthrough) -> Option<(String, Expr)> {
    let (name, value) = define(&line.text)?;
    // Most such lines are no numbers; what the parser thinks of them is nobody's business.
    let mut ignored = Diagnostics::default();
    let map = SpanMap::all_at(line.span);
    let tokens = lex::lex(value.as_bytes(), &map, &mut ignored);
    let expr = parse::condition(
        value.as_bytes(),
        &tokens,
        &map,
        Limits::default().nesting,
        &mut ignored,
    )?;
    (!ignored.has_errors()).then(|| (name.to_owned(), expr))
}

pub(super) fn w0243_type_of_a_define(name: &str, value: &str, span: Span) -> Diagnostic {
    let message = format!("the type `{name}` is taken for the `{value}` of its `%#define`");
    Diagnostic::warning("W0243", span, message).help(format!(
        "if a function `xdr_{name}` of your own encodes it otherwise: `--extern-type {name}=path::to::Type`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_long_is_a_hyper() {
        assert_eq!(of_c("unsigned long long"), Some("unsigned hyper"));
        assert_eq!(of_c("long unsigned  int long"), Some("unsigned hyper"));
        assert_eq!(of_c("long long"), Some("hyper"));
        for other in [
            "long",
            "long long x",
            "signed unsigned long long",
            "long long long",
            "int",
        ] {
            assert_eq!(of_c(other), None, "{other}");
        }
    }
}
