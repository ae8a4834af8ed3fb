//! `"tcp://host:port"` → [`Target`]: what a client connects to, and what it has to ask first.
//!
//! `tcp://host[:port]`, `udp://host[:port]`, `unix:/path` (`unix:@name` for an abstract socket on Linux) and
//! `host[:port]`, which means TCP. Without a port rpcbind is asked. IPv6 literals stand in brackets where a port
//! follows: `tcp://[::1]:2049`; a scope is written `[fe80::1%eth0]` or `%2`.

use crate::error::{ConnectError, ConnectErrorKind};
use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Target {
    /// A host reached by TCP.
    Tcp(Host),
    /// A host reached by UDP.
    Udp(Host),
    /// A socket of this machine.
    Unix(PathBuf),
}

/// A host and, unless rpcbind is to be asked for it, a port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Host {
    /// Name or address literal, without brackets.
    pub name: String,
    /// The port; none means that rpcbind is asked.
    pub port: Option<u16>,
}

/// How messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transport {
    /// A TCP connection: records.
    Tcp,
    /// UDP datagrams.
    Udp,
    /// A unix stream socket: records.
    Unix,
}

/// Longest host name in the DNS (RFC 1035 §2.3.4), with room for a scope.
const MAX_NAME: usize = 255 + 1 + 16;

impl Target {
    /// How messages travel to it.
    #[must_use]
    pub fn transport(&self) -> Transport {
        match self {
            Self::Tcp(_) => Transport::Tcp,
            Self::Udp(_) => Transport::Udp,
            Self::Unix(_) => Transport::Unix,
        }
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        if let Some(path) = text.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || path == "@" {
                return Err("the socket's path is missing");
            }
            if path.contains('\0') {
                return Err("a path has no NUL in it");
            }
            // sockaddr_un holds 108 bytes with the closing NUL (CVE-2022-23218 was a libtirpc overflow here).
            if path.len() > 107 {
                return Err("a socket's path has at most 107 bytes");
            }
            return Ok(Self::Unix(PathBuf::from(path)));
        }
        match text.split_once("://") {
            Some(("tcp", rest)) => Ok(Self::Tcp(Host::parse(rest)?)),
            Some(("udp", rest)) => Ok(Self::Udp(Host::parse(rest)?)),
            Some(_) => Err("the scheme is tcp, udp or unix"),
            None => Ok(Self::Tcp(Host::parse(text)?)),
        }
    }
}

impl Host {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.strip_suffix('/').unwrap_or(text);
        let (name, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (name, rest) = rest.split_once(']').ok_or("the bracket is not closed")?;
                if split_scope(name).0.parse::<Ipv6Addr>().is_err() {
                    return Err("brackets hold an IPv6 address");
                }
                match rest.strip_prefix(':') {
                    Some(port) => (name, Some(port)),
                    None if rest.is_empty() => (name, None),
                    None => return Err("only a port follows the bracket"),
                }
            }
            // More than one colon: an IPv6 address without brackets, so without a port.
            None if text.matches(':').count() > 1 => {
                if split_scope(text).0.parse::<Ipv6Addr>().is_err() {
                    return Err("a host with several colons must be an IPv6 address");
                }
                (text, None)
            }
            None => match text.split_once(':') {
                Some((name, port)) => (name, Some(port)),
                None => (text, None),
            },
        };
        if name.is_empty() {
            return Err("the host is missing");
        }
        if name.len() > MAX_NAME {
            return Err("the host's name is too long");
        }
        if name.contains(|c: char| c.is_whitespace() || c.is_control() || "/?#@[]".contains(c)) {
            return Err("the host's name has a character that no name has");
        }
        let port = match port {
            Some(digits) => Some(parse_port(digits).ok_or("the port is a number from 1 to 65535")?),
            None => None,
        };
        Ok(Self {
            name: name.to_owned(),
            port,
        })
    }

    /// An address and its port.
    pub(crate) fn at(address: SocketAddr) -> Self {
        let name = match address {
            SocketAddr::V6(v6) if v6.scope_id() != 0 => format!("{}%{}", v6.ip(), v6.scope_id()),
            _ => address.ip().to_string(),
        };
        Self {
            name,
            port: Some(address.port()),
        }
    }

    /// All addresses of the name, with this port. Blocks while the name is looked up.
    pub(crate) fn resolve(&self, port: u16) -> std::io::Result<Vec<SocketAddr>> {
        if let Some(address) = self.literal(port) {
            return Ok(vec![address]);
        }
        let mut all: Vec<SocketAddr> = Vec::new();
        for address in (self.name.as_str(), port).to_socket_addrs()? {
            if !all.contains(&address) {
                all.push(address);
            }
        }
        Ok(all)
    }

    /// The address, if the name is one: nobody needs to be asked.
    pub(crate) fn literal(&self, port: u16) -> Option<SocketAddr> {
        if let Ok(ip) = self.name.parse::<IpAddr>() {
            return Some(SocketAddr::new(ip, port));
        }
        let (ip, scope) = split_scope(&self.name);
        let (ip, scope) = (ip.parse().ok()?, scope?.parse().ok()?);
        Some(SocketAddrV6::new(ip, port, 0, scope).into())
    }
}

