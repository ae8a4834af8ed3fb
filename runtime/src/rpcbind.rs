//! rpcbind (RFC 1833): which address a program is served at.
//!
//! Program 100000, versions 4 and 3 (rpcbind, universal addresses) and 2 (the portmapper of RFC 1833 §3).
//! [`Rpcbind`] says whether and where a server registers itself.

pub(crate) mod client;
mod local;
pub(crate) mod lookup;
mod table;
pub mod uaddr;
pub(crate) mod wire;

pub use self::client::DumpEntry;
pub use self::local::{LocalRpcbind, Registry};

use self::client::Binder;
use self::uaddr::Netid;
use crate::error::RpcError;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

/// Port of rpcbind (RFC 1833 §1).
pub const PORT: u16 = 111;
/// Time limit of everything that is asked of rpcbind at once.
const TIMEOUT: Duration = Duration::from_secs(5);

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

    fn binder(&self) -> Binder {
        match self.at {
            Some(address) => Binder::new(address.into(), TIMEOUT),
            None => Binder::local(TIMEOUT),
        }
    }

    /// Registers all of these; what an earlier process of ours left behind is replaced.
    ///
    /// # Errors
    /// rpcbind cannot be asked or refuses. What was registered until then is unregistered again.
    pub async fn register(&self, list: &[Registration]) -> Result<(), RegisterError> {
        let binder = self.binder();
        for (done, wanted) in list.iter().enumerate() {
            if let Err(error) = binder.register(wanted).await {
                self.unregister(&list[..done]).await;
                return Err(error);
            }
        }
        Ok(())
    }

    /// Takes these registrations back; errors are logged, for there is nothing else to do about them.
    pub async fn unregister(&self, list: &[Registration]) {
        if list.is_empty() {
            return;
        }
        let binder = self.binder();
        for registration in list {
            match binder.unregister(registration).await {
                Ok(true) => {}
                Ok(false) => tracing::warn!(?registration, "rpcbind kept a registration"),
                Err(error) => {
                    tracing::warn!(%error, "rpcbind cannot be told that a server stops");
                    return;
                }
            }
        }
    }

    /// All that is registered there.
    ///
    /// # Errors
    /// rpcbind cannot be asked, or answers more than 10 000 entries.
    pub async fn dump(&self) -> Result<Vec<DumpEntry>, RpcError> {
        self.binder().dump().await
    }
}

#[cfg(test)]
mod tests;
