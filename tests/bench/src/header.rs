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

/// A flavor and its body.
type Auth<'a> = (u32, &'a [u8]);

/// What a program that knows the header keeps of it: xid, program, version, procedure; credential and verifier, any
/// that the protocol allows; where the arguments begin.
struct Header<'a> {
    words: [u32; 4],
    cred: Auth<'a>,
    verf: Auth<'a>,
    args_at: usize,
}

fn put_body(body: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(body);
    out.extend_from_slice(&[0; 3][..body.len().wrapping_neg() & 3]);
}

fn block<const N: usize, const M: usize>(words: [u32; N]) -> [u8; M] {
    let mut block = [0; M];
    for (chunk, word) in block.as_chunks_mut().0.iter_mut().zip(words) {
        *chunk = word.to_be_bytes();
    }
    block
}

fn words<const N: usize, const M: usize>(block: &[u8; M]) -> [u32; N] {
    let mut words = [0; N];
    for (word, chunk) in words.iter_mut().zip(block.as_chunks().0) {
        *word = u32::from_be_bytes(*chunk);
    }
    words
}

fn get_body<'a>(n: u32, rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    if n > 400 {
        return None;
    }
    let (body, tail) = rest.split_at_checked(n as usize)?;
    *rest = tail.get((n.wrapping_neg() & 3) as usize..)?;
    Some(body)
}

/// The words at fixed places in one block, then the bodies of credential and verifier.
fn by_hand(bytes: &[u8]) -> Time {
    let put = |header: &Header<'_>, out: &mut Vec<u8>| {
        let [xid, program, version, procedure] = header.words;
        let ((cred, cred_body), (verf, verf_body)) = (header.cred, header.verf);
        let n = cred_body.len() as u32;
        let words = [xid, 0, 2, program, version, procedure, cred, n];
        out.extend_from_slice(&block::<8, 32>(words));
        put_body(cred_body, out);
        out.extend_from_slice(&block::<2, 8>([verf, verf_body.len() as u32]));
        put_body(verf_body, out);
    };
    fn get(bytes: &[u8]) -> Option<Header<'_>> {
        let (block, mut rest) = bytes.split_first_chunk::<32>()?;
        let [xid, call, rpc, program, version, procedure, cred, n] = words(block);
        if call != 0 || rpc != 2 {
            return None;
        }
        let cred = (cred, get_body(n, &mut rest)?);
        let (block, mut rest) = rest.split_first_chunk::<8>()?;
        let [verf, n] = words(block);
        let verf = (verf, get_body(n, &mut rest)?);
        Some(Header {
            words: [xid, program, version, procedure],
            cred,
            verf,
            args_at: bytes.len() - rest.len(),
        })
    }
    let header = get(bytes).expect("well-formed");
    assert_eq!(header.args_at, bytes.len(), "by hand");
    let mut out = Vec::new();
    put(&header, &mut out);
    assert_eq!(out, bytes, "by hand");
    Time {
        encode: measure(|| {
            out.clear();
            put(black_box(&header), &mut out);
            black_box(&out);
        }),
        decode: measure(|| {
            black_box(&get(black_box(bytes)).expect("well-formed"));
        }),
    }
}
