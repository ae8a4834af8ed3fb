//! Types: the definitions of `struct`, `enum`, `union`, `typedef`, and type specifiers, where all of them may be
//! written in place.

use super::{Failed, Parsed, Parser};
use crate::ast::{
    Arm, CaseLabel, Decl, EnumBody, EnumMember, ItemKind, Shape, StructBody, Tag, Type, TypeKind,
    UnionBody,
};
use crate::diag::Diagnostic;
use crate::dialect::Lint;
use crate::lex::{Keyword, Kind};

impl Parser<'_> {
    /// `type-def: "typedef" declaration`
    pub(super) fn typedef(&mut self) -> Parsed<ItemKind> {
        let first = self.at;
        self.at += 1;
        let Some(decl) = self.declaration("the new type's name", false)? else {
            let message = "`void` cannot be given a name";
            let span = self.span_from(first);
            self.error(
                "E0110",
                span,
                message,
                "a type without content is a union's `void` arm or an empty argument list",
            );
            return Err(Failed);
        };
        Ok(ItemKind::Typedef(decl))
    }

    /// `type-def: "struct" identifier struct-body`; also `struct s` alone, and RFC 1833's `struct *list struct-body`
    pub(super) fn struct_def(&mut self) -> Parsed<Option<ItemKind>> {
        let first = self.at;
        self.at += 1;
        let optional = self.eat(b'*');
        let name = self.name("the struct's name")?;
        self.enter("struct");
        if self.forward_declaration() {
            return Ok(None);
        }
        let body = self.struct_body()?;
        if !optional {
            return Ok(Some(ItemKind::Struct(name, body)));
        }
        let span = self.span_from(first);
        self.lint(Lint::OptionalStruct, name.span);
        let ty = Type {
            kind: TypeKind::Struct(None, Box::new(body)),
            span,
        };
        Ok(Some(ItemKind::Typedef(Decl {
            docs: None,
            ty,
            shape: Shape::Optional,
            name,
            span,
        })))
    }

    /// `type-def: "enum" identifier enum-body`; also `enum e` alone
    pub(super) fn enum_def(&mut self) -> Parsed<Option<ItemKind>> {
        self.at += 1;
        let name = self.name("the enum's name")?;
        self.enter("enum");
        if self.forward_declaration() {
            return Ok(None);
        }
        let body = self.enum_body()?;
        Ok(Some(ItemKind::Enum(name, body)))
    }

    /// `type-def: "union" identifier union-body`; also `union u` alone
    pub(super) fn union_def(&mut self) -> Parsed<Option<ItemKind>> {
        self.at += 1;
        let name = self.name("the union's name")?;
        self.enter("union");
        if self.forward_declaration() {
            return Ok(None);
        }
        let body = self.union_body()?;
        Ok(Some(ItemKind::Union(name, body)))
    }

    fn forward_declaration(&mut self) -> bool {
        let found = self.kind() == Kind::Punct(b';');
        if found {
            self.lint(Lint::Forward, self.previous_span());
        }
        found
    }

    /// ```text
    /// struct-body: "{" ( declaration ";" ) ( declaration ";" )* "}"
    /// ```
    fn struct_body(&mut self) -> Parsed<StructBody> {
        let mut fields = Vec::new();
        let open = self.at;
        let span = self.nested(|p| p.braces(|p| p.field(&mut fields)))?;
        if self.at == open + 2 {
            self.error(
                "E0111",
                span,
                "a struct needs at least one member",
                "for no data at all use `void`",
            );
        }
        // One member in a vector would keep the room of four.
        fields.shrink_to_fit();
        Ok(StructBody { fields, span })
    }

    fn field(&mut self, fields: &mut Vec<Decl>) -> Parsed<()> {
        let first = self.at;
        if self.eat(b';') {
            self.lint(Lint::EmptyStatement, self.previous_span());
            return Ok(());
        }
        match self.declaration("the member's name", false)? {
            None => self.lint(Lint::VoidMember, self.previous_span()),
            Some(mut decl) => {
                decl.docs = self.comments.around(first, self.at);
                fields.push(decl);
            }
        }
        self.expect(b';', "after the member")
    }

    /// ```text
    /// enum-body: "{" ( identifier "=" value ) ( "," identifier "=" value )* "}"
    /// ```
    /// also without the values, and with a comma at the end
    fn enum_body(&mut self) -> Parsed<EnumBody> {
        let mut members = Vec::new();
        let open = self.at;
        let span = self.nested(|p| p.braces(|p| p.enumerators(&mut members)))?;
        if self.at == open + 2 {
            self.error(
                "E0111",
                span,
                "an enum needs at least one member",
                "add one, such as `NONE = 0`",
            );
        }
        members.shrink_to_fit();
        Ok(EnumBody { members, span })
    }

    /// One member and its comma. A mistake costs this member only.
    fn enumerators(&mut self, members: &mut Vec<EnumMember>) -> Parsed<()> {
        let first = self.at;
        match self.enumerator() {
            Ok(mut member) => {
                if self.eat(b',') {
                    if self.kind() == Kind::Punct(b'}') {
                        self.lint(Lint::TrailingComma, self.previous_span());
                    }
                    member.docs = self.comments.around(first, self.at - 1);
                } else {
                    member.docs = self.comments.around(first, self.at - 1);
                    if self.kind() == Kind::Punct(b';') {
                        // `A = 1;` in a list: the habit of struct members.
                        self.expected("`,` or `}` after the enum's member");
                        self.at += 1;
                    } else if !matches!(self.kind(), Kind::Punct(b'}') | Kind::End)
                        && !self.at_definition()
                    {
                        self.expected("`,` or `}` after the enum's member");
                        if self.kind() != Kind::Ident {
                            self.skip_enumerator();
                        }
                    }
                }
                members.push(member);
            }
            Err(Failed) => self.skip_enumerator(),
        }
        Ok(())
    }

    fn enumerator(&mut self) -> Parsed<EnumMember> {
        let name = self.name("the name of an enum's member")?;
        let value = if self.eat(b'=') {
            Some(self.expr()?)
        } else {
            self.lint(Lint::ImplicitValue, name.span);
            None
        };
        Ok(EnumMember {
            docs: None,
            name,
            value,
        })
    }

    /// Skips to behind the next `,` or `;`, or to the `}` of this level.
    fn skip_enumerator(&mut self) {
        let mut depth = 0_usize;
        while self.kind() != Kind::End && !(depth == 0 && self.at_definition()) {
            match self.kind() {
                Kind::Punct(b'{') => depth += 1,
                Kind::Punct(b'}') if depth == 0 => return,
                Kind::Punct(b'}') => depth -= 1,
                Kind::Punct(b',' | b';') if depth == 0 => {
                    self.at += 1;
                    return;
                }
                _ => {}
            }
            self.at += 1;
        }
    }

    /// ```text
    /// union-body: "switch" "(" declaration ")" "{" case-spec case-spec* [ "default" ":" declaration ";" ] "}"
    /// ```
    fn union_body(&mut self) -> Parsed<UnionBody> {
        if self.kind() != Kind::Keyword(Keyword::Switch) {
            return Err(self.expected("`switch`"));
        }
        self.at += 1;
        self.expect(b'(', "after `switch`")?;
        let first = self.at;
        let discriminant = self.nested(|p| p.declaration("the discriminant's name", false))?;
        let Some(discriminant) = discriminant else {
            let span = self.span_from(first);
            self.error(
                "E0110",
                span,
                "`void` cannot be a discriminant",
                "use `int`, `unsigned`, `bool` or an enum",
            );
            return Err(Failed);
        };
        self.expect(b')', "after the discriminant")?;
        let mut arms: Vec<Arm> = Vec::new();
        let open = self.at;
        let span = self.nested(|p| p.braces(|p| p.case_spec(&mut arms)))?;
        if self.at == open + 2 {
            self.error(
                "E0111",
                span,
                "a union needs at least one arm",
                "add `case 0: void;`",
            );
        }
        if !arms.is_empty()
            && arms
                .iter()
                .all(|a| a.labels.iter().all(|l| matches!(l, CaseLabel::Default(_))))
        {
            self.lint(Lint::DefaultOnly, span);
        }
        arms.shrink_to_fit();
        Ok(UnionBody {
            discriminant: Box::new(discriminant),
            arms,
            span,
        })
    }

    /// ```text
    /// case-spec: ( "case" value ":" ) ( "case" value ":" )* declaration ";"
    /// ```
    /// also with `default` among the labels
    fn case_spec(&mut self, arms: &mut Vec<Arm>) -> Parsed<()> {
        let first = self.at;
        if self.eat(b';') {
            self.lint(Lint::EmptyStatement, self.previous_span());
            return Ok(());
        }
        let labels = self.case_labels()?;
        if labels.is_empty() {
            if arms.is_empty() {
                return Err(self.expected("`case` or `default`"));
            }
            self.expected("`case`, `default` or `}`: an arm has one declaration");
            return Err(Failed);
        }
        if arms
            .last()
            .is_some_and(|a| a.labels.iter().any(|l| matches!(l, CaseLabel::Default(_))))
        {
            self.lint(Lint::StackedDefault, self.span_at(first));
        }
        let colon = self.at - 1;
        let decl = match self.declaration("the arm's name", true) {
            Ok(decl) => decl,
            Err(Failed) => {
                // The labels are good: without them, the arm would be missed elsewhere.
                let span = self.span_from(first);
                arms.push(Arm {
                    docs: None,
                    labels,
                    decl: None,
                    span,
                });
                return Err(Failed);
            }
        };
        let span = self.span_from(first);
        let docs = self
            .comments
            .around(first, self.at)
            .or_else(|| self.comments.behind(colon));
        arms.push(Arm {
            docs,
            labels,
            decl,
            span,
        });
        self.expect(b';', "after the arm")
    }

    fn case_labels(&mut self) -> Parsed<Vec<CaseLabel>> {
        let mut labels = Vec::new();
        loop {
            match self.kind() {
                Kind::Keyword(Keyword::Case) => {
                    self.at += 1;
                    labels.push(CaseLabel::Case(self.expr()?));
                    self.expect(b':', "after the label")?;
                }
                Kind::Keyword(Keyword::Default) => {
                    labels.push(CaseLabel::Default(self.span()));
                    self.at += 1;
                    self.expect(b':', "after `default`")?;
                }
                _ => break,
            }
        }
        if labels.len() > 1
            && let Some(CaseLabel::Default(span)) =
                labels.iter().find(|l| matches!(l, CaseLabel::Default(_)))
        {
            self.lint(Lint::StackedDefault, *span);
        }
        Ok(labels)
    }

    /// ```text
    /// type-specifier: [ "unsigned" ] "int" | [ "unsigned" ] "hyper" | "float" | "double" | "quadruple" | "bool"
    ///               | enum-type-spec | struct-type-spec | union-type-spec | identifier
    /// ```
    /// also `char`, `short`, `long`, `struct name`, `a::b`; `string` and `opaque` are checked by the declarator
    pub(super) fn type_specifier(&mut self) -> Parsed<Type> {
        let first = self.at;
        let kind = match self.kind() {
            Kind::Ident => {
                self.at += 1;
                self.skip_qualifiers();
                let name = self.text_of(self.at - 1);
                if name == "quadruple" {
                    self.lint(Lint::Quadruple, self.previous_span());
                }
                TypeKind::Named(None, name)
            }
            Kind::Keyword(Keyword::Struct) => self.struct_type()?,
            Kind::Keyword(Keyword::Enum) => self.enum_type()?,
            Kind::Keyword(Keyword::Union) => self.union_type()?,
            Kind::Keyword(word) => {
                let Some(kind) = self.base_type(word) else {
                    return Err(self.expected("a type"));
                };
                kind
            }
            _ => return Err(self.expected("a type")),
        };
        Ok(Type {
            kind,
            span: self.span_from(first),
        })
    }

    fn base_type(&mut self, word: Keyword) -> Option<TypeKind> {
        let span = self.span();
        let kind = match word {
            Keyword::Bool => TypeKind::Bool,
            Keyword::Char => TypeKind::Char,
            Keyword::Double => TypeKind::Double,
            Keyword::Float => TypeKind::Float,
            Keyword::Hyper => TypeKind::Hyper,
            Keyword::Int => TypeKind::Int,
            Keyword::Long => TypeKind::Long,
            Keyword::Opaque => TypeKind::Opaque,
            Keyword::Short => TypeKind::Short,
            Keyword::String => TypeKind::String,
            Keyword::Unsigned => TypeKind::Unsigned,
            // `program` and `version` are free names in the RFC.
            Keyword::Program | Keyword::Version
                if matches!(self.nth(1), Kind::Ident | Kind::Punct(b'*')) =>
            {
                self.lint(Lint::ReservedName, span);
                TypeKind::Named(None, self.text_of(self.at))
            }
            _ => return None,
        };
        self.at += 1;
        let kind = match (kind, self.kind()) {
            (TypeKind::Unsigned, Kind::Keyword(size)) => match size {
                Keyword::Char => TypeKind::UnsignedChar,
                Keyword::Hyper => TypeKind::UnsignedHyper,
                Keyword::Int => TypeKind::Unsigned,
                Keyword::Long => TypeKind::UnsignedLong,
                Keyword::Short => TypeKind::UnsignedShort,
                _ => return Some(TypeKind::Unsigned),
            },
            (kind, _) => {
                if matches!(kind, TypeKind::Char | TypeKind::Short | TypeKind::Long) {
                    self.lint(Lint::CType, span);
                }
                self.skip_int(&kind);
                return Some(kind);
            }
        };
        self.at += 1;
        if !matches!(kind, TypeKind::Unsigned | TypeKind::UnsignedHyper) {
            self.lint(Lint::CType, span);
        }
        self.skip_int(&kind);
        Some(kind)
    }

    /// The `int` of `short int`, `unsigned long int`, `hyper int`.
    fn skip_int(&mut self, kind: &TypeKind) {
        let takes_int = matches!(
            kind,
            TypeKind::Short
                | TypeKind::Long
                | TypeKind::Hyper
                | TypeKind::UnsignedShort
                | TypeKind::UnsignedLong
                | TypeKind::UnsignedHyper
        );
        if takes_int && self.kind() == Kind::Keyword(Keyword::Int) {
            self.at += 1;
        }
    }

    /// `struct-type-spec: "struct" struct-body`; also `struct name` and `struct name struct-body`
    fn struct_type(&mut self) -> Parsed<TypeKind> {
        self.at += 1;
        if self.kind() == Kind::Punct(b'{') {
            self.lint(Lint::InlineType, self.previous_span());
            return Ok(TypeKind::Struct(None, Box::new(self.struct_body()?)));
        }
        let name = self.name("a struct's name or `{`")?;
        if self.kind() != Kind::Punct(b'{') {
            self.lint(Lint::TaggedReference, self.previous_span());
            return Ok(TypeKind::Named(Some(Tag::Struct), name.name));
        }
        self.lint(Lint::InlineType, name.span);
        self.enter("struct");
        let body = self.struct_body()?;
        self.leave();
        Ok(TypeKind::Struct(Some(name), Box::new(body)))
    }

    /// `enum-type-spec: "enum" enum-body`; also `enum name` and `enum name enum-body`
    fn enum_type(&mut self) -> Parsed<TypeKind> {
        self.at += 1;
        if self.kind() == Kind::Punct(b'{') {
            self.lint(Lint::InlineType, self.previous_span());
            return Ok(TypeKind::Enum(None, Box::new(self.enum_body()?)));
        }
        let name = self.name("an enum's name or `{`")?;
        if self.kind() != Kind::Punct(b'{') {
            self.lint(Lint::TaggedReference, self.previous_span());
            return Ok(TypeKind::Named(Some(Tag::Enum), name.name));
        }
        self.lint(Lint::InlineType, name.span);
        self.enter("enum");
        let body = self.enum_body()?;
        self.leave();
        Ok(TypeKind::Enum(Some(name), Box::new(body)))
    }

    /// `union-type-spec: "union" union-body`; also `union name` and `union name union-body`
    fn union_type(&mut self) -> Parsed<TypeKind> {
        self.at += 1;
        if self.kind() == Kind::Keyword(Keyword::Switch) {
            self.lint(Lint::InlineType, self.previous_span());
            return Ok(TypeKind::Union(None, Box::new(self.union_body()?)));
        }
        let name = self.name("a union's name or `switch`")?;
        if self.kind() != Kind::Keyword(Keyword::Switch) {
            self.lint(Lint::TaggedReference, self.previous_span());
            return Ok(TypeKind::Named(Some(Tag::Union), name.name));
        }
        self.lint(Lint::InlineType, name.span);
        self.enter("union");
        let body = self.union_body()?;
        self.leave();
        Ok(TypeKind::Union(Some(name), Box::new(body)))
    }

    /// An error about the shape of a declaration, which is understood nevertheless.
    pub(super) fn shape_error(&mut self, first: usize, message: String, help: &str) {
        let span = self.span_from(first);
        self.report(Diagnostic::error("E0112", span, message).help(help));
    }
}
