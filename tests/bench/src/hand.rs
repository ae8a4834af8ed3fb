//! The same types by hand: what a careful programmer would write for exactly these, without limits on depth or memory.
//!
//! The line that generated code is held to: same owned values, same checks of lengths, flags and enums.

use crate::generated::*;
use rpcgen_runtime::{Bytes, Opaque, XdrString};

/// Value → bytes, appended.
pub mod put {
    use super::*;

    fn opaque(bytes: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
        out.extend_from_slice(bytes);
        out.extend_from_slice(&[0; 3][..bytes.len().wrapping_neg() & 3]);
    }

    pub fn mixed(v: &Mixed, out: &mut Vec<u8>) {
        let mut block = [0; 40];
        block[..4].copy_from_slice(&v.id.to_be_bytes());
        block[4..8].copy_from_slice(&v.flags.to_be_bytes());
        block[8..16].copy_from_slice(&v.size.to_be_bytes());
        block[16..20].copy_from_slice(&u32::from(v.ready).to_be_bytes());
        block[20..24].copy_from_slice(&(v.paint as i32).to_be_bytes());
        block[24..32].copy_from_slice(&v.weight.to_be_bytes());
        block[32..40].copy_from_slice(&v.cookie);
        out.extend_from_slice(&block);
        assert!(v.name.len() <= 64);
        opaque(v.name.as_bytes(), out);
    }

    fn attributes(v: &Fattr3, block: &mut [u8; 84]) {
        let words = [v.r#type as u32, v.mode, v.nlink, v.uid, v.gid];
        for (chunk, word) in block[..20].chunks_exact_mut(4).zip(words) {
            chunk.copy_from_slice(&word.to_be_bytes());
        }
        block[20..28].copy_from_slice(&v.size.to_be_bytes());
        block[28..36].copy_from_slice(&v.used.to_be_bytes());
        block[36..40].copy_from_slice(&v.rdev.specdata1.to_be_bytes());
        block[40..44].copy_from_slice(&v.rdev.specdata2.to_be_bytes());
        block[44..52].copy_from_slice(&v.fsid.to_be_bytes());
        block[52..60].copy_from_slice(&v.fileid.to_be_bytes());
        for (chunk, time) in block[60..]
            .chunks_exact_mut(8)
            .zip([&v.atime, &v.mtime, &v.ctime])
        {
            chunk[..4].copy_from_slice(&time.seconds.to_be_bytes());
            chunk[4..].copy_from_slice(&time.nseconds.to_be_bytes());
        }
    }

    fn post_op_attr(v: &PostOpAttr, out: &mut Vec<u8>) {
        match v {
            PostOpAttr::False => out.extend_from_slice(&[0; 4]),
            PostOpAttr::True(v) => {
                let mut block = [0; 88];
                block[3] = 1;
                attributes(v, (&mut block[4..]).try_into().expect("84 bytes"));
                out.extend_from_slice(&block);
            }
        }
    }

    pub fn readdirplus(v: &Readdirplus3res, out: &mut Vec<u8>) {
        post_op_attr(&v.dir_attributes, out);
        out.extend_from_slice(&v.cookieverf);
        for entry in &v.reply.entries {
            let mut block = [0; 12];
            block[3] = 1;
            block[4..].copy_from_slice(&entry.fileid.to_be_bytes());
            out.extend_from_slice(&block);
            opaque(entry.name.as_bytes(), out);
            out.extend_from_slice(&entry.cookie.to_be_bytes());
            post_op_attr(&entry.name_attributes, out);
            match &entry.name_handle {
                PostOpFh3::False => out.extend_from_slice(&[0; 4]),
                PostOpFh3::True(handle) => {
                    out.extend_from_slice(&[0, 0, 0, 1]);
                    assert!(handle.data.len() <= 64);
                    opaque(&handle.data, out);
                }
            }
        }
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&u32::from(v.reply.eof).to_be_bytes());
    }

    pub fn ints(v: &Ints, out: &mut Vec<u8>) {
        out.extend_from_slice(&(v.values.len() as u32).to_be_bytes());
        out.extend(v.values.iter().flat_map(|n| n.to_be_bytes()));
    }

    pub fn hypers(v: &Hypers, out: &mut Vec<u8>) {
        out.extend_from_slice(&(v.values.len() as u32).to_be_bytes());
        out.extend(v.values.iter().flat_map(|n| n.to_be_bytes()));
    }

    pub fn bulk(v: &Bulk, out: &mut Vec<u8>) {
        opaque(&v.data, out);
    }

    pub fn words(v: &Words, out: &mut Vec<u8>) {
        out.extend_from_slice(&(v.words.len() as u32).to_be_bytes());
        for word in &v.words {
            assert!(word.len() <= 32);
            opaque(word.as_bytes(), out);
        }
    }

    pub fn tree(v: &Node, out: &mut Vec<u8>) {
        match v {
            Node::Leaf(n) => {
                out.extend_from_slice(&[0; 4]);
                out.extend_from_slice(&n.to_be_bytes());
            }
            Node::Text(text) => {
                out.extend_from_slice(&[0, 0, 0, 1]);
                assert!(text.len() <= 16);
                opaque(text.as_bytes(), out);
            }
            Node::Pair(pair) => {
                out.extend_from_slice(&[0, 0, 0, 2]);
                for branch in [&pair.left, &pair.right] {
                    match branch {
                        None => out.extend_from_slice(&[0; 4]),
                        Some(node) => {
                            out.extend_from_slice(&[0, 0, 0, 1]);
                            tree(node, out);
                        }
                    }
                }
            }
        }
    }
}

/// Bytes → value, or `None`.
pub mod get {
    use super::*;

