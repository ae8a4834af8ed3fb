//! The core and the abort channel: the generated traits on an instrument.

use super::{Instrument, Interrupts, MAX_RECEIVE, Result};
use crate::error::Code;
use crate::flags;
use crate::wire::device_async::{DeviceAsyncV1, DeviceAsyncV1Server};
use crate::wire::device_core::{DeviceCoreV1, DeviceCoreV1Server};
use crate::wire::device_intr::{self, DeviceIntrV1Client};
use crate::wire::{
    CreateLinkParms, CreateLinkResp, DeviceAddrFamily, DeviceDocmdParms, DeviceDocmdResp,
    DeviceEnableSrqParms, DeviceError, DeviceGenericParms, DeviceLockParms, DeviceReadParms,
    DeviceReadResp, DeviceReadStbResp, DeviceRemoteFunc, DeviceWriteParms, DeviceWriteResp,
};
use rpcgen_runtime::{Context, Fault, Limits, Server, connect};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// The only device there is.
const DEVICE: &str = "inst0";
/// As good as none. The kernel asks whether a silent controller is still there ([`Limits::keepalive`]).
const NO_DEADLINE: Duration = Duration::from_secs(365 * 24 * 3600);

fn answer(result: Result<()>) -> std::result::Result<DeviceError, Fault> {
    Ok(DeviceError {
        error: number(result),
    })
}

fn number(result: Result<()>) -> i32 {
    result.map_or_else(|code| code as i32, |()| 0)
}

impl Instrument {
    /// What trigger, clear, remote and local have in common: the lock is respected.
    async fn generic(&self, p: DeviceGenericParms) -> std::result::Result<DeviceError, Fault> {
        answer(self.unlocked(p.lid, p.flags, p.lock_timeout).await)
    }

    async fn write(&self, p: &DeviceWriteParms) -> Result<u32> {
        let size = u32::try_from(p.data.len()).unwrap_or(u32::MAX);
        if size > MAX_RECEIVE {
            return Err(Code::Parameter);
        }
        self.unlocked(p.lid, p.flags, p.lock_timeout).await?;
        self.receive(p.lid, &p.data, p.flags & flags::END != 0)?;
        Ok(size)
    }

    async fn open_interrupts(&self, cx: &Context, p: &DeviceRemoteFunc) -> Result<()> {
        let host = IpAddr::from(Ipv4Addr::from(p.host_addr));
        let caller = cx
            .peer()
            .address()
            .map(|address| address.ip().to_canonical());
        // Only the caller itself is called back: we are nobody's hammer.
        if caller != Some(host) {
            return Err(Code::InvalidAddress);
        }
        if p.prog_num != device_intr::PROGRAM || p.prog_vers != 1 {
            return Err(Code::NotSupported);
        }
        if p.prog_family != DeviceAddrFamily::Tcp {
            return Err(Code::NotSupported);
        }
        if self.state().interrupts.is_some() {
            return Err(Code::ChannelThere);
        }
        let target = format!("tcp://{}", SocketAddr::new(host, p.host_port));
        let client: DeviceIntrV1Client = connect(target.as_str())
            .await
            .map_err(|_| Code::InvalidAddress)?;
        let mut state = self.state();
        if state.interrupts.is_some() {
            return Err(Code::ChannelThere);
        }
        state.interrupts = Some(Interrupts {
            client,
            _until_lost: self.when_lost(cx, |state| state.interrupts = None),
        });
        Ok(())
    }
}

impl Instrument {
    /// A server of the core and the abort channel, with no listener yet. A connection stays for as long as its controller
    /// does, whether it calls or not; an end of the controller's direction is taken for its going.
    pub fn server(&self) -> Server {
        let limits = Limits::default()
            .half_close(false)
            .idle_deadline(NO_DEADLINE);
        // Both channels share a port: the program numbers tell them apart.
        Server::new()
            .limits(limits)
            .serve(DeviceCoreV1Server(self.clone()))
            .serve(DeviceAsyncV1Server(self.clone()))
    }
}

impl DeviceCoreV1 for Instrument {
    async fn create_link(
        &self,
        cx: &Context,
        p: CreateLinkParms,
    ) -> std::result::Result<CreateLinkResp, Fault> {
        let opened = if p.device == DEVICE {
            self.open(cx)
        } else {
            Err(Code::NotAccessible)
        };
        let locked = match opened {
            Ok(link) if p.lock_device => {
                match self.lock(link, flags::WAIT_LOCK, p.lock_timeout).await {
                    Ok(()) => Ok(link),
                    Err(code) => {
                        let _ = self.state().close(link);
                        Err(code)
                    }
                }
            }
            other => other,
        };
        Ok(CreateLinkResp {
            error: number(locked.map(drop)),
            lid: locked.unwrap_or(0),
            abort_port: self.state().abort_port,
            max_recv_size: MAX_RECEIVE,
        })
    }

