//! Names every file may use without defining them, as C programs do (language.md §1). A definition of the file wins.

use crate::ir::Type;

/// What a predeclared type is.
#[derive(Clone, Debug)]
pub(super) enum Known {
    /// Another name of a basic type.
    Basic(Type),
    /// A typedef that shows up in the output.
    Typedef(Type),
    /// A struct that shows up in the output.
    Struct(Vec<(&'static str, Type)>),
}

/// The predeclared type of this name.
pub(super) fn known_type(name: &str) -> Option<Known> {
    Some(match name {
        "bool_t" => Known::Basic(Type::Bool),
        "int8_t" => Known::Basic(Type::Char),
        "u_char" | "uint8_t" | "u_int8_t" => Known::Basic(Type::UChar),
        "int16_t" => Known::Basic(Type::Short),
        "u_short" | "uint16_t" | "u_int16_t" => Known::Basic(Type::UShort),
        "int32_t" => Known::Basic(Type::Int),
        "u_int" | "u_long" | "uint32_t" | "u_int32_t" => Known::Basic(Type::UInt),
        "rpcprog_t" | "rpcvers_t" | "rpcproc_t" | "rpcprot_t" | "rpcport_t" => {
            Known::Basic(Type::UInt)
        }
        "int64_t" | "quad_t" | "longlong_t" => Known::Basic(Type::Hyper),
        "u_hyper" | "uint64_t" | "u_int64_t" | "u_quad_t" | "u_longlong_t" => {
            Known::Basic(Type::UHyper)
        }
        "quadruple" => Known::Basic(Type::Quadruple),
        "wrapstring" => Known::Basic(Type::String(u32::MAX)),
        "netobj" => Known::Typedef(Type::Opaque(1024)),
        "des_block" => Known::Typedef(Type::OpaqueFixed(8)),
        // RFC 5531 §8.2
        "opaque_auth" => Known::Struct(vec![("flavor", Type::Int), ("body", Type::Opaque(400))]),
        "authsys_parms" | "authunix_parms" => Known::Struct(vec![
            ("stamp", Type::UInt),
            ("machinename", Type::String(255)),
            ("uid", Type::UInt),
            ("gid", Type::UInt),
            ("gids", Type::Vec(Box::new(Type::UInt), 16)),
        ]),
        "netbuf" => Known::Struct(vec![
            ("maxlen", Type::UInt),
            ("buf", Type::Opaque(u32::MAX)),
        ]),
        _ => return None,
    })
}

/// What a type that C's own headers define is taken for where the interface does not, with its name here: what the
/// systems sent on which such files were written.
pub(super) fn assumed_type(name: &str) -> Option<(&'static str, Type)> {
    Some(match name {
        "int8" => ("char", Type::Char),
        "uchar" | "uint8" => ("unsigned char", Type::UChar),
        "int16" => ("short", Type::Short),
        "ushort" | "uint16" => ("unsigned short", Type::UShort),
        "int32" | "time_t" | "pid_t" => ("int", Type::Int),
        "uint" | "ulong" | "uint32" => ("unsigned int", Type::UInt),
        "uid_t" | "gid_t" | "dev_t" | "mode_t" | "size_t" => ("unsigned int", Type::UInt),
        "int64" => ("hyper", Type::Hyper),
        "uint64" => ("unsigned hyper", Type::UHyper),
        _ => return None,
    })
}

/// All names [`known_type`] knows, for suggestions.
pub(super) const TYPE_NAMES: &[&str] = &[
    "bool_t",
    "int8_t",
    "u_char",
    "uint8_t",
    "u_int8_t",
    "int16_t",
    "u_short",
    "uint16_t",
    "u_int16_t",
    "int32_t",
    "u_int",
    "u_long",
    "uint32_t",
    "u_int32_t",
    "rpcprog_t",
    "rpcvers_t",
    "rpcproc_t",
    "rpcprot_t",
    "rpcport_t",
    "int64_t",
    "quad_t",
    "longlong_t",
    "u_hyper",
    "uint64_t",
    "u_int64_t",
    "u_quad_t",
    "u_longlong_t",
    "quadruple",
    "wrapstring",
    "netobj",
    "des_block",
    "opaque_auth",
    "netbuf",
    "authsys_parms",
    "authunix_parms",
];

/// Constants of C's RPC headers, which all that rpcgen writes includes: real files use them as bounds and as cases.
pub(super) fn known_value(name: &str) -> Option<i128> {
    Some(match name {
        "TRUE" => 1,
        "FALSE" => 0,
        "MAX_AUTH_BYTES" => 400,
        "MAXNETNAMELEN" | "MAX_MACHINE_NAME" => 255,
        "MAX_NETOBJ_SZ" => 1024,
        "NGRPS" => 16,
        // RFC 5531 §8.1, and what the headers call the registered flavors beside it.
        "AUTH_NONE" | "AUTH_NULL" => 0,
        "AUTH_SYS" | "AUTH_UNIX" => 1,
        "AUTH_SHORT" => 2,
        "AUTH_DH" | "AUTH_DES" => 3,
        "AUTH_KERB" => 4,
        "RPCSEC_GSS" => 6,
        // RFC 1833 §3.
        "PMAPPORT" => 111,
        "PMAPPROG" => 100_000,
        "PMAPVERS" => 2,
        "IPPROTO_TCP" => 6,
        "IPPROTO_UDP" => 17,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_names_is_complete() {
        assert!(TYPE_NAMES.iter().all(|name| known_type(name).is_some()));
    }
}
