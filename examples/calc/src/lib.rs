//! The types, clients and server traits of `calc.x`.

rpcgen_runtime::include_x!("calc");