    async fn device_write(
        &self,
        _: &Context,
        p: DeviceWriteParms,
    ) -> std::result::Result<DeviceWriteResp, Fault> {
        let wrote = self.write(&p).await;
        Ok(DeviceWriteResp {
            error: number(wrote.map(drop)),
            size: wrote.unwrap_or(0),
        })
    }

    async fn device_read(
        &self,
        _: &Context,
        p: DeviceReadParms,
    ) -> std::result::Result<DeviceReadResp, Fault> {
        let end_at = (p.flags & flags::TERM_CHAR != 0).then_some(p.term_char.cast_unsigned());
        let read = match self.unlocked(p.lid, p.flags, p.lock_timeout).await {
            Ok(()) => self.send(p.lid, p.request_size, p.io_timeout, end_at).await,
            Err(code) => Err(code),
        };
        Ok(match read {
            Ok((data, reason)) => DeviceReadResp {
                error: 0,
                reason,
                data,
            },
            Err(code) => DeviceReadResp {
                error: code as i32,
                ..DeviceReadResp::default()
            },
        })
    }

    async fn device_readstb(
        &self,
        _: &Context,
        p: DeviceGenericParms,
    ) -> std::result::Result<DeviceReadStbResp, Fault> {
        let status = match self.unlocked(p.lid, p.flags, p.lock_timeout).await {
            Ok(()) => self.state().status(p.lid),
            Err(code) => Err(code),
        };
        Ok(DeviceReadStbResp {
            error: number(status.map(drop)),
            stb: status.unwrap_or(0),
        })
    }

    async fn device_trigger(
        &self,
        _: &Context,
        p: DeviceGenericParms,
    ) -> std::result::Result<DeviceError, Fault> {
        self.generic(p).await
    }

    async fn device_clear(
        &self,
        _: &Context,
        p: DeviceGenericParms,
    ) -> std::result::Result<DeviceError, Fault> {
        let link = p.lid;
        let cleared = self.generic(p).await?;
        if cleared.error == 0
            && let Ok(link) = self.state().link(link)
        {
            link.input.clear();
            link.output.clear();
        }
        Ok(cleared)
    }

    async fn device_remote(
        &self,
        _: &Context,
        p: DeviceGenericParms,
    ) -> std::result::Result<DeviceError, Fault> {
        self.generic(p).await
    }

    async fn device_local(
        &self,
        _: &Context,
        p: DeviceGenericParms,
    ) -> std::result::Result<DeviceError, Fault> {
        self.generic(p).await
    }

    async fn device_lock(
        &self,
        _: &Context,
        p: DeviceLockParms,
    ) -> std::result::Result<DeviceError, Fault> {
        answer(self.lock(p.lid, p.flags, p.lock_timeout).await)
    }

    async fn device_unlock(
        &self,
        _: &Context,
        link: i32,
    ) -> std::result::Result<DeviceError, Fault> {
        let result = {
            let mut state = self.state();
            match (state.link(link).is_ok(), state.locked_by) {
                (false, _) => Err(Code::InvalidLink),
                (true, Some(by)) if by == link => {
                    state.locked_by = None;
                    Ok(())
                }
                (true, _) => Err(Code::NotLocked),
            }
        };
        self.0.changed.notify_waiters();
        answer(result)
    }

    async fn device_enable_srq(
        &self,
        _: &Context,
        p: DeviceEnableSrqParms,
    ) -> std::result::Result<DeviceError, Fault> {
        let mut state = self.state();
        let handle = p.enable.then_some(p.handle);
        answer(state.link(p.lid).map(|link| link.handle = handle))
    }

    async fn device_docmd(
        &self,
        _: &Context,
        p: DeviceDocmdParms,
    ) -> std::result::Result<DeviceDocmdResp, Fault> {
        let link = self.state().link(p.lid).map(drop);
        Ok(DeviceDocmdResp {
            error: number(link.and(Err(Code::NotSupported))),
            ..DeviceDocmdResp::default()
        })
    }

    async fn destroy_link(
        &self,
        _: &Context,
        link: i32,
    ) -> std::result::Result<DeviceError, Fault> {
        let closed = self.state().close(link);
        self.0.changed.notify_waiters();
        answer(closed)
    }

    async fn create_intr_chan(
        &self,
        cx: &Context,
        p: DeviceRemoteFunc,
    ) -> std::result::Result<DeviceError, Fault> {
        answer(self.open_interrupts(cx, &p).await)
    }

    async fn destroy_intr_chan(&self, _: &Context) -> std::result::Result<DeviceError, Fault> {
        let channel = self.state().interrupts.take();
        answer(channel.map(drop).ok_or(Code::NoChannel))
    }
}

impl DeviceAsyncV1 for Instrument {
    async fn abort(&self, _: &Context, link: i32) -> std::result::Result<DeviceError, Fault> {
        let aborted = self.state().link(link).map(|link| link.aborts += 1);
        self.0.changed.notify_waiters();
        answer(aborted)
    }
}
