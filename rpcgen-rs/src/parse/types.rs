//! Types: the definitions of `struct`, `enum`, `union`, `typedef`, and type specifiers, where all of them may be
//! written in place.

use super::{Failed, Parsed, Parser};
use crate::ast::{
    Arm, CaseLabel, Decl, EnumBody, EnumMember, Ident, ItemKind, Shape, StructBody, Type, TypeKind,
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
        if is_of_xdr(&decl.name.name) {
            self.lint(Lint::TypeName, decl.name.span);
        }
        if decl.shape == Shape::Plain && name_in_c(&decl.ty.kind) == Some(&decl.name.name) {
            self.lint(Lint::TypedefOfItself, decl.name.span);
        }
        Ok(ItemKind::Typedef(decl))
    }

    /// `type-def: "struct" identifier struct-body`; also `struct s` alone, and RFC 1833's `struct *list struct-body`
    pub(super) fn struct_def(&mut self) -> Parsed<Option<ItemKind>> {
        let first = self.at;
        self.at += 1;
        let optional = self.eat(b'*');
        let name = self.name("the struct's name")?;
        self.skip_mapping_clauses();
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
        self.skip_mapping_clauses();
        self.enter("enum");
        if self.forward_declaration() {
            return Ok(None);
        }
        let body = self.enum_body(&name.name)?;
        Ok(Some(ItemKind::Enum(name, body)))
    }

    /// `type-def: "union" identifier union-body`; also `union u` alone
    pub(super) fn union_def(&mut self) -> Parsed<Option<ItemKind>> {
        self.at += 1;
        let name = self.name("the union's name")?;
        self.skip_mapping_clauses();
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
    pub(super) fn struct_body(&mut self) -> Parsed<StructBody> {
        let mut fields = Vec::with_capacity(8);
        let open = self.at;
        let span = self.nested(|p| p.braces(|p| p.field(&mut fields)))?;
        if self.were_empty(open) {
            self.error(
                "E0111",
                span,
                "a struct needs at least one member",
                "for no data at all use `void`",
            );
        }
        // One member would keep the room of eight.
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
                self.count(fields.len())?;
                if !matches!(decl.shape, Shape::Fixed(_)) {
                    self.lint_long(&decl.name);
                }
                decl.docs = self.comments.around(first, self.at);
                // `struc foo a;`: a word too many means that another one is no type.
                if !self.is_word_too_many() {
                    fields.push(decl);
                }
            }
        }
        self.end_of("after the member")
    }

    /// ```text
    /// enum-body: "{" ( identifier "=" value ) ( "," identifier "=" value )* "}"
    /// ```
    /// also without the values, and with a comma at the end
    pub(super) fn enum_body(&mut self, name: &str) -> Parsed<EnumBody> {
        let mut members = Vec::new();
        let open = self.at;
        let mut told = false;
        let lost_before = self.lost.len();
        let span = self.nested(|p| p.braces(|p| p.enumerators(&mut members, &mut told)))?;
        if self.were_empty(open) {
            self.error(
                "E0111",
                span,
                "an enum needs at least one member",
                "add one, such as `NONE = 0`",
            );
        }
        if self.lost.len() > lost_before {
            self.lost_enums.insert(name.to_owned());
        }
        members.shrink_to_fit();
        Ok(EnumBody { members, span })
    }

    /// One member and its comma. A mistake costs this member only; `told` says that `;` are between them.
    fn enumerators(&mut self, members: &mut Vec<EnumMember>, told: &mut bool) -> Parsed<()> {
        let first = self.at;
        if self.kind() == Kind::Punct(b';') && self.definition_follows() {
            // Its `}` is missing.
            self.at += 1;
            return Ok(());
        }
        self.count(members.len())?;
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
                        // `A = 1;` in a list: the habit of struct members, and one mistake. Where the enum ends with it,
                        // its `}` is the mistake.
                        if !self.definition_follows() && !std::mem::replace(told, true) {
                            self.expected("`,` or `}` after the enum's member");
                        }
                        self.at += 1;
                    } else if !matches!(self.kind(), Kind::Punct(b'}') | Kind::End)
                        && !self.at_definition()
                    {
                        let span = if self.begins_line() {
                            self.previous_span().after()
                        } else {
                            self.span()
                        };
                        self.expected_at(span, "`,` or `}` after the enum's member", None);
                        if self.kind() != Kind::Ident {
                            self.skip_enumerator(self.at);
                        }
                    }
                }
                members.push(member);
            }
            Err(Failed) => self.skip_enumerator(first),
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

    /// Goes on behind the next `,` or `;`, or at the `}` of this level; what stands between `first` and there is lost.
    fn skip_enumerator(&mut self, first: usize) {
        self.skip_to_comma();
        self.lost.push((first, self.at));
    }

    /// rpcgen writes the call for a member into a buffer that ends.
    fn lint_long(&mut self, name: &Ident) {
        if name.name.len() > 248 {
            self.lint(Lint::LongName, name.span);
        }
    }

    fn skip_to_comma(&mut self) {
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
    pub(super) fn union_body(&mut self) -> Parsed<UnionBody> {
        if self.is_misspelled("switch") {
            self.misspelled("`switch`", "switch");
            if self.nth(1) != Kind::Punct(b'(') {
                return Err(Failed);
            }
        } else if self.kind() != Kind::Keyword(Keyword::Switch) {
            let help = "a union of this language says which arm it holds: `union u switch (int d) { case 0: …; }`";
            return Err(self.expected_at(self.span(), "`switch`", Some(help.into())));
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
        self.lint_long(&discriminant.name);
        self.expect(b')', "after the discriminant")?;
        let mut arms: Vec<Arm> = Vec::new();
        let mut labels = 0;
        let open = self.at;
        let span = self.nested(|p| p.braces(|p| p.case_spec(&mut arms, &mut labels)))?;
        if self.were_empty(open) {
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
    fn case_spec(&mut self, arms: &mut Vec<Arm>, count: &mut usize) -> Parsed<()> {
        let first = self.at;
        if self.eat(b';') {
            self.lint(Lint::EmptyStatement, self.previous_span());
            return Ok(());
        }
        let labels = self.case_labels(count)?;
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
        self.end_of("after the arm")
    }

    fn case_labels(&mut self, count: &mut usize) -> Parsed<Vec<CaseLabel>> {
        let mut labels = Vec::new();
        loop {
            match self.kind() {
                Kind::Keyword(Keyword::Case) => {
                    self.count(*count)?;
                    *count += 1;
                    self.at += 1;
                    labels.push(CaseLabel::Case(self.label()?));
                    self.expect(b':', "after the label")?;
                }
                Kind::Keyword(Keyword::Default) => {
                    self.count(*count)?;
                    *count += 1;
                    labels.push(CaseLabel::Default(self.span()));
                    self.at += 1;
                    self.expect(b':', "after `default`")?;
                }
                // `csae 3:`, `defualt:`
                Kind::Ident if self.nth(2) == Kind::Punct(b':') && self.is_misspelled("case") => {
                    self.misspelled("`case` or `default`", "case");
                    self.at += 1;
                    labels.push(CaseLabel::Case(self.label()?));
                    self.expect(b':', "after the label")?;
                }
                Kind::Ident
                    if self.nth(1) == Kind::Punct(b':')
                        && self.nth(2) != Kind::Punct(b':')
                        && self.is_misspelled("default") =>
                {
                    self.misspelled("`case` or `default`", "default");
                    labels.push(CaseLabel::Default(self.span()));
                    self.at += 2;
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

    /// An error about the shape of a declaration, which is understood nevertheless.
    pub(super) fn shape_error(&mut self, first: usize, message: String, help: &str) {
        let span = self.span_from(first);
        self.report(Diagnostic::error("E0112", span, message).help(help));
    }
}

/// rpcgen refuses these as names of types that are used or made by a typedef: `xdr_array` and its like are of XDR.
pub(super) fn is_of_xdr(name: &str) -> bool {
    matches!(
        name,
        "array"
            | "bytes"
            | "destroy"
            | "free"
            | "getpos"
            | "inline"
            | "pointer"
            | "reference"
            | "setpos"
            | "sizeof"
            | "vector"
    )
}

/// What rpcgen writes for a type, where that is no keyword.
fn name_in_c(ty: &TypeKind) -> Option<&str> {
    match ty {
        TypeKind::Named(None, name) => Some(name),
        TypeKind::Hyper => Some("quad_t"),
        TypeKind::UnsignedChar => Some("u_char"),
        TypeKind::UnsignedShort => Some("u_short"),
        TypeKind::Unsigned => Some("u_int"),
        TypeKind::UnsignedLong => Some("u_long"),
        TypeKind::UnsignedHyper => Some("u_quad_t"),
        _ => None,
    }
}
