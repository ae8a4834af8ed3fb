//! An instrument: it answers `*IDN?` and its like, and echoes whatever else it is told.
//!
//! Each link has its own input and output; one of them at a time may lock the instrument. What has to wait (for a lock,
//! for output) waits without holding anything, until its time is over or the abort channel ends it. Links, locks and the
//! interrupt channel go with the connection by which they were made.

mod serve;

use crate::error::Code;
use crate::wire::device_intr::DeviceIntrV1Client;
use crate::{flags, reason};
use bytes::Bytes;
use rpcgen_runtime::{Context, Opaque};
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// Links at once.
const MAX_LINKS: usize = 64;
/// The most that one write carries.
const MAX_RECEIVE: u32 = 64 << 10;
/// The most that a command or an answer has.
const MAX_MESSAGE: usize = 1 << 20;
const IDENTITY: &str = "rpcgen-rs,VXI-11 example,0,1.0\n";

/// Bits of the status byte (IEEE 488.2).
const MESSAGE_AVAILABLE: u8 = 0x10;
const SERVICE_REQUESTED: u8 = 0x40;

type Result<T> = std::result::Result<T, Code>;

/// The instrument. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Instrument(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Something has changed that somebody may wait for.
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    links: BTreeMap<i32, Link>,
    last_link: i32,
    locked_by: Option<i32>,
    interrupts: Option<Interrupts>,
    /// Where the abort channel is.
    abort_port: u16,
}

#[derive(Debug)]
struct Link {
    _until_lost: Watch,
    input: Vec<u8>,
    output: VecDeque<u8>,
    /// What the controller wants to be told with a service request, if it wants any.
    handle: Option<Opaque>,
    requested: bool,
    /// Counts the aborts, so that whoever waits sees one.
    aborts: u64,
}

/// Where the controllers want to be told of service requests.
#[derive(Debug)]
struct Interrupts {
    client: DeviceIntrV1Client,
    _until_lost: Watch,
}

/// A task that waits for the end of a connection, and ends with what it watches over.
#[derive(Debug)]
struct Watch(AbortHandle);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Instrument {
    /// An instrument whose abort channel is not open yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says where the abort channel is, for the links to come.
    pub fn set_abort_port(&self, port: u16) {
        self.state().abort_port = port;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state once the caller's connection has ended, however it has.
    fn when_lost(&self, cx: &Context, change: impl FnOnce(&mut State) + Send + 'static) -> Watch {
        let (instrument, lost) = (self.clone(), cx.cancel());
        let task = tokio::spawn(async move {
            lost.canceled().await;
            change(&mut instrument.state());
            instrument.0.changed.notify_waiters();
        });
        Watch(task.abort_handle())
    }

    fn open(&self, cx: &Context) -> Result<i32> {
        let mut state = self.state();
        let number = state.vacant()?;
        let link = Link {
            _until_lost: self.when_lost(cx, move |state| {
                let _ = state.close(number);
            }),
            input: Vec::new(),
            output: VecDeque::new(),
            handle: None,
            requested: false,
            aborts: 0,
        };
        state.links.insert(number, link);
        Ok(number)
    }

    /// Waits until `ready` answers something. The link must stay open meanwhile, and must not be aborted.
    async fn wait<T>(
        &self,
        link: i32,
        limit: u32,
        late: Code,
        mut ready: impl FnMut(&mut State) -> Option<Result<T>>,
    ) -> Result<T> {
        let aborts = self.state().link(link)?.aborts;
        let waiting = async {
            loop {
                let changed = self.0.changed.notified();
                tokio::pin!(changed);
                // From here on no change is missed.
                changed.as_mut().enable();
                {
                    let mut state = self.state();
                    if state.link(link)?.aborts != aborts {
                        return Err(Code::Aborted);
                    }
                    if let Some(answer) = ready(&mut state) {
                        return answer;
                    }
                }
                changed.await;
            }
        };
        within(limit, late, waiting).await
    }

    /// Waits until nobody else has locked the instrument.
    async fn unlocked(&self, link: i32, flags: i32, limit: u32) -> Result<()> {
        let limit = if flags & flags::WAIT_LOCK == 0 {
            0
        } else {
            limit
        };
        let free = |state: &mut State| {
            state
                .locked_by
                .is_none_or(|by| by == link)
                .then_some(Ok(()))
        };
        self.wait(link, limit, Code::Locked, free).await
    }

    async fn lock(&self, link: i32, flags: i32, limit: u32) -> Result<()> {
        let limit = if flags & flags::WAIT_LOCK == 0 {
            0
        } else {
            limit
        };
        let take = |state: &mut State| match state.locked_by {
            Some(by) if by != link => None,
            _ => {
                state.locked_by = Some(link);
                Some(Ok(()))
            }
        };
        self.wait(link, limit, Code::Locked, take).await
    }

    /// Takes a part of a command; the last part runs it.
    fn receive(&self, link: i32, data: &[u8], end: bool) -> Result<()> {
        let mut state = self.state();
        let at = state.link(link)?;
        if at.input.len() + data.len() > MAX_MESSAGE {
            at.input.clear();
            return Err(Code::OutOfResources);
        }
        at.input.extend_from_slice(data);
        if end {
            let command = std::mem::take(&mut at.input);
            state.run(link, &command)?;
            self.0.changed.notify_waiters();
        }
        Ok(())
    }

    /// Waits for output, and hands out a piece of it with the reason why the piece ends.
    async fn send(
        &self,
        link: i32,
        most: u32,
        limit: u32,
        end_at: Option<u8>,
    ) -> Result<(Bytes, i32)> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let take = |state: &mut State| {
            let output = match state.link(link) {
                Ok(link) => &mut link.output,
                Err(code) => return Some(Err(code)),
            };
            if output.is_empty() {
                return None;
            }
            let stop = end_at.and_then(|c| output.iter().take(most).position(|b| *b == c));
            let count = stop.map_or(most, |at| at + 1).min(output.len());
            let piece: Bytes = output.drain(..count).collect::<Vec<_>>().into();
            let mut why = 0;
            if count == most {
                why |= reason::COUNT;
            }
            if stop.is_some() {
                why |= reason::CHAR;
            }
            if output.is_empty() {
                why |= reason::END;
            }
            Some(Ok((piece, why)))
        };
        self.wait(link, limit, Code::TimedOut, take).await
    }
}

