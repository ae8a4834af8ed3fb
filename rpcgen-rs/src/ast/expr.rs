//! Constant expressions: the same for `const`, bounds, case labels and `#if` (whose arithmetic is C's, see
//! `preprocess::condition`).
//!
//! Values are `i128`, wide enough for every 64-bit operand to be added, multiplied and compared exactly; what leaves
//! that range is an [`EvalError::Overflow`]. The height of an expression is limited by `parse`, so that the recursion
//! here is bounded.

use std::fmt;

use crate::source::Span;

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// The forms of expressions.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A number, of any base.
    Int {
        /// Its value.
        value: u64,
        /// Its suffix has a `u`, which means something in `#if` only.
        unsigned: bool,
    },
    /// `'c'`: the value of its byte.
    Char(u8),
    /// A constant, an enum member, a procedure, version or program, `TRUE`, `FALSE`.
    Name(String),
    /// A number that is none, which was reported.
    Wrong,
    /// `-x`
    Unary(UnaryOp, Box<Expr>),
    /// `x + y`
    Binary(BinaryOp, Box<(Expr, Expr)>),
    /// `x ? y : z`, in `#if` only
    Conditional(Box<(Expr, Expr, Expr)>),
}

/// Operators with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    /// `-x`
    Neg,
    /// `~x`
    Not,
    /// `!x`, in `#if` only
    LogicalNot,
}

/// Operators with two operands. The logical ones and comparisons occur in `#if` only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum BinaryOp {
    Mul,
    Div,
    Rem,
    Add,
    Sub,
    Shl,
    Shr,
    Lt,
    Le,
    Gt,
    Ge,
    Eq,
    Ne,
    BitAnd,
    BitXor,
    BitOr,
    And,
    Or,
}

impl BinaryOp {
    /// How it is written.
    pub fn text(self) -> &'static str {
        match self {
            Self::Mul => "*",
            Self::Div => "/",
            Self::Rem => "%",
            Self::Add => "+",
            Self::Sub => "-",
            Self::Shl => "<<",
            Self::Shr => ">>",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::BitAnd => "&",
            Self::BitXor => "^",
            Self::BitOr => "|",
            Self::And => "&&",
            Self::Or => "||",
        }
    }

    /// How tightly it binds, as in C.
    pub(crate) fn precedence(self) -> u8 {
        match self {
            Self::Mul | Self::Div | Self::Rem => 10,
            Self::Add | Self::Sub => 9,
            Self::Shl | Self::Shr => 8,
            Self::Lt | Self::Le | Self::Gt | Self::Ge => 7,
            Self::Eq | Self::Ne => 6,
            Self::BitAnd => 5,
            Self::BitXor => 4,
            Self::BitOr => 3,
            Self::And => 2,
            Self::Or => 1,
        }
    }

    pub(crate) fn apply(self, a: i128, b: i128) -> Option<i128> {
        match self {
            Self::Mul => a.checked_mul(b),
            Self::Div => a.checked_div(b),
            Self::Rem => a.checked_rem(b),
            Self::Add => a.checked_add(b),
            Self::Sub => a.checked_sub(b),
            // Exact, unlike `checked_shl`, which drops bits.
            Self::Shl => u32::try_from(b)
                .ok()
                .filter(|n| *n < 126)
                .and_then(|n| a.checked_mul(1 << n)),
            Self::Shr => u32::try_from(b).ok().map(|n| a >> n.min(127)),
            Self::Lt => Some(i128::from(a < b)),
            Self::Le => Some(i128::from(a <= b)),
            Self::Gt => Some(i128::from(a > b)),
            Self::Ge => Some(i128::from(a >= b)),
            Self::Eq => Some(i128::from(a == b)),
            Self::Ne => Some(i128::from(a != b)),
            Self::BitAnd => Some(a & b),
            Self::BitXor => Some(a ^ b),
            Self::BitOr => Some(a | b),
            Self::And => Some(i128::from(a != 0 && b != 0)),
            Self::Or => Some(i128::from(a != 0 || b != 0)),
        }
    }
}

