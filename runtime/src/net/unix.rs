//! Unix stream sockets.

use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

/// A listener on `path`. A socket file that nobody listens on any more is replaced, anything else is left alone.
pub(crate) fn listen(path: &Path) -> io::Result<tokio::net::UnixListener> {
    if is_stale(path) {
        std::fs::remove_file(path)?;
    }
    tokio::net::UnixListener::bind(path)
}

fn is_stale(path: &Path) -> bool {
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|m| m.file_type().is_socket());
    is_socket
        && std::os::unix::net::UnixStream::connect(path)
            .is_err_and(|e| e.kind() == io::ErrorKind::ConnectionRefused)
}
