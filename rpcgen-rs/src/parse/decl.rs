//! Declarations: a type and what the declarator makes of it.

use super::types::is_of_xdr;
use super::{Failed, Parsed, Parser};
use crate::ast::{Decl, Ident, Param, Shape, TypeKind};
use crate::dialect::Lint;
use crate::lex::{Keyword, Kind};

impl Parser<'_> {
    /// ```text
    /// declaration: type-specifier identifier
    ///            | type-specifier identifier "[" value "]"
    ///            | type-specifier identifier "<" [ value ] ">"
    ///            | "opaque" identifier "[" value "]"
    ///            | "opaque" identifier "<" [ value ] ">"
    ///            | "string" identifier "<" [ value ] ">"
    ///            | type-specifier "*" identifier
    ///            | "void"
    /// ```
    /// `None` is `void`; `in_arm` says that `void` is usual here.
    pub(super) fn declaration(&mut self, what: &str, in_arm: bool) -> Parsed<Option<Decl>> {
        let first = self.at;
        if self.kind() == Kind::Keyword(Keyword::Void) {
            self.at += 1;
            if matches!(self.kind(), Kind::Ident | Kind::Punct(b'*')) {
                let span = self.span_from(first);
                let help = if in_arm {
                    "an arm without content is `void;`"
                } else {
                    "`opaque` is the type of raw bytes"
                };
                self.error("E0110", span, "`void` has no name", help);
                return Err(Failed);
            }
            return Ok(None);
        }
        let ty = self.type_specifier()?;
        if matches!(&ty.kind, TypeKind::Named(_, name) if is_of_xdr(name)) {
            self.lint(Lint::TypeName, ty.span);
        }
        let star = self.star()?;
        let name = self.name(what)?;
        let shape = self.shape(star)?;
        if self.kind() == Kind::Punct(b',') {
            let span = self.span();
            self.error(
                "E0113",
                span,
                "a declaration declares one name",
                "write one declaration for each name",
            );
            return Err(Failed);
        }
        let shape = self.fitting(&ty.kind, shape, &name.name, first);
        Ok(Some(Decl {
            docs: None,
            ty,
            shape,
            name,
            span: self.span_from(first),
        }))
    }

    fn star(&mut self) -> Parsed<bool> {
        let star = self.eat(b'*');
        if star && self.kind() == Kind::Punct(b'*') {
            let span = self.span();
            self.error(
                "E0114",
                span,
                "optional data of optional data",
                "give the inner one a name by `typedef`",
            );
            return Err(Failed);
        }
        Ok(star)
    }

    /// What stands behind the name: nothing, `[n]`, `<n>` or `<>`.
    fn shape(&mut self, star: bool) -> Parsed<Shape> {
        let first = self.at;
        if let Kind::Punct(close @ (b'>' | b']')) = self.kind() {
            let open = if close == b'>' {
                "`<`"
            } else {
                "`[` and a size"
            };
            self.expected(open);
            self.at += 1;
            return Ok(Shape::Variable(None));
        }
        // `opaque o 5>`
        let value = matches!(self.kind(), Kind::Number | Kind::Ident);
        let shape = if value && self.nth(1) == Kind::Punct(b'>') {
            self.expected("`<`");
            let bound = self.expr()?;
            self.at += 1;
            Shape::Variable(Some(Box::new(bound)))
        } else if value && self.nth(1) == Kind::Punct(b']') {
            self.expected("`[`");
            let size = self.expr()?;
            self.at += 1;
            Shape::Fixed(Box::new(size))
        } else if self.eat(b'[') {
            if self.kind() == Kind::Punct(b']') {
                let span = self.span();
                self.error(
                    "E0114",
                    span,
                    "a fixed array needs its size",
                    "an array of any size is `<>`",
                );
                return Err(Failed);
            }
            let size = self.expr()?;
            self.expect(b']', "after the size")?;
            Shape::Fixed(Box::new(size))
        } else if self.eat(b'<') {
            let bound = if self.kind() == Kind::Punct(b'>') {
                None
            } else {
                Some(Box::new(self.expr()?))
            };
            self.expect(b'>', "after the bound")?;
            Shape::Variable(bound)
        } else {
            return Ok(if star { Shape::Optional } else { Shape::Plain });
        };
        if star {
            let span = self.span_from(first);
            self.error(
                "E0114",
                span,
                "an array of optional data",
                "give the optional data a name by `typedef`",
            );
            return Err(Failed);
        }
        if matches!(self.kind(), Kind::Punct(b'[' | b'<')) {
            let span = self.span();
            self.error(
                "E0114",
                span,
                "an array has one dimension",
                "give the inner array a name by `typedef`",
            );
            return Err(Failed);
        }
        Ok(shape)
    }

    /// `string` and `opaque` need their brackets; a mistake is reported and put right.
    fn fitting(&mut self, ty: &TypeKind, shape: Shape, name: &str, first: usize) -> Shape {
        let (message, help, shape) = match (ty, shape) {
            (TypeKind::String, Shape::Plain) => (
                "`string` needs a bound",
                format!("write `string {name}<>`, or `<n>` for at most n bytes"),
                Shape::Variable(None),
            ),
            (TypeKind::String, Shape::Fixed(size)) => (
                "a `string` has no fixed size",
                format!("write `string {name}<n>` for at most n bytes, or `opaque {name}[n]`"),
                Shape::Variable(Some(size)),
            ),
            (TypeKind::String, Shape::Optional) => (
                "an optional `string` needs a name of its own",
                "write `typedef string text<>;` and `text *`".into(),
                Shape::Variable(None),
            ),
            (TypeKind::Opaque, Shape::Plain | Shape::Optional) => (
                "`opaque` needs a size or a bound",
                match name {
                    "" => "write `opaque[n]` or `opaque<>`".to_owned(),
                    _ => format!("write `opaque {name}[n]` or `opaque {name}<>`"),
                },
                Shape::Variable(None),
            ),
            (_, shape) => return shape,
        };
        self.shape_error(first, message.into(), &help);
        shape
    }

    /// `argument: type-specifier [ identifier ] [ "*" [ identifier ] ] [ "<" [ value ] ">" ]`
    pub(super) fn argument(&mut self) -> Parsed<Param> {
        let first = self.at;
        let ty = self.param_type()?;
        let mut name = self.argument_name()?;
        let star = self.star()?;
        if star {
            // `int x *y`: rpcgen takes the last name.
            name = self.argument_name()?.or(name);
        }
        let shape = self.shape(star)?;
        if name.is_some() || shape != Shape::Plain {
            self.lint(Lint::ArgumentDeclarator, self.previous_span());
        }
        let shape = match (&ty, shape) {
            // `F(string)` is `F(string<>)`.
            (TypeKind::String, Shape::Plain) => Shape::Plain,
            (kind, shape) => {
                if matches!(shape, Shape::Fixed(_))
                    || matches!(shape, Shape::Variable(_)) && *kind != TypeKind::String
                {
                    self.lint(Lint::ArrayArgument, self.previous_span());
                }
                let shown = name.as_ref().map_or("", |n| &n.name).to_owned();
                self.fitting(kind, shape, &shown, first)
            }
        };
        let span = self.span_from(first);
        let ty = crate::ast::Type { kind: ty, span };
        Ok(Param {
            ty,
            shape,
            name,
            span,
        })
    }

    fn argument_name(&mut self) -> Parsed<Option<Ident>> {
        match self.kind() {
            Kind::Keyword(word) if word.begins_type() => Ok(None),
            Kind::Ident | Kind::Keyword(_) => self.name("the argument's name").map(Some),
            _ => Ok(None),
        }
    }

    /// `result: type-specifier`; also `string<n>`. Its span is the type's.
    pub(super) fn result(&mut self) -> Parsed<Param> {
        let first = self.at;
        let ty = self.param_type()?;
        let mut shape = Shape::Plain;
        if self.kind() == Kind::Punct(b'<') && ty == TypeKind::String {
            shape = self.shape(false)?;
            self.lint(Lint::ResultDeclarator, self.previous_span());
        } else if ty == TypeKind::Opaque {
            shape = self.shape(false)?;
            self.lint(Lint::ArrayArgument, self.previous_span());
            shape = self.fitting(&ty, shape, "", first);
        }
        if matches!(self.kind(), Kind::Punct(b'*' | b'<' | b'[')) {
            let span = self.span();
            self.error(
                "E0115",
                span,
                "a result is a plain type",
                "give the type a name by `typedef`",
            );
            return Err(Failed);
        }
        let span = self.span_from(first);
        Ok(Param {
            ty: crate::ast::Type { kind: ty, span },
            shape,
            name: None,
            span,
        })
    }

    /// A type that is not written in place.
    fn param_type(&mut self) -> Parsed<TypeKind> {
        let ty = self.type_specifier()?;
        if matches!(
            ty.kind,
            TypeKind::Struct(..) | TypeKind::Enum(..) | TypeKind::Union(..)
        ) {
            let message = "an argument or result cannot define a type";
            self.error(
                "E0115",
                ty.span,
                message,
                "define the type before the program",
            );
            return Err(Failed);
        }
        if ty.kind == TypeKind::String {
            self.lint(Lint::StringInCall, ty.span);
        }
        Ok(ty.kind)
    }
}
