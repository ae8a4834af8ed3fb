//! The values that every codec moves.

use crate::generated::*;
use rpcgen_runtime::{Bytes, List, Opaque, XdrString};

pub fn mixed() -> Mixed {
    Mixed {
        id: -7,
        flags: 0x8000_0001,
        size: 1 << 40,
        ready: true,
        paint: Colour::Green,
        weight: 2.5,
        cookie: *b"biscuits",
        name: XdrString::from("a small struct"),
    }
}

fn attributes(n: u32) -> Fattr3 {
    let time = |seconds| Nfstime3 {
        seconds,
        nseconds: n,
    };
    Fattr3 {
        r#type: Ftype3::Nf3reg,
        mode: 0o644,
        nlink: 1,
        uid: 1000,
        gid: 100,
        size: 4096 * u64::from(n),
        used: 4096,
        rdev: Specdata3 {
            specdata1: 0,
            specdata2: n,
        },
        fsid: 0x1234_5678_9abc,
        fileid: u64::from(n),
        atime: time(1_700_000_000),
        mtime: time(1_600_000_000),
        ctime: time(1_500_000_000),
    }
}

/// A hundred entries as a Linux server sends them: names of 5 to 20 bytes, handles of 28.
pub fn readdirplus() -> Readdirplus3res {
    let entry = |n: u32| Entryplus3 {
        fileid: u64::from(n),
        name: XdrString::from(&"a-file-name.extension"[..5 + (n as usize * 7) % 16]),
        cookie: u64::from(n) + 3,
        name_attributes: PostOpAttr::True(attributes(n)),
        name_handle: PostOpFh3::True(NfsFh3 {
            data: Opaque::from(&[n as u8; 28]),
        }),
    };
    Readdirplus3res {
        dir_attributes: PostOpAttr::True(attributes(0)),
        cookieverf: [1; 8],
        reply: Dirlistplus3 {
            entries: (0..100).map(entry).collect::<List<_>>(),
            eof: true,
        },
    }
}

pub fn ints() -> Ints {
    Ints {
        values: (0..100_000)
            .map(|n: i32| n.wrapping_mul(-1_640_531_527))
            .collect(),
    }
}

pub fn hypers() -> Hypers {
    Hypers {
        values: (0..100_000)
            .map(|n: i64| n.wrapping_mul(-7_046_029_254_386_353_131))
            .collect(),
    }
}

pub fn bulk() -> Bulk {
    Bulk {
        data: Bytes::from(vec![0x5a; 1 << 20]),
    }
}

/// A thousand strings of 4 to 19 bytes.
pub fn words() -> Words {
    let word = |n: usize| XdrString::from(&"short-words-of-text"[..4 + (n * 11) % 16]);
    Words {
        words: (0..1000).map(word).collect(),
    }
}

/// Nodes of the tree but its root.
pub const BOXES: usize = 254;

/// A full binary tree, eight levels deep: 255 nodes, leaves alternate between numbers and text.
pub fn tree() -> Node {
    fn node(level: u32, n: i32) -> Node {
        let branch = |side| Some(Box::new(node(level - 1, n * 2 + side)));
        match (level, n % 2) {
            (1, 0) => Node::Leaf(n),
            (1, _) => Node::Text(XdrString::from("leaf")),
            _ => Node::Pair(Branches {
                left: branch(0),
                right: branch(1),
            }),
        }
    }
    node(8, 1)
}
