//! The header of a call, with its credential and the verifier that signs it (RFC 5531 §9 `call_body`).

use crate::auth::Credential;
use crate::msg::{CallHeader, OpaqueAuth};
use crate::proto::record;
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

/// The record mark and the header of a call without credential whose arguments have so many bytes; nothing when they are
/// too many for a record of one fragment.
#[inline]
pub(super) fn marked(xid: u32, numbers: [u32; 3], args: usize) -> Option<[u8; 44]> {
    let mark = record::mark(args.checked_add(40)?)?;
    let [program, version, procedure] = numbers;
    // CALL, RPC version 2, AUTH_NONE without a body for credential and verifier.
    let words = [xid, 0, 2, program, version, procedure, 0, 0, 0, 0];
    let mut front = [0; 44];
    let (first, rest) = front.split_at_mut(4);
    first.copy_from_slice(&mark);
    for (place, word) in rest.as_chunks_mut::<4>().0.iter_mut().zip(words) {
        *place = word.to_be_bytes();
    }
    Some(front)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn the_usual_header_is_the_general_one() {
        for (xid, numbers, args) in [
            (7, [100_003, 3, 1], 0),
            (u32::MAX, [1 << 31, 0, u32::MAX], 131_072),
        ] {
            let mut header = Vec::new();
            put_header(&mut header, xid, numbers, None);
            let mark = record::mark(header.len() + args).unwrap();
            let front = marked(xid, numbers, args).unwrap();
            assert_eq!(front[..], [&mark, &header[..]].concat());
        }
        assert_eq!(marked(1, [1; 3], (1 << 31) - 40), None);
        assert!(marked(1, [1; 3], (1 << 31) - 41).is_some());
    }
}
