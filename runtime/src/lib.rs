//! ONC RPC (Sun RPC) and XDR for Rust.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod auth;
mod body;
#[cfg(feature = "net")]
pub mod client;
pub mod codegen;
#[cfg(feature = "std")]
mod error;
mod interface;
#[cfg(feature = "serde")]
pub mod json;
pub mod msg;
#[cfg(feature = "net")]
pub mod net;
pub mod proto;
#[cfg(feature = "net")]
pub mod rpcbind;
#[cfg(feature = "net")]
pub mod server;
#[cfg(feature = "stream")]
pub mod stream;
pub mod xdr;

pub use self::body::Body;
#[cfg(feature = "net")]
pub use self::client::{
    CallOptions, Channel, ClientStub, ConnectOptions, Reconnect, Replay, blocking, connect,
    connect_with, ping,
};
#[cfg(feature = "std")]
pub use self::error::{ConnectError, ConnectErrorKind, Execution, Refused, RpcError, Sent};
pub use self::interface::{Interface, ProcInfo};
#[cfg(feature = "net")]
pub use self::server::{Context, Cred, Dispatch, Fault, Grace, Limits, Server};
pub use self::xdr::{
    Decode, DecodeError, DecodeLimits, Encode, EncodeError, List, Mode, Opaque, Quadruple,
    XdrString, from_bytes, from_bytes_with, to_bytes,
};
pub use bytes::Bytes;

/// Includes the Rust that a build script made of `NAME.x`, from cargo's OUT_DIR.
///
/// ```ignore
/// mod calc {
///     rpcgen_runtime::include_x!("calc"); // made of calc.x
/// }
/// ```
#[macro_export]
macro_rules! include_x {
    ($name:literal) => {
        ::core::include!(::core::concat!(::core::env!("OUT_DIR"), "/", $name, ".rs"));
    };
}
