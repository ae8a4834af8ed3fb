//! Programs, RFC 5531 §12.

use super::{Failed, Parsed, Parser};
use crate::ast::{ItemKind, Param, Procedure, Program, Version};
use crate::dialect::Lint;
use crate::lex::{Keyword, Kind};

impl Parser<'_> {
    /// ```text
    /// program-def: "program" identifier "{" version-def version-def* "}" "=" constant
    /// ```
    pub(super) fn program_def(&mut self) -> Parsed<ItemKind> {
        self.at += 1;
        let name = self.name("the program's name")?;
        self.enter("program");
        let mut versions = Vec::new();
        let open = self.at;
        let mut told = false;
        let span = self.braces(|p| p.version_def(&mut versions, &mut told))?;
        if self.were_empty(open) {
            self.error(
                "E0111",
                span,
                "a program needs at least one version",
                "add `version V1 { void NULLPROC(void) = 0; } = 1;`",
            );
        }
        self.equals("and the program's number after `}`")?;
        let number = self.number()?;
        Ok(ItemKind::Program(Program {
            name,
            versions,
            number,
        }))
    }

    /// ```text
    /// version-def: "version" identifier "{" procedure-def procedure-def* "}" "=" constant ";"
    /// ```
    ///
    /// `told` says that something else stands in the program: several procedures without their version are one mistake.
    fn version_def(&mut self, versions: &mut Vec<Version>, told: &mut bool) -> Parsed<()> {
        let first = self.at;
        if self.eat(b';') {
            self.lint(Lint::EmptyStatement, self.previous_span());
            return Ok(());
        }
        let is_misspelled = self.is_misspelled("version")
            && self.nth(1) == Kind::Ident
            && self.nth(2) == Kind::Punct(b'{');
        if is_misspelled {
            self.misspelled("`version`", "version");
        } else if self.kind() != Kind::Keyword(Keyword::Version) {
            if !std::mem::replace(told, true) {
                let help = "procedures stand in a version: `version V { … } = 1;`".to_owned();
                self.expected_at(self.span(), "`version`", Some(help));
            }
            return Err(Failed);
        }
        self.at += 1;
        self.count(versions.len())?;
        let name = self.name("the version's name")?;
        self.enter("version");
        let mut procedures = Vec::new();
        let open = self.at;
        let body = self.braces(|p| p.procedure_def(&mut procedures));
        self.leave();
        let span = body?;
        if self.were_empty(open) {
            self.error(
                "E0111",
                span,
                "a version needs at least one procedure",
                "add `void NULLPROC(void) = 0;`",
            );
        }
        self.equals("and the version's number after `}`")?;
        let number = self.number()?;
        let docs = self.opening_docs(first, open);
        versions.push(Version {
            docs,
            name,
            procedures,
            number,
            span: self.span_from(first),
        });
        self.end_of("after the version")
    }

    /// ```text
    /// procedure-def: proc-return identifier "(" proc-firstarg ( "," type-specifier )* ")" "=" constant ";"
    /// proc-return: "void" | type-specifier
    /// ```
    fn procedure_def(&mut self, procedures: &mut Vec<Procedure>) -> Parsed<()> {
        let first = self.at;
        if self.eat(b';') {
            self.lint(Lint::EmptyStatement, self.previous_span());
            return Ok(());
        }
        let mut oneway = false;
        let result = if self.kind() == Kind::Keyword(Keyword::Void) {
            self.at += 1;
            None
        } else if self.is_word(b"oneway")
            && matches!(self.nth(1), Kind::Ident)
            && self.nth(2) == Kind::Punct(b'(')
        {
            self.lint(Lint::Oneway, self.span());
            self.at += 1;
            oneway = true;
            None
        } else {
            Some(self.result()?)
        };
        self.count(procedures.len())?;
        let name = self.name("the procedure's name")?;
        self.enter("procedure");
        let rest = self.procedure_rest();
        self.leave();
        let (args, number) = rest?;
        let docs = self.comments.around(first, self.at);
        procedures.push(Procedure {
            docs,
            result,
            oneway,
            name,
            args,
            number,
            span: self.span_from(first),
        });
        self.end_of("after the procedure")
    }

    fn procedure_rest(&mut self) -> Parsed<(Vec<Param>, crate::ast::Expr)> {
        self.expect(b'(', "after the procedure's name")?;
        let args = self.arguments()?;
        self.equals("and the procedure's number after `)`")?;
        Ok((args, self.number()?))
    }

    /// `proc-firstarg: "void" | type-specifier`, the others, and `)`
    fn arguments(&mut self) -> Parsed<Vec<Param>> {
        let mut args = Vec::new();
        if self.eat(b')') {
            self.lint(Lint::NoArguments, self.previous_span());
            return Ok(args);
        }
        let first = self.at;
        let mut void = None;
        loop {
            if self.kind() == Kind::Keyword(Keyword::Void) {
                void = Some(self.span());
                self.at += 1;
                // `F(void x)` is `F(void)` for rpcgen.
                if self.kind() == Kind::Ident {
                    self.lint(Lint::ArgumentDeclarator, self.span());
                    self.at += 1;
                }
            } else {
                self.count(args.len())?;
                args.push(self.argument()?);
            }
            if !self.eat(b',') {
                break;
            }
        }
        let several = self.tokens[first..self.at]
            .iter()
            .any(|t| t.kind == Kind::Punct(b','));
        self.expect(b')', "after the arguments")?;
        if let (Some(span), true) = (void, several) {
            self.error(
                "E0110",
                span,
                "`void` among other arguments",
                "no arguments at all are `(void)`",
            );
            return Err(Failed);
        }
        if several {
            self.lint(Lint::SeveralArguments, self.span_from(first));
        }
        Ok(args)
    }
}
