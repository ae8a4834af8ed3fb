//! The error numbers of VXI-11, and what a controller may meet.

use rpcgen_runtime::RpcError;
use std::fmt;

/// `Device_ErrorCode`, rule B.5.2 of the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "Display says it in words")]
pub enum Code {
    Syntax = 1,
    NotAccessible = 3,
    InvalidLink = 4,
    Parameter = 5,
    NoChannel = 6,
    NotSupported = 8,
    OutOfResources = 9,
    Locked = 11,
    NotLocked = 12,
    TimedOut = 15,
    Io = 17,
    InvalidAddress = 21,
    Aborted = 23,
    ChannelThere = 29,
}

impl Code {
    const ALL: [Self; 14] = [
        Self::Syntax,
        Self::NotAccessible,
        Self::InvalidLink,
        Self::Parameter,
        Self::NoChannel,
        Self::NotSupported,
        Self::OutOfResources,
        Self::Locked,
        Self::NotLocked,
        Self::TimedOut,
        Self::Io,
        Self::InvalidAddress,
        Self::Aborted,
        Self::ChannelThere,
    ];
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => "syntax error",
            Self::NotAccessible => "there is no such device",
            Self::InvalidLink => "the link is not open",
            Self::Parameter => "a parameter is out of range",
            Self::NoChannel => "no interrupt channel is open",
            Self::NotSupported => "the device can't do that",
            Self::OutOfResources => "the device has no room for more",
            Self::Locked => "the device is locked by somebody else",
            Self::NotLocked => "the device is not locked by this link",
            Self::TimedOut => "the device did not answer in time",
            Self::Io => "input or output failed",
            Self::InvalidAddress => "the address can't be called",
            Self::Aborted => "aborted",
            Self::ChannelThere => "an interrupt channel is open already",
        })
    }
}

/// What a controller may meet.
#[derive(Debug)]
pub enum Error {
    /// The call failed.
    Call(RpcError),
    /// The device says no.
    Device(Code),
    /// The device says no by a number that the specification does not have.
    Unknown(i32),
}

impl Error {
    /// Nothing when the number says so.
    pub(crate) fn check(number: i32) -> Result<(), Self> {
        match Code::ALL.into_iter().find(|code| *code as i32 == number) {
            _ if number == 0 => Ok(()),
            Some(code) => Err(Self::Device(code)),
            None => Err(Self::Unknown(number)),
        }
    }
}

impl From<RpcError> for Error {
    fn from(error: RpcError) -> Self {
        Self::Call(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(error) => error.fmt(f),
            Self::Device(code) => code.fmt(f),
            Self::Unknown(number) => write!(f, "the device answers the unknown error {number}"),
        }
    }
}

impl std::error::Error for Error {}
