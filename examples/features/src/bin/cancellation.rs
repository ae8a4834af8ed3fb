//! When the client is gone its handlers are dropped, and what they have started elsewhere is told. A handler also knows
//! how long it may take.
//!
//! Gone is a client that resets its connection, as a program that is killed with unread replies does. One that has only
//! ended its direction of it may wait for its replies, and gets them: unless `half_close(false)` says that no client of
//! this server does so.

use features::Outcome;
use features::desk::desk_prog::{DeskV2, DeskV2Server};
use rpcgen_runtime::{Context, Fault, Limits, Server, XdrString};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc;

struct Patient(mpsc::UnboundedSender<&'static str>);

/// Says so when it is dropped.
struct Dropped(mpsc::UnboundedSender<&'static str>);

impl Drop for Dropped {
    fn drop(&mut self) {
        let _ = self.0.send("the handler was dropped");
    }
}

impl DeskV2 for Patient {
    async fn ask(&self, cx: &Context, _: XdrString) -> Result<XdrString, Fault> {
        let (tell, canceled) = (self.0.clone(), cx.cancel());
        if cx.deadline().is_some() {
            let _ = tell.send("begun, with a deadline");
        }
        tokio::spawn(async move {
            canceled.canceled().await;
            let _ = tell.send("the work beside it was told");
        });
        let _dropped = Dropped(self.0.clone());
        std::future::pending().await
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let limits = Limits::default().request_deadline(Some(Duration::from_secs(60)));
    for (half_close, resets) in [(true, true), (false, false)] {
        let (tell, mut told) = mpsc::unbounded_channel();
        let server = Server::new()
            .serve(DeskV2Server(Patient(tell)))
            .limits(limits.half_close(half_close));
        let running = server.tcp("127.0.0.1:0").start().await?;

        // A call of DESK_ASK, with an empty question, as one record.
        let words = [0x8000_002c, 1, 0, 2, 0x2000_0099, 2, 1, 0, 0, 0, 0, 0];
        let call: Vec<u8> = words
            .iter()
            .flat_map(|word: &u32| word.to_be_bytes())
            .collect();
        let mut client = TcpStream::connect(running.tcp().ok_or("no address")?).await?;
        client.write_all(&call).await?;
        println!("{}", told.recv().await.ok_or("nothing")?);
        if resets {
            client.set_zero_linger()?;
        }
        drop(client);
        let mut rest = [
            told.recv().await.ok_or("nothing")?,
            told.recv().await.ok_or("nothing")?,
        ];
        rest.sort_unstable();
        println!("{}\n{}", rest[0], rest[1]);
    }
    Ok(())
}
