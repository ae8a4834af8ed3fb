//! The end of a connection whose peer may still be sending.
//!
//! A close with bytes unread is a reset (RFC 1122 §4.2.2.13), and a reset overtakes the replies that are still on their
//! way: calls that have run would not be answered. So the end is announced first, and what comes is thrown away until the
//! peer has seen it.

use crate::server::Phase;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;

/// A peer that sends nothing for so long has nothing under way.
const QUIET: Duration = Duration::from_millis(200);

/// Ends the stream in good order, until the server stops at the latest.
pub(super) async fn linger<S>(stream: &mut S, mut phase: watch::Receiver<Phase>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let last = async {
        if stream.shutdown().await.is_err() {
            return;
        }
        let mut discarded = vec![0; 16 << 10];
        while let Ok(Ok(1..)) = tokio::time::timeout(QUIET, stream.read(&mut discarded)).await {}
    };
    tokio::select! {
        _ = Phase::Stop.reached(&mut phase) => {}
        () = last => {}
    }
}
