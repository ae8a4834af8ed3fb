//! The grammar as types: what a `.x` file says, with spans, without meaning.
//!
//! Names are not looked up, constants not computed, duplicates not noticed. Types carry the file's own words
//! (`long` stays apart from `int`); inline types are where they were written. What `parse` straightens out, so that
//! nobody behind it sees it: namespaces are flattened and `a::b` is `b`; forward declarations, `pragma …;` and `void;`
//! members vanish; `struct *list {…}` (RFC 1833) is `typedef struct {…} *list`; `(void)` is no arguments.

mod expr;

use crate::source::Span;
use std::collections::BTreeSet;

pub use expr::{BinaryOp, EvalError, Expr, ExprKind, UnaryOp};

/// Text of the comments that belong to an item: no comment marks, no gutters, lines separated by `\n`.
pub type Docs = Option<String>;

/// A file with everything it includes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spec {
    /// Definitions in source order, included files where they are included.
    pub items: Vec<Item>,
    /// `%` lines in source order.
    pub passthrough: Vec<Passthrough>,
    /// What could not be read.
    pub lost: Lost,
    /// How many definitions, members, labels, procedures and arguments there are.
    pub count: u32,
}

/// What stands in the parts of a file that could not be read. Nothing without an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// Names: they may have been defined there.
    pub names: BTreeSet<String>,
    /// The enums whose members stood there; the name of an inline one may be empty.
    pub enums: BTreeSet<String>,
    /// Whole lines or files: anything may have been defined there.
    pub lines: bool,
}

impl Lost {
    /// Adds what another file lost.
    pub(crate) fn append(&mut self, other: &mut Self) {
        self.names.append(&mut other.names);
        self.enums.append(&mut other.enums);
        self.lines |= other.lines;
    }
}

/// A name and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ident {
    /// The name: `[A-Za-z_][A-Za-z0-9_]*`.
    pub name: String,
    /// Its place.
    pub span: Span,
}

/// A definition.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Its comment.
    pub docs: Docs,
    /// What it defines.
    pub kind: ItemKind,
    /// From its keyword to its last token, without the `;`.
    pub span: Span,
}

/// The kinds of definitions.
#[derive(Clone, Debug, PartialEq)]
pub enum ItemKind {
    /// `const NAME = value;`
    Const(Const),
    /// `enum NAME {…};`
    Enum(Ident, EnumBody),
    /// `struct NAME {…};`
    Struct(Ident, StructBody),
    /// `union NAME switch (…) {…};`
    Union(Ident, UnionBody),
    /// `typedef decl;` The type may be inline (`typedef struct {…} x`, also with a tag) and the declaration may repeat
    /// its own name (`typedef struct x x;`).
    Typedef(Decl),
    /// `program NAME {…} = number;`
    Program(Program),
}

/// `const NAME = value`
#[derive(Clone, Debug, PartialEq)]
pub struct Const {
    /// Its name.
    pub name: Ident,
    /// Its value.
    pub value: ConstValue,
}

/// What a constant holds.
#[derive(Clone, Debug, PartialEq)]
pub enum ConstValue {
    /// A number, to be computed.
    Expr(Expr),
    /// A string, without its quotes.
    Str(String),
}

/// `{ A, B = 2 }`
#[derive(Clone, Debug, PartialEq)]
pub struct EnumBody {
    /// Its members, at least one.
    pub members: Vec<EnumMember>,
    /// From `{` to `}`.
    pub span: Span,
}

/// A member of an enum.
#[derive(Clone, Debug, PartialEq)]
pub struct EnumMember {
    /// Its comment.
    pub docs: Docs,
    /// Its name.
    pub name: Ident,
    /// Its value, `None` for "one more than the member before".
    pub value: Option<Expr>,
}

/// `{ decl; decl; }`
#[derive(Clone, Debug, PartialEq)]
pub struct StructBody {
    /// Its members; empty only where every one of them was wrong or `void`.
    pub fields: Vec<Decl>,
    /// From `{` to `}`.
    pub span: Span,
}

/// `switch (decl) { arms }`
#[derive(Clone, Debug, PartialEq)]
pub struct UnionBody {
    /// The discriminant.
    pub discriminant: Box<Decl>,
    /// Its arms in source order, `default` wherever it stands. Several `default`s are possible.
    pub arms: Vec<Arm>,
    /// From `{` to `}`.
    pub span: Span,
}

/// `case 1: case 2: decl;`
#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    /// Its comment.
    pub docs: Docs,
    /// Its labels, at least one.
    pub labels: Vec<CaseLabel>,
    /// Its declaration, `None` for `void`.
    pub decl: Option<Decl>,
    /// From the first label to the end of the declaration.
    pub span: Span,
}

/// A label of an arm.
#[derive(Clone, Debug, PartialEq)]
pub enum CaseLabel {
    /// `case value:`
    Case(Expr),
    /// `default:` and where it stands.
    Default(Span),
}

