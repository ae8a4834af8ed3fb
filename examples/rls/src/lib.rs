//! The directory listing service of the rpcgen tutorials. `c/` has its twin in C, made from the same `rls.x`.
#![allow(missing_docs, reason = "rls.x says what there is to say")]

rpcgen_runtime::include_x!("rls");
