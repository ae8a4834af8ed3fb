//! The header of a call, with an AUTH_SYS credential: written into a buffer, and read as a view.

use crate::clock::measure;
use crate::contestants::{in_c, memcpy};
use crate::table::{Ours, Row, Time};
use rpcgen_runtime::Bytes;
use rpcgen_runtime::msg::{CallHeader, CallRef, OpaqueAuth};
use std::hint::black_box;

/// Stamp, machine "client", uid, gid, two more gids.
const CRED: &[u8] =
    b"\0\0\0\x01\0\0\0\x06client\0\0\0\0\x03\xe8\0\0\0\x64\0\0\0\x02\0\0\0\x64\0\0\0\x1b";

pub fn row() -> Row {
    let header = CallHeader {
        xid: 0x1122_3344,
        program: 100_003,
        version: 3,
        procedure: 1,
        cred: OpaqueAuth {
            flavor: 1,
            body: Bytes::from_static(CRED),
        },
        verf: OpaqueAuth::NONE,
    };
    let mut out = Vec::new();
    header.put(&mut out);
    let bytes = Bytes::from(out.clone());
    let encode = measure(|| {
        out.clear();
        black_box(&header).put(&mut out);
        black_box(&out);
    });
    let decode = measure(|| {
        black_box(&CallRef::parse(black_box(&bytes)));
    });
    Row {
        name: "header",
        bytes: bytes.len(),
        ours: Ours {
            time: Time { encode, decode },
            message: encode,
        },
        c: in_c("header", &bytes),
        xdr_codec: None,
        hand: by_hand(&bytes),
        memcpy: memcpy(&bytes),
    }
}

/// Words at fixed places around a copy of the credential.
fn by_hand(bytes: &[u8]) -> Time {
    let words = [0x1122_3344u32, 0, 2, 100_003, 3, 1, 1, CRED.len() as u32];
    let mut out = Vec::new();
    let put = |out: &mut Vec<u8>| {
        let mut block = [0; 32];
        for (chunk, word) in block.as_chunks_mut().0.iter_mut().zip(black_box(&words)) {
            *chunk = word.to_be_bytes();
        }
        out.extend_from_slice(&block);
        out.extend_from_slice(black_box(CRED));
        out.extend_from_slice(&[0; 8]);
    };
    put(&mut out);
    assert_eq!(out, bytes, "by hand");
    let get = |bytes: &[u8]| {
        let (block, rest) = bytes.split_first_chunk::<32>()?;
        let mut words = [0; 8];
        for (word, chunk) in words.iter_mut().zip(block.as_chunks().0) {
            *word = u32::from_be_bytes(*chunk);
        }
        let n = words[7] as usize;
        if words[1] != 0 || words[2] != 2 || n > 400 {
            return None;
        }
        let (cred, rest) = rest.split_at_checked(n.next_multiple_of(4))?;
        let (verf, _) = rest.split_first_chunk::<8>()?;
        (verf == &[0; 8]).then_some((words, cred.as_ptr()))
    };
    Time {
        encode: measure(|| {
            out.clear();
            put(&mut out);
            black_box(&out);
        }),
        decode: measure(|| {
            black_box(&get(black_box(bytes)).expect("well-formed"));
        }),
    }
}
