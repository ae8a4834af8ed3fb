//! Who calls: nobody, an AUTH_SYS claim, or a credential of one's own that is refreshed when the server has forgotten it.

use clients::{desk, target};
use features::Outcome;
use features::desk::desk_prog::DeskV1Client;
use rpcgen_runtime::auth::{AuthSys, Credential};
use rpcgen_runtime::msg::{AuthRef, AuthStat, OpaqueAuth, flavor};
use rpcgen_runtime::{Bytes, CallOptions, ClientStub, connect};
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};

/// A shorthand that the server once gave for a claim; it may forget it at any time.
#[derive(Debug, Default)]
struct Shorthand {
    forgotten: AtomicBool,
}

impl Credential for Shorthand {
    fn credential(&self) -> OpaqueAuth {
        if self.forgotten.load(Ordering::Relaxed) {
            return AuthSys::new(1000, 100).credential();
        }
        OpaqueAuth {
            flavor: flavor::SHORT,
            body: Bytes::from_static(b"1234"),
        }
    }

    fn accepts(&self, verifier: AuthRef<'_>) -> bool {
        matches!(verifier.flavor, flavor::NONE | flavor::SHORT)
    }

    fn can_refresh(&self) -> bool {
        true
    }

    fn refresh(&self, why: AuthStat) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        println!("refreshed after {why}");
        Box::pin(ready(!self.forgotten.swap(true, Ordering::Relaxed)))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let running = desk().await?;
    let client: DeskV1Client = connect(target(&running, "tcp")).await?;
    println!("{}", client.whoami().await?);
    let claim = CallOptions::new().cred(AuthSys::new(42, 43));
    println!("{}", client.with(claim).whoami().await?);
    let shorthand = CallOptions::new().cred(Shorthand::default());
    println!("{}", client.with(shorthand).whoami().await?);
    Ok(())
}
