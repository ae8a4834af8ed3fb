//! Why a server does not start.

use std::fmt;
use std::io;

/// A server that cannot start.
#[derive(Debug)]
pub struct ServeError {
    address: String,
    source: io::Error,
}

impl ServeError {
    pub(crate) fn listen(address: String, source: io::Error) -> Self {
        Self { address, source }
    }

    /// The address that cannot be listened on.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Whether the address is taken already.
    #[must_use]
    pub fn is_address_in_use(&self) -> bool {
        self.source.kind() == io::ErrorKind::AddrInUse
    }
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot listen on {}: {}", self.address, self.source)
    }
}

impl std::error::Error for ServeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}
