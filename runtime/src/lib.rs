//! ONC RPC (Sun RPC) and XDR for Rust.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod body;
pub mod codegen;
pub mod xdr;

pub use self::body::Body;
pub use self::xdr::{
    Decode, DecodeError, DecodeLimits, Encode, EncodeError, List, Mode, Opaque, Quadruple,
    XdrString, from_bytes, from_bytes_with, to_bytes,
};
pub use bytes::Bytes;