fn split_scope(name: &str) -> (&str, Option<&str>) {
    match name.split_once('%') {
        Some((ip, scope)) => (ip, Some(scope)),
        None => (name, None),
    }
}

fn parse_port(digits: &str) -> Option<u16> {
    // `u16::from_str` takes a leading plus sign.
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|&port| port != 0)
}

impl FromStr for Target {
    type Err = ConnectError;

    fn from_str(text: &str) -> Result<Self, ConnectError> {
        Self::parse(text)
            .map_err(|why| ConnectError::new(text.escape_debug(), ConnectErrorKind::BadTarget(why)))
    }
}

impl From<SocketAddr> for Target {
    /// A TCP server at this address.
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(Host::at(address))
    }
}

impl From<&Path> for Target {
    fn from(path: &Path) -> Self {
        Self::Unix(path.to_owned())
    }
}

/// The path as tokio wants it: an abstract name begins with NUL.
#[cfg(unix)]
pub(crate) fn socket_path(path: &Path) -> std::borrow::Cow<'_, Path> {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    match path.as_os_str().as_bytes().split_first() {
        Some((b'@', name)) if cfg!(target_os = "linux") => {
            let name = [&[0], name].concat();
            PathBuf::from(std::ffi::OsString::from_vec(name)).into()
        }
        _ => path.into(),
    }
}

/// Something that names a target: a string, or a target made by hand.
pub trait IntoTarget {
    /// The target.
    ///
    /// # Errors
    /// The text is not one.
    fn into_target(self) -> Result<Target, ConnectError>;
}

impl IntoTarget for Target {
    fn into_target(self) -> Result<Target, ConnectError> {
        Ok(self)
    }
}

impl IntoTarget for &Target {
    fn into_target(self) -> Result<Target, ConnectError> {
        Ok(self.clone())
    }
}

impl IntoTarget for &str {
    fn into_target(self) -> Result<Target, ConnectError> {
        self.parse()
    }
}

impl IntoTarget for String {
    fn into_target(self) -> Result<Target, ConnectError> {
        self.parse()
    }
}

impl IntoTarget for &String {
    fn into_target(self) -> Result<Target, ConnectError> {
        self.parse()
    }
}

impl IntoTarget for SocketAddr {
    fn into_target(self) -> Result<Target, ConnectError> {
        Ok(self.into())
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.name.contains(':'), self.port) {
            (true, Some(port)) => write!(f, "[{}]:{port}", self.name),
            (false, Some(port)) => write!(f, "{}:{port}", self.name),
            (true, None) => write!(f, "[{}]", self.name),
            (false, None) => f.write_str(&self.name),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(host) => write!(f, "tcp://{host}"),
            Self::Udp(host) => write!(f, "udp://{host}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_round_trip_through_text() {
        for (text, canonical) in [
            ("tcp://host:2049", "tcp://host:2049"),
            ("udp://host", "udp://host"),
            ("host", "tcp://host"),
            ("host:99/", "tcp://host:99"),
            ("127.0.0.1", "tcp://127.0.0.1"),
            ("::1", "tcp://[::1]"),
            ("tcp://[::1]:111", "tcp://[::1]:111"),
            ("udp://[fe80::1%2]:9", "udp://[fe80::1%2]:9"),
            ("unix:/run/rpcbind.sock", "unix:/run/rpcbind.sock"),
            ("unix:///run/x", "unix:/run/x"),
        ] {
            let target: Target = text.parse().unwrap();
            assert_eq!(target.to_string(), canonical);
            assert_eq!(canonical.parse::<Target>().unwrap(), target);
        }
    }

    #[test]
    fn what_is_no_target_is_refused() {
        let long = format!("unix:/{}", "x".repeat(107));
        for text in [
            "",
            ":1",
            "tcp://",
            "http://host",
            "host:",
            "host:0",
            "host:+1",
            "host:65536",
            "host:1:2",
            "[::1",
            "[::1]x",
            "[host]:1",
            "unix:",
            "a b",
            "user@host",
            &long,
        ] {
            let error = text.parse::<Target>().unwrap_err();
            assert!(
                matches!(error.kind(), ConnectErrorKind::BadTarget(_)),
                "{text}"
            );
        }
    }

    #[test]
    fn a_scope_number_reaches_the_address() {
        let Ok(Target::Tcp(host)) = "[fe80::1%7]:5".parse() else {
            panic!()
        };
        assert_eq!(host.resolve(5).unwrap()[0].to_string(), "[fe80::1%7]:5");
    }
}
