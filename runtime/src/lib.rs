//! ONC RPC (Sun RPC) and XDR for Rust.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod auth;
mod body;
pub mod codegen;
mod interface;
pub mod msg;
pub mod proto;
pub mod xdr;

pub use self::body::Body;
pub use self::interface::{Interface, ProcInfo};
pub use self::xdr::{
    Decode, DecodeError, DecodeLimits, Encode, EncodeError, List, Mode, Opaque, Quadruple,
    XdrString, from_bytes, from_bytes_with, to_bytes,
};
pub use bytes::Bytes;
