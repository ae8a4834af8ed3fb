//! VXI-11: an instrument that controllers talk to over the network, and a controller.
//!
//! `instrument` serves the core and the abort channel and calls back on the interrupt channel; `device` is the
//! controller's side.

/// What rpcgen-rs makes of `vxi11.x`.
#[allow(missing_docs, reason = "vxi11.x says what there is to say")]
pub mod wire {
    rpcgen_runtime::include_x!("vxi11");
}

pub mod device;
pub mod error;
pub mod instrument;

/// Bits of `Device_Flags`.
pub mod flags {
    /// Wait until the device is not locked by another link.
    pub const WAIT_LOCK: i32 = 0x01;
    /// The data ends here.
    pub const END: i32 = 0x08;
    /// Reading ends at the termination character.
    pub const TERM_CHAR: i32 = 0x80;
}

/// Bits of the reason why reading ended.
pub mod reason {
    /// As much as was asked for.
    pub const COUNT: i32 = 1;
    /// The termination character came.
    pub const CHAR: i32 = 2;
    /// The data ended.
    pub const END: i32 = 4;
}