async fn within<T>(limit: u32, late: Code, waiting: impl Future<Output = Result<T>>) -> Result<T> {
    let limit = Duration::from_millis(limit.into());
    // A limit of 0 still looks once.
    tokio::time::timeout(limit, waiting)
        .await
        .unwrap_or(Err(late))
}

impl State {
    fn link(&mut self, link: i32) -> Result<&mut Link> {
        self.links.get_mut(&link).ok_or(Code::InvalidLink)
    }

    /// A number for a new link.
    fn vacant(&mut self) -> Result<i32> {
        if self.links.len() >= MAX_LINKS {
            return Err(Code::OutOfResources);
        }
        self.last_link = self.last_link.checked_add(1).unwrap_or(1);
        while self.links.contains_key(&self.last_link) {
            self.last_link += 1;
        }
        Ok(self.last_link)
    }

    fn close(&mut self, link: i32) -> Result<()> {
        self.links.remove(&link).ok_or(Code::InvalidLink)?;
        if self.locked_by == Some(link) {
            self.locked_by = None;
        }
        Ok(())
    }

    fn status(&mut self, link: i32) -> Result<u8> {
        let link = self.link(link)?;
        let mut status = 0;
        if !link.output.is_empty() {
            status |= MESSAGE_AVAILABLE;
        }
        // Reading the status answers the request.
        if std::mem::take(&mut link.requested) {
            status |= SERVICE_REQUESTED;
        }
        Ok(status)
    }

    /// Executes a command.
    fn run(&mut self, link: i32, command: &[u8]) -> Result<()> {
        let text = command.trim_ascii().to_ascii_uppercase();
        let answer = match text.as_slice() {
            b"*IDN?" => IDENTITY.as_bytes().to_vec(),
            b"*OPC?" => b"1\n".to_vec(),
            b"*STB?" => format!("{}\n", self.status(link)?).into_bytes(),
            b"*CLS" | b"*RST" | b"*TRG" | b"" => return Ok(()),
            b"SRQ" => {
                self.request_service();
                return Ok(());
            }
            _ => command.to_vec(),
        };
        let output = &mut self.link(link)?.output;
        if output.len() + answer.len() > MAX_MESSAGE {
            return Err(Code::OutOfResources);
        }
        output.extend(answer);
        Ok(())
    }

    /// Tells each controller that wants to know.
    fn request_service(&mut self) {
        for link in self.links.values_mut() {
            link.requested = true;
            if let (Some(channel), Some(handle)) = (&self.interrupts, &link.handle) {
                let (client, handle) = (channel.client.clone(), handle.clone().into());
                // A controller that does not answer holds up nobody.
                tokio::spawn(async move {
                    let _ = client.srq(&crate::wire::DeviceSrqParms { handle }).await;
                });
            }
        }
    }
}
