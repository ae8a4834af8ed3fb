//! The controller's side: one link to a device.

use crate::error::Error;
use crate::wire::device_async::DeviceAsyncV1Client;
use crate::wire::device_core::DeviceCoreV1Client;
use crate::wire::{
    CreateLinkParms, DeviceGenericParms, DeviceLockParms, DeviceReadParms, DeviceWriteParms,
};
use crate::{flags, reason};
use rpcgen_runtime::{CallOptions, ClientStub, ConnectOptions, connect, connect_with};
use std::time::Duration;

/// How much is asked for at once.
const PIECE: u32 = 64 << 10;
/// The longest answer accepted.
const MAX_ANSWER: usize = 64 << 20;

/// The connection of a link stays for as long as the link is open: as good as no limit.
const NO_DEADLINE: Duration = Duration::from_secs(365 * 24 * 3600);

/// A link to a device. It stays open until [`close`](Self::close), or until its connection is lost or the last clone is
/// dropped.
#[derive(Clone, Debug)]
pub struct Device {
    core: DeviceCoreV1Client,
    abort: String,
    link: i32,
    max_send: usize,
    limit: u32,
}

impl Device {
    /// Opens a link to the device `name`, usually `inst0`, of the instrument at `host[:port]`; without a port, rpcbind
    /// tells. `limit` is how long the device may take to answer, or somebody else to unlock it.
    ///
    /// # Errors
    /// There is no such instrument or device.
    pub async fn open(host: &str, name: &str, limit: Duration) -> Result<Self, Error> {
        let limit = u32::try_from(limit.as_millis()).unwrap_or(u32::MAX);
        // The call outlives what the device may take: waiting for a lock, and then for an answer.
        let patience = Duration::from_millis(u64::from(limit) * 2) + Duration::from_secs(5);
        // The device closes the links of a connection with it.
        let options = ConnectOptions::new().idle_timeout(NO_DEADLINE);
        let core: DeviceCoreV1Client = connect_with(format!("tcp://{host}"), options).await?;
        let core = core.with(CallOptions::new().timeout(patience));
        let parms = CreateLinkParms {
            client_id: i32::try_from(std::process::id()).unwrap_or(0),
            lock_device: false,
            lock_timeout: limit,
            device: name.into(),
        };
        let made = core.create_link(&parms).await?;
        Error::check(made.error)?;
        let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
        Ok(Self {
            core,
            abort: format!("tcp://{host}:{}", made.abort_port),
            link: made.lid,
            max_send: usize::try_from(made.max_recv_size).unwrap_or(0).max(1),
            limit,
        })
    }

    /// Sends a command, in as many pieces as the device wants.
    ///
    /// # Errors
    /// The device does not take it.
    pub async fn write(&self, command: &[u8]) -> Result<(), Error> {
        let pieces = command.chunks(self.max_send);
        let last = pieces.len().saturating_sub(1);
        for (number, piece) in pieces.enumerate() {
            let end = if number == last { flags::END } else { 0 };
            let mut piece = bytes::Bytes::copy_from_slice(piece);
            while !piece.is_empty() {
                let parms = DeviceWriteParms {
                    lid: self.link,
                    io_timeout: self.limit,
                    lock_timeout: self.limit,
                    flags: flags::WAIT_LOCK | end,
                    data: piece.clone(),
                };
                let wrote = self.core.device_write(&parms).await?;
                Error::check(wrote.error)?;
                // A device that takes nothing without an error would be asked for ever.
                let taken = usize::try_from(wrote.size).unwrap_or(usize::MAX).max(1);
                piece = piece.split_off(taken.min(piece.len()));
            }
        }
        Ok(())
    }

    /// Reads an answer to its end.
    ///
    /// # Errors
    /// The device has none in time.
    pub async fn read(&self) -> Result<Vec<u8>, Error> {
        let mut answer = Vec::new();
        while answer.len() < MAX_ANSWER {
            let parms = DeviceReadParms {
                lid: self.link,
                request_size: PIECE,
                io_timeout: self.limit,
                lock_timeout: self.limit,
                flags: flags::WAIT_LOCK,
                term_char: 0,
            };
            let piece = self.core.device_read(&parms).await?;
            Error::check(piece.error)?;
            answer.extend_from_slice(&piece.data);
            if piece.reason & (reason::END | reason::CHAR) != 0 {
                break;
            }
        }
        Ok(answer)
    }

    /// Sends a command and reads its answer.
    ///
    /// # Errors
    /// See [`write`](Self::write) and [`read`](Self::read).
    pub async fn ask(&self, command: &str) -> Result<Vec<u8>, Error> {
        self.write(command.as_bytes()).await?;
        self.read().await
    }

    fn generic(&self) -> DeviceGenericParms {
        DeviceGenericParms {
            lid: self.link,
            flags: flags::WAIT_LOCK,
            lock_timeout: self.limit,
            io_timeout: self.limit,
        }
    }

    /// The status byte.
    ///
    /// # Errors
    /// The device does not say.
    pub async fn status(&self) -> Result<u8, Error> {
        let status = self.core.device_readstb(&self.generic()).await?;
        Error::check(status.error)?;
        Ok(status.stb)
    }

    /// Triggers the device.
    ///
    /// # Errors
    /// The device can't be.
    pub async fn trigger(&self) -> Result<(), Error> {
        Error::check(self.core.device_trigger(&self.generic()).await?.error)
    }

    /// Empties the device's input and output.
    ///
    /// # Errors
    /// The device can't.
    pub async fn clear(&self) -> Result<(), Error> {
        Error::check(self.core.device_clear(&self.generic()).await?.error)
    }

    /// Keeps others away from the device until [`unlock`](Self::unlock).
    ///
    /// # Errors
    /// Somebody else does so for longer than the limit.
    pub async fn lock(&self) -> Result<(), Error> {
        let parms = DeviceLockParms {
            lid: self.link,
            flags: flags::WAIT_LOCK,
            lock_timeout: self.limit,
        };
        Error::check(self.core.device_lock(&parms).await?.error)
    }

    /// Lets others use the device again.
    ///
    /// # Errors
    /// It was not locked by this link.
    pub async fn unlock(&self) -> Result<(), Error> {
        Error::check(self.core.device_unlock(self.link).await?.error)
    }

    /// Ends the call that this link is busy with, from wherever it was made: it fails with
    /// [`Code::Aborted`](crate::error::Code::Aborted).
    ///
    /// # Errors
    /// The abort channel can't be reached.
    pub async fn abort(&self) -> Result<(), Error> {
        let channel: DeviceAsyncV1Client = connect(&self.abort).await?;
        Error::check(channel.abort(self.link).await?.error)
    }

    /// Closes the link.
    ///
    /// # Errors
    /// It is not open.
    pub async fn close(self) -> Result<(), Error> {
        Error::check(self.core.destroy_link(self.link).await?.error)
    }
}
