//! A flavor of authentication of one's own: a badge that both sides know, instead of a user's claim to be somebody.

use features::desk::desk_prog::{DESK_V1, DeskV1Client, DeskV1Server};
use features::{Desk, Outcome};
use rpcgen_runtime::auth::{Authenticated, Authenticator, Credential};
use rpcgen_runtime::client::ClientStub;
use rpcgen_runtime::msg::{AuthRef, AuthStat, CallRef, OpaqueAuth, flavor};
use rpcgen_runtime::{CallOptions, Cred, Server, connect};

/// A number that nobody else uses (RFC 5531 §8.1: flavors are assigned by IANA, this one is for private use).
const FLAVOR: u32 = 0x2000_0000;

fn badge(text: &'static str) -> OpaqueAuth {
    OpaqueAuth {
        flavor: FLAVOR,
        body: text.as_bytes().into(),
    }
}

/// The server's side. A badge on its own can be copied from the wire: this shows where such a check goes.
struct Porter;

impl Authenticator for Porter {
    fn authenticate(&self, call: &CallRef<'_>) -> Result<Authenticated, AuthStat> {
        match call.cred.body {
            b"blue" => Ok(Authenticated::new(Cred::Other(Box::new(badge("blue"))))),
            _ => Err(AuthStat::REJECTEDCRED),
        }
    }
}

/// The client's side.
#[derive(Debug)]
struct Badge(&'static str);

impl Credential for Badge {
    fn credential(&self) -> OpaqueAuth {
        badge(self.0)
    }

    /// The server proves nothing: its replies come without a verifier.
    fn accepts(&self, verifier: AuthRef<'_>) -> bool {
        verifier.flavor == flavor::NONE
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let server = Server::new()
        .serve(DeskV1Server(Desk))
        .authenticator(FLAVOR, Porter)
        .require(DESK_V1.program, [FLAVOR]);
    let running = server.tcp("127.0.0.1:0").start().await?;
    let client: DeskV1Client = connect(running.addresses()[0].to_string()).await?;

    let with = |text| client.with(CallOptions::new().cred(Badge(text)));
    println!("blue: {}", with("blue").ask("may I?").await?);
    println!("red: {}", with("red").ask("may I?").await.unwrap_err());
    println!("none: {}", client.ask("may I?").await.unwrap_err());
    Ok(())
}