    fn word(rest: &mut &[u8]) -> Option<u32> {
        let (word, tail) = rest.split_first_chunk()?;
        *rest = tail;
        Some(u32::from_be_bytes(*word))
    }

    fn long(rest: &mut &[u8]) -> Option<u64> {
        let (word, tail) = rest.split_first_chunk()?;
        *rest = tail;
        Some(u64::from_be_bytes(*word))
    }

    fn opaque<'a>(max: usize, rest: &mut &'a [u8]) -> Option<&'a [u8]> {
        let n = word(rest)? as usize;
        if n > max {
            return None;
        }
        let (data, tail) = rest.split_at_checked(n)?;
        *rest = tail.get(n.wrapping_neg() & 3..)?;
        Some(data)
    }

    pub fn mixed(bytes: &Bytes) -> Option<Mixed> {
        let (block, mut rest) = bytes.split_first_chunk::<40>()?;
        Some(Mixed {
            id: i32::from_be_bytes(block[..4].try_into().ok()?),
            flags: u32::from_be_bytes(block[4..8].try_into().ok()?),
            size: i64::from_be_bytes(block[8..16].try_into().ok()?),
            ready: u32::from_be_bytes(block[16..20].try_into().ok()?) != 0,
            paint: Colour::try_from(i32::from_be_bytes(block[20..24].try_into().ok()?)).ok()?,
            weight: f64::from_be_bytes(block[24..32].try_into().ok()?),
            cookie: block[32..40].try_into().ok()?,
            name: XdrString::from(opaque(64, &mut rest)?),
        })
    }

    fn attributes(block: &[u8; 84]) -> Option<Fattr3> {
        let word = |at: usize| {
            u32::from_be_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]])
        };
        let long = |at: usize| u64::from(word(at)) << 32 | u64::from(word(at + 4));
        let time = |at: usize| Nfstime3 {
            seconds: word(at),
            nseconds: word(at + 4),
        };
        Some(Fattr3 {
            r#type: Ftype3::try_from(word(0) as i32).ok()?,
            mode: word(4),
            nlink: word(8),
            uid: word(12),
            gid: word(16),
            size: long(20),
            used: long(28),
            rdev: Specdata3 {
                specdata1: word(36),
                specdata2: word(40),
            },
            fsid: long(44),
            fileid: long(52),
            atime: time(60),
            mtime: time(68),
            ctime: time(76),
        })
    }

    fn post_op_attr(rest: &mut &[u8]) -> Option<PostOpAttr> {
        if word(rest)? == 0 {
            return Some(PostOpAttr::False);
        }
        let (block, tail) = rest.split_first_chunk()?;
        *rest = tail;
        attributes(block).map(PostOpAttr::True)
    }

    pub fn readdirplus(bytes: &Bytes) -> Option<Readdirplus3res> {
        let rest = &mut &bytes[..];
        let dir_attributes = post_op_attr(rest)?;
        let cookieverf = long(rest)?.to_be_bytes();
        let mut entries = Vec::new();
        while word(rest)? != 0 {
            entries.push(Entryplus3 {
                fileid: long(rest)?,
                name: XdrString::from(opaque(usize::MAX, rest)?),
                cookie: long(rest)?,
                name_attributes: post_op_attr(rest)?,
                name_handle: match word(rest)? {
                    0 => PostOpFh3::False,
                    _ => PostOpFh3::True(NfsFh3 {
                        data: Opaque::from(opaque(64, rest)?),
                    }),
                },
            });
        }
        let eof = word(rest)? != 0;
        Some(Readdirplus3res {
            dir_attributes,
            cookieverf,
            reply: Dirlistplus3 {
                entries: entries.into(),
                eof,
            },
        })
    }

    pub fn ints(bytes: &Bytes) -> Option<Ints> {
        let mut rest = &bytes[..];
        let n = word(&mut rest)? as usize;
        let values = rest.get(..n.checked_mul(4)?)?.as_chunks().0;
        Some(Ints {
            values: values.iter().map(|n| i32::from_be_bytes(*n)).collect(),
        })
    }

    pub fn hypers(bytes: &Bytes) -> Option<Hypers> {
        let mut rest = &bytes[..];
        let n = word(&mut rest)? as usize;
        let values = rest.get(..n.checked_mul(8)?)?.as_chunks().0;
        Some(Hypers {
            values: values.iter().map(|n| i64::from_be_bytes(*n)).collect(),
        })
    }

    pub fn bulk(bytes: &Bytes) -> Option<Bulk> {
        let data = opaque(usize::MAX, &mut &bytes[..])?;
        Some(Bulk {
            data: bytes.slice_ref(data),
        })
    }

    pub fn words(bytes: &Bytes) -> Option<Words> {
        let rest = &mut &bytes[..];
        let n = word(rest)? as usize;
        if n > rest.len() / 4 {
            return None;
        }
        let mut words = Vec::with_capacity(n);
        for _ in 0..n {
            words.push(XdrString::from(opaque(32, rest)?));
        }
        Some(Words { words })
    }

    pub fn tree(bytes: &Bytes) -> Option<Node> {
        node(&mut &bytes[..])
    }

    fn branch(rest: &mut &[u8]) -> Option<Option<Box<Node>>> {
        match word(rest)? {
            0 => Some(None),
            _ => node(rest).map(|node| Some(Box::new(node))),
        }
    }

    fn node(rest: &mut &[u8]) -> Option<Node> {
        match word(rest)? {
            0 => word(rest).map(|n| Node::Leaf(n as i32)),
            1 => opaque(16, rest).map(|text| Node::Text(XdrString::from(text))),
            2 => Some(Node::Pair(Branches {
                left: branch(rest)?,
                right: branch(rest)?,
            })),
            _ => None,
        }
    }
}
