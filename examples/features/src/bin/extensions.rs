//! An interceptor finds out who calls, and hands it to the handler.

use features::Outcome;
use features::desk::desk_prog::{DeskV2, DeskV2Client, DeskV2Server};
use rpcgen_runtime::auth::AuthSys;
use rpcgen_runtime::client::ClientStub;
use rpcgen_runtime::{CallOptions, Context, Cred, Fault, Server, XdrString, connect};

/// Whom a call is for.
#[derive(Debug)]
struct Tenant(&'static str);

struct Rooms;

impl DeskV2 for Rooms {
    async fn ask(&self, cx: &Context, question: XdrString) -> Result<XdrString, Fault> {
        let tenant = cx.extensions().get::<Tenant>().ok_or(Fault::SystemErr)?;
        Ok(format!("{question} {}", tenant.0).into())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let server = Server::new()
        .serve(DeskV2Server(Rooms))
        .intercept(|request| {
            // A user id from the network is a claim: good enough for a greeting.
            let tenant = match request.cx.cred() {
                Cred::Sys(claim) if claim.uid == 1_000 => "the first floor",
                _ => "the attic",
            };
            request.cx.extensions_mut().insert(Tenant(tenant));
            Ok(())
        });
    let running = server.tcp("127.0.0.1:0").start().await?;
    let client: DeskV2Client = connect(running.addresses()[0].to_string()).await?;
    let known = client.with(CallOptions::new().cred(AuthSys::new(1_000, 1_000)));
    println!("{}", known.ask("you live on").await?);
    println!("{}", client.ask("you live in").await?);
    Ok(())
}
