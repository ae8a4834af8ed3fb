//! A credential as calls share it: when the server rejects it, one of them has it refreshed for all.

use crate::auth::Credential;
use crate::error::RpcError;
use crate::msg::{AuthStat, Denied};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Mutex;

/// A credential, and how often it was refreshed.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) credential: Arc<dyn Credential>,
    generation: AtomicU64,
    gate: Mutex<()>,
}

impl Provider {
    pub(super) fn new(credential: impl Credential) -> Arc<Self> {
        Arc::new(Self {
            credential: Arc::new(credential),
            generation: AtomicU64::new(0),
            gate: Mutex::new(()),
        })
    }

    /// Which credential a call that begins now is made with.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Whether there is another credential than the one that the server rejected.
    pub(super) async fn refresh(&self, rejected: u64, why: AuthStat) -> bool {
        let _gate = self.gate.lock().await;
        if self.generation() != rejected {
            // Another call was here first.
            return true;
        }
        let refreshed = self.credential.refresh(why).await;
        if refreshed {
            self.generation.fetch_add(1, Ordering::AcqRel);
        }
        refreshed
    }
}

/// Why the server rejected the credential of a call, if another one may be accepted: it is out of date or forgotten,
/// not wrong. Such a call was not executed, so it may be made again.
pub(super) fn rejection<T>(result: &Result<T, RpcError>) -> Option<AuthStat> {
    const EXPIRED: AuthStat = AuthStat(9);
    match result {
        Err(RpcError::Denied(Denied::Auth(why))) => Some(*why).filter(|why| {
            matches!(
                *why,
                AuthStat::REJECTEDCRED
                    | AuthStat::REJECTEDVERF
                    | EXPIRED
                    | AuthStat::GSS_CREDPROBLEM
                    | AuthStat::GSS_CTXPROBLEM
            )
        }),
        _ => None,
    }
}
