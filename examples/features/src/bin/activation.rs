//! A server that another program starts when its first client comes, with a socket that is open already: systemd's way
//! (`LISTEN_FDS`), or inetd's (standard input). It ends when nobody has called for half a second.
//!
//! Under systemd, with `Accept=no` and `ListenStream=2049` in a socket unit; in inetd.conf:
//! `2049 stream tcp wait desk /usr/local/bin/activation`.

use features::desk::desk_prog::DeskV1Server;
use features::{Desk, Outcome};
use rpcgen_runtime::{Grace, Server};
use std::time::Duration;

const IDLE: Duration = Duration::from_millis(500);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let server = Server::new().serve(DeskV1Server(Desk));
    if std::env::var_os("LISTEN_FDS").is_some() {
        let server = server.inherited()?.idle_exit(IDLE);
        server
            .run_until(std::future::pending(), Grace::secs(1))
            .await?;
    } else {
        let running = server.start_from_inetd().await?;
        running.idle(IDLE).await;
        running.shutdown(Grace::secs(1)).await;
    }
    Ok(())
}
