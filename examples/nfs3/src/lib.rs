//! NFS version 3 (RFC 1813): a file server over a directory or over memory, and a client.
//!
//! ```text
//! nfs3.x, mount3.x ──rpcgen-rs──▶ traits and stubs
//!                                   │        ╲
//!    server: permissions, wcc data ─┘         client: paths, many requests in flight
//!        │
//!    backend: Memory, Directory                handle: what both keep of an object
//! ```

/// What rpcgen-rs makes of `nfs3.x`.
#[allow(missing_docs, reason = "RFC 1813 documents it")]
pub mod nfs3 {
    rpcgen_runtime::include_x!("nfs3");
}

/// What rpcgen-rs makes of `mount3.x`.
#[allow(missing_docs, reason = "RFC 1813 documents it")]
pub mod mount3 {
    rpcgen_runtime::include_x!("mount3");
}

pub mod backend;
pub mod client;
pub mod directory;
pub mod handle;
pub mod memory;
pub mod server;
#[cfg(test)]
mod suite;
