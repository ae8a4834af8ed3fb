//! The value of `#if`: C's arithmetic, in which an unsigned operand makes the other one unsigned (C11 6.10.1, 6.3.1.8).
//!
//! Signed values are exact, where C has 64 bits and leaves open what is beyond them.

use crate::ast::{BinaryOp, Expr, ExprKind, UnaryOp};

/// A value and whether it is unsigned; then it has 64 bits.
type Value = (i128, bool);

/// What is wrong with a condition, unless it was reported before.
type Wrong = Option<&'static str>;

/// The value of a condition whose macros are expanded: names are 0.
pub(super) fn value(expr: &Expr) -> Result<i128, Wrong> {
    eval(expr).map(|(value, _)| value)
}

fn eval(expr: &Expr) -> Result<Value, Wrong> {
    match &expr.kind {
        ExprKind::Int { value, .. } => Ok((i128::from(*value), is_unsigned(expr))),
        ExprKind::Char(value) => Ok((i128::from(*value), false)),
        ExprKind::Name(_) => Ok((0, false)),
        ExprKind::Wrong => Err(None),
        ExprKind::Unary(op, operand) => {
            let (value, unsigned) = eval(operand)?;
            match op {
                UnaryOp::Neg => fit(value.checked_neg(), unsigned),
                UnaryOp::Not => fit(Some(!value), unsigned),
                UnaryOp::LogicalNot => Ok((i128::from(value == 0), false)),
            }
        }
        ExprKind::Binary(op, pair) => binary(*op, &pair.0, &pair.1),
        ExprKind::Conditional(parts) => {
            let chosen = if eval(&parts.0)?.0 != 0 {
                &parts.1
            } else {
                &parts.2
            };
            fit(Some(eval(chosen)?.0), is_unsigned(expr))
        }
    }
}

fn binary(op: BinaryOp, left: &Expr, right: &Expr) -> Result<Value, Wrong> {
    let (a, left) = eval(left)?;
    // `#if defined(X) && 1 / X`: the right side may be nonsense when the left decides.
    match op {
        BinaryOp::And if a == 0 => return Ok((0, false)),
        BinaryOp::Or if a != 0 => return Ok((1, false)),
        _ => {}
    }
    let (b, right) = eval(right)?;
    let unsigned = match op {
        BinaryOp::Shl | BinaryOp::Shr => left,
        BinaryOp::And | BinaryOp::Or => false,
        _ => left || right,
    };
    let of_both = |value| if unsigned { wrapped(value) } else { value };
    let (a, b) = match op {
        BinaryOp::Shl | BinaryOp::Shr => (a, b),
        _ => (of_both(a), of_both(b)),
    };
    if b == 0 && matches!(op, BinaryOp::Div | BinaryOp::Rem) {
        return Err(Some("division by zero in the condition"));
    }
    match op {
        BinaryOp::Mul if unsigned => Ok((wrapped(a.wrapping_mul(b)), true)),
        BinaryOp::Shl if unsigned && b >= 0 => Ok((if b < 64 { wrapped(a << b) } else { 0 }, true)),
        _ => fit(op.apply(a, b), unsigned && !is_comparison(op)),
    }
}

/// A result; an unsigned one counts from 0 on again beyond 64 bits.
fn fit(value: Option<i128>, unsigned: bool) -> Result<Value, Wrong> {
    let value = value.ok_or("the condition's value is too large")?;
    Ok((if unsigned { wrapped(value) } else { value }, unsigned))
}

/// The value modulo 2^64.
fn wrapped(value: i128) -> i128 {
    value & i128::from(u64::MAX)
}

fn is_comparison(op: BinaryOp) -> bool {
    use BinaryOp::{Eq, Ge, Gt, Le, Lt, Ne};
    matches!(op, Lt | Le | Gt | Ge | Eq | Ne)
}

/// The type of an expression, which does not depend on its value.
fn is_unsigned(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Int { value, unsigned } => *unsigned || i64::try_from(*value).is_err(),
        ExprKind::Char(_) | ExprKind::Name(_) | ExprKind::Wrong => false,
        ExprKind::Unary(UnaryOp::LogicalNot, _) => false,
        ExprKind::Unary(_, operand) => is_unsigned(operand),
        ExprKind::Binary(op, pair) => match op {
            BinaryOp::And | BinaryOp::Or => false,
            BinaryOp::Shl | BinaryOp::Shr => is_unsigned(&pair.0),
            op => !is_comparison(*op) && (is_unsigned(&pair.0) || is_unsigned(&pair.1)),
        },
        ExprKind::Conditional(parts) => is_unsigned(&parts.1) || is_unsigned(&parts.2),
    }
}
