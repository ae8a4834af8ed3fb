//! Rules that a resolved interface must keep: what C leaves to the C compiler, or to luck.
//!
//! Each rule is a function with its code in its name; [`explain`] tells more about each code. Rules only report. When
//! none of them has found an error the IR is sound: no cycle of typedefs, no infinite type, every label a value of its
//! discriminant. [`layout`](crate::layout) and the back ends build on that.

mod cycles;
mod explain;
mod options;
mod places;
mod programs;
mod selection;
mod sizes;
mod types;

use crate::diag::Diagnostics;
use crate::ir::{ConstValue, Spec};

pub(crate) use cycles::check as check_cycles;
pub use explain::explain;
pub(crate) use options::{check as check_options, is_path};
pub(crate) use selection::check as check_selection;
pub(crate) use sizes::check as check_sizes;

/// Reports everything that is wrong with an interface.
pub fn check(spec: &Spec, diags: &mut Diagnostics) {
    for constant in &spec.consts {
        if let ConstValue::Int(value, _) = constant.value
            && !(i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&value)
        {
            diags.push(types::e0214_constant_out_of_range(constant, value));
        }
    }
    cycles::check(spec, diags);
    types::check(spec, diags);
    programs::check(spec, diags);
}

#[cfg(test)]
mod tests;
