//! `nfs://HOST[:PORT]/EXPORT/PATH[?uid=N&gid=N&mountport=N]`.
//!
//! Paths are bytes, and may be no text: `%e9` stands for what can't be written.

use std::fmt::Write;
use std::str::FromStr;

/// Where something is, and who asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// Name or address.
    pub host: String,
    /// NFS's port; without, rpcbind tells.
    pub port: Option<u16>,
    /// MOUNT's port; without, it is NFS's if there is one.
    pub mount_port: Option<u16>,
    /// Absolute.
    pub path: Vec<u8>,
    /// The user to be.
    pub uid: u32,
    /// The group to be.
    pub gid: u32,
}

impl FromStr for Url {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = |why: &str| format!("{why}: write nfs://HOST[:PORT]/EXPORT/PATH");
        let rest = text.strip_prefix("nfs://");
        let rest = rest.ok_or_else(|| bad("not a URL of NFS"))?;
        let slash = rest.find('/').ok_or_else(|| bad("no path"))?;
        let (authority, path) = rest.split_at(slash);
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        // An IPv6 address has colons of its own, and stands in brackets.
        let host_end = authority.rfind(']').map_or(0, |at| at + 1);
        let (host, port) = match authority[host_end..].rfind(':') {
            Some(colon) => {
                let (host, port) = authority.split_at(host_end + colon);
                let port = port[1..].parse();
                (
                    host,
                    Some(port.map_err(|_| bad("the port is not a number"))?),
                )
            }
            None => (authority, None),
        };
        if host.is_empty() {
            return Err(bad("no host"));
        }
        let mut url = Self {
            host: host.to_owned(),
            port,
            mount_port: None,
            path: decoded(path).ok_or_else(|| bad("the path has a bad %"))?,
            uid: rustix::process::getuid().as_raw(),
            gid: rustix::process::getgid().as_raw(),
        };
        for option in query.split('&').filter(|option| !option.is_empty()) {
            let unknown = || format!("{option}: options are uid=N, gid=N and mountport=N");
            let (name, value) = option.split_once('=').ok_or_else(unknown)?;
            let value: u32 = value.parse().map_err(|_| unknown())?;
            match name {
                "uid" => url.uid = value,
                "gid" => url.gid = value,
                "mountport" => {
                    url.mount_port = Some(u16::try_from(value).map_err(|_| unknown())?);
                }
                _ => return Err(unknown()),
            }
        }
        Ok(url)
    }
}

impl Url {
    /// The server's program at this port, or wherever rpcbind says.
    pub(super) fn target(&self, port: Option<u16>) -> String {
        let mut target = format!("tcp://{}", self.host);
        if let Some(port) = port {
            // Writing to a string can't fail.
            let _ = write!(target, ":{port}");
        }
        target
    }
}

/// Replaces `%41` by `A`.
fn decoded(path: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let [high, low, tail @ ..] = rest else {
            return None;
        };
        let digit = |byte: u8| char::from(byte).to_digit(16);
        bytes.push(u8::try_from(digit(*high)? << 4 | digit(*low)?).ok()?);
        rest = tail;
    }
    Some(bytes)
}

/// A name or a path as it is written in a URL: `%` and two digits for each byte that is no text, that can't be printed or
/// that means something else there. It can be shown to people wherever it comes from.
#[must_use]
pub fn shown(path: &[u8]) -> String {
    escaped(path, &['%', '?'])
}

/// Escapes what can't be printed, and these.
pub(super) fn escaped(text: &[u8], also: &[char]) -> String {
    let mut out = String::with_capacity(text.len());
    let escape = |out: &mut String, bytes: &[u8]| {
        for byte in bytes {
            // Writing to a string can't fail.
            let _ = write!(out, "%{byte:02x}");
        }
    };
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            if is_printable(c) && !also.contains(&c) {
                out.push(c);
            } else {
                escape(&mut out, c.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        escape(&mut out, chunk.invalid());
    }
    out
}

fn is_printable(c: char) -> bool {
    // What `escape_debug` leaves as it is, and the three that it escapes for the sake of quotes.
    matches!(c, '\'' | '"' | '\\') || c.escape_debug().eq([c])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_url() {
        let url: Url = "nfs://host:2049/export/a%20b?uid=7&gid=8&mountport=9"
            .parse()
            .unwrap();
        assert_eq!((url.host.as_str(), url.port), ("host", Some(2049)));
        assert_eq!(url.path, b"/export/a b");
        assert_eq!((url.uid, url.gid, url.mount_port), (7, 8, Some(9)));
        assert_eq!(url.target(url.mount_port), "tcp://host:9");

        let url: Url = "nfs://[fe80::1]/".parse().unwrap();
        assert_eq!((url.host.as_str(), url.port), ("[fe80::1]", None));
        assert_eq!(url.target(None), "tcp://[fe80::1]");
        let url: Url = "nfs://[::1]:5/x".parse().unwrap();
        assert_eq!((url.host.as_str(), url.port), ("[::1]", Some(5)));
    }

    #[test]
    fn what_is_none_is_said_so() {
        for bad in [
            "http://host/x",
            "nfs://host",
            "nfs:///x",
            "nfs://host:x/y",
            "nfs://host/%zz",
            "nfs://host/%4",
            "nfs://host/%+1",
            "nfs://host/x?uid=me",
            "nfs://host/x?colour=1",
            "nfs://host/x?mountport=65536",
        ] {
            assert!(bad.parse::<Url>().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_shown_can_be_typed_back() {
        for (path, text) in [
            (&b"/caf\xe9"[..], "/caf%e9"),
            (
                "/na\u{ef}ve 'x' \"y\" \\".as_bytes(),
                "/na\u{ef}ve 'x' \"y\" \\",
            ),
            (b"/100%?", "/100%25%3f"),
            (b"/\x1b[2J\n\0", "/%1b[2J%0a%00"),
            ("/\u{202e}fdp".as_bytes(), "/%e2%80%aefdp"),
            (b"/\xff\xc3", "/%ff%c3"),
        ] {
            assert_eq!(shown(path), text);
            let url: Url = format!("nfs://host{text}").parse().unwrap();
            assert_eq!(url.path, path, "{text}");
        }
    }
}