/// Why an expression has no value. Carries the span of the part that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvalError<E> {
    /// Beyond 127 bits.
    Overflow(Span),
    /// Division by zero.
    DivideByZero(Span),
    /// A shift by less than nothing.
    NegativeShift(Span),
    /// The look-up of a name failed, for its own reason.
    Name(E),
    /// A number in it is wrong, which was reported.
    Reported,
}

impl Expr {
    /// Computes the value; `lookup` gives the value of a name.
    pub fn eval<E>(
        &self,
        lookup: &mut impl FnMut(&str, Span) -> Result<i128, E>,
    ) -> Result<i128, EvalError<E>> {
        match &self.kind {
            ExprKind::Int { value, .. } => Ok(i128::from(*value)),
            ExprKind::Char(value) => Ok(i128::from(*value)),
            ExprKind::Name(name) => lookup(name, self.span).map_err(EvalError::Name),
            ExprKind::Wrong => Err(EvalError::Reported),
            ExprKind::Unary(op, operand) => {
                let value = operand.eval(lookup)?;
                match op {
                    UnaryOp::Neg => value.checked_neg().ok_or(EvalError::Overflow(self.span)),
                    UnaryOp::Not => Ok(!value),
                    UnaryOp::LogicalNot => Ok(i128::from(value == 0)),
                }
            }
            ExprKind::Binary(op, pair) => {
                let left = pair.0.eval(lookup)?;
                // `#if defined(X) && 1 / X`: the right side may be nonsense when the left decides.
                match op {
                    BinaryOp::And if left == 0 => return Ok(0),
                    BinaryOp::Or if left != 0 => return Ok(1),
                    _ => {}
                }
                let right = pair.1.eval(lookup)?;
                if right == 0 && matches!(op, BinaryOp::Div | BinaryOp::Rem) {
                    return Err(EvalError::DivideByZero(self.span));
                }
                if right < 0 && matches!(op, BinaryOp::Shl | BinaryOp::Shr) {
                    return Err(EvalError::NegativeShift(self.span));
                }
                op.apply(left, right).ok_or(EvalError::Overflow(self.span))
            }
            ExprKind::Conditional(parts) => {
                let chosen = if parts.0.eval(lookup)? != 0 {
                    &parts.1
                } else {
                    &parts.2
                };
                chosen.eval(lookup)
            }
        }
    }

    /// Calls `f` for every name in the expression.
    pub fn names(&self, f: &mut impl FnMut(&str, Span)) {
        match &self.kind {
            ExprKind::Int { .. } | ExprKind::Char(_) | ExprKind::Wrong => {}
            ExprKind::Name(name) => f(name, self.span),
            ExprKind::Unary(_, operand) => operand.names(f),
            ExprKind::Binary(_, pair) => {
                pair.0.names(f);
                pair.1.names(f);
            }
            ExprKind::Conditional(parts) => {
                parts.0.names(f);
                parts.1.names(f);
                parts.2.names(f);
            }
        }
    }

    /// The name, if the expression is nothing else.
    pub fn as_name(&self) -> Option<&str> {
        match &self.kind {
            ExprKind::Name(name) => Some(name),
            _ => None,
        }
    }
}

/// Numbers in decimal, every nested operation in parentheses.
impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::Int { value, .. } => write!(f, "{value}"),
            ExprKind::Char(value) => write!(f, "'{}'", value.escape_ascii()),
            ExprKind::Name(name) => f.write_str(name),
            ExprKind::Wrong => f.write_str("?"),
            ExprKind::Unary(op, operand) => {
                let sign = match op {
                    UnaryOp::Neg => "-",
                    UnaryOp::Not => "~",
                    UnaryOp::LogicalNot => "!",
                };
                write!(f, "{sign}{}", Operand(operand))
            }
            ExprKind::Binary(op, pair) => {
                write!(f, "{} {} {}", Operand(&pair.0), op.text(), Operand(&pair.1))
            }
            ExprKind::Conditional(p) => write!(
                f,
                "{} ? {} : {}",
                Operand(&p.0),
                Operand(&p.1),
                Operand(&p.2)
            ),
        }
    }
}

struct Operand<'a>(&'a Expr);

impl fmt::Display for Operand<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.kind {
            ExprKind::Binary(..) | ExprKind::Conditional(..) => write!(f, "({})", self.0),
            _ => self.0.fmt(f),
        }
    }
}
