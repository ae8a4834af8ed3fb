//! Type specifiers: base types, names, and types that are defined in place.

use super::{Parsed, Parser};
use crate::ast::{Tag, Type, TypeKind};
use crate::dialect::Lint;
use crate::lex::{Keyword, Kind};

impl Parser<'_> {
    /// ```text
    /// type-specifier: [ "unsigned" ] "int" | [ "unsigned" ] "hyper" | "float" | "double" | "quadruple" | "bool"
    ///               | enum-type-spec | struct-type-spec | union-type-spec | identifier
    /// ```
    /// also `char`, `short`, `long`, `struct name`, `a::b`, words that choose a type of OCaml; `string` and `opaque` are checked by the declarator
    pub(super) fn type_specifier(&mut self) -> Parsed<Type> {
        if self.kind() == Kind::Keyword(Keyword::Const) {
            let help = "leave the word out: here, nothing is constant".to_owned();
            let failed = self.expected_at(self.span(), "a type", Some(help));
            self.at += 1;
            if self.nth(1) == Kind::Punct(b';') {
                return Err(failed);
            }
        }
        let first = self.at;
        self.skip_mapping_words();
        self.skip_root();
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

    /// C's `long long`: an error that says what to write, taken for what was meant.
    fn long_long(&mut self, kind: TypeKind) -> TypeKind {
        let (meant, name) = match kind {
            TypeKind::Long => (TypeKind::Hyper, "hyper"),
            TypeKind::UnsignedLong => (TypeKind::UnsignedHyper, "unsigned hyper"),
            kind => return kind,
        };
        if self.kind() != Kind::Keyword(Keyword::Long) {
            return kind;
        }
        let help = format!("an integer of 64 bits is called `{name}`");
        let span = self.span();
        self.error(
            "E0116",
            span,
            "`long long` is no type of this language",
            &help,
        );
        self.at += 1;
        meant
    }

    /// ocamlnet's words in front of a base type, which choose a type of OCaml: `_int64 hyper`, `unsigned _unboxed int`.
    fn skip_mapping_words(&mut self) {
        let words: [&[u8]; 4] = [b"_int32", b"_int64", b"_unboxed", b"_managed"];
        // Other words may be types, and the keyword a member's name.
        while self.kind() == Kind::Ident
            && words.contains(&self.word(self.at))
            && matches!(self.nth(1), Kind::Keyword(_))
        {
            self.lint(Lint::MappingWord, self.span());
            self.at += 1;
        }
    }

    /// ocamlnet's words behind the name of a type: `struct s _prefix "s_" {`, `enum e _lowercase {`.
    /// Without a body after them they are something else: `struct s _member;`.
    pub(super) fn skip_mapping_clauses(&mut self) {
        let n = self.mapping_clauses(0);
        if matches!(
            self.nth(n),
            Kind::Punct(b'{') | Kind::Keyword(Keyword::Switch)
        ) && n > 0
        {
            self.lint(Lint::MappingWord, self.span());
            self.at += n;
        }
    }

    /// How many tokens of such words stand behind the next `n`.
    pub(super) fn mapping_clauses(&self, n: usize) -> usize {
        let mut end = n;
        while self.nth(end) == Kind::Ident && self.word(self.at + end).starts_with(b"_") {
            end += 1 + usize::from(self.nth(end + 1) == Kind::Str);
        }
        end - n
    }

    fn base_type(&mut self, word: Keyword) -> Option<TypeKind> {
        let first = self.at;
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
                self.lint(Lint::ReservedName, self.span_at(first));
                TypeKind::Named(None, self.text_of(self.at))
            }
            _ => return None,
        };
        self.at += 1;
        self.skip_mapping_words();
        let is_alone = !matches!(self.kind(), Kind::Keyword(_));
        if matches!(kind, TypeKind::Unsigned) && is_alone {
            self.lint(Lint::BareUnsigned, self.span_at(first));
        }
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
                    self.lint(Lint::CType, self.span_at(first));
                }
                let kind = self.long_long(kind);
                self.skip_int(&kind);
                return Some(kind);
            }
        };
        self.at += 1;
        let kind = self.long_long(kind);
        if !matches!(kind, TypeKind::Unsigned | TypeKind::UnsignedHyper) {
            self.lint(Lint::CType, self.span_at(first));
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
            self.lint(Lint::IntBehindSize, self.span());
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
        self.skip_mapping_clauses();
        if self.kind() != Kind::Punct(b'{') {
            self.lint(Lint::TaggedReference, self.previous_span());
            return Ok(TypeKind::Named(Some(Tag::Struct), name.name));
        }
        self.lint(Lint::InlineType, name.span);
        self.enter("struct");
        let body = self.struct_body()?;
        self.leave();
        Ok(TypeKind::Struct(Some(Box::new(name)), Box::new(body)))
    }

    /// `enum-type-spec: "enum" enum-body`; also `enum name` and `enum name enum-body`
    fn enum_type(&mut self) -> Parsed<TypeKind> {
        self.at += 1;
        if self.kind() == Kind::Punct(b'{') {
            self.lint(Lint::InlineType, self.previous_span());
            return Ok(TypeKind::Enum(None, Box::new(self.enum_body("")?)));
        }
        let name = self.name("an enum's name or `{`")?;
        self.skip_mapping_clauses();
        if self.kind() != Kind::Punct(b'{') {
            self.lint(Lint::TaggedReference, self.previous_span());
            return Ok(TypeKind::Named(Some(Tag::Enum), name.name));
        }
        self.lint(Lint::InlineType, name.span);
        self.enter("enum");
        let body = self.enum_body(&name.name)?;
        self.leave();
        Ok(TypeKind::Enum(Some(Box::new(name)), Box::new(body)))
    }

    /// `union-type-spec: "union" union-body`; also `union name` and `union name union-body`
    fn union_type(&mut self) -> Parsed<TypeKind> {
        self.at += 1;
        if self.kind() == Kind::Keyword(Keyword::Switch) {
            self.lint(Lint::InlineType, self.previous_span());
            return Ok(TypeKind::Union(None, Box::new(self.union_body()?)));
        }
        let name = self.name("a union's name or `switch`")?;
        self.skip_mapping_clauses();
        if self.kind() != Kind::Keyword(Keyword::Switch) {
            self.lint(Lint::TaggedReference, self.previous_span());
            return Ok(TypeKind::Named(Some(Tag::Union), name.name));
        }
        self.lint(Lint::InlineType, name.span);
        self.enter("union");
        let body = self.union_body()?;
        self.leave();
        Ok(TypeKind::Union(Some(Box::new(name)), Box::new(body)))
    }
}