/// A declaration: a member, an arm, a discriminant or a typedef.
#[derive(Clone, Debug, PartialEq)]
pub struct Decl {
    /// Its comment.
    pub docs: Docs,
    /// The type named in front.
    pub ty: Type,
    /// What the declarator makes of it.
    pub shape: Shape,
    /// The declared name.
    pub name: Ident,
    /// From the type to the end of the declarator.
    pub span: Span,
}

/// What a declarator makes of a type.
///
/// `parse` guarantees: [`TypeKind::String`] comes with [`Shape::Variable`] only (and [`Shape::Plain`] in a [`Param`],
/// where it means `string<>`), [`TypeKind::Opaque`] with `Fixed` and `Variable` only.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// `T x`
    Plain,
    /// `T *x`
    Optional,
    /// `T x[n]`
    Fixed(Box<Expr>),
    /// `T x<n>`, `T x<>`
    Variable(Option<Box<Expr>>),
}

/// A type specifier.
#[derive(Clone, Debug, PartialEq)]
pub struct Type {
    /// Which.
    pub kind: TypeKind,
    /// Where.
    pub span: Span,
}

/// The type specifiers.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeKind {
    /// `bool`
    Bool,
    /// `char`
    Char,
    /// `unsigned char`
    UnsignedChar,
    /// `short`, `short int`
    Short,
    /// `unsigned short`
    UnsignedShort,
    /// `int`
    Int,
    /// `unsigned`, `unsigned int`
    Unsigned,
    /// `long`, `long int`: 4 bytes like `int`
    Long,
    /// `unsigned long`
    UnsignedLong,
    /// `hyper`, `hyper int`
    Hyper,
    /// `unsigned hyper`
    UnsignedHyper,
    /// `float`
    Float,
    /// `double`
    Double,
    /// `string`
    String,
    /// `opaque`
    Opaque,
    /// A name, also one that every file may use undefined (`u_int`, `uint64_t`, `quadruple`): the file's own
    /// definition wins. The tag of `struct foo` has no meaning on the wire and may be wrong.
    Named(Option<Tag>, String),
    /// `struct {…}`; `Some` name for `struct foo {…} x`, which also defines `foo`.
    Struct(Option<Box<Ident>>, Box<StructBody>),
    /// `enum {…}`
    Enum(Option<Box<Ident>>, Box<EnumBody>),
    /// `union switch (…) {…}`
    Union(Option<Box<Ident>>, Box<UnionBody>),
}

/// The word in front of a type's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// `struct`
    Struct,
    /// `enum`
    Enum,
    /// `union`
    Union,
}

/// `program NAME {…} = number`
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// Its name.
    pub name: Ident,
    /// Its versions in source order.
    pub versions: Vec<Version>,
    /// Its number.
    pub number: Expr,
}

/// `version NAME {…} = number;`
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// Its comment.
    pub docs: Docs,
    /// Its name.
    pub name: Ident,
    /// Its procedures in source order.
    pub procedures: Vec<Procedure>,
    /// Its number.
    pub number: Expr,
    /// From `version` to its number.
    pub span: Span,
}

/// `result NAME(args) = number;`
#[derive(Clone, Debug, PartialEq)]
pub struct Procedure {
    /// Its comment.
    pub docs: Docs,
    /// Its result, `None` for `void` and `oneway`. Its shape is `Plain`, or `Variable` for `string<10>`.
    pub result: Option<Param>,
    /// `oneway`: the server sends no reply.
    pub oneway: bool,
    /// Its name.
    pub name: Ident,
    /// Its arguments, empty for `(void)` and `()`. A sole `T *` is `T` on the wire, as in C.
    pub args: Vec<Param>,
    /// Its number.
    pub number: Expr,
    /// From the result to the number.
    pub span: Span,
}

/// An argument or a result: a declaration whose name may be missing.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Its type.
    pub ty: Type,
    /// What the declarator makes of it.
    pub shape: Shape,
    /// Its name, if it has one.
    pub name: Option<Ident>,
    /// The whole.
    pub span: Span,
}

/// A `%` line, meant for C's output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passthrough {
    /// The text after the `%`, with the lines a trailing `\` continues it on.
    pub text: String,
    /// Where it stands, with the `%`.
    pub span: Span,
}

impl Passthrough {
    /// The file of `%#include "foo.h"` (not of `<foo.h>`): a sibling `foo.x` may hold the types that this file lacks.
    pub fn include(&self) -> Option<&str> {
        let rest = self
            .text
            .trim_start()
            .strip_prefix('#')?
            .trim_start()
            .strip_prefix("include")?;
        let rest = rest.trim_start().strip_prefix('"')?;
        rest.split_once('"').map(|(path, _)| path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passthrough_includes_are_found() {
        let include = |text: &str| {
            Passthrough {
                text: text.into(),
                span: Span::default(),
            }
            .include()
            .map(str::to_owned)
        };
        assert_eq!(include("#include \"foo.h\""), Some("foo.h".into()));
        assert_eq!(
            include(" # include\t\"a/b.h\" /* why */"),
            Some("a/b.h".into())
        );
        assert_eq!(include("#include <foo.h>"), None);
        assert_eq!(include("#includes"), None);
        assert_eq!(include("int x; /* #include \"a\" */"), None);
    }
}
