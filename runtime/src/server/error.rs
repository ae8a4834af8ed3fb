//! Why a server does not start.

use crate::rpcbind::RegisterError;
use std::fmt;
use std::io;

/// A server that cannot start.
#[derive(Debug)]
pub struct ServeError(Kind);

#[derive(Debug)]
enum Kind {
    Listen { address: String, source: io::Error },
    Register(RegisterError),
    NoListener,
}

impl ServeError {
    pub(crate) fn listen(address: String, source: io::Error) -> Self {
        Self(Kind::Listen { address, source })
    }

    pub(crate) fn register(error: RegisterError) -> Self {
        Self(Kind::Register(error))
    }

    pub(crate) const NO_LISTENER: Self = Self(Kind::NoListener);

    /// The address that cannot be listened on.
    #[must_use]
    pub fn address(&self) -> Option<&str> {
        match &self.0 {
            Kind::Listen { address, .. } => Some(address),
            Kind::Register(_) | Kind::NoListener => None,
        }
    }

    /// Whether the address is taken already.
    #[must_use]
    pub fn is_address_in_use(&self) -> bool {
        matches!(&self.0, Kind::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse)
    }

    /// Whether rpcbind could not be asked or refused, and registration was demanded.
    #[must_use]
    pub fn is_registration(&self) -> bool {
        matches!(self.0, Kind::Register(_))
    }
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Listen { address, source } => write!(f, "cannot listen on {address}: {source}"),
            Kind::Register(error) => write!(f, "registration was demanded: {error}"),
            Kind::NoListener => f.write_str(
                "nothing to listen on, so nobody can call: give the server an address, as `.tcp(\"[::]:0\")` does",
            ),
        }
    }
}

impl std::error::Error for ServeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Kind::Listen { source, .. } => Some(source),
            Kind::Register(error) => Some(error),
            Kind::NoListener => None,
        }
    }
}
