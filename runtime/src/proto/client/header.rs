//! The header of a call, with its credential and the verifier that signs it (RFC 5531 §9 `call_body`).

use crate::auth::Credential;
use crate::msg::{CallHeader, OpaqueAuth};
use std::sync::Arc;

/// Appends the header of a call of `[program, version, procedure]`. `out` must be empty: the verifier covers it.
pub fn put_header(
    out: &mut Vec<u8>,
    xid: u32,
    [program, version, procedure]: [u32; 3],
    credential: Option<&Arc<dyn Credential>>,
) {
    let mut header = CallHeader {
        xid,
        program,
        version,
        procedure,
        cred: credential.map_or(OpaqueAuth::NONE, |c| c.credential()),
        verf: OpaqueAuth::NONE,
    };
    header.put(out);
    if let Some(credential) = credential {
        // The verifier covers the header up to the end of the credential; an empty one has 8 bytes.
        let signed = out.len().saturating_sub(8);
        header.verf = credential.verifier(out.get(..signed).unwrap_or_default());
        if header.verf != OpaqueAuth::NONE {
            out.clear();
            header.put(out);
        }
    }
}
