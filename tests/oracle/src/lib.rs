//! Every type of every interface file of this repository and the system, for tests that want all of them.
//!
//! A seed → a value, as a sequence of numbers in the order of its members ([`values`]). From it a value is made in Rust
//! (generated code, [`types`]), in C (generated code, [`c`]) and for xdr-codec ([`theirs`]); each encodes it.

pub mod c;
pub mod fuzz;
pub mod interfaces;
pub mod mangle;
pub mod theirs;
pub mod types;
pub mod values;

/// What the code of an interface calls the runtime.
pub mod runtime {
    pub use rpcgen_runtime::*;
}
