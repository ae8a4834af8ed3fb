//! What went wrong, in words.

use super::url::escaped;
use crate::nfs3::Nfsstat3;
use rpcgen_runtime::RpcError;
use std::fmt;

/// What was wanted, and why it is not to be had.
#[derive(Debug)]
pub struct Error {
    what: String,
    why: Why,
}

#[derive(Debug)]
enum Why {
    Call(RpcError),
    Status(i32),
    Said(String),
    Io(std::io::Error),
}

impl Error {
    /// The server's status.
    pub(super) fn status(what: impl Into<String>, status: i32) -> Self {
        let what = what.into();
        Self {
            what,
            why: Why::Status(status),
        }
    }

    /// A reason of our own.
    pub(super) fn said(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            why: Why::Said(why.into()),
        }
    }

    /// This machine's side failed.
    pub(super) fn local(what: impl Into<String>, why: std::io::Error) -> Self {
        Self {
            what: what.into(),
            why: Why::Io(why),
        }
    }

    /// The server's status, if that is what it is.
    #[must_use]
    pub fn nfs_status(&self) -> Option<Nfsstat3> {
        match self.why {
            Why::Status(status) => Nfsstat3::try_from(status).ok(),
            _ => None,
        }
    }
}

/// Names what was wanted where a call failed.
pub(super) trait Wanted<T> {
    fn wanted(self, what: impl Fn() -> String) -> Result<T, Error>;
}

impl<T> Wanted<T> for Result<T, RpcError> {
    fn wanted(self, what: impl Fn() -> String) -> Result<T, Error> {
        self.map_err(|error| Error {
            what: what(),
            why: Why::Call(error),
        })
    }
}

/// A status as people say it.
fn words(status: Nfsstat3) -> &'static str {
    match status {
        Nfsstat3::Ok => "no error",
        Nfsstat3::Perm => "only its owner may do that",
        Nfsstat3::Noent => "no such file or directory",
        Nfsstat3::Io => "the server's disk failed",
        Nfsstat3::Nxio | Nfsstat3::Nodev => "no such device",
        Nfsstat3::Acces => "permission denied",
        Nfsstat3::Exist => "it exists already",
        Nfsstat3::Xdev => "not on the same file system",
        Nfsstat3::Notdir => "not a directory",
        Nfsstat3::Isdir => "it is a directory",
        Nfsstat3::Inval => "not possible with such an object",
        Nfsstat3::Fbig => "larger than the server's files may be",
        Nfsstat3::Nospc => "no space left on the server",
        Nfsstat3::Rofs => "the export is read-only",
        Nfsstat3::Mlink => "it has as many names as possible",
        Nfsstat3::Nametoolong => "a name in it is too long",
        Nfsstat3::Notempty => "the directory is not empty",
        Nfsstat3::Dquot => "the quota is used up",
        Nfsstat3::Stale => "it no longer exists",
        Nfsstat3::Remote => "it is on yet another server",
        Nfsstat3::Badhandle => "the server does not know the handle",
        Nfsstat3::NotSync => "it was changed meanwhile",
        Nfsstat3::BadCookie => "the directory has changed too much to go on listing it",
        Nfsstat3::Notsupp => "the server does not support that",
        Nfsstat3::Toosmall => "the server wants to send more than we asked for",
        Nfsstat3::Serverfault => "the server failed",
        Nfsstat3::Badtype => "the server has no such kind of object",
        Nfsstat3::Jukebox => "the server is not ready yet: try again later",
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names come from the other side: nothing of them may move the cursor.
        write!(f, "{}: ", escaped(self.what.as_bytes(), &[]))?;
        match &self.why {
            Why::Call(error) => write!(f, "{error}"),
            Why::Said(why) => f.write_str(&escaped(why.as_bytes(), &[])),
            Why::Io(error) => write!(f, "{error}"),
            Why::Status(status) => match Nfsstat3::try_from(*status) {
                Ok(status) => write!(f, "{} ({})", words(status), status.name()),
                Err(_) => write!(f, "the server answered the unknown status {status}"),
            },
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_words_with_the_name_behind() {
        let error = Error::status("/a\x1b[2J", 2);
        assert_eq!(
            error.to_string(),
            "/a%1b[2J: no such file or directory (NFS3ERR_NOENT)"
        );
        let error = Error::status("x", 12345);
        assert_eq!(
            error.to_string(),
            "x: the server answered the unknown status 12345"
        );
        assert_eq!(error.nfs_status(), None);
    }
}
