//! Constant expressions by precedence climbing.

use super::{Failed, Parsed, Parser};
use crate::ast::{BinaryOp, Expr, ExprKind, UnaryOp};
use crate::diag::Diagnostic;
use crate::dialect::Lint;
use crate::lex::{self, Kind};

/// Height of an expression's tree: evaluation and drop recurse over it.
const MAX_HEIGHT: u32 = 200;

/// An expression and the height of its tree.
type Tree = (Expr, u32);

impl Parser<'_> {
    /// `value: constant | identifier | expression`
    ///
    /// ```text
    /// constant: decimal-constant | hexadecimal-constant | octal-constant
    /// ```
    pub(super) fn expr(&mut self) -> Parsed<Expr> {
        let expr = self.label()?;
        if matches!(expr.kind, ExprKind::Char(_)) {
            self.lint(Lint::CharValue, expr.span);
        }
        Ok(expr)
    }

    /// The number of a program, version or procedure: `constant`; also an identifier or expression.
    pub(super) fn number(&mut self) -> Parsed<Expr> {
        let expr = self.expr()?;
        if expr.as_name().is_some() {
            self.lint(Lint::NamedNumber, expr.span);
        }
        Ok(expr)
    }

    /// The value of a case: a `value`, or a character.
    pub(super) fn label(&mut self) -> Parsed<Expr> {
        let first = self.at;
        let (expr, _) = self.binary(3, false)?;
        let plain = match &expr.kind {
            ExprKind::Int { .. } | ExprKind::Name(_) | ExprKind::Char(_) | ExprKind::Wrong => {
                self.at == first + 1
            }
            ExprKind::Unary(UnaryOp::Neg, operand) => {
                matches!(operand.kind, ExprKind::Int { .. })
                    && self.tokens[first].hi == self.tokens[first + 1].lo
            }
            _ => false,
        };
        if !plain {
            self.lint(Lint::Expression, expr.span);
        } else if self.at == first + 2 && self.word(first + 1).starts_with(b"0x") {
            // `-0x5`; a large `X` is reported as it is.
            self.lint(Lint::NumberForm, expr.span);
        }
        Ok(expr)
    }

    /// The expression of `#if`: also comparisons, `&&`, `||`, `?:`; it is all there is.
    pub(super) fn whole_condition(&mut self) -> Parsed<Expr> {
        let (expr, _) = self.conditional()?;
        if self.kind() == Kind::End {
            Ok(expr)
        } else {
            Err(self.expected("an operator"))
        }
    }

    fn conditional(&mut self) -> Parsed<Tree> {
        let (condition, a) = self.binary(1, true)?;
        if !self.eat(b'?') {
            return Ok((condition, a));
        }
        self.nested(|p| {
            let (yes, b) = p.conditional()?;
            p.expect(b':', "between the two values")?;
            let (no, c) = p.conditional()?;
            let span = condition.span.to(no.span);
            let kind = ExprKind::Conditional(Box::new((condition, yes, no)));
            p.grown(Expr { kind, span }, a.max(b).max(c))
        })
    }

    /// Operators that bind at least as tightly as `least`; comparisons and logic only in a condition.
    fn binary(&mut self, least: u8, condition: bool) -> Parsed<Tree> {
        let (mut left, mut height) = self.unary(condition)?;
        while let Some((op, len)) = self.operator(condition) {
            if op.precedence() < least {
                break;
            }
            self.at += len;
            let (right, other) = self.nested(|p| p.binary(op.precedence() + 1, condition))?;
            let span = left.span.to(right.span);
            let kind = ExprKind::Binary(op, Box::new((left, right)));
            (left, height) = self.grown(Expr { kind, span }, height.max(other))?;
        }
        Ok((left, height))
    }

    /// `-x ~x !x`, any number of them.
    fn unary(&mut self, condition: bool) -> Parsed<Tree> {
        let span = self.span();
        let op = match self.kind() {
            Kind::Punct(b'-') => Some(UnaryOp::Neg),
            Kind::Punct(b'~') => Some(UnaryOp::Not),
            Kind::Punct(b'!') if condition => Some(UnaryOp::LogicalNot),
            Kind::Punct(b'+') => None,
            _ => return self.primary(condition),
        };
        self.at += 1;
        let (operand, height) = self.nested(|p| p.unary(condition))?;
        let Some(op) = op else {
            return Ok((operand, height));
        };
        let span = span.to(operand.span);
        self.grown(
            Expr {
                kind: ExprKind::Unary(op, Box::new(operand)),
                span,
            },
            height,
        )
    }

    fn primary(&mut self, condition: bool) -> Parsed<Tree> {
        if !condition {
            self.skip_root();
        }
        let span = self.span();
        let kind = match self.kind() {
            Kind::Number => {
                let text = self.word(self.at);
                self.at += 1;
                match lex::number(text) {
                    Ok(value) => {
                        if text.starts_with(b"0X")
                            || !text.starts_with(b"0x")
                                && !text.last().is_some_and(u8::is_ascii_digit)
                        {
                            self.lint(Lint::NumberForm, span);
                        }
                        ExprKind::Int {
                            value,
                            unsigned: text.contains(&b'u') || text.contains(&b'U'),
                        }
                    }
                    Err(problem) => {
                        let text = String::from_utf8_lossy(&text[..text.len().min(60)]);
                        let mut error = Diagnostic::error("E0008", span, problem.message(&text));
                        if text.contains("..") {
                            error = error
                                .help("there are no ranges: each value has a label of its own");
                        }
                        self.diags.push(error);
                        // The statement is understood nevertheless.
                        ExprKind::Wrong
                    }
                }
            }
            Kind::Char => {
                let text = self.word(self.at);
                self.at += 1;
                self.lint(Lint::CharLabel, span);
                // `'x'`; after a lexical error anything may stand here.
                ExprKind::Char(text.get(1).copied().unwrap_or(0))
            }
            Kind::Ident => {
                self.at += 1;
                self.skip_qualifiers();
                ExprKind::Name(self.text_of(self.at - 1))
            }
            // In `#if`, every word is a name.
            Kind::Keyword(_) if condition => {
                self.at += 1;
                ExprKind::Name(self.text_of(self.at - 1))
            }
            Kind::Punct(b'(') => {
                self.at += 1;
                let inner = self.nested(|p| {
                    if condition {
                        p.conditional()
                    } else {
                        p.binary(3, false)
                    }
                })?;
                self.expect(b')', "after the expression")?;
                return Ok(inner);
            }
            _ => return Err(self.expected("a constant or a name")),
        };
        Ok((
            Expr {
                kind,
                span: span.to(self.previous_span()),
            },
            1,
        ))
    }

    /// The operator at the current token, and how many tokens it takes.
    fn operator(&self, condition: bool) -> Option<(BinaryOp, usize)> {
        let Kind::Punct(first) = self.kind() else {
            return None;
        };
        // Tokens are single characters; two of them without a gap may be one operator.
        let (one, two) = (self.tokens.get(self.at)?, self.tokens.get(self.at + 1)?);
        let second = match two.kind {
            Kind::Punct(second) if one.hi == two.lo => second,
            _ => 0,
        };
        Some(match (first, second) {
            (b'&', b'&') if condition => (BinaryOp::And, 2),
            (b'|', b'|') if condition => (BinaryOp::Or, 2),
            (b'=', b'=') if condition => (BinaryOp::Eq, 2),
            (b'!', b'=') if condition => (BinaryOp::Ne, 2),
            (b'<', b'=') if condition => (BinaryOp::Le, 2),
            (b'>', b'=') if condition => (BinaryOp::Ge, 2),
            (b'<', b'<') => (BinaryOp::Shl, 2),
            // `<1>>2>` is a shift, `<1>` followed by `>` is a mistake.
            (b'>', b'>') if condition || self.operand_at(self.at + 2) => (BinaryOp::Shr, 2),
            (b'<', _) if condition => (BinaryOp::Lt, 1),
            (b'>', _) if condition => (BinaryOp::Gt, 1),
            (b'*', _) => (BinaryOp::Mul, 1),
            (b'/', _) => (BinaryOp::Div, 1),
            (b'%', _) => (BinaryOp::Rem, 1),
            (b'+', _) => (BinaryOp::Add, 1),
            (b'-', _) => (BinaryOp::Sub, 1),
            (b'&', _) => (BinaryOp::BitAnd, 1),
            (b'^', _) => (BinaryOp::BitXor, 1),
            (b'|', _) => (BinaryOp::BitOr, 1),
            _ => return None,
        })
    }

    fn operand_at(&self, at: usize) -> bool {
        let kind = self.tokens.get(at).map_or(Kind::End, |t| t.kind);
        matches!(
            kind,
            Kind::Number | Kind::Ident | Kind::Char | Kind::Punct(b'(' | b'-' | b'~')
        )
    }

    /// One level on top of operands of height `height`.
    fn grown(&mut self, expr: Expr, height: u32) -> Parsed<Tree> {
        if height < MAX_HEIGHT {
            return Ok((expr, height + 1));
        }
        let message =
            format!("expression is larger than the limit of {MAX_HEIGHT} operations in a row");
        self.diags
            .push(Diagnostic::error("E0107", expr.span, message));
        Err(Failed)
    }
}
